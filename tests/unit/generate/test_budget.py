from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from harness.errors import BackendError
from harness.generate.budget import Budget, open_budget
from harness.schema import Settings

if TYPE_CHECKING:
    from pathlib import Path


def settings(root: Path, **limits: float) -> Settings:
    return Settings(root=root, reports=root / "reports", **limits)  # type: ignore[arg-type]


def test_no_limit_is_no_budget(tmp_path: Path) -> None:
    assert open_budget(settings(tmp_path)) is None


@pytest.mark.parametrize("name", ["budget_usd", "daily_budget_usd", "request_limit_usd"])
def test_a_limit_of_zero_is_a_limit(tmp_path: Path, name: str) -> None:
    assert open_budget(settings(tmp_path, **{name: 0.0})) is not None


async def _spend(budget: Budget, most: float, actual: float | None) -> None:
    reservation = await budget.reserve(most)
    await asyncio.sleep(0)
    budget.settle(reservation, actual)


def test_what_is_given_back_is_spent_by_the_next(tmp_path: Path) -> None:
    async def run() -> float:
        budget = Budget(settings(tmp_path, budget_usd=1.0))
        await asyncio.gather(*(_spend(budget, 0.4, 0.1) for _ in range(7)))
        return budget.spent_usd

    assert asyncio.run(run()) == 0.7


def test_the_call_that_fits_no_more_stops_all_that_follow_with_one_message(tmp_path: Path) -> None:
    async def run() -> tuple[Budget, list[BaseException | None]]:
        budget = Budget(settings(tmp_path, budget_usd=1.0))
        outcomes = await asyncio.gather(*(_spend(budget, 0.4, 0.3) for _ in range(5)), return_exceptions=True)
        outcomes += await asyncio.gather(_spend(budget, 0.01, 0.01), return_exceptions=True)
        await _spend(budget, 0.0, 0.0)
        return budget, outcomes

    budget, outcomes = asyncio.run(run())
    assert budget.spent_usd == pytest.approx(0.9)
    assert outcomes[:3] == [None, None, None]
    message = (
        "not run: the budget of $1.00 is spent ($0.90 spent, the next call may cost $0.40); raise --prompt-budget, or "
        "continue later with --prompt-resume"
    )
    assert [str(error) for error in outcomes[3:]] == [message] * 3
    assert all(isinstance(error, BackendError) and error.kind == "not_run" for error in outcomes[3:])
