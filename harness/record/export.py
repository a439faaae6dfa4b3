"""A run in another program's form, where the user wants it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.errors import RecordError
from harness.record.replacing import write_text

if TYPE_CHECKING:
    from pathlib import Path


def write_export(path: Path, text: str) -> None:
    """Write the file in one step, its folder made where there is none.

    Raises:
        RecordError: it cannot be written.

    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_text(path, text)
    except OSError as error:
        raise RecordError(
            f"{path}: cannot be written ({error.strerror or error}); a writable folder with free space is needed; "
            "name another file. The run itself is recorded"
        ) from error
