"""A first suite that runs, written into an empty folder."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import TYPE_CHECKING

from harness.errors import UsageError
from harness.suite.backends import NAME, NAME_RULE
from harness.suite.json_schema import prompt_schema, suite_schema
from harness.suite.values import quoted

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable
    from pathlib import Path


def write_starter(folder: Path) -> list[Path]:
    """The files written below `folder`: a suite of two variants, its dataset, and the schemas for editors.

    Raises:
        UsageError: the folder holds something already, cannot be written, or has a name that no suite can have.

    """
    name = folder.absolute().name
    if not NAME.fullmatch(name):
        raise UsageError(f"{folder}: {quoted(name)} cannot name a suite; {NAME_RULE}; name another folder")
    texts = dict(_texts(files("harness.suite") / "starter_files", ""))
    texts["suite.schema.json"] = json.dumps(suite_schema(), indent=2) + "\n"
    texts["prompts/prompt.schema.json"] = json.dumps(prompt_schema(), indent=2) + "\n"
    written = []
    try:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise UsageError(
                f"{folder}: is there already; a new or empty folder is allowed; name one, for example suites/second"
            )
        for name, text in sorted(texts.items()):
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            written.append(path)
    except OSError as error:
        raise UsageError(
            f"{folder}: cannot be written ({error.strerror}); a writable folder is needed; name another"
        ) from error
    return written


def _texts(folder: Traversable, prefix: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for entry in folder.iterdir():
        if entry.is_dir():
            found.extend(_texts(entry, f"{prefix}{entry.name}/"))
        else:
            found.append((prefix + entry.name, entry.read_text(encoding="utf-8")))
    return found
