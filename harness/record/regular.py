"""Files that can be read to their end, told from what only lies where one should."""

from __future__ import annotations

import os
from errno import ENOENT
from stat import S_ISDIR, S_ISREG
from typing import TYPE_CHECKING

from harness.wording import one_line

if TYPE_CHECKING:
    from pathlib import Path


def unfit(path: Path | str) -> str | None:
    """Why there is no file to be read there; None where there is one.

    Pipes and devices are never opened: a reader of a pipe waits for ever, and a device may have no end.
    """
    try:
        mode = os.stat(path).st_mode  # noqa: PTH116 - any text may come, also one that no path can be made of
    except FileNotFoundError as error:
        return "it is a link to nothing" if os.path.islink(path) else error.strerror  # noqa: PTH114 - as above
    except (OSError, ValueError) as error:
        return one_line(getattr(error, "strerror", None) or str(error))
    if S_ISREG(mode):
        return None
    return "it is a folder" if S_ISDIR(mode) else "it is a pipe or a device, no regular file"


def content_of(path: Path) -> bytes:
    """What the file holds.

    Raises:
        OSError: it cannot be read, or is no regular file; `strerror` says why.

    """
    if not os.path.lexists(path):
        raise FileNotFoundError(ENOENT, os.strerror(ENOENT), str(path))
    if why := unfit(path):
        raise OSError(None, why, str(path))
    return path.read_bytes()
