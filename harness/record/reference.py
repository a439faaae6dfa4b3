"""What `--prompt-baseline REF` means."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import RecordError, UsageError
from harness.record.baseline import baseline_path, parse_baseline, read_baseline
from harness.record.checkout import committed
from harness.record.load import list_manifests, load_manifest, run_folder
from harness.record.measured import measured_of_run
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

    Raises:
        UsageError: nothing is called so, or several runs begin so.
        RecordError: there is none yet, it is damaged, or it does not have the suite.

    """
    places = _Places(reports, root, current)
    if ref is None:
        path = baseline_path(reports, suite)
        return read_baseline(path, shown=places.shown(path)) if path.is_file() else None
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
        """The folder of a recent complete run, one that has the suite where one is named."""
        place = _RECENT.index(which)
        runs = [each for each in self._runs() if each.complete and (suite is None or suite in _suites(each))]
        if len(runs) <= place:
            what = f"has suite '{suite}'" if suite is not None else "is recorded"
            there = f"only one complete run {what}" if runs else f"no complete run {what}"
            others = dict.fromkeys(name for each in self._runs() if each.complete for name in _suites(each))
            known = f" (suites with one: {listed(others)})" if others and not runs else ""
            raise RecordError(
                f"{self._what} {which}: {there} below {self.shown(self._reports)}{known}; "
                f"{('one is', 'two are')[place]} needed; record a run with: pytest --prompt-suite"
            )
        return self._reports / "runs" / runs[place].run_id

    def of_revision(self, revision: str, suite: str) -> Measured:
        """The committed baseline as it was then."""
        path = baseline_path(self._reports, suite)
        return parse_baseline(committed(revision, path, self._root), f"{_GIT}{revision}:{self.shown(path)}")

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
        known = suite if any(suite in _suites(each) for each in self._runs() if each.complete) else None
        path = self.recent_folder(ref, known) if ref in _RECENT else self.named(ref)
        if (path / "run.json").is_file() or path.name == "latest":
            return measured_of_run(path)
        files = sorted(path.glob("*.jsonl")) if path.is_dir() else [path]
        if not files:
            raise RecordError(
                f"{self.shown(path)}: there is neither a run nor a baseline here; a folder with run.json, or one of "
                ".jsonl baselines, is needed; record a run with: pytest --prompt-suite"
            )
        found = [read_baseline(file, shown=self.shown(file)) for file in files]
        return {measured.suite: measured for measured in found}

    def named(self, ref: str) -> Path:
        """The run with this id, or the only one whose id begins so; else the path."""
        ids = [each.run_id for each in self._runs()]
        found = [ref] if ref in ids else [each for each in ids if ref and each.startswith(ref)]
        if len(found) > 1:
            raise UsageError(
                f"{self._what} {one_line(ref)!r}: {len(found):,} runs begin so ({_newest(found)}); one is allowed; "
                "give more of its id"
            )
        if found:
            return self._reports / "runs" / found[0]
        path = next((path for path in (Path(ref), self._root / ref) if ref and _exists(path)), None)
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
        shown = self.shown(path)
        if (path / "run.json").is_file() or path.name == "latest":
            return self._of_run(run_folder(path), suite)
        if path.is_dir():
            return self._of_folder(path, suite)
        measured = read_baseline(path, shown=shown)
        if measured.suite != suite:
            raise _absent(shown, suite, [measured.suite])
        return measured

    def _of_folder(self, folder: Path, suite: str) -> Measured:
        path = folder / f"{suite}.jsonl"
        if not path.is_file():
            raise _absent(self.shown(folder), suite, sorted(each.stem for each in folder.glob("*.jsonl")))
        return self.at(path, suite)

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

    def _runs(self) -> Sequence[RunManifest]:
        """Recorded runs, newest first, the one that is compared left out."""
        return [each for each in list_manifests(self._reports) if each.run_id != self._current]

    def shown(self, path: Path) -> str:
        """The path as messages show it: relative to the root where it lies below it."""
        try:
            return path.absolute().relative_to(self._root.absolute()).as_posix()
        except ValueError:
            return str(path)


def _suites(manifest: RunManifest) -> list[str]:
    return [str(suite.get("name")) for suite in manifest.suites]


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # too long for a path, or a NUL in it
        return False


def _newest(ids: Sequence[str]) -> str:
    return ", ".join(ids[:_SHOWN]) + (f", … ({len(ids) - _SHOWN:,} more)" if len(ids) > _SHOWN else "")


def _absent(where: str, suite: str, there: Sequence[str]) -> RecordError:
    return RecordError(
        f"{where}: suite '{suite}' is not in it; a baseline of this suite is needed; it has: {listed(there)}."
        f"{did_you_mean(suite, there)}"
    )
