"""Rows with their positions, as every reader of a dataset yields them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from harness.errors import FilesError, Mistake
from harness.suite.document import WrittenFloat, WrittenInt, plain
from harness.suite.mistakes import Mark
from harness.suite.values import described

if TYPE_CHECKING:
    from collections.abc import Callable

Row = dict[str, Any]
canonical_json: Callable[[Any], str] = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
).encode
"""JSON text that depends on the content only."""


class Table(Struct, frozen=True):
    """The rows of a file."""

    shown: str
    """Path (or hub name) as users see it."""
    rows: list[Row]
    """One mapping a row, in the file's order."""
    lines: list[int] | None
    """1-based line of each row; None where rows have no lines: then a position is `path[row]`, counted from 0."""
    is_text: bool = False
    """Whether every cell is text (CSV and TSV)."""
    is_written: bool = False
    """Whether numbers know their source text (YAML)."""

    def location(self, index: int) -> str:
        """`path:line` or `path[row]`."""
        return f"{self.shown}:{self.lines[index]}" if self.lines is not None else f"{self.shown}[{index}]"

    def position(self, index: int) -> tuple[str, Mark | None]:
        """The same as the path and the mark of a mistake."""
        if self.lines is None:
            return self.location(index), None
        return self.shown, Mark(self.lines[index], None)


def cell_text(value: Any) -> str | None:
    """Text as it is, numbers as written, anything else as canonical JSON."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, (WrittenInt, WrittenFloat)):
        return value.source
    return canonical_json(plain(value))


def not_a_row(value: Any) -> str:
    """The message for a row that is no mapping."""
    return f'the row is {described(value)}; a mapping of column to value is allowed; write for example {{"text": "…"}}'


def whole_file(shown: str, message: str) -> FilesError:
    """An error about a file without a position."""
    return FilesError([Mistake(shown, None, None, message)])
