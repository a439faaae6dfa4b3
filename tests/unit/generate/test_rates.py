from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from harness.generate.rates import Rates, Window
from harness.schema import BackendSpec, Message, Request


def rates(**fields: Any) -> Rates:
    return Rates(BackendSpec("gpt", "openai", "m", fields.pop("params", {}), Path(), **fields))


def asked(text: str) -> Request:
    return Request((Message("system", "ab"), Message("user", text)), "s", "v", 1)


@given(
    st.integers(1, 40),
    st.lists(st.tuples(st.floats(0, 20), st.integers(1, 15)), min_size=1, max_size=200),
)
def test_no_minute_ever_holds_more_than_the_limit(limit: int, calls: list[tuple[float, int]]) -> None:
    window, now_s, taken = Window(limit), 100.0, []
    for pause_s, wanted in calls:
        amount = min(wanted, limit)
        now_s += pause_s
        now_s += window.wait_s(amount, now_s)
        assert window.wait_s(amount, now_s) == pytest.approx(0, abs=1e-6)
        window.take(amount, now_s)
        taken.append((now_s, amount))
        assert sum(amount for at_s, amount in taken if at_s > now_s - 60) <= limit


def test_a_whole_minutes_worth_may_be_sent_at_once_and_the_next_call_waits_for_the_first_to_be_a_minute_old() -> None:
    limits = rates(requests_per_minute=3)
    for _ in range(3):
        assert limits.wait(0, 10.0)[0] == 0
        limits.take(0, 10.0)
    assert limits.wait(0, 30.0) == (41.0, "3 requests a minute")
    assert limits.wait(0, 71.0)[0] == 0


def test_the_limit_that_takes_longer_is_the_one_named() -> None:
    limits = rates(requests_per_minute=1, tokens_per_minute=1500)
    limits.take(1000, 0.0)
    assert limits.wait(400, 1.0) == (60.0, "1 request a minute")
    limits = rates(requests_per_minute=9, tokens_per_minute=1500)
    limits.take(1000, 0.0)
    assert limits.wait(400, 1.0) == (0.0, "9 requests a minute")
    assert limits.wait(501, 1.0) == (60.0, "1,500 tokens a minute")


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({"max_tokens": 64}, 66.0),
        ({"max_completion_tokens": 10, "max_tokens": 64}, 12.0),
        ({"max_tokens": 0}, 2.0),
        ({}, 258.0),
    ],
)
def test_tokens_are_estimated_from_bytes_and_the_bound_of_the_answer(params: dict[str, Any], expected: float) -> None:
    assert rates(tokens_per_minute=1000, params=params).estimate(asked("äöü")) == expected


def test_bound_of_the_request_itself_counts() -> None:
    request = replace(asked("x" * 40), params={"max_tokens": 5})
    assert rates(tokens_per_minute=1000, params={"max_tokens": 1}).estimate(request) == 15.5
    none = replace(asked("x" * 40), params={"max_tokens": 0})
    assert rates(tokens_per_minute=1000, params={"max_tokens": 1}).estimate(none) == 10.5
    unbound = replace(asked("x" * 40), params={"temperature": 1})
    assert rates(tokens_per_minute=1000, params={"max_tokens": 1}).estimate(unbound) == 11.5


def test_estimate_survives_half_a_surrogate_pair() -> None:
    assert rates(tokens_per_minute=1000, params={"max_tokens": 1}).estimate(asked("x\ud83d")) == 2.0


def test_nothing_is_estimated_where_no_limit_asks_for_it() -> None:
    limits = rates(requests_per_minute=5)
    assert limits.estimate(asked("x" * 400)) == 0
    assert not rates().are_set


def test_usage_replaces_the_estimate() -> None:
    limits = rates(tokens_per_minute=1000)
    entry = limits.take(900, 0.0)
    assert entry is not None
    assert limits.wait(200, 1.0)[0] == 60.0
    limits.correct(entry, 100, None)
    assert limits.wait(200, 1.0)[0] == 60.0
    limits.correct(entry, 500, 300)
    assert limits.wait(200, 1.0)[0] == 0
    limits.correct(entry, 900, 300)
    assert limits.wait(1, 1.0)[0] == 60.0


def test_usage_that_comes_after_the_minute_changes_nothing() -> None:
    limits = rates(tokens_per_minute=1000)
    entry = limits.take(900, 0.0)
    assert entry is not None
    assert limits.wait(1000, 62.0)[0] == 0
    limits.take(1000, 62.0)
    limits.correct(entry, 1, 1)
    assert limits.wait(1, 63.0)[0] == 60.0


def test_usual_length_of_answers_is_learnt() -> None:
    limits = rates(tokens_per_minute=10**6)
    for _ in range(100):
        entry = limits.take(10, 0.0)
        assert entry is not None
        limits.correct(entry, 5, 20)
    assert limits.estimate(asked("xx")) == pytest.approx(21, abs=0.1)


def test_call_larger_than_the_limit_is_sent_alone() -> None:
    limits = rates(tokens_per_minute=100)
    assert limits.wait(5000, 0.0)[0] == 0
    limits.take(5000, 0.0)
    assert limits.wait(1, 1.0)[0] == 60.0
    assert limits.wait(5000, 61.0)[0] == 0


def test_rounding_makes_nobody_wait() -> None:
    window = Window(1.0)
    entries = [window.take(0.1, 0.0) for _ in range(9)]
    for entry in entries:
        window.correct(entry, 0.7)
        window.correct(entry, 0.1)
    assert window.wait_s(0.1, 0.0) == 0
