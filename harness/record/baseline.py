"""`reports/baselines/<suite>.jsonl`: the committed baseline, saved and read."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import replace

from harness.errors import RecordError
from harness.record.baseline_text import facts_of, read_text, text_of
from harness.record.regular import content_of
from harness.record.replacing import replaced
from harness.wording import counted, listed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from harness.schema import Measured, Rows, RunManifest

CellName = tuple[str, str]
"""Variant and backend."""


class Saved(Struct, frozen=True):
    """What became of a baseline."""

    path: Path
    """The file."""
    n_trials: int
    """Trials of the run that are in it."""
    cells: tuple[CellName, ...]
    """What the run brought, by variant and backend."""
    kept: tuple[CellName, ...]
    """What stayed of an earlier baseline, because the run did not measure it."""
    dropped: Mapping[CellName, str]
    """What of an earlier baseline could not stay, and why."""

    @property
    def message(self) -> str:
        """One line for people."""
        told = [f"{counted(self.n_trials, 'trial')} of {counted(len(self.cells), 'cell')} saved"]
        if self.kept:
            told.append(f"kept from before: {_cells(self.kept)}")
        told += [f"no longer in it: {_cells([cell])} ({why})" for cell, why in self.dropped.items()]
        return f"{self.path}: {'; '.join(told)}"


def baseline_path(reports: Path, suite: str) -> Path:
    """Where the suite's committed baseline lies."""
    return reports / "baselines" / f"{suite}.jsonl"


def read_baseline(path: Path, *, shown: str | None = None) -> Measured:
    """What the baseline at `path` measured; messages call it `shown`.

    Raises:
        RecordError: it cannot be read, is damaged, or a newer version wrote it.

    """
    return _read(path, shown or str(path))[0]


def parse_baseline(text: bytes, shown: str) -> Measured:
    """The same of a baseline's text.

    Raises:
        RecordError: as `read_baseline`.

    """
    return read_text(text, shown)[0]


def write_baseline(reports: Path, measured: Measured, manifest: RunManifest, *, with_errors: bool = False) -> Saved:
    """Make the suite's part of a run its baseline; what became of it.

    Cells (variant and backend) that the run did not measure stay as they were, where dataset, measures, prompt and
    backend are still the same. `with_errors` takes trials without an answer, too: nothing is compared with them.

    Raises:
        RecordError: the run is incomplete, trials have no answer, the file that is there is damaged, or it cannot be
            written.

    """
    _refuse_incomplete(measured, manifest, with_errors=with_errors)
    path = baseline_path(reports, measured.suite)
    before = _Before(path, measured)
    merged = before.beneath(measured)
    head = {"run_id": manifest.run_id, "started_at": manifest.started_at, "kept": before.origins()}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replaced(path) as fresh:
            fresh.write_bytes(b"".join(line.encode() for line in text_of(merged, head)))
    except OSError as error:
        raise RecordError(
            f"{path}: the baseline cannot be written ({error.strerror or error}); a writable folder with free space "
            "is needed; choose another with --prompt-reports DIR"
        ) from error
    n_trials = sum(len(rows.samples) for rows in measured.cells.values())
    return Saved(path, n_trials, tuple(measured.cells), tuple(before.kept), before.dropped)


class Kept(Struct, frozen=True):
    """A baseline that is there."""

    path: Path
    """The file."""
    measured: Measured
    """What it holds."""
    run_id: str
    """The run that saved it last."""
    started_at: str
    """When that run began, ISO 8601."""
    older: Mapping[CellName, str]
    """Variant and backend that were measured by an earlier run → its id."""

    @property
    def n_trials(self) -> int:
        """Trials in it."""
        return sum(len(rows.samples) for rows in self.measured.cells.values())


def kept_baseline(path: Path, *, shown: str | None = None) -> Kept:
    """The baseline at `path` with where it comes from; raises RecordError as `read_baseline`."""
    measured, head = _read(path, shown or str(path))
    older = {(str(one.get("variant")), str(one.get("backend"))): str(one.get("run_id")) for one in head["kept"]}
    return Kept(path, measured, head["run_id"], head["started_at"], older)


