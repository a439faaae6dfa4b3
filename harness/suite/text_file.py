"""Bytes and text of a user's file, or the reason why it cannot be read."""

from __future__ import annotations

import re
import stat
from typing import TYPE_CHECKING

from harness.errors import FilesError, Mistake

if TYPE_CHECKING:
    from pathlib import Path

MAX_YAML_BYTES = 4 * 1024 * 1024
"""Most bytes of a YAML file: 10,000 lines of suite are a tenth of this."""
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x80-\x84\x86-\x9f]")
"""What YAML 1.2.2 (5.1) does not count as printable."""


def unreadable(error: OSError, shown: str) -> Mistake:
    """The mistake that an operating system error amounts to."""
    if isinstance(error, FileNotFoundError):
        return Mistake(shown, None, None, "the file does not exist; a path to a file is allowed; check the spelling")
    if isinstance(error, IsADirectoryError):
        return Mistake(shown, None, None, "is a directory; a file is allowed; name a file inside it")
    reason = error.strerror or type(error).__name__
    return Mistake(shown, None, None, f"cannot be read: {reason}; a readable file is allowed; mend its permissions")


def file_size(path: Path, shown: str) -> int:
    """Bytes of a regular file; raises FilesError when it is none or cannot be looked at."""
    try:
        status = path.stat()
    except OSError as error:
        raise FilesError([unreadable(error, shown)]) from None
    if stat.S_ISDIR(status.st_mode):
        raise FilesError([unreadable(IsADirectoryError(), shown)])
    if not stat.S_ISREG(status.st_mode):
        message = "is a device or a pipe; a regular file is allowed; copy its content into a file"
        raise FilesError([Mistake(shown, None, None, message)])
    return status.st_size


def read_bytes(path: Path, shown: str, most_bytes: int) -> bytes:
    """The whole file; raises FilesError when it is unreadable or bigger than `most_bytes`."""
    size = file_size(path, shown)
    if size > most_bytes:
        message = f"has {size:,} bytes; at most {most_bytes:,} are allowed; keep rows in a .jsonl dataset"
        raise FilesError([Mistake(shown, None, None, message)])
    try:
        return path.read_bytes()
    except OSError as error:
        raise FilesError([unreadable(error, shown)]) from None


def decoded(raw: bytes, shown: str, first_line: int = 1) -> str:
    """The text of UTF-8 bytes, without a byte order mark; raises FilesError at the first byte that is not text."""
    if raw.startswith(_UTF16_MARKS):
        message = "is UTF-16; only UTF-8 is allowed; save the file as UTF-8"
        raise FilesError([Mistake(shown, first_line, 1, message)])
    raw = raw.removeprefix(_BYTE_ORDER_MARK)
    nul = raw.find(b"\0")
    if nul >= 0:
        message = "holds a NUL byte; only UTF-8 text is allowed; save the file as UTF-8 without it"
        raise FilesError([_at_byte(raw, nul, shown=shown, message=message, first_line=first_line)])
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        message = f"the byte 0x{raw[error.start]:02x} is not UTF-8; only UTF-8 is allowed; save the file as UTF-8"
        raise FilesError([_at_byte(raw, error.start, shown=shown, message=message, first_line=first_line)]) from None


def read_yaml_text(path: Path, shown: str) -> str:
    """The text of a YAML file; raises FilesError when it cannot be read, is too big or holds control characters."""
    text = decoded(read_bytes(path, shown, MAX_YAML_BYTES), shown)
    found = _CONTROL.search(text)
    if found:
        line, column = position(text, found.start())
        message = (
            f"holds the control character U+{ord(found[0]):04X}; YAML allows printable text only; "
            'remove it or write it as an escape in "double quotes"'
        )
        raise FilesError([Mistake(shown, line, column, message)])
    return text


def position(text: str, offset: int) -> tuple[int, int]:
    """1-based line and column of an offset."""
    return text.count("\n", 0, offset) + 1, offset - (text.rfind("\n", 0, offset) + 1) + 1


def _at_byte(raw: bytes, offset: int, *, shown: str, message: str, first_line: int) -> Mistake:
    """A mistake at a byte of the file."""
    before = raw[:offset].decode("utf-8", errors="replace")
    line, column = position(before, len(before))
    return Mistake(shown, line + first_line - 1, column, message)
