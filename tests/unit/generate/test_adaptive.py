from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from harness.generate.adaptive import AdaptiveLimit


def test_a_round_trip_cuts_once_however_many_answers_ask_for_it() -> None:
    limit = AdaptiveLimit(50)
    sent_in = limit.round
    assert [limit.slowed(sent_in) for _ in range(20)] == [True] + [False] * 19
    assert limit.value == 25
    assert limit.slowed(limit.round)
    assert limit.value == 12


def test_one_more_is_allowed_after_as_many_answers_as_there_may_be() -> None:
    limit = AdaptiveLimit(50)
    limit.slowed(0)
    values = []
    for _ in range(25 + 26):
        limit.answered(limit.round)
        values.append(limit.value)
    assert (values[23], values[24], values[49], values[50]) == (25, 26, 26, 27)


def test_answers_to_calls_sent_before_the_cut_do_not_raise_it() -> None:
    limit = AdaptiveLimit(4)
    limit.slowed(0)
    for _ in range(100):
        limit.answered(0)
    assert limit.value == 2


@given(st.integers(1, 200), st.lists(st.tuples(st.booleans(), st.integers(0, 2))))
def test_limit_stays_between_one_and_most(most: int, events: list[tuple[bool, int]]) -> None:
    limit = AdaptiveLimit(most)
    for is_answer, age in events:
        sent_in = max(limit.round - age, 0)
        if is_answer:
            limit.answered(sent_in)
        else:
            limit.slowed(sent_in)
        assert 1 <= limit.value <= most
