"""What the first call needs, imported while suites are still being read.

Reading pyc files, loading shared libraries and reading the machine's certificates, which aiohttp does when it is
imported, leave the interpreter to others half of the time: the first call goes 0.1 to 0.3 s earlier.
"""

from __future__ import annotations

import sys
import threading
from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

_MODULES = ("aiohttp", "filelock")
"""What backends over HTTP need, the embedded model's too, and what every run's beginning needs."""


def import_ahead(config: pytest.Config) -> None:
    """Begin, in a thread of its own, where this session may call a model and has not loaded it already.

    A module that cannot be imported is passed over here: who needs it says so.
    """
    option = config.option
    calls_nobody = option.collectonly or option.prompt_cache == "only" or hasattr(config, "workerinput")
    if not calls_nobody and not sys.modules.keys() >= set(_MODULES):
        import asyncio  # noqa: F401 - the one package that both threads would begin with, and whose parts need one another

        threading.Thread(target=_import, name="prompt-ahead").start()


def _import() -> None:
    for name in _MODULES:
        with suppress(Exception):  # whoever needs it meets the same, and says so
            import_module(name)
