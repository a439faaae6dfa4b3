"""pass@k over the scores of a cell."""

from __future__ import annotations

from harness.gate.aggregate import Column, pass_at
from harness.schema import Measure

MEASURE = Measure("passes_tests", "score", 0.0, 1.0, higher_is_better=True, signature="s")


def column(*values: float | None) -> Column:
    return Column("passes_tests", values, [("failed", "no sandbox")] * values.count(None))


def test_estimates_by_sample_and_takes_their_mean() -> None:
    found = pass_at(column(1, 0, 0, 1, 1, 1), 2, samples=list("aaabbb"), groups=[None] * 6, measure=MEASURE)
    assert found.value is not None
    assert round(found.value, 6) == round((2 / 3 + 1) / 2, 6)
    assert (found.n_scored, found.n_failed, found.n_clusters) == (6, 0, 2)
    assert found.ci_low is not None
    assert found.ci_low < found.value


def test_sample_with_too_few_scores_is_left_out_and_what_failed_is_told() -> None:
    found = pass_at(column(1, None, 0, 1), 2, samples=list("aabb"), groups=[None] * 4, measure=MEASURE)
    assert (found.value, found.n_scored, found.n_failed, found.reason) == (1.0, 3, 1, "no sandbox")


def test_without_any_sample_with_k_scores_there_is_no_value() -> None:
    found = pass_at(column(1, 0), 2, samples=list("ab"), groups=[None] * 2, measure=MEASURE)
    assert found.value is None


def test_samples_of_one_group_are_one_cluster() -> None:
    found = pass_at(column(1, 1, 0, 0), 1, samples=list("abcd"), groups=["x", "x", "y", "y"], measure=MEASURE)
    assert (found.value, found.n_clusters, found.method) == (0.5, 2, "cluster-wilson")
