from __future__ import annotations

import math
import time

import numpy as np
import pytest

from harness.stats import (
    Difference,
    OneSample,
    one_sample,
    one_sample_difference,
    one_sample_test,
    paired_difference,
    paired_test,
)
from harness.stats.paired_test import PairedTest, mcnemar


def test_no_pairs_have_no_difference_and_no_p() -> None:
    assert paired_difference([], []) is None
    assert paired_test([], []) is None
    assert one_sample_difference([], 0.5) is None
    assert one_sample_test([], 0.5) is None
    assert one_sample([], 0.5) is None


def test_passes_and_failures_get_the_score_interval_and_their_counts() -> None:
    found = paired_difference([1, 1, 1, 0, 0], [0, 0, 1, 1, 0])
    assert isinstance(found, Difference)
    assert (found.n_up, found.n_down, found.n_same, found.n_ties) == (2, 1, 2, 3)
    assert (found.method, found.n, found.n_clusters, found.is_share) == ("score", 5, None, True)
    assert found.value == pytest.approx(0.2)
    assert found.effect == pytest.approx(1 / 3)


def test_bounds_tell_numbers_from_passes() -> None:
    found = paired_difference([1, 1, 0], [0, 1, 0], bounds=(0, 100))
    assert found is not None
    assert (found.is_share, found.method) == (False, "t and bca")
    test = paired_test([1, 1, 0], [0, 1, 0], bounds=(0, 100))
    assert test is not None
    assert test.test == "sign-flip exact"


@pytest.mark.parametrize(("n", "method"), [(2, "t and bca"), (200, "t and bca"), (201, "t")])
def test_the_method_follows_the_number_of_pairs(n: int, method: str) -> None:
    current = np.random.default_rng(0).random(n)
    found = paired_difference(current, np.zeros(n))
    assert found is not None
    assert found.method == method


def test_one_score_has_no_interval_and_shows_nothing() -> None:
    found, test = paired_difference([0.9], [0.1]), paired_test([0.9], [0.1])
    assert found is not None
    assert (found.low, found.high, found.sd, found.effect, found.method) == (None, None, None, None, "none")
    assert test == PairedTest(1.0, "sign-flip exact")


def test_one_pass_against_one_failure_shows_nothing_but_has_an_interval() -> None:
    found, test = paired_difference([1], [0]), paired_test([1], [0])
    assert found is not None
    assert found.low is not None
    assert found.low < 0
    assert found.high == 1
    assert test == PairedTest(1.0, "mcnemar exact")


def test_one_cluster_has_no_interval() -> None:
    found = paired_difference([0.9, 0.8, 0.7], [0.1, 0.2, 0.7], ["a", "a", "a"])
    assert found is not None
    assert (found.low, found.high, found.n_clusters, found.method) == (None, None, 1, "none")


@pytest.mark.parametrize("clusters", [None, ["a", "a", "b", "c"]])
@pytest.mark.parametrize("values", [[0.3, 0.4, 0.5, 0.9], [0, 1, 1, 1]])
@pytest.mark.parametrize("test", ["auto", "sign-flip", "monte carlo", "wilcoxon"])
def test_equal_runs_have_p_of_1(values: list[float], clusters: list[str] | None, test: str) -> None:
    found = paired_test(values, values, clusters, test=test)  # type: ignore[arg-type]
    assert found is not None
    assert found.p_value == 1


def test_differences_all_equal_have_an_interval_of_width_0() -> None:
    for n in (3, 50, 300):
        found = paired_difference([0.75] * n, [0.5] * n)
        assert found is not None
        assert (found.value, found.low, found.high, found.sd, found.effect) == (0.25, 0.25, 0.25, 0.0, None)


