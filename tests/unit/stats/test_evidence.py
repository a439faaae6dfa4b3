"""What values show of a target: bounds to one side, and how many more it takes."""

from __future__ import annotations

import math

import pytest

from harness.stats import Evidence, mean_evidence, percentile_evidence


def found(values: list[float], target: float, clusters: list[str] | None = None, **asked: object) -> Evidence:
    evidence = mean_evidence(values, target, clusters, **{"wants_more": False, "bounds": (0, 1), **asked})  # type: ignore[arg-type]
    assert evidence is not None
    return evidence


def test_nothing_shows_nothing() -> None:
    assert mean_evidence([], 0.5, wants_more=True) is None
    assert percentile_evidence([], 95, 2) is None


def test_none_of_200_is_at_most_one_and_a_half_percent() -> None:
    # scipy 1.17.1: binomtest(0, 200, alternative="less").proportion_ci(0.95).high; log(0.05) / log(0.999) = 2994.23
    evidence = found([0.0] * 200, 0.001)
    assert evidence.high == pytest.approx(0.01486704, abs=5e-9)
    assert (evidence.value, evidence.low, evidence.method) == (0.0, 0.0, "exact")
    assert (evidence.n, evidence.n_ones, evidence.n_clusters) == (200, 0, None)
    assert evidence.n_more == 2995 - 200


def test_so_many_more_do_show_it_and_one_fewer_do_not() -> None:
    enough, short = found([0.0] * 2995, 0.001), found([0.0] * 2994, 0.001)
    assert (enough.n_more, short.n_more) == (0, 1)
    assert enough.high is not None
    assert short.high is not None
    assert enough.high < 0.001 < short.high


def test_all_of_20_right_do_not_show_nine_in_ten() -> None:
    # scipy 1.17.1: binomtest(20, 20, alternative="greater").proportion_ci(0.95).low; log(0.05) / log(0.9) = 28.4
    evidence = found([1.0] * 20, 0.9, wants_more=True)
    assert evidence.low == pytest.approx(0.860892, abs=5e-7)
    assert (evidence.high, evidence.n_ones, evidence.n_more) == (1.0, 20, 9)


def test_a_rate_that_stays_takes_more_than_none_at_all() -> None:
    evidence = found([0.0] * 199 + [1.0], 0.01)
    assert evidence.n_ones == 1
    assert evidence.n_more is not None
    total = 200 + evidence.n_more
    assert total > 1.5 * 299  # what none at all would take


def test_a_value_beyond_or_at_the_target_is_never_shown() -> None:
    assert found([0.0, 1.0], 0.5).n_more is None
    assert found([0.0, 1.0, 1.0], 0.5).n_more is None
    assert found([0.0, 1.0, 0.3], 0.4).n_more is None


def test_what_takes_more_than_ten_million_is_not_told() -> None:
    assert found([0.0] * 10, 1e-7).n_more is None
    assert found([0.0, 0.001, 0.0, 0.0009], 0.000475001).n_more is None


