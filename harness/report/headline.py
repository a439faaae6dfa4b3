"""The sentences that sum a run up, the same in the page, the summary and the list of runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.wording import counted

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from harness.schema import BackendSpec, CellKey, Suite, TrialResult, Verdict

ERROR_TITLES = {
    "authentication": "not allowed (HTTP 401, 403)",
    "rejected": "request rejected (HTTP 4xx)",
    "rate_limited": "rate limited (HTTP 429)",
    "server": "server error (HTTP 5xx)",
    "connection": "connection refused or cut",
    "timeout": "timeout",
    "unreadable": "body is not what the protocol says",
    "missing": "nothing recorded",
    "callable": "the function raised",
    "crashed": "the model process died",
    "output": "unreadable answer, scored as empty",
    "not_run": "not run",
    "stopped_early": "not run: the verdicts were clear",
    "metric": "a metric failed",
}
"""What each kind of error is called; `output` is an answer that `output:` cannot read, `metric` has no CallError."""

_SMALL_MODELS = {
    "smollm2-135m": "SmolLM2-135M is a small real model (135 million parameters) that ships for trying every path "
    "of the program; it is not a judge of quality, and its numbers say little about what a larger model does with the "
    "same prompts.",
}
"""Note by a part of the model's name, lower case."""

_UNCLEAR = "not going to be clear"
"""What stands in the reason where further trials would not have told (harness/early.py)."""
_UNGUARDED = "sandbox:none"
"""What the signature of a measure says then."""
_EMBEDDED = {"smollm2": "smollm2-135m-instruct"}
"""Short names under which models are embedded; elsewhere (Ollama) the same name may mean a larger one."""


def kind_of(result: TrialResult) -> str | None:
    """The key of ERROR_TITLES that says what went wrong with a trial; None where nothing did, or was to."""
    if result.is_stopped_early:
        return None
    if result.error is not None:
        return result.error.kind
    return "metric" if result.outcome == "error" else None


def early_stops(results: Iterable[TrialResult]) -> list[str]:
    """`few_shot on app: 38 trials not run, the verdict was clear: exact_match regressed …`, a line a cell."""
    stops: dict[tuple[CellKey, str], int] = {}
    for result in results:
        if result.is_stopped_early and result.error is not None:
            key = result.trial.cell, early_reason(result.error.message)
            stops[key] = stops.get(key, 0) + 1
    return [
        f"{variant} on {backend}: {counted(number, 'trial')} not run, {why}"
        for ((_, variant, backend), why), number in stops.items()
    ]


def early_reason(message: str) -> str:
    """Why a trial was needless, of the message it was left out with.

    >>> early_reason("not run: stopped early: f1 regressed after 20 pairs")
    'the verdict was clear: f1 regressed after 20 pairs'
    >>> early_reason("not run: stopped early: f1 is not going to be clear after 40 pairs")
    'stopped early: f1 is not going to be clear after 40 pairs'
    """
    why = message.removeprefix("not run: ").removeprefix("stopped early: ")
    return f"{'stopped early' if _UNCLEAR in why else 'the verdict was clear'}: {why}"


def error_title(kind: str) -> str:
    """What the kind of error is called; a backend of another distribution may have kinds of its own."""
    return ERROR_TITLES.get(kind, kind)


def small_models(suites: Iterable[Suite]) -> dict[tuple[str, str], str]:
    """Per (suite, backend) that answers with a small model: what must be said wherever a number of it is shown."""
    return {
        (suite.name, backend.name): note
        for suite in suites
        for backend in suite.backends
        if (note := small_model_note(backend)) is not None
    }


def small_model_note(backend: BackendSpec) -> str | None:
    """What must be said wherever a number of this backend's is shown; None for models that are not known as small."""
    name = backend.model.lower()
    if backend.provider == "llamacpp":
        name = _EMBEDDED.get(name, name)
    return next((note for part, note in _SMALL_MODELS.items() if part in name), None)


def unguarded(suites: Iterable[Suite]) -> list[str]:
    """A sentence a suite whose metrics ran the programs in answers with nothing to keep them in."""
    return [
        f"{suite.name}: the programs in the answers ran without a sandbox (sandbox: none), as the user who started the "
        "run: they could read and change whatever that user may."
        for suite in suites
        if any(part.startswith(_UNGUARDED) for each in suite.measures for part in each.signature.split("|"))
    ]


def answer(verdict: Verdict) -> bool | None:
    """Whether the gate holds; None when it could not be judged, because trials were not run."""
    return verdict.passed if verdict.judged else None


def warns(verdict: Verdict) -> bool:
    """Whether the gate holds only because nothing was shown either way, and somebody should read why."""
    return verdict.passed and verdict.warns


def of_gates(verdicts: Sequence[Verdict]) -> str:
    """The sentence on a run's gates."""
    return gates([answer(verdict) for verdict in verdicts], warned=sum(map(warns, verdicts)))


def gates(answers: Sequence[bool | None], *, warned: int = 0) -> str:
    """`All 12 gates hold, 1 warns`, `2 of 12 gates failed, 3 not judged`, `No gates are set`; None is not judged.

    `warned` is how many of those that hold warn.
    """
    failed, unjudged, total = answers.count(False), answers.count(None), len(answers)
    if total == 0:
        return "No gates are set"
    if unjudged == total:
        return f"{counted(total, 'gate')} not judged"
    left = (f", {unjudged:,} not judged" if unjudged else "") + (
        f", {warned:,} {'warns' if warned == 1 else 'warn'}" if warned else ""
    )
    if failed:
        return f"{failed:,} of {counted(total, 'gate')} failed{left}"
    if unjudged:
        return f"{total - unjudged:,} of {counted(total, 'gate')} {'holds' if total - unjudged == 1 else 'hold'}{left}"
    return f"The gate {'warns' if warned else 'holds'}" if total == 1 else f"All {total:,} gates hold{left}"


def trials(totals: Mapping[str, Any]) -> str:
    """`480 trials: 431 passed, 40 failed, 9 errors`, and those not run or in quarantine, if any."""
    total, errors, not_run = (int(totals.get(key) or 0) for key in ("trials", "error", "not_run"))
    parts = [f"{int(totals.get('passed') or 0):,} passed", f"{int(totals.get('failed') or 0):,} failed"]
    parts.append(counted(errors, "error"))
    if not_run:
        parts.append(f"{not_run:,} not run")
    if early := int(totals.get("stopped_early") or 0):
        parts.append(f"{early:,} not run since the verdicts were clear")
    if held := int(totals.get("quarantined") or 0):
        parts.append(f"{held:,} in quarantine")
    return f"{counted(total, 'trial')}: {', '.join(parts)}"


def incomplete(totals: Mapping[str, Any]) -> str:
    """What a reader must know of a run that did not end."""
    not_run, total = int(totals.get("not_run") or 0), int(totals.get("trials") or 0)
    missing = f"{not_run:,} of {total:,} trials were not run" if not_run else "the run did not end as it should"
    return f"{missing}; every number here covers only what ran."


def gates_state(answers: Sequence[bool | None]) -> str:
    """`failed`, `held`, or `not_run` where no gate is set, or one could not be judged."""
    if False in answers:
        return "failed"
    return "held" if answers and None not in answers else "not_run"


def trials_state(totals: Mapping[str, Any]) -> str:
    """`failed` (a check missed or a call failed), `not_run` (some were stopped, or there are none), else `passed`."""
    if totals.get("failed") or totals.get("error"):
        return "failed"
    return "passed" if totals.get("passed") and not totals.get("not_run") else "not_run"
