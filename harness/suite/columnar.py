"""Rows of Parquet files and of hub datasets, with their cells as JSON has them."""

from __future__ import annotations

import datetime as dt
import decimal
import math
from typing import TYPE_CHECKING, Any

from harness.errors import FilesError, Mistake
from harness.suite.table import Table, whole_file
from harness.suite.text_file import file_size, unreadable
from harness.suite.values import quoted

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from harness.suite.mistakes import MistakeLog
    from harness.suite.table import Row

_PLAIN = (str, int, bool, type(None))


def read_parquet(path: Path, log: MistakeLog) -> Table:
    """Rows of a Parquet file; raises FilesError when it cannot be read or holds what is no text or number."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    shown = log.shown(path)
    file_size(path, shown)
    try:
        table = pq.ParquetFile(path).read()
        columns, rows = table.column_names, table.to_pylist()
    except OSError as error:
        if error.errno is not None:
            raise FilesError([unreadable(error, shown)]) from None
        raise whole_file(shown, _damaged(error)) from None
    except (pa.ArrowException, ValueError, OverflowError) as error:
        raise whole_file(shown, _damaged(error)) from None
    twice = [name for name in columns if columns.count(name) > 1]
    if twice:
        raise whole_file(shown, f"column {quoted(twice[0])} is there twice; once is allowed; rename one")
    return plain_table(shown, rows)


def plain_table(shown: str, rows: Sequence[Row]) -> Table:
    """The rows with dates as ISO text, decimals as text and NaN as empty; raises FilesError at any other cell."""
    plain_rows = []
    for index, row in enumerate(rows):
        try:
            plain_rows.append({column: _cell(value, column) for column, value in row.items()})
        except ValueError as error:
            raise FilesError([Mistake(f"{shown}[{index}]", None, None, str(error))]) from None
    return Table(shown, plain_rows, None)


def _cell(value: Any, column: str) -> Any:
    if isinstance(value, _PLAIN):
        return value
    if isinstance(value, float):
        if math.isinf(value):
            raise ValueError(f"column {quoted(column)} holds {value}; finite numbers are allowed; replace it")
        return None if math.isnan(value) else value
    if isinstance(value, (list, tuple)):
        return [_cell(item, column) for item in value]
    if isinstance(value, dict):
        return {str(key): _cell(item, column) for key, item in value.items()}
    if isinstance(value, (dt.date, dt.time)):
        return value.isoformat()
    if isinstance(value, decimal.Decimal):
        return str(value)
    kind = type(value).__name__
    raise ValueError(f"column {quoted(column)} holds {kind}; text, numbers, lists and mappings are allowed; convert it")


def _damaged(error: Exception) -> str:
    reason = str(error).strip().split("\n")[0][:120].rstrip(".") or type(error).__name__
    return f"is no readable Parquet file: {reason}; write it anew, or use .jsonl"
