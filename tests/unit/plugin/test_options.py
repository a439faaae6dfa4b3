from __future__ import annotations

from typing import get_args

from harness.plugin import _CACHE_MODES
from harness.schema import CacheMode


def test_entry_module_that_imports_nothing_knows_the_cache_modes() -> None:
    assert get_args(CacheMode) == _CACHE_MODES
