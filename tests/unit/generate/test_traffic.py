from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from harness.errors import BackendError
from harness.generate.traffic import Traffic
from harness.schema import BackendProgress, BackendSpec, Generation
from tests.unit.generate.simulated_time import now_s, simulate

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from harness.generate.traffic import Ticket

SLOW = BackendError("busy", kind="rate_limited", retryable=True, status=429)
DOWN = BackendError("no connection", kind="connection", retryable=True)


def traffic(most: int = 4, **fields: Any) -> Traffic:
    spec = BackendSpec("gpt", "openai", "m", fields.pop("params", {}), Path(), **fields)
    return Traffic(spec, most, clock=asyncio.get_running_loop().time)


async def admitted(of: Traffic, count: int) -> list[Ticket]:
    return [await of.admit() for _ in range(count)]


async def sent_at(of: Traffic, count: int, *, take_s: float = 0.0, tokens: float = 0.0) -> list[float]:
    """When each of so many calls, wanted at once, is sent; each takes `take_s`."""
    times: list[float] = []

    async def one() -> None:
        ticket = await of.admit(tokens)
        times.append(now_s())
        await asyncio.sleep(take_s)
        of.answered(ticket, Generation("x"))

    await asyncio.gather(*(one() for _ in range(count)))
    return times


def simulated(test: Callable[[], Awaitable[None]]) -> Callable[[], None]:
    def run() -> None:
        async def work() -> None:
            await test()

        simulate(work())

    run.__name__ = test.__name__
    return run


@simulated
async def test_no_more_calls_are_in_flight_than_may_be() -> None:
    assert await sent_at(traffic(4), 10, take_s=1) == [0, 0, 0, 0, 1, 1, 1, 1, 2, 2]


@simulated
async def test_a_429_halves_what_may_be_in_flight_and_answers_raise_it_again() -> None:
    of = traffic(8)
    tickets = await admitted(of, 8)
    for ticket in tickets:
        of.failed(ticket, SLOW)
    assert of.progress() == BackendProgress("gpt", limit=4, most=8, rate_limited=8)
    times = await sent_at(of, 13, take_s=1)
    assert times == [0] * 4 + [1] * 5 + [2] * 4
    assert of.progress().limit == 6


@simulated
async def test_answers_of_a_backend_that_is_not_kept_busy_prove_nothing() -> None:
    of = traffic(8)
    of.failed(await of.admit(), SLOW)
    for _ in range(100):
        of.answered(await of.admit())
    assert of.progress().limit == 4


@simulated
async def test_retry_after_of_one_call_holds_all_back() -> None:
    of = traffic(4)
    tickets = await admitted(of, 2)
    of.failed(tickets[0], BackendError("busy", kind="rate_limited", retryable=True, retry_after_s=3.0, status=429))
    of.failed(tickets[1], BackendError("busy", kind="rate_limited", retryable=True, retry_after_s=2.0, status=429))
    waiting = asyncio.ensure_future(sent_at(of, 3, take_s=1))
    await asyncio.sleep(1)
    shown = of.progress()
    assert (shown.waiting_s, shown.why_waiting, shown.limit) == (2.0, "Retry-After", 2)
    assert await waiting == [3, 3, 4]
    assert of.progress().why_waiting == ""


@simulated
async def test_requests_a_minute_are_kept_to_and_shown() -> None:
    of = traffic(100, requests_per_minute=5)
    waiting = asyncio.ensure_future(sent_at(of, 12))
    await asyncio.sleep(11)
    assert (of.progress().waiting_s, of.progress().why_waiting) == (50.0, "5 requests a minute")
    assert await waiting == [0] * 5 + [61] * 5 + [122] * 2


@simulated
async def test_usage_lets_the_next_call_in_before_its_estimate_would() -> None:
    of = traffic(100, tokens_per_minute=1000)
    first = await of.admit(900)
    waiting = asyncio.ensure_future(sent_at(of, 1, tokens=500))
    await asyncio.sleep(2)
    assert of.progress().why_waiting == "1,000 tokens a minute"
    of.answered(first, Generation("x", input_tokens=10, output_tokens=20))
    assert await waiting == [2]


@simulated
async def test_a_caller_who_no_longer_waits_takes_nobodys_place() -> None:
    of = traffic(1)
    first = await of.admit()
    gone = asyncio.ensure_future(of.admit())
    stays = asyncio.ensure_future(of.admit())
    await asyncio.sleep(0)
    gone.cancel()
    of.answered(first)
    of.answered(await stays)
    assert await sent_at(of, 1) == [0]


@simulated
async def test_a_ticket_given_at_the_moment_of_cancelling_is_given_back() -> None:
    of = traffic(1)
    first = await of.admit()
    late = asyncio.ensure_future(of.admit())
    await asyncio.sleep(0)
    of.answered(first)
    late.cancel()
    with pytest.raises(asyncio.CancelledError):
        await late
    assert await sent_at(of, 1) == [0]


