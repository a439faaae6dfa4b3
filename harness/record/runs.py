"""The runs below a reports folder, newest first, also those that cannot be read."""

from __future__ import annotations

import os
from pathlib import Path  # noqa: TC003 - msgspec reads the annotations
from typing import TYPE_CHECKING

from msgspec import Struct

from harness.errors import RecordError
from harness.record.load import Flaw, has_manifest, read_manifest
from harness.schema import RunManifest  # noqa: TC001 - as above
from harness.wording import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator


class Found(Struct, frozen=True):
    """A folder in which a run was recorded."""

    folder: Path
    """The folder; its name is the run's id."""
    manifest: RunManifest | None
    """run.json; None when it cannot be read."""
    problem: str = ""
    """What is wrong with run.json then."""


def recorded_folders(reports: Path) -> Iterator[Path]:
    """The folders below `reports/runs` that have a run.json, newest first; those of runs that never ended have none.

    Raises:
        RecordError: they cannot be listed.

    """
    runs = reports / "runs"
    try:
        names = sorted(os.listdir(runs), reverse=True)  # noqa: PTH208 - their order is that of names
    except FileNotFoundError:
        return
    except OSError as error:
        raise RecordError(
            f"{runs}: the recorded runs cannot be listed ({error.strerror or error}); a folder that can be read is "
            "needed; mend it, or name another place with --reports DIR"
        ) from error
    yield from (runs / name for name in names if has_manifest(runs / name))


def list_runs(reports: Path) -> Iterator[Found]:
    """Every recorded run, newest first; each is read when its turn comes.

    A manifest of another run than its folder is called cannot be read either: its id would not lead to it, or a copy
    of a run would be compared with the run itself.

    Raises:
        RecordError: they cannot be listed.

    """
    for folder in recorded_folders(reports):
        found = read_manifest(folder)
        if isinstance(found, Flaw):
            yield Found(folder, None, found.what)
        elif found.run_id != folder.name:
            yield Found(folder, None, f"it is that of run {one_line(found.run_id, longest=60)}")
        else:
            yield Found(folder, found)


def told_apart(reports: Path) -> tuple[list[RunManifest], dict[str, str]]:
    """The manifests of the recorded runs, newest first, and of those that cannot be read the folder's name and why.

    Raises:
        RecordError: they cannot be listed.

    """
    every = list(list_runs(reports))
    return [run.manifest for run in every if run.manifest is not None], {
        run.folder.name: run.problem for run in every if run.manifest is None
    }
