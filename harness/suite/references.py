"""The prompts of a suite as its file writes them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from harness.suite.document import parse
from harness.suite.text_file import read_yaml_text

if TYPE_CHECKING:
    from pathlib import Path

_PINNED = re.compile(r"[^@]+@v?[0-9]+(\.[0-9]+)*")


def floating_prompts(path: Path) -> list[str]:
    """Entries under `prompts:` that name no version: by label, or the highest one; each once, in the file's order.

    Raises:
        FilesError: the file cannot be read.

    """
    value = parse(read_yaml_text(path, str(path)), str(path)).value
    entries = value.get("prompts") if isinstance(value, dict) else None
    written = [each.get("prompt") if isinstance(each, dict) else each for each in entries or ()]
    return list(dict.fromkeys(each for each in written if isinstance(each, str) and not _PINNED.fullmatch(each)))
