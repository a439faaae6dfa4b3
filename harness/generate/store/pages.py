"""Rows of a broken SQLite file, read from its pages one by one: what SQLite itself refuses to open.

Source: https://www.sqlite.org/fileformat2.html (read 2026-11), sections 1.6 (b-tree pages), 2.1 (records), 4.1 (log).
Deviations: freed pages are read as well, so that rows may come that were deleted or replaced: whoever reads them
verifies them. Only leaves of tables are read, and every value that is not as the format says ends its row.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

Value = int | float | str | bytes | None
_PAGE = 4096
"""SQLite's page size, and ours."""
_LEAF = 13
"""First byte of a page that holds rows of a table."""
_LOG_HEADER, _FRAME_HEADER = 32, 24
"""Bytes before the log's first frame, and before each frame's page."""
_LONGEST = 100_000_000
"""Bytes of a row; more is damage."""
_INTEGERS = {1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8}
"""Serial type → bytes of an integer."""
_REAL, _ZERO, _ONE, _TEXT = 7, 8, 9, 13
"""Serial types: a float, the numbers 0 and 1, the first one of texts (odd) and of blobs (even, one less)."""


def rows(path: Path) -> Iterator[list[Value]]:
    """Every row of every table that lies whole in the file or its log; raises OSError."""
    log = _logged(path.with_name(f"{path.name}-wal"))
    with path.open("rb") as file:

        def page_of(number: int) -> bytes:
            if number in log:
                return log[number]
            file.seek((number - 1) * _PAGE)
            return file.read(_PAGE)

        for number in range(2, path.stat().st_size // _PAGE + 1):  # the first one holds the names of tables only
            file.seek((number - 1) * _PAGE)
            yield from _rows_of(file.read(_PAGE), page_of)
        for page in log.values():
            yield from _rows_of(page, page_of)


def _logged(path: Path) -> dict[int, bytes]:
    """Pages by number as the write-ahead log has them last; frames of an earlier round have another salt."""
    try:
        log = path.read_bytes()
    except OSError:
        return {}
    pages = {}
    for start in range(_LOG_HEADER, len(log) - _FRAME_HEADER - _PAGE + 1, _FRAME_HEADER + _PAGE):
        if log[start + 8 : start + 16] == log[16:24]:
            body = start + _FRAME_HEADER
            pages[int.from_bytes(log[start : start + 4], "big")] = log[body : body + _PAGE]
    return pages


def _rows_of(page: bytes, page_of: Callable[[int], bytes]) -> Iterator[list[Value]]:
    if len(page) < _PAGE or page[0] != _LEAF:
        return
    (count,) = struct.unpack_from(">H", page, 3)
    for index in range(min(count, (_PAGE - 8) // 2)):
        (start,) = struct.unpack_from(">H", page, 8 + 2 * index)
        try:
            yield _record(_payload(page, start, page_of))
        except (IndexError, ValueError, struct.error):
            continue


def _payload(page: bytes, start: int, page_of: Callable[[int], bytes]) -> bytes:
    """A row's bytes, those on further pages included; ValueError when they are not all there."""
    size, at = _varint(page, start)
    _, at = _varint(page, at)  # the row's number
    if size > _LONGEST:
        raise ValueError(size)
    here = size
    if size > _PAGE - 35:
        least = (_PAGE - 12) * 32 // 255 - 23
        here = least + (size - least) % (_PAGE - 4)
        here = here if here <= _PAGE - 35 else least
    payload = bytearray(page[at : at + here])
    following = int.from_bytes(page[at + here : at + here + 4], "big") if here < size else 0
    while following and len(payload) < size:
        further = page_of(following)
        payload += further[4 : 4 + size - len(payload)]
        following = int.from_bytes(further[:4], "big") if len(further) == _PAGE else 0
    if len(payload) != size:
        raise ValueError(size)
    return bytes(payload)


def _record(payload: bytes) -> list[Value]:
    end, at = _varint(payload, 0)
    body = end
    values: list[Value] = []
    while at < end:
        kind, at = _varint(payload, at)
        value, body = _value(payload, kind, body)
        values.append(value)
    if body != len(payload):
        raise ValueError(body)
    return values


def _value(payload: bytes, kind: int, at: int) -> tuple[Value, int]:
    """A value and where the next one begins."""
    if kind in _INTEGERS:
        end = at + _INTEGERS[kind]
        return int.from_bytes(payload[at:end], "big", signed=True), end
    if kind == _REAL:
        return struct.unpack_from(">d", payload, at)[0], at + 8
    if kind in {0, _ZERO, _ONE}:
        return {0: None, _ZERO: 0, _ONE: 1}[kind], at
    if kind < _TEXT - 1:
        raise ValueError(kind)
    end = at + (kind - (_TEXT - 1)) // 2
    return payload[at:end].decode("utf-8") if kind % 2 else payload[at:end], end


def _varint(text: bytes, at: int) -> tuple[int, int]:
    """A number of 1 to 9 bytes, and where the next one begins."""
    number = 0
    for offset in range(8):
        byte = text[at + offset]
        number = number << 7 | byte & 0x7F
        if byte < 0x80:  # noqa: PLR2004 - the bit that says that more follows
            return number, at + offset + 1
    return number << 8 | text[at + 8], at + 9
