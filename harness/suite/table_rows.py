"""Rows of .csv, .tsv and .yaml files."""

from __future__ import annotations

import csv
from contextlib import contextmanager
from typing import TYPE_CHECKING

from harness.errors import FilesError, Mistake
from harness.suite.document import parse
from harness.suite.json_rows import MOST_LINE_BYTES, raw_lines
from harness.suite.mistakes import Mark
from harness.suite.table import Table, not_a_row
from harness.suite.text_file import decoded, read_yaml_text
from harness.suite.values import described, quoted
from harness.wording import listed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from harness.suite.mistakes import MistakeLog
    from harness.suite.table import Row


def read_delimited(path: Path, log: MistakeLog, *, delimiter: str) -> Table:
    """Rows of a file with a header line (RFC 4180); every cell is text. Raises FilesError when it cannot be read."""
    shown = log.shown(path)
    rows: list[Row] = []
    lines: list[int] = []
    with _long_fields():
        records = csv.reader(_texts(path, shown), delimiter=delimiter, strict=True)
        line = 1
        try:
            header = _header(next(records, []), shown)
            line = records.line_num + 1
            for record in records:
                if len(record) == len(header):
                    rows.append(dict(zip(header, record, strict=True)))
                    lines.append(line)
                elif record:
                    log.add_of_kind("ragged rows", (shown, Mark(line, None)), _ragged(record, header, delimiter))
                line = records.line_num + 1
        except csv.Error as error:
            message = f"is no valid row: {error}; quotes come in pairs; close or double the quotes from this line on"
            raise FilesError([Mistake(shown, line, None, message)]) from None
    return Table(shown, rows, lines, is_text=True)


def read_yaml(path: Path, log: MistakeLog) -> Table:
    """Rows of a list of mappings; raises FilesError when the file cannot be read."""
    shown = log.shown(path)
    document = parse(read_yaml_text(path, shown), shown)
    if not isinstance(document.value, list):
        what = described(document.value)
        message = f"the file is {what}; a list of rows is allowed; start each row with '- '"
        raise FilesError([Mistake(shown, *document.mark(()), message)])
    rows: list[Row] = []
    lines: list[int] = []
    for index, value in enumerate(document.value):
        mark = document.mark((index,))
        if not isinstance(value, dict):
            log.add_of_kind("rows that are no mappings", (shown, mark), not_a_row(value))
            continue
        rows.append(value)
        lines.append(mark.line)
    return Table(shown, rows, lines, is_written=True)


def _texts(path: Path, shown: str) -> Iterator[str]:
    for line, raw in raw_lines(path, shown):
        yield decoded(raw, shown, line)


def _header(header: list[str], shown: str) -> list[str]:
    """The column names; raises FilesError when they do not name every column once."""
    for column, name in enumerate(header, start=1):
        if not name.strip():
            message = f"column {column} of the header has no name; each column has one; name or remove it"
        elif name in header[: column - 1]:
            message = f"column {quoted(name)} is in the header twice; once is allowed; rename one"
        else:
            continue
        raise FilesError([Mistake(shown, 1, None, message)])
    return header


def _ragged(record: list[str], header: list[str], delimiter: str) -> str:
    cells = f"{len(record)} cell{'s' * (len(record) != 1)}"
    columns = f"{len(header)} column{'s' * (len(header) != 1)}"
    separator = "tab" if delimiter == "\t" else "comma"
    return (
        f"the row has {cells}, the header {columns} ({listed(header)}); as many cells as columns are allowed; "
        f'put a cell with a {separator} in "double quotes"'
    )


@contextmanager
def _long_fields() -> Iterator[None]:
    """Cells as long as a line may be; the csv module's own limit of 131,072 is a setting of the process."""
    before = csv.field_size_limit(MOST_LINE_BYTES)
    try:
        yield
    finally:
        csv.field_size_limit(before)
