from __future__ import annotations

import numpy as np
import pytest

from harness.stats import Interval, percentile_interval


def test_nothing_has_no_percentile() -> None:
    assert percentile_interval([], 95) is None


def test_a_few_values_have_no_interval() -> None:
    assert percentile_interval([3.0], 95) == Interval(3.0, None, None, "none", 1, None)


def test_a_95th_percentile_has_an_upper_end_from_72_values_on() -> None:
    assert percentile_interval(range(71), 95) is not None
    short, enough = percentile_interval(range(71), 95), percentile_interval(range(72), 95)
    assert short is not None
    assert enough is not None
    assert (short.high, enough.high) == (None, 71.0)
    assert short.low is not None


def test_q_is_a_percentage() -> None:
    middle = percentile_interval(range(101), 50)
    assert middle is not None
    assert middle.value == 50.0


@pytest.mark.parametrize("q", [-1, 100.5, float("nan")])
def test_a_q_outside_is_refused(q: float) -> None:
    with pytest.raises(ValueError, match=rf"^q is {q}; allowed: from 0 to 100$"):
        percentile_interval([1.0], q)


def test_values_that_are_not_finite_are_refused() -> None:
    with pytest.raises(ValueError, match=r"^a value is nan; allowed: finite numbers$"):
        percentile_interval([1.0, float("nan")], 50)


@pytest.mark.parametrize("q", [50, 90])
def test_at_least_95_of_100_intervals_hold_the_true_percentile(q: int) -> None:
    generator = np.random.default_rng(7)
    held = 0
    for _ in range(400):
        interval = percentile_interval([generator.random() for _ in range(60)], q)
        assert interval is not None
        held += (interval.low or 0.0) <= q / 100 <= (interval.high if interval.high is not None else 1.0)
    assert held / 400 >= 0.93
