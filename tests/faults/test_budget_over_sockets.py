"""A budget against a server that answers over real sockets, fails, hangs and cuts its answers: what it bills fits."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import pytest

from harness.backends import create
from harness.errors import BackendError
from harness.generate.budget import Budget
from harness.schema import BackendSpec, Message, Price, Request, Settings
from tests.servers.openai_server import Behaviour, FakeServer

if TYPE_CHECKING:
    from harness.backends import Backend

PRICE = Price(input=2.0, output=30.0, cached_input=1.0)
MAX_TOKENS = 200
CALLS = 300
WORKERS = 40


@dataclass
class Bill:
    """What the provider bills, whether or not the answer arrives."""

    usd: float = 0.0

    def behaviour(self, random: Random) -> Behaviour:
        prompt, cached, completion = random.randint(5, 60), random.randint(0, 5), random.randint(1, MAX_TOKENS)
        cost_usd = ((prompt - cached) * PRICE.input + cached * 1.0 + completion * PRICE.output) / 1e6

        def answer(_: object) -> str:
            self.usd += cost_usd
            return "positive"

        fate = random.choices(["answered", "cut", "hang", "429", "500", "unpriced"], [70, 6, 2, 8, 8, 6])[0]
        if fate in ("429", "500"):
            return Behaviour(status=int(fate))
        usage = {
            "prompt_tokens": prompt,
            "completion_tokens": completion,
            "prompt_tokens_details": {"cached_tokens": cached},
        }
        return Behaviour(
            text=answer,
            latency_ms=random.uniform(0, 8),
            fault=fate if fate in ("cut", "hang") else "none",  # type: ignore[arg-type]
            usage=None if fate == "unpriced" else usage,
        )


class Work:
    """Workers that ask as the engine does: reserve, call, settle."""

    def __init__(self, backend: Backend, budget: Budget) -> None:
        self.backend = backend
        self.budget = budget
        self.answered = self.failed = 0
        self.not_run: list[str] = []

    async def all(self) -> None:
        todo = iter(range(CALLS))

        async def worker() -> None:
            for number in todo:
                await self.one(number)

        await self.backend.start()
        async with asyncio.TaskGroup() as group:
            for _ in range(WORKERS):
                group.create_task(worker())
        await self.backend.stop()

    async def one(self, number: int) -> None:
        messages = (Message("user", f"Is this review positive? number {number}"),)
        try:
            reservation = await self.budget.admit(self.backend, messages)
        except BackendError as error:
            self.not_run.append(str(error))
            return
        try:
            generation = await self.backend.generate(Request(messages, str(number), "v", 1))
        except BackendError as error:
            self.failed += 1
            self.budget.failed(reservation, error)
        else:
            self.answered += 1
            self.budget.answered(reservation, generation)


@pytest.mark.parametrize("seed", range(3))
def test_provider_never_bills_more_than_the_budget(seed: int) -> None:
    random = Random(seed)  # noqa: S311 - the same faults each time, no secret
    bill, limit_usd = Bill(), 0.5
    with FakeServer([bill.behaviour(random) for _ in range(CALLS + 1)]) as server:
        spec = BackendSpec(
            "asked",
            "openai",
            "m",
            {"max_tokens": MAX_TOKENS},
            Path(),
            base_url=server.base_url,
            timeout_s=0.3,
            price=PRICE,
        )
        budget = Budget(Settings(root=Path(), reports=Path(), budget_usd=limit_usd))
        work = Work(create(spec), budget)
        budget.check([work.backend])
        asyncio.run(work.all())
        assert server.count == work.answered + work.failed
        assert server.most_in_flight > 10
    assert bill.usd <= budget.spent_usd + 1e-9
    assert budget.spent_usd <= limit_usd
    assert budget.spent_usd > limit_usd - budget_of_one(budget, work.backend)
    assert work.answered + work.failed + len(work.not_run) == CALLS
    assert work.not_run
    assert len(set(work.not_run)) == 1


def budget_of_one(budget: Budget, backend: Backend) -> float:
    ceiling = budget._ceiling(backend)
    assert ceiling is not None
    return ceiling.most_usd((Message("user", "Is this review positive? number 299"),))
