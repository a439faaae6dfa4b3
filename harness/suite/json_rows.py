"""Rows of .jsonl and .json files."""

from __future__ import annotations

import contextlib
import json
import re
from typing import TYPE_CHECKING, Any

from harness.errors import FilesError, Mistake
from harness.suite.document import MOST_DEPTH
from harness.suite.mistakes import Mark
from harness.suite.table import Table, not_a_row
from harness.suite.text_file import decoded, file_size, position, read_bytes, unreadable
from harness.suite.values import described, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from harness.suite.mistakes import MistakeLog
    from harness.suite.table import Row

MOST_LINE_BYTES = 64 * 1024 * 1024
"""Longest line of a dataset; a row with more is a file that lost its line breaks."""
MOST_JSON_BYTES = 256 * 1024 * 1024
"""Biggest .json file, which must be read at once; .jsonl has no limit."""
_BAD_JSON = "bad JSON"
_TOO_DEEP = f"{_BAD_JSON}: nested too deeply; {MOST_DEPTH} levels are allowed; make it flatter"
_WHITESPACE = re.compile(r"[ \t\n\r]*")
"""RFC 8259, 2."""


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    mapping = dict(pairs)
    if len(mapping) != len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"key {quoted(twice)} is given twice; once is allowed; remove one")
    return mapping


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON; finite numbers are allowed; write null or a number")


_scan = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_no_constant).raw_decode
"""One JSON value from an offset, strictly as RFC 8259 has it."""


def read_jsonl(path: Path, log: MistakeLog) -> Table:
    """One row a line; blank lines are skipped. Raises FilesError when the file cannot be read."""
    shown = log.shown(path)
    rows: list[Row] = []
    lines: list[int] = []
    for line, raw in raw_lines(path, shown):
        try:
            text = _line_text(raw, shown, line).strip()
        except FilesError as error:
            for mistake in error.mistakes:
                at = mistake.path, Mark(mistake.line or line, mistake.column)
                log.add_of_kind("lines that are no UTF-8 text", at, mistake.message)
            continue
        if not text:
            continue
        row = _row(text, line, shown, log=log)
        if row is not None:
            rows.append(row)
            lines.append(line)
    return Table(shown, rows, lines)


def _line_text(raw: bytes, shown: str, line: int) -> str:
    """The line's text; the checks of `decoded` are made only where their mistakes can be."""
    if line > 1 and b"\0" not in raw:
        with contextlib.suppress(UnicodeDecodeError):
            return raw.decode("utf-8")
    return decoded(raw, shown, line)


def raw_lines(path: Path, shown: str) -> Iterator[tuple[int, bytes]]:
    """The file's lines with their numbers; raises FilesError at a line beyond the limit, without reading it all."""
    file_size(path, shown)
    try:
        with path.open("rb") as stream:
            line = 0
            while raw := stream.readline(MOST_LINE_BYTES + 1):
                line += 1
                if len(raw) > MOST_LINE_BYTES:
                    message = f"the line has more than {MOST_LINE_BYTES:,} bytes; fewer are allowed; one row a line"
                    raise FilesError([Mistake(shown, line, None, message)])
                yield line, raw
    except OSError as error:
        raise FilesError([unreadable(error, shown)]) from None


def read_json(path: Path, log: MistakeLog) -> Table:
    """A list of rows; raises FilesError when the file cannot be read or is no such list."""
    shown = log.shown(path)
    text = decoded(read_bytes(path, shown, MOST_JSON_BYTES), shown)
    rows: list[Row] = []
    lines: list[int] = []
    line, column, last = 1, 1, 0
    try:
        for offset, end, value in _elements(text, shown):
            line, column, last = *_further(text, offset, last, mark=(line, column)), offset
            if not isinstance(value, dict):
                log.add_of_kind("rows that are no mappings", (shown, Mark(line, column)), not_a_row(value))
                continue
            problem = _problem(value, text[offset:end])
            if problem is not None:
                log.add_of_kind(_BAD_JSON, (shown, Mark(line, column)), problem)
                continue
            rows.append(value)
            lines.append(line)
    except json.JSONDecodeError as error:
        raise FilesError([Mistake(shown, error.lineno, error.colno, _bad(error.msg))]) from None
    except (ValueError, RecursionError) as error:
        raise FilesError([Mistake(shown, None, None, _reason(error))]) from None
    return Table(shown, rows, lines)


