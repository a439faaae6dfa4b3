"""What is reserved, given back, kept and refused, and what is said of it."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from harness.backends import create
from harness.errors import BackendError, RecordError, UsageError
from harness.generate.budget import Budget, open_budget
from harness.generate.today import Today
from harness.schema import BackendSpec, Generation, Message, Price, Settings

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from harness.backends import Backend
    from harness.errors import ErrorKind

PRICE = Price(input=1.0, output=10.0)
HELLO = (Message("user", "hello"),)


def settings(**limits: float) -> Settings:
    return Settings(root=Path(), reports=Path("reports"), **limits)  # type: ignore[arg-type]


def backend(**parts: Any) -> Backend:
    parts = {"name": "asked", "provider": "openai", "model": "m", "params": {"max_tokens": 100}, **parts}
    parts.setdefault("base_url", "http://127.0.0.1:1/v1" if parts["provider"] == "openai" else None)
    return create(BackendSpec(folder=Path(__file__).parent, **parts))


def run(coroutine: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(coroutine)


async def spend(budget: Budget, most: float, actual: float | None) -> None:
    reservation = await budget.reserve(most, "asked")
    await asyncio.sleep(0)
    budget.settle(reservation, actual)


async def refusal(budget: Budget, most: float) -> str:
    with pytest.raises(BackendError) as caught:
        await budget.reserve(most)
    assert caught.value.kind == "not_run"
    assert not caught.value.retryable
    return str(caught.value)


def test_no_limit_is_no_budget() -> None:
    assert open_budget(settings()) is None


@pytest.mark.parametrize("name", ["budget_usd", "daily_budget_usd", "request_limit_usd"])
def test_limit_of_zero_is_a_limit(name: str) -> None:
    budget = open_budget(settings(**{name: 0.0}))
    assert budget is not None
    run(spend(budget, 0.0, 0.0))
    assert run(refusal(budget, 1e-9)).startswith("not run: ")


def test_what_is_given_back_is_spent_by_the_next() -> None:
    budget = Budget(settings(budget_usd=1.0))

    async def main() -> None:
        await asyncio.gather(*(spend(budget, 0.4, 0.1) for _ in range(7)))

    run(main())
    assert budget.spent_usd == 0.7
    assert budget.stopped is None


def test_call_that_fits_no_more_stops_all_that_follow_with_one_message() -> None:
    budget = Budget(settings(budget_usd=1.0))

    async def main() -> list[BaseException | None]:
        outcomes = await asyncio.gather(*(spend(budget, 0.4, 0.3) for _ in range(5)), return_exceptions=True)
        outcomes += await asyncio.gather(spend(budget, 0.01, 0.01), return_exceptions=True)
        await spend(budget, 0.0, 0.0)  # what costs nothing goes on
        return outcomes

    outcomes = run(main())
    assert budget.spent_usd == pytest.approx(0.9)
    assert outcomes[:3] == [None, None, None]
    message = (
        "not run: the budget of $1.00 is spent ($0.90 spent, the next call may cost $0.40); raise --prompt-budget, or "
        "continue later with --prompt-resume"
    )
    assert [str(error) for error in outcomes[3:]] == [message] * 3


def test_budget_that_is_spent_to_the_last_cent_is_not_passed_by_rounding() -> None:
    budget = Budget(settings(budget_usd=0.7))

    async def main() -> None:
        for _ in range(10):
            await spend(budget, 0.07, 0.07)

    run(main())
    assert budget.spent_usd == 0.7
    assert "$0.70 spent, the next call may cost $0.000000000001)" in run(refusal(budget, 1e-12))


def test_what_a_resumed_run_has_spent_counts() -> None:
    budget = Budget(settings(budget_usd=1.0), spent_usd=0.95)
    assert "($0.95 spent, the next call may cost $0.06)" in run(refusal(budget, 0.06))


@pytest.mark.parametrize(
    ("kind", "parts", "kept"),
    [
        ("timeout", {}, True),
        ("connection", {}, True),
        ("connection", {"was_sent": False}, False),
        ("unreadable", {}, True),
        ("rate_limited", {"status": 429}, False),
        ("server", {"status": 500}, False),
        ("server", {"status": 504}, True),
        ("authentication", {"status": 401}, False),
        ("not_run", {}, False),
    ],
)
def test_call_that_may_have_been_billed_keeps_its_money(kind: ErrorKind, parts: dict[str, Any], *, kept: bool) -> None:
    budget = Budget(settings(budget_usd=1.0))

    async def main() -> None:
        reservation = await budget.reserve(0.6)
        budget.failed(reservation, BackendError("", kind=kind, **parts))
        budget.failed(reservation, BackendError("", kind="timeout"))  # settled is settled
        budget.answered(reservation, Generation("", cost_usd=9.0))

    run(main())
    assert budget.spent_usd == (0.6 if kept else 0.0)


def test_money_kept_for_calls_of_unknown_cost_is_told_apart() -> None:
    budget = Budget(settings(budget_usd=1.0))

    async def main() -> None:
        await spend(budget, 0.3, None)
        await spend(budget, 0.3, None)
        await spend(budget, 0.3, 0.2)

    run(main())
    assert run(refusal(budget, 0.3)) == (
        "not run: the budget of $1.00 is spent ($0.80 spent, $0.60 of it set aside for 2 calls of unknown cost, the "
        "next call may cost $0.30); raise --prompt-budget, or continue later with --prompt-resume"
    )


def test_call_that_was_given_its_turn_and_is_cancelled_at_once_gives_it_back() -> None:
    budget = Budget(settings(budget_usd=1.0))

    async def main() -> None:
        first = await budget.reserve(0.8)
        waiting = asyncio.create_task(budget.reserve(0.8))
        await asyncio.sleep(0)
        budget.settle(first, 0.0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        async with asyncio.timeout(1):
            await spend(budget, 1.0, 1.0)

    run(main())
    assert budget.spent_usd == 1.0


def test_call_that_costs_more_than_it_could_is_counted_in_full_and_said_once() -> None:
    notices: list[str] = []
    budget = Budget(settings(budget_usd=1.0), notice=notices.append)

    async def main() -> None:
        await spend(budget, 0.1, 0.5)
        await spend(budget, 0.1, 0.45)

    run(main())
    assert budget.spent_usd == pytest.approx(0.95)
    said = (
        "backend 'asked': a call cost $0.50, more than the $0.10 that it could cost at most by its price and limits; "
        "the budget may be passed by such calls; check price and max_tokens"
    )
    assert notices == [said]


def test_limit_of_a_request_refuses_that_one_only() -> None:
    budget = Budget(settings(request_limit_usd=0.05))
    assert run(refusal(budget, 0.0712)) == (
        "not run: the call may cost $0.0712 at worst, more than one may (prompt_request_limit $0.05); lower "
        "max_tokens, shorten the prompt, or raise prompt_request_limit"
    )
    run(spend(budget, 0.05, 0.01))
    assert budget.stopped is None


# -- the day --------------------------------------------------------------------------------------------------------


def test_daily_budget_counts_what_others_spend_meanwhile() -> None:
    elsewhere = {"usd": 4.0}
    budget = Budget(settings(daily_budget_usd=5.0), spent_elsewhere=lambda: elsewhere["usd"])
    run(spend(budget, 0.5, 0.3))
    elsewhere["usd"] = 4.6
    budget._today._asked_s = None
    message = run(refusal(budget, 0.2))
    day = budget._today.day
    assert message == (
        f"not run: the daily budget of $5.00 is spent ($4.90 spent on {day} by all runs, the next call may cost "
        "$0.20); raise prompt_daily_budget, or continue tomorrow (UTC) with --prompt-resume"
    )


@dataclass
class Times:
    now: datetime
    clock_s: float = 0.0
    asked: list[float] = field(default_factory=list)


def test_others_are_asked_once_a_second_and_a_new_day_begins_with_nothing() -> None:
    times = Times(datetime(2026, 11, 22, 23, 59, tzinfo=UTC))

    def elsewhere() -> float:
        times.asked.append(times.clock_s)
        return 1.0

    today = Today(elsewhere, clock=lambda: times.clock_s, now=lambda: times.now)
    today.add(5)
    assert [today.spent(), today.spent()] == [10**15 + 5] * 2
    times.clock_s = 1.0
    today.spent()
    assert times.asked == [0.0, 1.0]
    times.now = datetime(2026, 11, 23, 0, 0, tzinfo=UTC)
    assert today.spent() == 10**15
    assert times.asked == [0.0, 1.0, 1.0]


def test_ledger_that_cannot_be_read_leaves_what_was_last_known() -> None:
    times = Times(datetime.now(UTC))

    def elsewhere() -> float:
        times.asked.append(times.clock_s)
        if len(times.asked) > 1:
            raise RecordError("the ledger is locked")
        return 2.0

    notices: list[str] = []
    today = Today(elsewhere, clock=lambda: times.clock_s, notice=notices.append)
    assert today.spent() == 2 * 10**15
    times.clock_s = 2.0
    assert today.spent() == 2 * 10**15
    assert notices == ["prompt_daily_budget: the ledger is locked; what other runs spend is not seen meanwhile"]


def test_daily_budget_without_a_ledger_says_that_it_is_the_runs_own() -> None:
    notices: list[str] = []
    Budget(settings(daily_budget_usd=1.0), notice=notices.append).check([])
    assert notices == ["prompt_daily_budget: there is no ledger of other runs; only what this run spends counts"]


# -- backends ---------------------------------------------------------------------------------------------------------


def reserved_usd(asked: Backend, messages: tuple[Message, ...] = HELLO, **limits: float) -> float | None:
    budget = Budget(settings(**(limits or {"budget_usd": 1.0})))
    reservation = run(budget.admit(asked, messages))
    return None if reservation is None else reservation.amount / 10**15


def test_most_of_a_call_is_every_byte_a_token_and_the_longest_answer() -> None:
    params = {"max_tokens": 100}
    fixed = 64 + len('{"max_tokens": 100}')
    assert reserved_usd(backend(price=PRICE, params=params)) == pytest.approx((fixed + 16 + 5 + 100 * 10) / 1e6)
    two = (Message("system", "naïve 日本"), Message("user", "\ud800"))
    assert reserved_usd(backend(price=PRICE), two) == pytest.approx((fixed + 32 + 6 + 1 + 6 + 1 + 1000) / 1e6)


def test_schema_of_the_answer_counts_as_input() -> None:
    plain = reserved_usd(backend(price=PRICE))
    schema = {"type": "json_schema", "json_schema": {"name": "x" * 1000}}
    asked = reserved_usd(backend(price=PRICE, params={"max_tokens": 100, "response_format": schema}))
    assert plain is not None
    assert asked is not None
    assert asked > plain + 1000 / 1e6


def test_params_of_the_call_itself_count_too() -> None:
    asked = backend(price=PRICE, params={"max_tokens": 100})
    budget = Budget(settings(budget_usd=1.0))
    own = {"max_tokens": 300, "response_format": {"name": "x" * 1000}}

    async def amounts() -> list[int]:
        found = [await budget.admit(asked, HELLO, params) for params in (None, own, {"max_tokens": 1})]
        return [each.amount for each in found if each is not None]

    plain, larger, smaller = (amount / 10**15 for amount in run(amounts()))
    assert larger == pytest.approx(plain + (200 * 10 + len(json.dumps(own))) / 1e6)
    assert smaller >= plain, "a bound that the entry has under another name would still hold"


def test_greater_limit_of_the_answer_counts() -> None:
    price = Price(input=0.0, output=10.0)
    params = {"max_tokens": 5, "max_completion_tokens": 7}
    assert reserved_usd(backend(price=price, params=params)) == pytest.approx(70 / 1e6)


def test_cached_input_that_is_dearer_counts_for_the_most() -> None:
    price = Price(input=1.0, output=0.0, cached_input=2.0)
    assert reserved_usd(backend(price=price, params={})) == pytest.approx(2 * (64 + 2 + 16 + 5) / 1e6)


@pytest.mark.parametrize(
    "asked",
    [
        {"price": Price(0, 0), "params": {}},
        {"provider": "replay", "column": "answer", "params": {}},
        {"provider": "replay", "column": "answer", "params": {}, "price": PRICE},
        {"provider": "callable", "function": "test_budget.py:settings", "params": {}, "price": Price(0, 0)},
    ],
    ids=["price 0", "replay", "replay with a price", "callable of price 0"],
)
def test_backend_that_costs_nothing_reserves_nothing(asked: dict[str, Any]) -> None:
    assert reserved_usd(backend(**asked), budget_usd=0.0) is None


def test_function_of_the_users_own_is_reckoned_with_the_limit_of_a_request() -> None:
    asked = backend(provider="callable", function="test_budget.py:settings", params={})
    assert reserved_usd(asked, budget_usd=1.0, request_limit_usd=0.05) == 0.05


@pytest.mark.parametrize(
    ("limits", "name"),
    [
        ({"budget_usd": 1.0, "daily_budget_usd": 1.0}, "--prompt-budget"),
        ({"daily_budget_usd": 1.0}, "prompt_daily_budget"),
        ({"request_limit_usd": 1.0}, "prompt_request_limit"),
    ],
)
def test_backends_without_a_ceiling_are_told_together_before_the_first_call(
    limits: dict[str, float], name: str
) -> None:
    asked = [
        backend(name="a"),
        backend(name="b", price=PRICE, params={"max_tokens": "many"}),
        backend(name="c", price=PRICE),
    ]
    with pytest.raises(UsageError) as caught:
        Budget(settings(**limits)).check([*asked, asked[0]])
    first, second = str(caught.value).splitlines()
    assert first == (
        f"backend 'a': no price is known for model 'm' at http://127.0.0.1:1/v1, and {name} is set: a call that may "
        "cost anything is not made; write price: {input: …, output: …} in USD per million tokens, 0 where it is free"
    )
    assert second == (
        f"backend 'b': no max_tokens is set, so that what an answer of model 'm' may cost has no end, and {name} is "
        "set; add it, for example params: {max_tokens: 512} (or max_completion_tokens)"
    )


def test_function_without_a_limit_of_a_request_has_no_ceiling() -> None:
    asked = backend(provider="callable", function="test_budget.py:settings", params={})
    with pytest.raises(UsageError) as caught:
        Budget(settings(budget_usd=1.0)).check([asked])
    assert str(caught.value) == (
        "backend 'asked': what a call of test_budget.py:settings may cost is not known before it is made, and "
        "--prompt-budget is set; set prompt_request_limit to the most that one call costs, or write price: {input: 0, "
        "output: 0} where it costs nothing"
    )
