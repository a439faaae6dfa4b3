"""Two runs of a project at once, and what each knows of the other's spending."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from harness.generate.store import Row, Store
from harness.schema import Generation

if TYPE_CHECKING:
    from pathlib import Path


def put(store: Store, key: str, cost_usd: float, *, lost_usd: float = 0.0) -> None:
    store.put([Row("trial", key, key, Generation("", cost_usd=cost_usd))], lost_usd=lost_usd)


def test_what_others_spend_is_told_apart_from_what_the_run_has_kept_itself(tmp_path: Path) -> None:
    put(earlier := Store(tmp_path), "earlier", 1.0)
    earlier.close()
    first, second = Store(tmp_path), Store(tmp_path)
    put(first, "a", 0.25, lost_usd=0.125)
    put(second, "b", 0.5)
    assert first.spent_today() == second.spent_today() == pytest.approx(1.875)
    assert first.spent_elsewhere() == pytest.approx(1.5)
    assert second.spent_elsewhere() == pytest.approx(1.375)
    first.close()
    second.close()


def test_spending_of_one_day_is_not_taken_from_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(tmp_path)
    put(store, "a", 0.25)
    monkeypatch.setattr("harness.generate.store.store.today", lambda: 400_000)
    assert store.spent_elsewhere() == 0.0
    put(store, "b", 0.5)
    assert store.spent_elsewhere() == 0.0
    store.close()