class _Before:
    """The baseline that is replaced: which of its cells stay."""

    def __init__(self, path: Path, now: Measured) -> None:
        self.kept: dict[CellName, Rows] = {}
        self.dropped: dict[CellName, str] = {}
        self._old: Measured | None = None
        self._head: Mapping[str, Any] = {}
        if not os.path.lexists(path):
            return
        self._old, self._head = old, _ = _read(path, str(path))
        if old.suite != now.suite:
            raise RecordError(
                f"{path}: it is the baseline of suite '{old.suite}'; one of suite '{now.suite}' is needed, or none; "
                "move it away"
            )
        for cell, rows in old.cells.items():
            if cell in now.cells:
                continue
            why = _why_not(cell, old, now)
            if why is None:
                self.kept[cell] = rows
            else:
                self.dropped[cell] = why

    def beneath(self, now: Measured) -> Measured:
        """The run's cells and those that stay, with the facts of both."""
        variants, backends = ({cell[place] for cell in (*now.cells, *self.kept)} for place in (0, 1))
        prompts, providers = dict(now.prompts), dict(now.backends)
        if self._old is not None:
            prompts = {**self._old.prompts, **prompts}
            providers = {**self._old.backends, **providers}
        return replace(
            now,
            prompts={name: facts for name, facts in prompts.items() if name in variants},
            backends={name: facts for name, facts in providers.items() if name in backends},
            cells={**now.cells, **self.kept},
        )

    def origins(self) -> list[dict[str, str]]:
        """Where the cells that stay were measured."""
        earlier = {
            (entry["variant"], entry["backend"]): entry
            for entry in self._head.get("kept", ())
            if isinstance(entry, dict) and {"variant", "backend", "run_id", "started_at"} <= entry.keys()
        }
        last = {name: str(self._head.get(name)) for name in ("run_id", "started_at")}
        return [earlier.get(cell) or {"variant": cell[0], "backend": cell[1], **last} for cell in sorted(self.kept)]


def _why_not(cell: CellName, old: Measured, now: Measured) -> str | None:
    """Why an earlier cell cannot stand beside what was measured now; None when it can.

    The run knows all variants of the suite, also those that were not selected, but only the backends that it ran on.
    """
    variant, backend = cell
    if variant not in now.prompts:
        return "the suite lists it no more"
    if old.dataset_hash != now.dataset_hash:
        return "the dataset is another"
    if facts_of(old.measures) != facts_of(now.measures):
        return "the measures are others"
    if old.prompts.get(variant) != now.prompts[variant]:
        return "the prompt is another"
    if backend in now.backends and old.backends.get(backend) != now.backends[backend]:
        return "the backend is another"
    return None


def _read(path: Path, shown: str) -> tuple[Measured, Mapping[str, Any]]:
    try:
        text = content_of(path)
    except OSError as error:
        raise RecordError(
            f"{shown}: the baseline cannot be read ({error.strerror or error}); a file that "
            "--prompt-save-baseline wrote is needed; restore it, or save it anew"
        ) from error
    return read_text(text, shown)


def _refuse_incomplete(measured: Measured, manifest: RunManifest, *, with_errors: bool) -> None:
    problem = next(_problems(measured, manifest, with_errors=with_errors), None)
    if problem is not None:
        raise RecordError(f"run {manifest.run_id}: {problem}")


def _problems(measured: Measured, manifest: RunManifest, *, with_errors: bool) -> Iterator[str]:
    """What keeps the run from being a baseline."""
    if not measured.cells:
        yield f"it has no trial of suite '{measured.suite}'; a baseline is made of trials; select some of them"
    outcomes = [outcome for rows in measured.cells.values() for outcome in rows.outcomes]
    if early := manifest.totals.get("stopped_early"):
        yield (
            f"it was stopped early ({counted(early, 'trial')} not run, since the verdicts were clear); a baseline is "
            "made of complete runs; save it with --prompt-save-baseline, which stops nothing early"
        )
    if not manifest.complete or "not_run" in outcomes:
        yield (
            f"it is incomplete ({counted(outcomes.count('not_run'), 'trial')} of suite '{measured.suite}' not run); "
            "a baseline is made of complete runs; finish it with --prompt-resume"
        )
    facts: Mapping[str, Any] = next((suite for suite in manifest.suites if suite["name"] == measured.suite), {})
    expected = facts.get("n_samples", 0) * facts.get("repeats", 1)
    for cell, rows in measured.cells.items():
        if len(rows.samples) < expected:
            yield (
                f"it has {len(rows.samples):,} of {expected:,} trials of {_cells([cell])}; a baseline holds all "
                "trials of a variant and backend; select whole variants and backends"
            )
    lost = [
        f"{sample} of {_cells([cell])}"
        for cell, rows in measured.cells.items()
        for sample, output in zip(rows.samples, rows.outputs, strict=True)
        if output is None
    ]
    if lost and not with_errors:
        yield (
            f"{counted(len(lost), 'trial')} without an answer ({listed(lost)}); "
            "a baseline is made of answers; run again: only what is missing is asked"
        )


def _cells(cells: Any) -> str:
    return listed(f"{variant} on {backend}" for variant, backend in cells)