@pytest.mark.parametrize("wants_more", [True, False])
def test_passes_in_clusters_that_agree_count_clusters(*, wants_more: bool) -> None:
    values = [float(wants_more)] * 60
    clusters = [str(number // 3) for number in range(60)]
    target = 0.9 if wants_more else 0.1
    evidence, alone = (
        found(values, target, clusters, wants_more=wants_more),
        found(values[:20], target, wants_more=wants_more),
    )
    assert (evidence.low, evidence.high, evidence.n_more) == (alone.low, alone.high, alone.n_more)
    assert (evidence.method, evidence.n, evidence.n_clusters) == ("cluster-exact", 60, 20)


def test_passes_in_clusters_that_differ_count_by_what_they_are_worth() -> None:
    values = [0.0, 0.0, 0.0, 1.0] * 30
    evenly = found(values, 0.35, [str(number // 4) for number in range(120)])
    unevenly = found(sorted(values), 0.35, [str(number // 4) for number in range(120)])
    assert evenly.high is not None
    assert unevenly.high is not None
    assert evenly.high < unevenly.high
    assert evenly.n_more is not None
    assert unevenly.n_more is not None
    assert evenly.n_more < unevenly.n_more


def test_one_cluster_has_no_bound() -> None:
    assert found([0.0] * 5, 0.5, ["a"] * 5) == Evidence(0.0, None, None, "none", 5, 1, 0, None)
    assert found([0.1, 0.2], 0.5, ["a"] * 2) == Evidence(pytest.approx(0.15), None, None, "none", 2, 1, None, None)  # type: ignore[arg-type]


def test_scores_get_students_bound() -> None:
    # scipy 1.17.1: ttest_1samp([0.95, 0.9, 1.0, 0.97], 0, alternative="greater").confidence_interval(0.95).low
    evidence = found([0.95, 0.9, 1.0, 0.97], 0.9, wants_more=True)
    assert evidence.low == pytest.approx(0.9055420270, abs=1e-9)
    assert (evidence.high, evidence.method, evidence.n_ones, evidence.n_more) == (1, "t", None, 0)


def test_more_scores_of_the_same_spread_show_the_target() -> None:
    some = [0.80, 0.90, 1.0, 0.95]
    evidence = found(some, 0.88, wants_more=True)
    # scipy 1.17.1: t.ppf(0.95, n - 1) * 0.085391 / n ** 0.5 is 0.0330 for n = 20 and 0.0321 for 21
    assert evidence.n_more == 21 - 4
    assert found(some * 6, 0.88, wants_more=True).n_more == 0


def test_amounts_have_no_upper_end_to_be_clipped_to() -> None:
    evidence = found([0.01, 0.5, 0.2], 0.1, bounds=(0, None))
    assert evidence.low == 0
    assert evidence.high is not None
    assert evidence.high > 0.5


def test_amounts_that_are_all_one_are_no_passes() -> None:
    assert found([1.0, 0.0, 1.0], 2, bounds=(0, None)).method == "t"
    assert found([0.05] * 3, 0.1, bounds=(0, None)).high == 0.05


def test_a_single_amount_shows_nothing() -> None:
    assert found([0.05], 0.1, bounds=(0, None)) == Evidence(0.05, None, None, "none", 1, None, None, None)


def test_equal_scores_show_what_markovs_inequality_says() -> None:
    evidence = found([0.95] * 20, 0.9, wants_more=True)
    assert (evidence.value, evidence.n_ones, evidence.method) == (0.95, None, "equal")
    assert evidence.low == pytest.approx(0.95 * 0.05 ** (1 / 20))
    assert evidence.high == pytest.approx(1 - 0.05 * 0.05 ** (1 / 20))
    total = math.ceil(math.log(0.05) / math.log(0.9 / 0.95))
    assert evidence.n_more == total - 20
    assert [found([0.95] * n, 0.9, wants_more=True).n_more for n in (total - 1, total)] == [1, 0]
    percent = found([95.0] * 20, 90, wants_more=True, bounds=(0, 100))
    assert percent.low == pytest.approx(95 * 0.05 ** (1 / 20))
    assert (percent.value, percent.n_more) == (95.0, evidence.n_more)


def test_equal_scores_at_the_best_end_show_as_much_as_passes() -> None:
    passes, marks = found([1.0] * 5, 0.9, wants_more=True), found([5.0] * 5, 4.6, wants_more=True, bounds=(1, 5))
    assert (passes.method, marks.method) == ("exact", "equal")
    assert marks.low == pytest.approx(1 + 4 * (passes.low or 0))
    assert marks.n_more == passes.n_more


def test_equal_scores_below_the_target_show_that_it_is_missed_where_there_are_enough() -> None:
    few, many = (found([0.5] * n, 0.52, wants_more=True) for n in (5, 100))
    assert (few.n_more, many.n_more) == (None, None)
    assert few.high is not None
    assert many.high is not None
    assert many.high < 0.52 < few.high


def test_equal_scores_in_clusters_count_clusters() -> None:
    clustered = found([0.95] * 60, 0.9, [str(n // 3) for n in range(60)], wants_more=True)
    alone = found([0.95] * 20, 0.9, wants_more=True)
    assert (clustered.low, clustered.n_more, clustered.method) == (alone.low, alone.n_more, "cluster-equal")
    assert found([0.95] * 5, 0.9, ["a"] * 5, wants_more=True).low is None


def test_a_95th_percentile_takes_59_values() -> None:
    short, enough = percentile_evidence([1.0] * 40, 95, 2), percentile_evidence([1.0] * 59, 95, 2)
    assert short is not None
    assert enough is not None
    assert (short.high, short.n_more, enough.high, enough.n_more) == (None, 19, 1.0, 0)


@pytest.mark.parametrize("n_slow", range(7))
def test_percentile_is_shown_just_where_nothing_more_is_needed(n_slow: int) -> None:
    shown = 0
    for n in range(n_slow + 40, 300, 7):
        evidence = percentile_evidence([1.0 + number / 1000 for number in range(n - n_slow)] + [2.0] * n_slow, 95, 2)
        assert evidence is not None
        is_shown = evidence.high is not None and evidence.high < 2
        shown += is_shown
        assert (evidence.n_more == 0) == is_shown, n
    assert shown


@pytest.mark.parametrize("size", [1, 3])
def test_percentile_of_clusters_is_shown_just_where_nothing_more_is_needed(size: int) -> None:
    shown = 0
    for count in range(20, 140, 9):
        clusters = [n // size for n in range(count * size)]
        values = [1.0 + (n % 7 + n // size % 5) / 100 for n in range(count * size)]
        values[:2] = [2.5] * 2
        evidence = percentile_evidence(values, 95, 2, clusters=clusters)
        assert evidence is not None
        is_shown = evidence.high is not None and evidence.high < 2
        shown += is_shown
        assert (evidence.n_more == 0) == is_shown, count
        assert evidence.n_clusters == count
    assert 0 < shown < 14


def test_percentile_of_clusters_that_agree_needs_as_many_of_them_as_of_values() -> None:
    clustered = percentile_evidence([1.0] * 120, 95, 2, clusters=[n // 3 for n in range(120)])
    assert clustered is not None
    assert (clustered.high, clustered.n_more, clustered.method) == (None, 19, "cluster-order statistics")
    single = percentile_evidence([1.0] * 5, 95, 2, clusters=["a"] * 5)
    assert single == Evidence(1.0, None, None, "none", 5, 1, None, None)


@pytest.mark.parametrize("confidence", [0.5, 1.0, 0.2])
def test_confidence_is_more_than_an_even_chance(confidence: float) -> None:
    message = rf"^confidence is {confidence}; allowed: above 0\.5 and below 1, such as 0\.95$"
    with pytest.raises(ValueError, match=message):
        mean_evidence([1.0], 0.5, wants_more=True, confidence=confidence)
    with pytest.raises(ValueError, match=message):
        percentile_evidence([1.0], 95, 0.5, confidence=confidence)


def test_each_value_has_a_cluster() -> None:
    with pytest.raises(ValueError, match=r"^2 values but 1 clusters; allowed: one cluster a value$"):
        mean_evidence([1.0, 0.0], 0.5, ["a"], wants_more=True)


def test_values_that_are_not_finite_are_refused() -> None:
    with pytest.raises(ValueError, match=r"^a value is inf; allowed: finite numbers$"):
        mean_evidence([math.inf], 0.5, wants_more=True)
