"""What of NLTK is installed, found out without importing it: that takes a second."""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec
from pathlib import Path

from harness.errors import OptionError

_SYSTEM_FOLDERS = ("/usr/share", "/usr/local/share", "/usr/lib", "/usr/local/lib")
"""Where NLTK looks beside the user's and the environment's own folders, outside of Windows (`nltk.data.path`)."""


def check_nltk(what: str) -> None:
    """OptionError, which begins with `what`, when NLTK is not installed."""
    if find_spec("nltk") is None:
        raise OptionError(f"{what} needs NLTK; run: pip install 'pytest-prompt-suite[nltk]'")


def has_nltk_data(resource: str) -> bool:
    """Whether NLTK would find the resource, such as `corpora/wordnet`, as a folder or a zip file."""
    named = [Path(each) for each in os.environ.get("NLTK_DATA", "").split(os.pathsep) if each]
    own = [Path.home(), *(Path(sys.prefix) / part for part in ("", "share", "lib")), *map(Path, _SYSTEM_FOLDERS)]
    folders = [*named, *(folder / "nltk_data" for folder in own)]
    return any((folder / f"{resource}{end}").exists() for folder in folders for end in ("", ".zip"))
