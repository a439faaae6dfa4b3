"""Rows of a dataset or examples file, by its suffix."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from harness.errors import FilesError
from harness.suite.columnar import read_parquet
from harness.suite.json_rows import read_json, read_jsonl
from harness.suite.table_rows import read_delimited, read_yaml
from harness.suite.values import quoted
from harness.wording import did_you_mean, listed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from harness.suite.mistakes import MistakeLog
    from harness.suite.table import Table

_READERS: dict[str, Callable[[Path, MistakeLog], Table]] = {
    ".jsonl": read_jsonl,
    ".json": read_json,
    ".csv": partial(read_delimited, delimiter=","),
    ".tsv": partial(read_delimited, delimiter="\t"),
    ".parquet": read_parquet,
    ".yaml": read_yaml,
}


def read_table(path: Path, log: MistakeLog) -> Table | None:
    """The rows of a file; mistakes are logged, and None means that there were any."""
    shown = log.shown(path)
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        meant = did_you_mean(path.suffix, _READERS)
        tail = f".{meant}" if meant else "; convert the file to one of them"
        log.add(shown, None, f"the suffix {quoted(path.suffix)} is unknown; allowed: {listed(_READERS)}{tail}")
        return None
    before = len(log)
    try:
        table = reader(path, log)
    except FilesError as error:
        log.absorb(error.mistakes)
        return None
    if not table.rows and len(log) == before:
        log.add(shown, None, "holds no rows; at least one is needed; add rows or name another file")
    return table if len(log) == before else None