@simulated
async def test_after_failures_in_a_row_one_call_at_a_time_tries() -> None:
    of = traffic(20)
    for ticket in await admitted(of, 10):
        of.failed(ticket, DOWN)
    waiting = [asyncio.ensure_future(of.admit()) for _ in range(3)]
    await asyncio.sleep(0.25)
    assert of.progress() == BackendProgress("gpt", 10, 20, 0, 0.25, "paused after 10 failures", 1)
    await asyncio.sleep(5)
    assert [ticket.done() for ticket in waiting] == [True, False, False]
    assert of.progress().why_waiting == "paused after 10 failures"
    of.answered(await waiting[0])
    await asyncio.sleep(0)
    assert [ticket.done() for ticket in waiting] == [True, True, True]
    assert of.progress() == BackendProgress("gpt", 10, 20, 0, 0, "", 1)


@simulated
async def test_a_try_that_comes_to_no_end_is_followed_by_another() -> None:
    of = traffic(20)
    for ticket in await admitted(of, 8):
        of.failed(ticket, DOWN)
    of.dropped(await of.admit())
    assert await sent_at(of, 1) == [0.5]


@simulated
async def test_a_backend_that_stays_down_is_given_up_and_all_who_wait_are_told() -> None:
    of = traffic(20)
    for ticket in await admitted(of, 8):
        of.failed(ticket, DOWN)
    waiting = [asyncio.ensure_future(of.admit()) for _ in range(9)]
    for number in range(4):
        of.failed(await waiting[number], DOWN)
    assert now_s() == 7.5
    why = "no connection (the backend was stopped after 12 failures in a row and 4 pauses)"
    for late in [*waiting[4:], of.admit()]:
        with pytest.raises(BackendError) as caught:
            await late
        assert (str(caught.value), caught.value.kind) == (why, "not_run")
    assert of.progress() == BackendProgress("gpt", 10, 20, pauses=4, stopped=why)


@simulated
async def test_timeouts_stop_it_after_one_pause_and_it_is_told_so() -> None:
    of = traffic(2)
    slow = BackendError("no answer", kind="timeout", retryable=True)
    for ticket in await admitted(of, 2):
        of.failed(ticket, slow)
    of.failed(await of.admit(), slow)
    assert of.stopped == "no answer (the backend was stopped after 3 failures in a row and 1 pause)"


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (BackendError("HTTP 401", kind="authentication", status=401), ": every further call would end so"),
        (BackendError("HTTP 404", kind="rejected", status=404), ": every further call would end so"),
        (
            BackendError("HTTP 429", kind="rate_limited", retryable=True, status=429, retry_after_s=3600),
            ": the server asks to wait 3600 s, a run waits 60 s at most; run again then",
        ),
    ],
)
def test_what_every_call_would_meet_stops_the_backend_at_once(error: BackendError, why: str) -> None:
    async def work() -> None:
        of = traffic(2)
        first, second = await admitted(of, 2)
        waiting = asyncio.ensure_future(of.admit())
        await asyncio.sleep(0)
        of.failed(first, error)
        of.answered(second)
        with pytest.raises(BackendError) as caught:
            await waiting
        assert str(caught.value) == of.stopped == f"{error} (the backend was stopped{why})"

    simulate(work())


@pytest.mark.parametrize(
    ("outcomes", "is_stopped"),
    [
        ("rrr", True),
        ("rsrr", True),
        ("rr", False),
        ("arrrrrr", False),
        ("rrarrr", False),
        ("fffff", False),
        ("rrfr", True),
    ],
)
def test_first_answers_that_are_all_refusals_stop_it(outcomes: str, *, is_stopped: bool) -> None:
    errors = {
        "r": BackendError("HTTP 400", kind="rejected", status=400),
        "f": BackendError("HTTP 400", kind="rejected", status=400, code="content_filter"),
        "s": BackendError("HTTP 503", kind="server", retryable=True, status=503),
    }

    async def work() -> None:
        of = traffic(9)
        for outcome, ticket in zip(outcomes, await admitted(of, len(outcomes)), strict=True):
            if outcome == "a":
                of.answered(ticket)
            else:
                of.failed(ticket, errors[outcome])
        expected = "HTTP 400 (the backend was stopped: its first 3 answers were all such)"
        assert of.stopped == (expected if is_stopped else None)

    simulate(work())


@simulated
async def test_a_rest_ends_when_the_backend_is_stopped() -> None:
    of = traffic(2)
    resting = asyncio.ensure_future(of.rest(1000))
    await asyncio.sleep(1)
    of.failed(await of.admit(), BackendError("HTTP 401", kind="authentication", status=401))
    await resting
    assert now_s() == 1


@simulated
async def test_a_rest_takes_as_long_as_it_should() -> None:
    await traffic(2).rest(10)
    assert now_s() == 10


@simulated
async def test_when_the_run_is_stopped_nothing_more_is_sent() -> None:
    of = traffic(1)
    first = await of.admit()
    waiting = asyncio.ensure_future(of.admit())
    resting = asyncio.ensure_future(of.rest(1000))
    await asyncio.sleep(1)
    of.close()
    await resting
    of.answered(first)
    for late in (waiting, of.admit()):
        with pytest.raises(asyncio.CancelledError):
            await late
    assert (of.sent, of.in_flight, now_s()) == (1, 0, 1)
    assert of.stopped is None


@simulated
async def test_calls_that_wait_are_neither_sent_nor_in_flight() -> None:
    of = traffic(2)
    waiting = asyncio.ensure_future(sent_at(of, 5, take_s=1))
    await asyncio.sleep(0.5)
    assert (of.sent, of.in_flight) == (2, 2)
    await waiting
    assert (of.sent, of.in_flight) == (5, 0)
