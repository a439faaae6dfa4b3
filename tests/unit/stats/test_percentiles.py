from __future__ import annotations

from statistics import NormalDist

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


def test_clusters_whose_values_are_equal_count_once() -> None:
    values, clusters = [float(n) for n in range(80) for _ in range(5)], [n for n in range(80) for _ in range(5)]
    for q in (25, 50, 90, 95):
        clustered, once = percentile_interval(values, q, clusters=clusters), percentile_interval(range(80), q)
        assert clustered is not None
        assert once is not None
        assert (clustered.low, clustered.high) == (once.low, once.high)
        assert (clustered.method, clustered.n, clustered.n_clusters) == ("cluster-order statistics", 400, 80)


def test_clusters_of_one_value_change_nothing() -> None:
    values = np.random.default_rng(2).exponential(1, 100).tolist()
    for q in (10, 50, 95):
        clustered, plain = percentile_interval(values, q, clusters=range(100)), percentile_interval(values, q)
        assert clustered is not None
        assert plain is not None
        assert (clustered.low, clustered.high) == (plain.low, plain.high)


def test_a_single_cluster_has_no_interval() -> None:
    assert percentile_interval([1.0] * 100, 50, clusters=["a"] * 100) == Interval(1.0, None, None, "none", 100, 1)
    assert percentile_interval([1.0], 50, clusters=["a"]) == Interval(1.0, None, None, "none", 1, 1)


def test_an_upper_end_takes_a_few_more_clusters_than_values_where_these_agree() -> None:
    short, enough = (
        percentile_interval([n // 4 for n in range(4 * count)], 95, clusters=[n // 4 for n in range(4 * count)])
        for count in (71, 75)
    )
    assert short is not None
    assert enough is not None
    assert (short.high, enough.high) == (None, 74.0)


def test_each_value_has_a_cluster() -> None:
    with pytest.raises(ValueError, match=r"^2 values but 1 clusters; allowed: one cluster a value$"):
        percentile_interval([1.0, 2.0], 50, clusters=["a"])


@pytest.mark.parametrize(("n_clusters", "size", "q"), [(20, 5, 50), (20, 5, 90), (60, 3, 95), (10, 10, 75)])
@pytest.mark.parametrize("shared", [0.0, 0.5, 0.95])
def test_at_least_95_of_100_intervals_hold_the_percentile_behind_clusters(
    *, n_clusters: int, size: int, q: int, shared: float
) -> None:
    generator = np.random.default_rng(11)
    clusters = [number // size for number in range(n_clusters * size)]
    truth = NormalDist().inv_cdf(q / 100)
    held = held_without = 0
    for _ in range(200):
        centres = generator.normal(0, shared**0.5, (n_clusters, 1))
        values = (centres + generator.normal(0, (1 - shared) ** 0.5, (n_clusters, size))).ravel().tolist()
        held += _holds(truth, percentile_interval(values, q, clusters=clusters))
        held_without += _holds(truth, percentile_interval(values, q))
    assert held / 200 >= 0.93
    assert shared < 0.95 or held_without / 200 < 0.85


def _holds(truth: float, interval: Interval | None) -> bool:
    """Whether it holds the truth; a missing end reaches as far as one likes."""
    assert interval is not None
    is_above = interval.low is None or interval.low <= truth
    return is_above and (interval.high is None or truth <= interval.high)
