"""Recorded runs, read back."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from harness.errors import RecordError
from harness.schema import SCHEMA_VERSION, RunManifest
from harness.wording import counted, escaped, usd

if TYPE_CHECKING:
    import pandas as pd


_FORMS: dict[str, type | tuple[type, ...]] = {
    "run_id": str,
    "started_at": str,
    "wall_s": (int, float),
    "complete": bool,
    "versions": dict,
    "git_commit": (str, type(None)),
    "suites": list,
    "totals": dict,
    "verdicts": list,
    "cells": list,
}
"""What JSON holds in each field of the manifest, the version apart."""
_OUTCOMES = ("passed", "failed", "error", "not_run", "stopped_early", "quarantined")
"""Totals that are told of a run; those that are 0 are left out."""


class Run(Struct, frozen=True):
    """A recorded run."""

    path: Path
    """Its folder."""
    manifest: RunManifest
    """run.json."""
    trials: pd.DataFrame
    """trials.parquet: a row a trial."""
    scores: pd.DataFrame
    """scores.parquet: a row a trial and measure."""

    def __repr__(self) -> str:
        """One line: id, suites, how many trials there are and what became of them, gates, cost."""
        return f"<Run {'; '.join(f'{value}' for _, value in self._facts())}>"

    def _repr_html_(self) -> str:
        """The same as a table, for notebooks."""
        from html import escape  # only notebooks need it

        rows = "".join(f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>" for name, value in self._facts())
        return f"<table><tbody>{rows}</tbody></table>"

    def _facts(self) -> list[tuple[str, str]]:
        manifest, totals = self.manifest, self.manifest.totals
        outcomes = ", ".join(
            f"{totals.get(key) or 0:,} {key.replace('_', ' ')}"
            for key in _OUTCOMES
            if totals.get(key) or key == "passed"
        )
        judged = [each for each in manifest.verdicts if each.get("judged", True)]
        n_held = sum(bool(each.get("passed")) for each in judged)
        facts = [
            ("Run", manifest.run_id + ("" if manifest.complete else " (incomplete)")),
            ("Suites", ", ".join(str(suite.get("name", "")) for suite in manifest.suites) or "no suite"),
            ("Trials", f"{counted(totals.get('trials') or 0, 'trial')}: {outcomes}"),
            ("Gates", f"{n_held:,} of {counted(len(judged), 'gate')} held"),
            ("Cost", f"{usd(totals.get('cost_usd'))} for the answers"),
        ]
        return [(name, escaped(value)) for name, value in facts if name != "Gates" or judged]


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
    except (OSError, ValueError, RecursionError) as error:
        raise _damaged(file, str(error)) from error
    version = content.get("schema_version") if isinstance(content, dict) else None
    if not isinstance(version, int):
        raise _damaged(file, "it says no schema_version")
    if version > SCHEMA_VERSION:
        raise RecordError(
            f"{file}: recorded in form {version}; this version reads up to {SCHEMA_VERSION}; "
            "run: pip install -U pytest-prompt-suite"
        )
    for name, form in _FORMS.items():
        if not isinstance(content.get(name), form):
            raise _damaged(file, f"{name} is {'missing' if name not in content else 'of the wrong type'}")
    for name in ("suites", "verdicts", "cells"):
        if not all(isinstance(entry, dict) for entry in content[name]):
            raise _damaged(file, f"{name} holds what is no mapping")
    for name, value in {"wall_s": content["wall_s"], **content["totals"]}.items():
        if value is not None and not (isinstance(value, int | float) and math.isfinite(value)):
            raise _damaged(file, f"{name} is no number")
    return RunManifest(**{name: content[name] for name in RunManifest.__struct_fields__ if name in content})


def _damaged(file: Path, what: str) -> RecordError:
    return RecordError(
        f"{file}: the manifest is damaged ({what}); a run.json as recorded is needed; record the run again"
    )


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
        raise RecordError(
            f"{folder}: a table is missing or damaged ({error}); both are needed; record the run again"
        ) from error
    return Run(path=folder, manifest=manifest, trials=trials, scores=scores)
