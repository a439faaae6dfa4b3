"""The baselines of a run's suites: found and read at its start, made of it at its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness import record
from harness.errors import RecordError
from harness.wording import counted

if TYPE_CHECKING:
    from collections.abc import Iterable

    from harness.schema import Measured, RunRecord, Settings

NONE = "none"
"""The baseline of a run that is compared with nothing."""


def read_baselines(suites: Iterable[str], settings: Settings) -> dict[str, Measured]:
    """The baseline of each suite by its name; those without one are left out.

    Raises:
        RecordError: a baseline that is named, or the committed one, cannot be read.

    """
    found = {}
    for name in suites if settings.baseline != NONE else ():
        known = record.resolve(settings.baseline, settings.reports, settings.root, suite=name)
        if known is not None:
            found[name] = known
    return found


def save_baselines(run: RunRecord, settings: Settings) -> list[record.Saved]:
    """Make the run the baseline of its suites, where that was asked for.

    Raises:
        RecordError: the run is incomplete or of some samples only, trials have no answer, or a file cannot be written.

    """
    if not settings.save_baseline:
        return []
    if settings.limit is not None:
        raise RecordError(
            f"--prompt-save-baseline: the run has at most {counted(settings.limit, 'sample')} a dataset "
            "(--prompt-limit); a baseline of all of them is needed, and none was saved; run without "
            "--prompt-limit, or write limit: into the suite file"
        )
    measured = record.measured_of_record(run).values()
    return [record.write_baseline(settings.reports, each, run.manifest) for each in measured if each.cells]


def no_baseline(suite: str, settings: Settings) -> str:
    """Why there is none of this suite, and what to do."""
    if settings.baseline is not None:
        return f"{settings.baseline} has nothing of suite '{suite}'"
    path = settings.reports / "baselines" / f"{suite}.jsonl"
    shown = path.relative_to(settings.root) if path.is_relative_to(settings.root) else path
    return f"there is no baseline ({shown}); save one with: pytest --prompt-suite --prompt-save-baseline"
