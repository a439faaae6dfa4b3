from __future__ import annotations

from statistics import NormalDist

import numpy as np
import pytest

from harness.stats import Interval, mean_interval, proportion_interval


def _interval(values: list[float], clusters: list[str] | None = None) -> Interval:
    interval = mean_interval(values, clusters)
    assert interval is not None
    return interval


def test_nothing_has_no_mean() -> None:
    assert mean_interval([]) is None
    assert mean_interval([], []) is None


def test_zeros_and_ones_are_a_share() -> None:
    assert mean_interval([1, 0, 1, 1]) == proportion_interval(3, 4)
    assert mean_interval([1, 0, 1, 1], bounds=(0, 1)) == proportion_interval(3, 4)


def test_tokens_that_happen_to_be_one_are_not_a_share() -> None:
    assert mean_interval([1, 1, 1], bounds=(0, None)) == Interval(1.0, 1.0, 1.0, "t", 3, None)


def test_one_value_that_is_no_share_has_no_interval() -> None:
    assert _interval([0.5]) == Interval(0.5, None, None, "none", 1, None)


def test_one_share_has_a_wide_interval() -> None:
    interval = _interval([1.0])
    assert interval.method == "wilson"
    assert interval.low == pytest.approx(0.2065, abs=5e-5)
    assert interval.high == 1.0


def test_equal_values_without_bounds_have_an_interval_of_no_width() -> None:
    assert _interval([0.1] * 10) == Interval(0.1, 0.1, 0.1, "t", 10, None)


def test_equal_values_within_bounds_are_not_certain() -> None:
    # by hand: 0.025^(1/5) = 0.478176; 5 - 4 · 0.521824 = 2.912706, and for 0.95: 0.95 · 0.478176, 1 - 0.05 · 0.478176
    marks, scores = mean_interval([5.0] * 5, bounds=(1, 5)), mean_interval([0.95] * 5, bounds=(0, 1))
    assert marks is not None
    assert scores is not None
    assert (marks.value, marks.high, marks.method, marks.n) == (5.0, 5.0, "equal", 5)
    assert marks.low == pytest.approx(2.912706, abs=5e-6)
    assert [scores.low, scores.high] == pytest.approx([0.454268, 0.976091], abs=5e-6)


@pytest.mark.parametrize("bounds", [(None, 1), (0, None), (0.5, 1)])
def test_equal_values_outside_or_without_bounds_stay_what_they_are(bounds: tuple[float | None, float | None]) -> None:
    found = mean_interval([0.25] * 5, bounds=bounds)
    assert found is not None
    assert (found.low, found.high, found.method) == (0.25, 0.25, "t")


def test_a_single_value_within_bounds_has_a_wide_interval() -> None:
    found = mean_interval([4.0], bounds=(1, 5))
    assert found is not None
    assert [found.low, found.high] == pytest.approx([1 + 3 * 0.025, 5 - 1 * 0.025])


def test_equal_values_in_clusters_count_each_cluster_once() -> None:
    clustered, once = (mean_interval([4.0] * n, c, bounds=(1, 5)) for n, c in ((12, list("abcd") * 3), (4, None)))
    assert clustered is not None
    assert once is not None
    assert (clustered.low, clustered.high, clustered.method) == (once.low, once.high, "cluster-equal")
    assert mean_interval([4.0] * 3, ["a"] * 3, bounds=(1, 5)) == Interval(4.0, None, None, "none", 3, 1)


@pytest.mark.parametrize("n", [3, 5, 20])
@pytest.mark.parametrize("share", [0.5, 0.8, 0.95])
def test_equal_marks_miss_the_true_mean_as_rarely_as_they_say(*, n: int, share: float) -> None:
    # the worst case: marks are the least, or one that is often enough seen alone; all n are then equal by chance
    truth, alike = 1 + share * 3, share**n
    found = mean_interval([4.0] * n, bounds=(1, 5))
    assert found is not None
    assert found.low is not None
    assert found.low <= truth or alike <= 0.025 + 1e-9


def test_ends_are_clipped_to_the_bounds() -> None:
    clipped = mean_interval([0.5, 0.9, 1.0], bounds=(0, 1))
    assert clipped is not None
    assert clipped.high == 1.0
    assert clipped.low == pytest.approx(_interval([0.5, 0.9, 1.0]).low)
    unbounded = mean_interval([0.1, 5.0], bounds=(0, None))
    assert unbounded is not None
    assert unbounded.low == 0
    assert unbounded.high is not None
    assert unbounded.high > 30


def test_one_cluster_has_no_interval() -> None:
    assert _interval([0.125, 0.375], ["a", "a"]) == Interval(0.25, None, None, "none", 2, 1)
    assert _interval([1.0, 0.0], ["a", "a"]) == Interval(0.5, None, None, "none", 2, 1)


