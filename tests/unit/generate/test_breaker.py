from __future__ import annotations

import pytest

from harness.generate.breaker import Breaker


def opened(*, has_answered: bool = False) -> Breaker:
    breaker = Breaker()
    if has_answered:
        breaker.answered()
    for _ in range(8):
        assert breaker.wait_s(100.0) == 0
        breaker.failed(1, 100.0)
    return breaker


def test_it_opens_after_eight_failures_with_no_answer_between() -> None:
    breaker = Breaker()
    for _ in range(7):
        breaker.failed(1, 100.0)
    breaker.answered()
    for _ in range(7):
        breaker.failed(1, 100.0)
    assert not breaker.is_open
    breaker.failed(1, 100.0)
    assert breaker.is_open
    assert breaker.wait_s(100.1) == pytest.approx(0.4)


def test_one_call_at_a_time_tries() -> None:
    breaker = opened()
    assert breaker.wait_s(100.5) == 0
    assert breaker.begin_try() == 1
    assert breaker.wait_s(100.5) == float("inf")
    breaker.dropped(1)
    assert breaker.wait_s(100.5) == 0


@pytest.mark.parametrize(("has_answered", "pauses"), [(False, [0.5, 1, 2, 4]), (True, [0.5, 1, 2, 4, 8, 16])])
def test_pauses_grow_until_it_gives_up(pauses: list[float], *, has_answered: bool) -> None:
    breaker, now_s, seen = opened(has_answered=has_answered), 100.0, []
    while not breaker.gave_up:
        seen.append(breaker.wait_s(now_s))
        now_s += seen[-1]
        breaker.failed(1, now_s, try_=breaker.begin_try())
    assert seen == pauses
    assert breaker.failures == 8 + len(pauses)


def test_an_answer_closes_it_and_the_next_pause_is_short_again() -> None:
    breaker = opened()
    breaker.failed(1, 101.0, try_=breaker.begin_try())
    breaker.answered()
    assert (breaker.is_open, breaker.failures, breaker.wait_s(101.0)) == (False, 0, 0.0)
    for _ in range(8):
        breaker.failed(1, 200.0)
    assert breaker.wait_s(200.0) == 0.5
    assert breaker.pauses == 3


def test_calls_sent_before_it_opened_neither_prolong_the_pause_nor_give_up() -> None:
    breaker = opened()
    for _ in range(100):
        breaker.failed(4, 100.4)
    assert breaker.wait_s(100.4) == pytest.approx(0.1)
    assert not breaker.gave_up
    assert breaker.failures == 108


def test_a_try_that_an_answer_has_overtaken_is_an_ordinary_failure() -> None:
    breaker = opened()
    late = breaker.begin_try()
    breaker.answered()
    breaker.failed(1, 101.0, try_=late)
    assert not breaker.is_open
    for _ in range(7):
        breaker.failed(1, 102.0)
    assert breaker.is_open
    current = breaker.begin_try()
    breaker.failed(4, 103.0, try_=late)
    breaker.dropped(late)
    assert breaker.is_trying
    assert not breaker.gave_up
    assert current != late
