"""Whether a prompt version has earned a label, by a recorded run and the files as they are now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct

from harness import record
from harness.errors import RecordError, UsageError
from harness.pipeline import load_plan
from harness.suite import move_label
from harness.wording import counted, listed

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from pathlib import Path

    from harness.schema import CellKey, GateSpec, Plan, RunManifest, Settings, Suite, Variant
    from harness.suite import LabelMove


_WORDS = {"fails": "not held", "not judged": "not judged", "warns": "with a warning"}
_MOST_NAMES = 3
"""Gates that a reason names."""


class GateFound(Struct, frozen=True):
    """What the run says about one gate of the version on one cell."""

    gate: str
    """As written."""
    where: str
    """Variant and backend."""
    state: str
    """`holds`, `warns`, `fails`, or `not judged`."""
    message: str
    """The run's own sentence, or why there is none."""


class Promotion(Struct, frozen=True):
    """A label that is to move, and what speaks for and against it."""

    prompt: str
    """`name@version`."""
    label: str
    """The label."""
    run_id: str
    """The run that was looked at."""
    move: LabelMove
    """What would be written."""
    gates: tuple[GateFound, ...]
    """The gates of all variants of the version, in the suite's order."""
    flaws: tuple[str, ...]
    """What else keeps the run from speaking of the files as they are."""

    def reasons(self, *, are_warnings_accepted: bool) -> list[str]:
        """Why the label must not move; empty when it may."""
        bad = {"fails", "not judged"} | (set() if are_warnings_accepted else {"warns"})
        found = [one for one in self.gates if one.state in bad]
        by_state = {state: [one for one in found if one.state == state] for state in _WORDS}
        return [
            *self.flaws,
            *(f"{counted(len(own), 'gate')} {_WORDS[state]} ({_named(own)})" for state, own in by_state.items() if own),
        ]


def _named(gates: Sequence[GateFound]) -> str:
    names = list(dict.fromkeys(one.gate for one in gates))
    return listed(names[:_MOST_NAMES]) + (", …" if len(names) > _MOST_NAMES else "")


def promotion(suite: Path, reference: str, label: str, *, settings: Settings, run: str | None = None) -> Promotion:
    """What would become of `label` if it moved to `reference` (`name@version`); nothing is written.

    The evidence is the run, the latest complete one without a name. It counts where the variant's prompt, the dataset's
    rows and the models are in it as they are now, and every gate of the suite for the version's variants was judged.

    Raises:
        UsageError: it is no label, there is no such version, or the suite lists no variant of it.
        FilesError: mistakes in the suite's files, or a prompt file that cannot be edited.
        RecordError: no run is called so, or it is damaged.

    """
    plan = load_plan(suite, settings, render=False)
    move = move_label(plan.suite.folder, reference, label, root=settings.root)
    variants = [each for each in plan.suite.variants if f"{each.prompt.name}@{each.prompt.version}" == reference]
    if not variants:
        listed_now = listed(f"{each.prompt.name}@{each.prompt.version}" for each in plan.suite.variants)
        raise UsageError(
            f"promote: {plan.suite.path} lists no variant of {reference}, so no run of it can have tested it; "
            f"it lists {listed_now}; add it under prompts: and run the suite"
        )
    folder = record.resolve_run(run or "latest", settings.reports, settings.root, suite=plan.suite.name)
    manifest = record.load_manifest(folder)
    facts = next((each for each in manifest.suites if each.get("name") == plan.suite.name), None)
    if facts is None:
        raise RecordError(
            f"run {manifest.run_id}: suite '{plan.suite.name}' is not in it; it has: "
            f"{listed(str(each.get('name')) for each in manifest.suites)}; name another run with --run REF"
        )
    gates = tuple(_found(plan, {each.name for each in variants}, manifest.verdicts))
    flaws = tuple(_flaws(plan.suite, variants, manifest, facts=facts))
    if not gates:
        flaws = (*flaws, f"{plan.suite.path} has no gate for {reference}: nothing speaks for it")
    return Promotion(reference, label, manifest.run_id, move, gates, flaws)


def _found(plan: Plan, variants: set[str], verdicts: Sequence[Mapping[str, Any]]) -> Iterator[GateFound]:
    known = {_key(each): each for each in verdicts}
    for gate, cell in plan.gates:
        if cell[1] in variants:
            yield _state(gate, cell, known.get((cell[0], gate.text, gate.origin, cell[1], cell[2])))


def _key(verdict: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(verdict.get(name) for name in ("suite", "gate", "origin", "variant", "backend"))


def _state(gate: GateSpec, cell: CellKey, verdict: Mapping[str, Any] | None) -> GateFound:
    where = f"{cell[1]} on {cell[2]}"
    if verdict is None:
        return GateFound(gate.text, where, "not judged", "the run did not judge it")
    state = "holds" if verdict.get("passed") else "fails"
    if not verdict.get("judged", True):
        state = "not judged"
    elif state == "holds" and verdict.get("warns"):
        state = "warns"
    return GateFound(gate.text, where, state, str(verdict.get("message", "")))


def _flaws(
    suite: Suite, variants: Sequence[Variant], manifest: RunManifest, *, facts: Mapping[str, Any]
) -> Iterator[str]:
    if not manifest.complete:
        yield "the run is incomplete"
    if facts.get("suite_hash") != suite.suite_hash:
        yield f"{suite.path} was edited since"
    yield from _lost_trials(suite, {variant.name for variant in variants}, manifest)
    prompts = facts.get("prompts") or {}
    for variant in variants:
        prompt = prompts.get(variant.name)
        if prompt is None or prompt.get("version") != variant.prompt.version:
            yield f"{variant.name} was not run as {variant.prompt.name}@{variant.prompt.version}"
        elif prompt.get("hash") != variant.prompt.content_hash:
            yield f"the prompt of {variant.name} was edited since"
    if facts.get("dataset_hash") != suite.dataset_hash:
        yield "it ran over other rows than the suite's dataset has now"
    if facts.get("repeats", 1) < suite.repeats:
        yield f"it asked each trial {facts.get('repeats', 1)} times, the suite {suite.repeats}"
    yield from _other_models(suite, facts.get("backends") or {})


def _lost_trials(suite: Suite, variants: Collection[str], manifest: RunManifest) -> Iterator[str]:
    """Trials of these variants that speak against a promotion, whatever the gates say."""
    cells = [cell for cell in manifest.cells if cell.get("suite") == suite.name and cell.get("variant") in variants]
    for key, what in (("n_failed", "failed"), ("n_errors", "had no answer or no score"), ("n_not_run", "not run")):
        if count := sum(int(cell.get(key) or 0) for cell in cells):
            yield f"{counted(count, 'trial')} of it {what}"


def _other_models(suite: Suite, backends: Mapping[str, Any]) -> Iterator[str]:
    for backend in suite.backends:
        was = backends.get(backend.name)
        now = record.backend_facts(backend)
        if was is not None and any(was.get(key) != now.get(key) for key in ("provider", "model")):
            yield f"backend {backend.name} was another model"
        elif was is not None and was.get("source") != now.get("source"):
            yield f"backend {backend.name} had other code: {backend.function} was edited"