def test_clusters_of_one_value_change_nothing() -> None:
    values = [0.2, 0.4, 0.9, 0.3]
    clustered, plain = _interval(values, list("abcd")), _interval(values)
    assert [clustered.low, clustered.high] == pytest.approx([plain.low, plain.high])
    assert (clustered.method, clustered.n_clusters) == ("cluster-t", 4)
    shares = [1.0, 0.0, 1.0, 1.0]
    clustered, plain = _interval(shares, list("abcd")), _interval(shares)
    assert [clustered.low, clustered.high] == pytest.approx([plain.low, plain.high])
    assert clustered.method == "cluster-wilson"


def test_repeats_that_agree_count_once() -> None:
    values, clusters = [0.2, 0.4, 0.9, 0.3], list("abcd")
    repeated, once = _interval(values * 3, clusters * 3), _interval(values, clusters)
    assert [repeated.low, repeated.high] == pytest.approx([once.low, once.high])
    assert (repeated.n, repeated.n_clusters) == (12, 4)


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_shares_all_alike_in_clusters_count_each_cluster_once(share: float) -> None:
    clustered, once = _interval([share] * 12, list("abcd") * 3), _interval([share] * 4)
    assert (clustered.low, clustered.high) == (once.low, once.high)


def test_clusters_that_balance_each_other_do_not_make_it_more_certain_than_independent_values() -> None:
    values, clusters = [1.0, 0.0] * 20, [str(number // 2) for number in range(40)]
    clustered, plain = _interval(values, clusters), _interval(values)
    assert clustered.low is not None
    assert plain.low is not None
    assert clustered.low <= plain.low


def test_the_order_of_the_values_does_not_matter() -> None:
    values, clusters = [0.2, 0.4, 0.9, 0.3, 0.35], list("aabbc")
    assert mean_interval(values, clusters) == mean_interval(values[::-1], clusters[::-1])


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_value_that_is_not_finite_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match=rf"^a value is {value}; allowed: finite numbers$"):
        mean_interval([1.0, value])


def test_clusters_must_be_as_many_as_values() -> None:
    with pytest.raises(ValueError, match=r"^2 values but 1 clusters; allowed: one cluster a value$"):
        mean_interval([1.0, 0.5], ["a"])


@pytest.mark.parametrize("confidence", [0.0, 1.0, 95.0])
def test_a_confidence_that_is_none_is_refused(confidence: float) -> None:
    with pytest.raises(ValueError, match=rf"^confidence is {confidence}; allowed: above 0 and below 1, such as 0\.95$"):
        mean_interval([0.2, 0.5], confidence=confidence)
    with pytest.raises(ValueError, match=rf"^confidence is {confidence}; allowed: above 0 and below 1, such as 0\.95$"):
        proportion_interval(1, 2, confidence)


def _holds(truth: float, interval: Interval | None) -> bool:
    return interval is not None and None not in (interval.low, interval.high) and interval.low <= truth <= interval.high  # type: ignore[operator]


def test_95_of_100_intervals_hold_the_true_mean_of_30_values() -> None:
    generator = np.random.default_rng(20_240_601)
    held = sum(_holds(0.0, mean_interval([generator.normal(0, 1) for _ in range(30)])) for _ in range(500))
    assert 0.92 <= held / 500 <= 0.98


@pytest.mark.parametrize("rare", [0.05, 0.1, 0.2])
def test_95_of_100_intervals_of_a_few_marks_hold_the_true_mean_though_most_are_equal(rare: float) -> None:
    generator = np.random.default_rng(13)
    draws = [generator.choice([5.0, 1.0], 5, p=[1 - rare, rare]).tolist() for _ in range(400)]
    truth = 5 - 4 * rare
    assert sum(_holds(truth, mean_interval(draw, bounds=(1, 5))) for draw in draws) / 400 >= 0.93
    assert sum(_holds(truth, mean_interval(draw)) for draw in draws) / 400 < 0.75


@pytest.mark.parametrize("share", [0.5, 0.7, 0.9])
def test_95_of_100_intervals_hold_the_true_share_of_30_trials(share: float) -> None:
    generator = np.random.default_rng(3)
    held = sum(_holds(share, mean_interval([generator.random() < share for _ in range(30)])) for _ in range(500))
    assert held / 500 >= 0.92


@pytest.mark.parametrize("is_share", [False, True])
def test_95_of_100_intervals_hold_the_truth_behind_20_clusters_and_ignoring_clusters_would_not(
    *, is_share: bool
) -> None:
    generator = np.random.default_rng(5)
    limit = NormalDist().inv_cdf(0.7)
    clusters = [str(number // 4) for number in range(80)]
    truth = 0.7 if is_share else 0.0
    held = held_without = 0
    for _ in range(300):
        centres = [generator.normal(0, 0.8) for _ in range(20)]
        values = [centres[number // 4] + generator.normal(0, 0.6) for number in range(80)]
        if is_share:
            values = [float(value < limit) for value in values]
        held += _holds(truth, mean_interval(values, clusters))
        held_without += _holds(truth, mean_interval(values))
    assert held / 300 >= 0.92
    assert held_without / 300 < 0.88
