"""Recorded runs, read back."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from harness.errors import RecordError
from harness.record.regular import content_of
from harness.schema import SCHEMA_VERSION, RunManifest
from harness.wording import counted, escaped, one_line, usd

if TYPE_CHECKING:
    import pandas as pd

_MANIFEST = "run.json"
_LONGEST_POINTER = 4096
"""Bytes of a `latest` file that are read: as long as a path may be."""
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


class Flaw(Struct, frozen=True):
    """Why a manifest cannot be read."""

    what: str
    """What is wrong with it."""
    remedy: str
    """What is needed, and what to do."""


def run_folder(path: str | Path) -> Path:
    """The run folder that `path` names: a folder with run.json, or a `latest` file that points at one.

    Raises:
        RecordError: there is no run there, or `latest` points nowhere.

    """
    folder = Path(path)
    target = pointed_at(folder)
    if has_manifest(target or folder):
        return target or folder
    if target is not None and not os.path.lexists(target):
        raise RecordError(
            f"{path}: it points at the run {one_line(target.name)}, which is not there; a run that is there is needed; "
            "name one by its id, or record one with: pytest --prompt-suite"
        )
    raise RecordError(
        f"{path}: no recorded run is here; a folder with run.json is expected, such as reports/latest; "
        "record one with: pytest --prompt-suite"
    )


def pointed_at(path: Path) -> Path | None:
    """What a `latest` points at, where it is a text, or a link to nothing; None where the path itself leads there.

    Raises:
        RecordError: it is a text that is no path.

    """
    if path.name != "latest" or os.path.isdir(path):  # noqa: PTH112 - pathlib raises at loops and long names
        return None
    try:
        if os.path.islink(path) and not os.path.exists(path):  # noqa: PTH110, PTH114 - as above
            return path.parent / path.readlink()
        if not os.path.lexists(path):
            return None
        return path.parent / content_of(path)[:_LONGEST_POINTER].decode().strip()
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise RecordError(
            f"{path}: it does not say where the newest run is ({one_line(why)}); a link to its folder is expected, or "
            "a text with the path; remove it: the next run writes it anew"
        ) from error


def has_manifest(folder: Path) -> bool:
    """Whether a run.json lies there, readable or not: it is written last, when the run has ended."""
    return os.path.lexists(folder / _MANIFEST)


def load_manifest(path: str | Path) -> RunManifest:
    """run.json of the run at `path`, all that readers rely on as `manifest_form` has it.

    Raises:
        RecordError: there is no run, it is damaged, or it was recorded by a newer version.

    """
    folder = run_folder(path)
    found = read_manifest(folder)
    if isinstance(found, Flaw):
        raise RecordError(f"{folder / _MANIFEST}: {found.what}; {found.remedy}")
    return found


def read_manifest(folder: Path) -> RunManifest | Flaw:
    """The folder's run.json, or why it cannot be read."""
    from harness.record.manifest_form import flaw_of  # many classes, and the start of a run reads no manifest

    try:
        content = json.loads(content_of(folder / _MANIFEST))
    except (OSError, ValueError, RecursionError) as error:
        return _damaged(one_line(getattr(error, "strerror", None) or str(error)))
    version = content.get("schema_version") if isinstance(content, dict) else None
    if type(version) is not int:
        return _damaged("it says no schema_version")
    if version > SCHEMA_VERSION:
        return Flaw(
            f"recorded in form {version}; this version reads up to {SCHEMA_VERSION}",
            "run: pip install -U pytest-prompt-suite",
        )
    if flaw := flaw_of(content):
        return _damaged(flaw)
    return RunManifest(**{name: content[name] for name in RunManifest.__struct_fields__ if name in content})


def _damaged(what: str) -> Flaw:
    return Flaw(f"the manifest is damaged ({what})", "a run.json as recorded is needed; record the run again")


def load_run(path: str | Path) -> Run:
    """The run at `path`, its tables as DataFrames.

    Raises:
        RecordError: there is no run, it is damaged, or its tables are not those that were recorded.

    """
    from harness.record.table_form import SCORES, TRIALS, check_tables, reading

    folder = run_folder(path)
    manifest = load_manifest(folder)
    check_tables(folder, manifest)
    import pandas as pd

    frames = []
    for name in (TRIALS, SCORES):
        with reading(folder, name):
            frames.append(pd.read_parquet(folder / name, page_checksum_verification=True))
    trials, scores = frames
    return Run(path=folder, manifest=manifest, trials=trials, scores=scores)
