from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.stats import mean_interval, percentile_interval, proportion_interval

if TYPE_CHECKING:
    from harness.stats import Interval

FLOATS = st.floats(-1e6, 1e6, allow_nan=False)
SHARES = st.sampled_from([0.0, 1.0])
VALUES = st.one_of(st.lists(FLOATS, min_size=1, max_size=30), st.lists(SHARES, min_size=1, max_size=30))


def _holds_its_value(interval: Interval | None) -> None:
    assert interval is not None
    assert interval.low is None or interval.low <= interval.value
    assert interval.high is None or interval.value <= interval.high


@given(values=VALUES, n_clusters=st.integers(1, 8))
@settings(max_examples=150, deadline=None)
def test_a_mean_lies_in_its_interval(values: list[float], n_clusters: int) -> None:
    _holds_its_value(mean_interval(values))
    _holds_its_value(mean_interval(values, [str(number % n_clusters) for number in range(len(values))]))
    _holds_its_value(mean_interval(values, bounds=(min(values), max(values))))


@given(
    values=st.lists(st.floats(0, 1), min_size=2, max_size=30), clusters=st.lists(st.sampled_from("abcd"), min_size=30)
)
@settings(max_examples=100, deadline=None)
def test_ends_lie_within_the_bounds(values: list[float], clusters: list[str]) -> None:
    interval = mean_interval(values, clusters[: len(values)], bounds=(0, 1))
    assert interval is not None
    assert interval.low is None or interval.low >= 0
    assert interval.high is None or interval.high <= 1


@given(values=st.lists(FLOATS, min_size=2, max_size=30))
@settings(max_examples=100, deadline=None)
def test_more_confidence_is_never_narrower(values: list[float]) -> None:
    narrow, wide = mean_interval(values, confidence=0.8), mean_interval(values, confidence=0.99)
    assert narrow is not None
    assert wide is not None
    assert None not in (narrow.low, narrow.high, wide.low, wide.high)
    assert wide.low <= narrow.low  # type: ignore[operator]
    assert narrow.high <= wide.high  # type: ignore[operator]


@given(n=st.integers(1, 500), data=st.data())
@settings(max_examples=100, deadline=None)
def test_successes_and_failures_mirror_each_other(n: int, data: st.DataObject) -> None:
    k = data.draw(st.integers(0, n))
    one, other = proportion_interval(k, n), proportion_interval(n - k, n)
    assert one is not None
    assert other is not None
    assert one.low == pytest.approx(1 - (other.high or 0), abs=1e-12)


@given(values=st.lists(FLOATS, min_size=1, max_size=200), q=st.floats(0, 100))
@settings(max_examples=150, deadline=None)
def test_a_percentile_lies_in_its_interval_whose_ends_it_or_other_values_are(values: list[float], q: float) -> None:
    interval = percentile_interval(values, q)
    _holds_its_value(interval)
    assert interval is not None
    assert interval.low is None or interval.low in (*values, interval.value)
    assert interval.high is None or interval.high in (*values, interval.value)
