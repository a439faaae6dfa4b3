"""Scores → one number with its uncertainty."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pytest

from harness.gate import Column, aggregate, error_rate
from harness.schema import Aggregate, Measure, Score

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.schema import Aggregation

EXACT = Measure("exact_match", "score", 0.0, 1.0, higher_is_better=True, signature="s")
LATENCY = Measure("latency_s", "s", 0.0, None, higher_is_better=False, signature="s")
BLEU = Measure("bleu", "percent", 0.0, 100.0, higher_is_better=True, signature="s")


def scored(values: Sequence[float], measure: Measure = EXACT) -> list[Score]:
    return [Score(measure.name, value, "scored") for value in values]


def over(values: Sequence[float], aggregation: Aggregation, measure: Measure = EXACT, **options: Any) -> Aggregate:
    return aggregate(Column.of(scored(values, measure)), aggregation, measure=measure, **{"clusters": None, **options})


def test_mean_of_ones_and_zeros_has_wilsons_interval() -> None:
    # scipy 1.17: binomtest(38, 60).proportion_ci(method="wilson")
    found = over([1.0] * 38 + [0.0] * 22, "mean")
    assert (found.metric, found.aggregation, found.method) == ("exact_match", "mean", "wilson")
    assert (found.n_scored, found.n_unscored, found.n_failed, found.n_clusters) == (60, 0, 0, None)
    assert (found.value, found.ci_low, found.ci_high) == pytest.approx((38 / 60, 0.5068300, 0.7437908), abs=1e-7)


def test_mean_of_other_values_stays_within_what_the_measure_can_be() -> None:
    found = over([0.9, 1.0, 1.0, 0.5], "mean")
    assert found.method == "t"
    assert found.ci_high == 1.0
    assert over([1.0, 2.0, 30.0], "mean", LATENCY).ci_low == 0.0


def test_perfect_marks_of_five_samples_are_not_certain() -> None:
    marks = Measure("judge.clarity", "score", 1.0, 5.0, higher_is_better=True, signature="s")
    found = over([5.0] * 5, "mean", marks)
    assert (found.value, found.ci_high, found.method) == (5.0, 5.0, "equal")
    assert found.ci_low == pytest.approx(1 + 4 * 0.025 ** (1 / 5))
    grouped = over([5.0] * 10, "mean", marks, clusters=["a", "b", "c", "d", "e"] * 2)
    assert (grouped.ci_low, grouped.method, grouped.n_clusters) == (found.ci_low, "cluster-equal", 5)


def test_one_value_of_a_measure_that_is_no_share_has_no_interval() -> None:
    found = over([1.5], "mean", LATENCY)
    assert (found.value, found.ci_low, found.ci_high, found.method) == (1.5, None, None, "none")


def test_clusters_follow_their_scores_when_some_are_not_scored() -> None:
    scores = [Score("exact_match", None, "unscored", "x"), *scored([1.0, 1.0, 0.0, 0.0])]
    found = aggregate(Column.of(scores), "mean", measure=EXACT, clusters=["z", "a", "a", "b", "b"])
    assert (found.n_clusters, found.n_scored, found.n_unscored) == (2, 4, 1)
    assert found.method.startswith("cluster")


def test_clusters_of_another_number_are_refused() -> None:
    with pytest.raises(ValueError, match=r"^2 scores but 1 clusters; allowed: one cluster a score$"):
        over([1.0, 0.0], "mean", clusters=["a"])


@pytest.mark.parametrize(
    ("aggregation", "value"),
    [("min", 1.0), ("max", 5.0), ("sum", 15.0), ("n", 5.0), ("p50", 3.0), ("p90", 4.6), ("p95", 4.8), ("p99", 4.96)],
)
def test_other_aggregates(aggregation: Aggregation, value: float) -> None:
    found = over([3.0, 1.0, 2.0, 5.0, 4.0], aggregation, LATENCY)
    assert found.value == pytest.approx(value)
    if not aggregation.startswith("p"):
        assert (found.ci_low, found.ci_high, found.method) == (None, None, "none")


def test_a_percentile_of_enough_values_has_an_interval() -> None:
    found = over([float(number) for number in range(200)], "p95", LATENCY)
    assert found.method == "order statistics"
    assert found.ci_low is not None
    assert found.ci_high is not None
    assert found.ci_low < 189.05 < found.ci_high


def test_a_percentile_of_repeats_counts_what_they_are_worth() -> None:
    values, samples = [float(number // 2) for number in range(200)], [str(number // 2) for number in range(200)]
    found, once = over(values, "p90", LATENCY, clusters=samples), over([float(n) for n in range(100)], "p90", LATENCY)
    assert (found.ci_low, found.ci_high) == (once.ci_low, once.ci_high)
    assert (found.method, found.n_clusters) == ("cluster-order statistics", 100)


@pytest.mark.parametrize(
    ("measure", "values", "share"),
    [(EXACT, [1.0, 0.999, 0.0, 1.0], 0.5), (BLEU, [100.0, 99.0], 0.5), (LATENCY, [0.5, 1.0, 2.0, 0.0], 0.5)],
)
def test_rate_is_the_share_that_is_as_high_as_it_gets(measure: Measure, values: list[float], share: float) -> None:
    found = over(values, "rate", measure)
    assert (found.value, found.method) == (share, "wilson")


def test_corpus_is_the_value_handed_over() -> None:
    found = over([10.0, 20.0], "corpus", BLEU, corpus=31.5)
    assert (found.value, found.ci_low, found.method, found.n_scored) == (31.5, None, "none", 2)
    assert over([10.0], "corpus", BLEU).value is None
    assert over([], "corpus", BLEU, corpus=31.5).value is None
    assert over([10.0], "corpus", BLEU, corpus=0.0).value == 0.0


@pytest.mark.parametrize(
    "aggregation", ["mean", "min", "max", "p50", "p90", "p95", "p99", "sum", "rate", "n", "corpus"]
)
def test_of_nothing_there_is_no_number(aggregation: Aggregation) -> None:
    unscored = [Score("exact_match", None, "unscored", "no reference")] * 3
    failed = [Score("exact_match", None, "failed", "raised")] * 2
    found = aggregate(Column.of([*unscored, *failed]), aggregation, measure=EXACT, clusters=None)
    assert found == Aggregate("exact_match", aggregation, None, None, None, "none", 0, 3, 2, None, "no reference")
    assert over([], aggregation).value is None


def test_all_numbers_are_finite_or_none() -> None:
    for values in ([], [0.0], [1.0], [0.0, 0.0], [1.0, 1.0, 1.0], [0.3, 0.3]):
        for aggregation in ("mean", "rate", "p95", "sum"):
            for clusters in (None, ["a"] * len(values)):
                found = over(values, aggregation, clusters=clusters)
                numbers = (found.value, found.ci_low, found.ci_high)
                assert all(number is None or math.isfinite(number) for number in numbers)


def test_without_a_measure_the_scores_name_it() -> None:
    assert aggregate(Column.of(scored([1.0])), "mean", measure=None, clusters=None).metric == "exact_match"
    assert aggregate(Column.of([]), "mean", measure=None, clusters=None).metric == ""


def test_error_rate_of_clusters_is_less_certain_than_of_as_many_single_trials() -> None:
    clusters = [name for name in "abcd" for _ in range(6)]
    clustered, single = error_rate([False] * 24, clusters), error_rate([False] * 24, None)
    assert clustered.n_clusters == 4
    assert clustered.ci_high is not None
    assert single.ci_high is not None
    assert clustered.ci_high > 2 * single.ci_high


def test_error_rate_has_wilsons_interval_and_is_none_of_nothing() -> None:
    # scipy 1.17: binomtest(1, 60).proportion_ci(method="wilson")
    found = error_rate([True] + [False] * 59, None)
    assert (found.metric, found.aggregation, found.method, found.n_scored) == ("error_rate", "error_rate", "wilson", 60)
    assert (found.value, found.ci_low, found.ci_high) == pytest.approx((1 / 60, 0.0029482, 0.0885513), abs=1e-7)
    assert error_rate([False] * 60, None).value == 0.0
    assert error_rate([], None) == Aggregate("error_rate", "error_rate", None, None, None, "none", 0, 0, 0)


def test_error_rate_is_no_aggregate_of_scores() -> None:
    with pytest.raises(
        ValueError, match=r"^error_rate is no aggregate of scores; use error_rate\(is_error, clusters\)$"
    ):
        over([1.0], "error_rate")
