"""`reports/history.parquet`: what every run came to, so that a metric can be followed over runs."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.errors import RecordError
from harness.record.parquet import read_whole
from harness.record.regular import content_of
from harness.record.text import utf8
from harness.wording import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from harness.record.parquet import Group
    from harness.record.tables import Tables
    from harness.schema import Aggregate, Cell, RunRecord, Suite

HISTORY_COLUMNS = {
    "run_id": "string",
    "started_at": "time",
    "git_commit": "string",
    "suite": "string",
    "variant": "string",
    "backend": "string",
    "model": "string",
    "prompt": "string",
    "prompt_version": "string",
    "prompt_hash": "string",
    "dataset_hash": "string",
    "metric": "string",
    "aggregation": "string",
    "value": "double",
    "ci_low": "double",
    "ci_high": "double",
    "n_scored": "int64",
    "n_unscored": "int64",
    "n_failed": "int64",
    "complete": "bool",
}
"""history.parquet; the first column tells the rows of a run."""
_MAY_LACK = (("complete",), ("git_commit", "model", "dataset_hash", "value", "ci_low", "ci_high", "complete"))
"""Columns that files of other versions do not have, and those that have no value in some rows."""
_CATEGORIES = "git_commit suite variant backend model prompt prompt_version prompt_hash dataset_hash metric aggregation"
_PATIENCE_S = 10.0
"""How long other runs that end now are waited for: each writes for a fraction of a second."""


def append_history(reports: Path, record: RunRecord, tables: Tables) -> str | None:
    """Put the run's aggregates at the end of the history, in place of those it has there; None, or what went wrong.

    One run at a time writes, and the file is replaced in one step. A file that cannot be read is moved aside.
    """
    from filelock import FileLock, Timeout

    path = reports / "history.parquet"
    group = history_group(record)
    try:
        with FileLock(reports / ".history.lock", timeout=_PATIENCE_S, poll_interval=0.02):
            moved = tables.append(path, HISTORY_COLUMNS, group, key=record.manifest.run_id, lacking=_MAY_LACK)
    except Timeout:
        return _left_out(path, f"another run has been writing it for {_PATIENCE_S:g} s")
    except OSError as error:
        return _left_out(path, error.strerror or str(error))
    except RuntimeError as error:  # a fault of the harness, which is no reason to lose a run
        return _left_out(path, str(error).strip().rpartition("\n")[2])
    if moved is None:
        return None
    place, why = moved
    return f"{path}: it was damaged ({why}); a new one begins with this run; the old one is kept as {Path(place).name}"


def _left_out(path: Path, why: str) -> str:
    return f"{path}: the history lacks this run ({why}); a writable file is needed; the run itself is recorded"


def history_group(record: RunRecord) -> Group:
    """The run's rows: suite by suite, what its cells came to."""
    suites = {suite.name: suite for suite in record.suites}
    manifest = record.manifest
    run = (manifest.run_id, manifest.started_at, manifest.git_commit)
    rows = [
        (*run, *_cell(cell, suites[cell.suite]), *_aggregate(name, each), manifest.complete)
        for cell in record.cells
        for name, each in _aggregates(cell, record)
    ]
    columns = zip(*rows, strict=True) if rows else [()] * len(HISTORY_COLUMNS)
    return "columns", {name: ("list", list(own)) for name, own in zip(HISTORY_COLUMNS, columns, strict=True)}


def _aggregates(cell: Cell, record: RunRecord) -> Iterator[tuple[str, Aggregate]]:
    """Those of the result table, then what gates were judged by beyond it; each once, with its aggregation's name."""
    seen = set()
    own = [each for each in (*cell.aggregates, cell.latency_p95) if each is not None]
    named = [(each.aggregation, each) for each in own] + [
        (f"pass@{verdict.gate.k}" if verdict.gate.k is not None else verdict.aggregate.aggregation, verdict.aggregate)
        for verdict in record.verdicts
        if (verdict.suite, verdict.variant, verdict.backend) == (cell.suite, cell.variant, cell.backend)
    ]
    for name, each in named:
        if (each.metric, name) not in seen:
            seen.add((each.metric, name))
            yield name, each


def _cell(cell: Cell, suite: Suite) -> tuple[Any, ...]:
    """The columns from `suite` to `dataset_hash`."""
    prompt_hash = next(each.prompt.content_hash for each in suite.variants if each.name == cell.variant)
    names = (cell.suite, cell.variant, cell.backend, utf8(cell.model), cell.prompt, cell.prompt_version)
    return *names, prompt_hash, suite.dataset_hash


def _aggregate(name: str, each: Aggregate) -> tuple[Any, ...]:
    """The columns from `metric` to `n_failed`."""
    counts = (each.n_scored, each.n_unscored, each.n_failed)
    return each.metric, name, each.value, each.ci_low, each.ci_high, *counts


def load_history(reports: str | Path = "reports") -> pd.DataFrame:
    """What every run below `reports` came to: a row a run, suite, variant, backend, metric and aggregation.

    Oldest record first. `started_at` is a time in UTC, names are categories; a value that there is not is missing.

    Raises:
        RecordError: there is no history, or it is damaged.

    """
    import pandas as pd

    path = Path(reports) / "history.parquet"
    try:
        content = content_of(path)
        read_whole(content, HISTORY_COLUMNS, _MAY_LACK)
        frame = pd.read_parquet(BytesIO(content))
        frame["started_at"] = pd.to_datetime(frame["started_at"], utc=True, format="ISO8601")
        return frame.astype(dict.fromkeys(_CATEGORIES.split(), "category"))
    except FileNotFoundError:
        raise RecordError(
            f"{path}: no history is here; every run adds to it; record one with: pytest --prompt-suite"
        ) from None
    except Exception as error:  # Arrow raises what it likes at a damaged file
        why = getattr(error, "strerror", None) or str(error)
        raise RecordError(
            f"{path}: the history is damaged ({one_line(why)}); the file as recorded is needed; "
            "move it away: the next run begins another"
        ) from error
