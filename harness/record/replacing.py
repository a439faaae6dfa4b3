"""Files that appear whole or not at all."""

from __future__ import annotations

import secrets
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def write_text(path: Path, text: str) -> None:
    """The file with this text, replaced in one step."""
    with replaced(path) as fresh:
        fresh.write_text(text, encoding="utf-8", errors="replace")


@contextmanager
def replaced(path: Path) -> Iterator[Path]:
    """A path to write to, which then takes the file's place in one step; nothing is left of it when that fails."""
    fresh = path.with_name(f".{path.name}-{secrets.token_hex(4)}")
    try:
        yield fresh
        fresh.replace(path)
    except BaseException:
        with suppress(OSError):
            fresh.unlink(missing_ok=True)
        raise