def test_differences_all_equal_within_bounds_are_not_certain() -> None:
    # by hand: 0.025^(1/20) = 0.831567; a mark of 1…5 can change by 4 either way
    found = paired_difference([4.0] * 20, [4.0] * 20, bounds=(1, 5))
    assert found is not None
    assert [found.low, found.high] == pytest.approx([-4 * 0.168433, 4 * 0.168433], abs=5e-6)
    assert (found.method, found.sd) == ("equal", 0.0)
    clustered = paired_difference([4.0] * 60, [4.0] * 60, [str(n // 3) for n in range(60)], bounds=(1, 5))
    assert clustered is not None
    assert (clustered.low, clustered.high, clustered.method) == (found.low, found.high, "cluster-equal")


def test_equal_values_beside_a_target_are_not_certain() -> None:
    found = one_sample_difference([4.0] * 20, 3.5, bounds=(1, 5))
    assert found is not None
    assert [found.low, found.high] == pytest.approx([0.5 - 3 * 0.168433, 0.5 + 1 * 0.168433], abs=5e-6)
    assert found.method == "equal"


@pytest.mark.parametrize("n", [3, 6, 20, 60])
@pytest.mark.parametrize("goal", [3.0, 3.9, 4.2, 5.0])
def test_equal_values_differ_from_a_target_just_where_their_interval_leaves_it_out(*, n: int, goal: float) -> None:
    found, test = (each([4.0] * n, goal, bounds=(1, 5)) for each in (one_sample_difference, one_sample_test))
    assert isinstance(found, Difference)
    assert isinstance(test, PairedTest)
    assert found.low is not None
    assert found.high is not None
    assert (test.p_value < 0.05) == (not found.low <= 0 <= found.high)
    assert test.test == "equal"


def test_six_perfect_marks_do_not_show_that_a_promise_is_surpassed() -> None:
    # of marks that are 5 in seven of eight cases and 1 else, so 4.5 on average, six are 5 in 45 % of cases
    test = one_sample_test([5.0] * 6, 4.5, bounds=(1, 5))
    assert test is not None
    assert test.p_value == pytest.approx(2 * 0.875**6)
    clustered = one_sample_test([5.0] * 12, 4.5, [n // 2 for n in range(12)], bounds=(1, 5))
    assert clustered == test


def test_unchanged_passes_in_clusters_count_each_cluster_once() -> None:
    clustered = paired_difference([1.0] * 30, [1.0] * 30, [str(number % 10) for number in range(30)])
    plain = paired_difference([1.0] * 10, [1.0] * 10)
    assert clustered is not None
    assert plain is not None
    assert (clustered.low, clustered.high, clustered.method) == (plain.low, plain.high, "cluster-score")


def test_flips_that_cancel_in_every_cluster_leave_an_interval() -> None:
    found = paired_difference([1, 0, 1, 0, 1, 0], [0, 1, 0, 1, 0, 1], ["a", "a", "b", "b", "c", "c"])
    assert found is not None
    assert found.low is not None
    assert found.high is not None
    assert found.low < 0 < found.high


def test_ends_are_no_differences_that_the_bounds_rule_out() -> None:
    found = paired_difference([1.0, 0.0, 0.9], [0.0, 0.1, 0.0], bounds=(0.0, 1.0))
    assert found is not None
    assert found.high == 1.0


def test_clusters_widen_the_interval_and_raise_p() -> None:
    random = np.random.default_rng(3)
    effects = np.repeat(random.normal(0.15, 0.3, 40), 5)
    clusters = [f"g{number // 5}" for number in range(200)]
    plain, clustered = paired_difference(effects, np.zeros(200)), paired_difference(effects, np.zeros(200), clusters)
    one, other = paired_test(effects, np.zeros(200)), paired_test(effects, np.zeros(200), clusters)
    assert plain is not None
    assert clustered is not None
    assert plain.sd is not None
    assert clustered.sd == pytest.approx(plain.sd * 5**0.5, rel=0.03)
    assert one is not None
    assert other is not None
    assert other.p_value > one.p_value


def test_monte_carlo_follows_its_seed_and_is_near_the_exact_p() -> None:
    current = np.random.default_rng(1).normal(0.2, 1, 60)
    exact = paired_test(current, np.zeros(60))
    drawn = [paired_test(current, np.zeros(60), test="monte carlo", seed=seed) for seed in (0, 0, 1)]
    assert exact is not None
    assert drawn[0] == drawn[1] != drawn[2]
    assert drawn[0] is not None
    assert drawn[0].p_value == pytest.approx(exact.p_value, abs=0.02)


def test_monte_carlo_is_never_0() -> None:
    found = paired_test(np.arange(1.0, 101.0), np.zeros(100), test="monte carlo")
    assert found == PairedTest(1 / 10_000, "sign-flip Monte Carlo")


def test_an_overwhelming_change_has_a_p_above_0() -> None:
    for current in (np.ones(5000), np.full(5000, 2.0), np.linspace(1, 2, 500)):
        found = paired_test(current, np.zeros(len(current)))
        assert found is not None
        assert 0 < found.p_value < 1e-100


def test_a_rounding_error_is_no_difference() -> None:
    found = paired_test([0.1 + 0.2, 0.5, 0.9], [0.3, 0.4, 0.1])
    assert found == PairedTest(0.5, "sign-flip exact")


@pytest.mark.parametrize(
    ("current", "baseline", "clusters", "message"),
    [
        ([1.0], [1.0, 0.0], None, "1 values but 2 to compare with; allowed: as many of one as the other"),
        ([1.0, float("nan")], [1.0, 0.0], None, "a value is nan; allowed: finite numbers"),
        ([1.0, 0.5], [1.0, 0.0], ["a"], "2 values but 1 clusters; allowed: one cluster a value"),
    ],
)
def test_what_is_no_pairs_is_refused(
    *, current: list[float], baseline: list[float], clusters: list[str] | None, message: str
) -> None:
    for function in (paired_difference, paired_test):
        with pytest.raises(ValueError, match=f"^{message}$"):
            function(current, baseline, clusters)


def test_unknown_tests_and_levels_are_refused() -> None:
    with pytest.raises(ValueError, match=r"^test is 'anova'; allowed: auto, sign-flip, monte carlo, wilcoxon$"):
        paired_test([1], [0], test="anova")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"^confidence is 1\.0; allowed: above 0 and below 1, such as 0\.95$"):
        paired_difference([1], [0], confidence=1.0)
    with pytest.raises(ValueError, match=r"^confidence is 0; allowed: above 0 and below 1, such as 0\.95$"):
        one_sample_difference([1], 0.5, confidence=0)


def test_a_target_is_a_baseline_without_samples() -> None:
    found, test = one_sample_difference([1] * 18 + [0] * 2, 0.62), one_sample_test([1] * 18 + [0] * 2, 0.62)
    assert found is not None
    assert (found.method, found.n_up, found.n_down) == ("wilson", 18, 2)
    assert found.value == pytest.approx(0.28)
    assert found.low == pytest.approx(0.6990 - 0.62, abs=5e-4)  # Wilson 1927 for 18 of 20: 0.6990 to 0.9721
    assert test is not None
    assert test.test == "binomial exact"
    assert test.p_value == pytest.approx(2 * sum(math.comb(20, k) * 0.62**k * 0.38 ** (20 - k) for k in (18, 19, 20)))


def test_scores_against_a_target() -> None:
    values = [0.5, 0.6, 0.7, 0.8]
    found, test = one_sample_difference(values, 0.4, bounds=(0, 0.8)), one_sample_test(values, 0.4, bounds=(0, 0.8))
    assert found is not None
    assert found.method == "t and bca"
    assert found.value == pytest.approx(0.25)
    assert found.high == pytest.approx(0.4)
    assert test == PairedTest(0.125, "sign-flip exact")


def test_clustered_passes_against_a_target_count_clusters() -> None:
    values, clusters = [1] * 30, [str(number // 3) for number in range(30)]
    found, test = one_sample_difference(values, 0.5, clusters), one_sample_test(values, 0.5, clusters)
    assert found is not None
    assert (found.method, found.n_clusters) == ("cluster-wilson", 10)
    assert test == PairedTest(2 / 1024, "sign-flip exact")


def test_scores_below_a_high_bound_are_clipped_at_the_low_end_too() -> None:
    found = one_sample_difference([0.0, 0.1, 0.9], 0.5, bounds=(0, 1))
    assert found is not None
    assert (found.low, found.high) == (-0.5, 0.5)


def test_a_target_is_judged_in_one_call() -> None:
    found = one_sample([0.5, 0.6, 0.7, 0.8], 0.4)
    difference, test = one_sample_difference([0.5, 0.6, 0.7, 0.8], 0.4), one_sample_test([0.5, 0.6, 0.7, 0.8], 0.4)
    assert difference is not None
    assert test is not None
    assert found == OneSample(difference, test)


def test_100_000_pairs_take_less_than_half_a_second() -> None:
    random = np.random.default_rng(0)
    now, before = random.random((2, 100_000))
    clusters = [f"sample-{number // 3}" for number in range(100_000)]
    spent = []
    for _ in range(3):
        start = time.perf_counter()
        paired_difference(now, before, clusters)
        paired_test(now, before, clusters)
        spent.append(time.perf_counter() - start)
    assert min(spent) < 0.5


@pytest.mark.parametrize("n", range(1, 20))
def test_flips_all_one_way_have_the_exact_p(n: int) -> None:
    assert mcnemar(0, n) == min(1.0, 2 * 0.5**n)
    assert mcnemar(n, 0) == min(1.0, 2 * 0.5**n)
