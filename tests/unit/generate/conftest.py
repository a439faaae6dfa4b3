from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from harness.generate import AnswerCache
from harness.schema import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(root=tmp_path, reports=tmp_path / "reports", max_retries=3)


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[AnswerCache]:
    made = AnswerCache(tmp_path)
    yield made
    made.close()
