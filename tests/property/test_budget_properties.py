"""Whatever calls cost, however they end and however many are in flight: a budget is never passed, nobody hangs."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Literal

from hypothesis import given, settings
from hypothesis import strategies as st

from harness.errors import BackendError
from harness.generate.budget import Budget
from harness.schema import Generation, Settings

Fate = Literal["answered", "unpriced", "rate_limited", "timeout", "never_sent", "cancelled"]
BILLED = ("answered", "unpriced", "timeout", "cancelled")
"""Fates of calls that a provider may have billed."""


@dataclass(frozen=True)
class Call:
    most_usd: float
    share: float
    fate: Fate
    steps: int

    @property
    def cost_usd(self) -> float:
        """What the provider bills, known to us or not."""
        return self.most_usd * self.share if self.fate in BILLED else 0.0


AMOUNTS = st.one_of(st.just(0.0), st.floats(1e-9, 2.0), st.sampled_from([0.1, 0.2, 0.3, 0.07]))
CALLS = st.builds(
    Call,
    most_usd=AMOUNTS,
    share=st.floats(0, 1) | st.just(1.0),
    fate=st.sampled_from(["answered"] * 5 + ["unpriced", "rate_limited", "timeout", "never_sent", "cancelled"]),
    steps=st.integers(0, 4),
)


class Run:
    """So many workers over a list of calls, as the engine has them."""

    def __init__(self, limit_usd: float, *, daily: bool) -> None:
        limits = {"daily_budget_usd" if daily else "budget_usd": limit_usd}
        self.budget = Budget(Settings(root=Path(), reports=Path(), **limits))  # type: ignore[arg-type]
        self.limit_usd = limit_usd
        self.begun: list[int] = []
        self.refused: list[int] = []
        self.billed = Decimal(0)

    async def work(self, todo: list[tuple[int, Call]]) -> None:
        while todo:
            number, call = todo.pop(0)
            try:
                reservation = await self.budget.reserve(call.most_usd)
            except BackendError:
                self.refused.append(number)
                continue
            self.begun.append(number)
            self.billed += Decimal(call.cost_usd)
            for _ in range(call.steps):
                await asyncio.sleep(0)
            if call.fate == "answered":
                self.budget.answered(reservation, Generation("", cost_usd=call.cost_usd))
            elif call.fate == "unpriced":
                self.budget.answered(reservation, Generation(""))
            elif call.fate == "never_sent":
                self.budget.dropped(reservation)
            elif call.fate == "cancelled":
                self.budget.failed(reservation, asyncio.CancelledError())
            else:
                self.budget.failed(reservation, BackendError("", kind=call.fate))

    def over(self, calls: list[Call], workers: int) -> None:
        async def main() -> None:
            todo = list(enumerate(calls))
            async with asyncio.timeout(20), asyncio.TaskGroup() as group:
                for _ in range(workers):
                    group.create_task(self.work(todo))

        asyncio.run(main())


@settings(deadline=None, max_examples=150)
@given(calls=st.lists(CALLS, max_size=60), workers=st.integers(1, 20), limit_usd=st.floats(0, 5), daily=st.booleans())
def test_budget_is_never_passed_and_every_call_ends(
    calls: list[Call], *, workers: int, limit_usd: float, daily: bool
) -> None:
    run = Run(limit_usd, daily=daily)
    run.over(calls, workers)
    assert float(run.billed) <= limit_usd + 1e-12
    assert float(run.billed) <= run.budget.spent_usd + 1e-12
    assert run.budget.spent_usd <= limit_usd + 1e-12
    assert sorted(run.begun + run.refused) == list(range(len(calls)))
    assert {number for number, call in enumerate(calls) if call.most_usd == 0} <= set(run.begun)
    paid = [number for number in run.begun if calls[number].most_usd > 0]
    refused = [number for number in run.refused if calls[number].most_usd > 0]
    assert bool(refused) == (run.budget.stopped is not None)
    if refused:
        assert max(paid, default=-1) < min(refused)
        assert run.budget.spent_usd + calls[min(refused)].most_usd > limit_usd - 1e-12


@settings(deadline=None, max_examples=60)
@given(
    calls=st.lists(CALLS, min_size=1, max_size=30),
    limit_usd=st.floats(0.1, 3),
    cancelled=st.sets(st.integers(0, 29)),
)
def test_cancelled_while_waiting_leaves_nothing_behind(
    calls: list[Call], *, limit_usd: float, cancelled: set[int]
) -> None:
    run = Run(limit_usd, daily=False)

    async def main() -> None:
        async with asyncio.timeout(20):
            tasks = [asyncio.create_task(run.work([each])) for each in enumerate(calls)]
            await asyncio.sleep(0)
            waiting = [task for number, task in enumerate(tasks) if number in cancelled and number not in run.begun]
            for task in waiting:
                task.cancel()
            ended = await asyncio.gather(*tasks, return_exceptions=True)
            assert all(result is None or isinstance(result, asyncio.CancelledError) for result in ended)

    asyncio.run(main())
    assert run.budget.spent_usd <= limit_usd + 1e-12
    rest = limit_usd - run.budget.spent_usd - 1e-9
    if run.budget.stopped is None and rest > 0:
        asyncio.run(_spend(run.budget, rest))


async def _spend(budget: Budget, amount_usd: float) -> None:
    async with asyncio.timeout(1):
        budget.settle(await budget.reserve(amount_usd), amount_usd)
