from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from harness.generate import Store, Totals, UnfinishedRun
from harness.schema import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(root=tmp_path, reports=tmp_path / "reports", max_retries=3)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = Store(tmp_path)
    made.begin(UnfinishedRun("r", "2026-11-22T00:00:00+00:00", Totals()), tmp_path / "reports")
    yield made
    made.close()