def _further(text: str, offset: int, last: int, *, mark: tuple[int, int]) -> tuple[int, int]:
    """Line and column of an offset, counted on from an earlier one: linear over the whole file."""
    lines = text.count("\n", last, offset)
    if not lines:
        return mark[0], mark[1] + offset - last
    return mark[0] + lines, offset - text.rfind("\n", last, offset)


def _elements(text: str, shown: str) -> Iterator[tuple[int, int, Any]]:
    """Start, end and value of each element of the top-level list."""
    start = _skip(text, 0)
    if text[start : start + 1] != "[":
        value, _ = _scan(text, start)
        message = f"the file is {described(value)}; a list of rows is allowed; write [{{…}}, {{…}}]"
        raise FilesError([Mistake(shown, *position(text, start), message)])
    offset = _skip(text, start + 1)
    while text[offset : offset + 1] != "]":
        value, end = _scan(text, offset)
        yield offset, end, value
        offset = _skip(text, end)
        if text[offset : offset + 1] == ",":
            offset = _skip(text, offset + 1)
        elif text[offset : offset + 1] != "]":
            raise json.JSONDecodeError("Expecting ',' delimiter", text, offset)
    rest = _skip(text, offset + 1)
    if rest != len(text):
        raise json.JSONDecodeError("Extra data", text, rest)


def _skip(text: str, offset: int) -> int:
    match = _WHITESPACE.match(text, offset)
    return match.end() if match else offset


def _row(text: str, line: int, shown: str, *, log: MistakeLog) -> Row | None:
    """The row of one line, or None with the mistake logged."""
    column: int | None = None
    try:
        value = _whole(text)
        if isinstance(value, dict):
            problem = _problem(value, text)
            if problem is None:
                return value
        message = not_a_row(value) if not isinstance(value, dict) else str(problem)
    except json.JSONDecodeError as error:
        column, message = error.colno, _bad(error.msg)
    except (ValueError, RecursionError) as error:
        message = _reason(error)
    log.add_of_kind(_BAD_JSON, (shown, Mark(line, column)), message)
    return None


def _whole(text: str) -> Any:
    """The value that the whole text is; raises JSONDecodeError when there is more."""
    value, end = _scan(text)
    if end != len(text):
        raise json.JSONDecodeError("Extra data", text, end)
    return value


def _bad(problem: str) -> str:
    return (
        f"{_BAD_JSON}: {problem[:1].lower()}{problem[1:]}; JSON values are allowed; check quotes, commas and brackets"
    )


def _reason(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return _TOO_DEEP
    if "Exceeds the limit" in str(error):
        return f"{_BAD_JSON}: a number with thousands of digits; shorter ones are allowed; put it in quotes"
    return f"{_BAD_JSON}: {error}"


def _problem(row: Row, text: str) -> str | None:
    """Why a row that is good JSON cannot be used; looked for only where its text leaves room for it."""
    if text.count("[") + text.count("{") > MOST_DEPTH and _is_too_deep(row):
        return _TOO_DEEP
    return _surrogate() if "\\u" in text and _is_unsendable(row) else None


def _is_too_deep(row: Row) -> bool:
    level: list[Any] = [row]
    for _ in range(MOST_DEPTH + 1):
        children = [list(item.values()) if isinstance(item, dict) else item for item in level]
        level = [child for items in children for child in items if isinstance(child, (dict, list))]
    return bool(level)


def _is_unsendable(value: Row) -> bool:
    """Whether a text holds half a surrogate pair, which no encoding can send."""
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return True
    return False


def _surrogate() -> str:
    return (
        f"{_BAD_JSON}: holds half a surrogate pair (\\ud800 to \\udfff); whole characters are allowed; mend the escape"
    )
