"""What `--prompt-baseline REF` means."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import RecordError, UsageError
from harness.record.baseline import baseline_path, parse_baseline, read_baseline
from harness.record.checkout import committed
from harness.record.load import has_manifest, load_manifest, pointed_at, run_folder
from harness.record.measured import measured_of_run
from harness.record.runs import list_runs, recorded_folders
from harness.wording import did_you_mean, listed, one_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.schema import Measured, RunManifest

_GIT = "git:"
_RECENT = ("latest", "previous")
_OTHERS = {"baseline": ("previous", "git:REV", "none"), "compare": ("previous", "git:REV"), "run": ("previous",)}
"""What else a reference may be, by what it is one of, or the command that it is given to."""
_SHOWN = 5
"""Run ids that a message lists, newest first."""


def resolve(ref: str | None, reports: Path, root: Path, *, suite: str, current: str | None = None) -> Measured | None:
    """What `ref` names, of this suite; None: there is no baseline, or none is wanted.

    A run id or the beginning of one; a path of a run folder, `reports/latest`, a .jsonl file or a folder of them,
    relative to the working directory or to `root`; `latest` and `previous`, the newest and the last but one of the
    complete runs below `reports` that have the suite; `git:REV`, the committed baseline at that revision; `none`.
    Without `ref` it is the committed baseline, if there is one. `current` is the id of the run that is compared: it is
    never its own baseline, also when it is resumed.

    `latest` and `previous` fail where a run newer than the one they would mean cannot be read, whether it has the suite
    or not, since nobody can tell. A gate that watches a suite night by night would else go on, green, beside a run
    from before the damage: it would compare something else than was asked for, and only who reads the run's id would
    see it. A folder without run.json is a run that never ended, and is none of those.

    Raises:
        UsageError: nothing is called so, or several runs begin so.
        RecordError: there is none yet, it is damaged, or it does not have the suite.

    """
    places = _Places(reports, root, current)
    if ref is None:
        path = baseline_path(reports, suite)
        return places.of_file(path, suite) if os.path.lexists(path) else None
    if ref == "none":
        return None
    if ref in _RECENT:
        return places.recent(ref, suite)
    if ref.startswith(_GIT):
        return places.of_revision(ref.removeprefix(_GIT), suite)
    return places.at(places.named(ref), suite)


def resolve_suites(ref: str, reports: Path, root: Path, *, suite: str | None = None) -> dict[str, Measured]:
    """Everything that `ref` names, by suite: as `resolve`, for comparisons by hand; `none` is no side of one.

    `git:REV` has the suites that have a baseline now. With `suite`, `latest` and `previous` are runs that have it,
    where any has.

    Raises:
        UsageError: nothing is called so, or several runs begin so.
        RecordError: there is none yet, or it is damaged.

    """
    return _Places(reports, root, None, what="compare").every(ref, suite)


def resolve_run(ref: str, reports: Path, root: Path, *, suite: str | None = None) -> Path:
    """The folder of the recorded run that `ref` names: a run id or its beginning, a path, `latest` or `previous`.

    With `suite`, the last two are runs that have it.

    Raises:
        UsageError: no run is called so, or several begin so.
        RecordError: there is none yet, or what is called so is no run.

    """
    places = _Places(reports, root, None, what="run")
    return places.recent_folder(ref, suite) if ref in _RECENT else run_folder(places.named(ref))


class _Places:
    """Where the baselines of a project are."""

    def __init__(self, reports: Path, root: Path, current: str | None, *, what: str = "baseline") -> None:
        self._reports = reports
        self._root = root
        self._current = current
        self._what = what

    def recent(self, which: str, suite: str) -> Measured:
        """The suite's part of a recent run."""
        return self._of_run(self.recent_folder(which, suite), suite)

    def recent_folder(self, which: str, suite: str | None) -> Path:
        """The folder of a recent complete run, one that has the suite where one is named; see `resolve`."""
        skipped = _RECENT.index(which)
        is_any, others = False, dict[str, None]()
        for found in list_runs(self._reports):
            if found.folder.name == self._current:
                continue
            if found.manifest is None:
                lost = f"{self.shown(found.folder / 'run.json')}: {found.problem}"
                raise self._unsure(which, lost, f"move the folder out of {self.shown(found.folder.parent)}")
            if not found.manifest.complete:
                continue
            others |= dict.fromkeys(_suites(found.manifest))
            if suite is not None and suite not in _suites(found.manifest):
                continue
            if not is_any:
                self._check_latest(which, found.folder)
            if not skipped:
                return found.folder
            skipped, is_any = skipped - 1, True
        what = f"has suite '{suite}'" if suite is not None else "is recorded"
        there = f"only one complete run {what}" if is_any else f"no complete run {what}"
        known = f" (suites with one: {listed(others)})" if others and not is_any else ""
        raise RecordError(
            f"{self._what} {which}: {there} below {self.shown(self._reports)}{known}; "
            f"{('one is', 'two are')[_RECENT.index(which)]} needed; record a run with: pytest --prompt-suite"
        )

    def _check_latest(self, which: str, newest: Path) -> None:
        """Fail where `reports/latest` points at a newer run than the newest there is: that one was lost."""
        latest = self._reports / "latest"
        target = pointed_at(latest)
        if target is not None and target.name > newest.name and not os.path.lexists(target):
            lost = f"{self.shown(latest)} points at {one_line(target.name)}, which is not there"
            raise self._unsure(which, lost, f"remove {self.shown(latest)}")

    def _unsure(self, which: str, lost: str, remedy: str) -> RecordError:
        return RecordError(
            f"{self._what} {which}: a run newer than it would be cannot be read: {lost}; the newest one must be "
            f"readable, so that no older one takes its place unsaid; name a run by its id, or {remedy}"
        )

    def of_revision(self, revision: str, suite: str) -> Measured:
        """The committed baseline as it was then."""
        path = baseline_path(self._reports, suite)
        shown = f"{_GIT}{revision}:{self.shown(path)}"
        return _of_suite(parse_baseline(committed(revision, path, self._root), shown), suite)

    def every(self, ref: str, suite: str | None) -> dict[str, Measured]:
        """All suites of what is called so."""
        folder = self._reports / "baselines"
        if ref.startswith(_GIT):
            names = [path.stem for path in sorted(folder.glob("*.jsonl"))]
            if not names:
                raise RecordError(
                    f"{self._what} {one_line(ref)}: there is no baseline in {self.shown(folder)}; git:REV is the "
                    "committed baseline of a suite that has one now; save one with: pytest --prompt-suite "
                    "--prompt-save-baseline"
                )
            return {name: self.of_revision(ref.removeprefix(_GIT), name) for name in names}
        path = self.recent_folder(ref, self._known(suite)) if ref in _RECENT else self.named(ref)
        if _is_run(path):
            return measured_of_run(path)
        files = sorted(path.glob("*.jsonl")) if path.is_dir() else [path]
        if not files:
            raise RecordError(
                f"{self.shown(path)}: there is neither a run nor a baseline here; a folder with run.json, or one of "
                ".jsonl baselines, is needed; record a run with: pytest --prompt-suite"
            )
        found: dict[str, Measured] = {}
        for file in files:
            measured = read_baseline(file, shown=self.shown(file))
            if measured.suite in found:
                raise RecordError(
                    f"{self.shown(file)}: suite '{measured.suite}' is in {found[measured.suite].ref}, too; one file a "
                    "suite is allowed; name one of them, or move one away"
                )
            found[measured.suite] = measured
        return found

    def _known(self, suite: str | None) -> str | None:
        """The suite, where a complete run has it."""
        runs = (found.manifest for found in list_runs(self._reports))
        return suite if any(run is not None and run.complete and suite in _suites(run) for run in runs) else None

    def named(self, ref: str) -> Path:
        """The run with this id, or the only one whose id begins so; else the path."""
        folders = recorded_folders(self._reports)
        ids = [folder.name for folder in folders if folder.name != self._current]
        found = [ref] if ref in ids else [each for each in ids if ref and each.startswith(ref)]
        if len(found) > 1:
            raise UsageError(
                f"{self._what} {one_line(ref)!r}: {len(found):,} runs begin so ({_newest(found)}); one is allowed; "
                "give more of its id"
            )
        if found:
            return self._reports / "runs" / found[0]
        path = next((path for path in (Path(ref), self._root / ref) if ref and os.path.lexists(path)), None)
        if path is not None:
            return path
        recorded = f"recorded below {self.shown(self._reports)}: {_newest(ids)}" if ids else "no run is recorded yet"
        others = _OTHERS[self._what]
        allowed = f"{', '.join(['a run id, a path, latest', *others[:-1]])} or {others[-1]}"
        raise UsageError(
            f"{self._what} {one_line(ref)!r}: no run and no file is called so; {allowed} is allowed; {recorded}."
            f"{did_you_mean(ref, [*ids, 'latest', *others])}"
        )

    def at(self, path: Path, suite: str) -> Measured:
        """The suite's part of what lies there."""
        if _is_run(path):
            return self._of_run(run_folder(path), suite)
        return self._of_folder(path, suite) if path.is_dir() else self.of_file(path, suite)

    def of_file(self, path: Path, suite: str) -> Measured:
        """The baseline in this file, which is this suite's."""
        return _of_suite(read_baseline(path, shown=self.shown(path)), suite)

    def _of_folder(self, folder: Path, suite: str) -> Measured:
        path = folder / f"{suite}.jsonl"
        if not os.path.lexists(path):
            raise _absent(self.shown(folder), suite, sorted(each.stem for each in folder.glob("*.jsonl")))
        return self.of_file(path, suite)

    def _of_run(self, folder: Path, suite: str) -> Measured:
        measured = measured_of_run(folder, suites=[suite]).get(suite)
        if measured is None:
            raise _absent(self.shown(folder), suite, _suites(load_manifest(folder)))
        if measured.ref == self._current:
            raise RecordError(
                f"{self.shown(folder)}: this is the run that is compared; another one is needed; "
                "name a run by its id, or give latest"
            )
        return measured

    def shown(self, path: Path) -> str:
        """The path as messages show it: relative to the root where it lies below it."""
        try:
            return path.absolute().relative_to(self._root.absolute()).as_posix()
        except ValueError:
            return str(path)


def _suites(manifest: RunManifest) -> list[str]:
    return [str(suite.get("name")) for suite in manifest.suites]


def _of_suite(measured: Measured, suite: str) -> Measured:
    if measured.suite != suite:
        raise _absent(measured.ref, suite, [measured.suite])
    return measured


def _is_run(path: Path) -> bool:
    return path.name == "latest" or has_manifest(path)


def _newest(ids: Sequence[str]) -> str:
    return ", ".join(ids[:_SHOWN]) + (f", … ({len(ids) - _SHOWN:,} more)" if len(ids) > _SHOWN else "")


def _absent(where: str, suite: str, there: Sequence[str]) -> RecordError:
    return RecordError(
        f"{where}: suite '{suite}' is not in it; a baseline of this suite is needed; it has: {listed(there)}."
        f"{did_you_mean(suite, there)}"
    )
