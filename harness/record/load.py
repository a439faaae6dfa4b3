"""Recorded runs, read back."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import RecordError
from harness.schema import SCHEMA_VERSION, RunManifest

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class Run:
    """A recorded run."""

    path: Path
    """Its folder."""
    manifest: RunManifest
    """run.json."""
    trials: pd.DataFrame
    """trials.parquet: a row a trial."""
    scores: pd.DataFrame
    """scores.parquet: a row a trial and measure."""


def run_folder(path: str | Path) -> Path:
    """The run folder that `path` names: a folder with run.json, or a `latest` file that points at one.

    Raises:
        RecordError: there is no run there.

    """
    folder = Path(path)
    if folder.is_file() and folder.name == "latest":
        folder = folder.parent / folder.read_text(encoding="utf-8").strip()
    if not (folder / "run.json").is_file():
        raise RecordError(
            f"{path}: no recorded run is here; a folder with run.json is expected, such as reports/latest; "
            "record one with: pytest --prompt-suite"
        )
    return folder


def load_manifest(path: str | Path) -> RunManifest:
    """run.json of the run at `path`.

    Raises:
        RecordError: there is no run, it is damaged, or it was recorded by a newer version.

    """
    file = run_folder(path) / "run.json"
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        version = content["schema_version"]
        known = {field.name for field in fields(RunManifest)}
        manifest = RunManifest(**{key: value for key, value in content.items() if key in known})
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RecordError(f"{file}: the manifest is damaged ({error}); record the run again") from error
    if version > SCHEMA_VERSION:
        raise RecordError(
            f"{file}: recorded in form {version}; this version reads up to {SCHEMA_VERSION}; "
            "run: pip install -U pytest-prompt-suite"
        )
    return manifest


def list_manifests(reports: Path) -> list[RunManifest]:
    """The manifests of all runs below `reports`, newest first; a run without a readable one is left out."""
    manifests = []
    for folder in sorted((reports / "runs").glob("*"), reverse=True):
        try:
            manifests.append(load_manifest(folder))
        except RecordError:
            continue
    return manifests


def load_run(path: str | Path) -> Run:
    """The run at `path`, its tables as DataFrames.

    Raises:
        RecordError: there is no run, or it is damaged.

    """
    import pandas as pd

    folder = run_folder(path)
    manifest = load_manifest(folder)
    try:
        trials = pd.read_parquet(folder / "trials.parquet")
        scores = pd.read_parquet(folder / "scores.parquet")
    except (OSError, ValueError) as error:
        raise RecordError(f"{folder}: a table is missing or damaged ({error}); record the run again") from error
    return Run(path=folder, manifest=manifest, trials=trials, scores=scores)
