"""pass@k, held to the paper's own code and to counting every choice."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from harness.stats import mean_interval, pass_at_k, pass_interval


def papers_estimator(n: int, c: int, k: int) -> float:
    """Figure 3 of Chen et al. 2021, arXiv:2107.03374."""
    if n - c < k:
        return 1.0
    return float(1.0 - np.prod(1.0 - k / np.arange(n - c + 1, n + 1)))


@pytest.mark.parametrize("n", [1, 2, 5, 9, 200])
def test_equals_the_papers_code(n: int) -> None:
    for n_right in {0, 1, n // 2, n - 1, n}:
        for k in {1, min(3, n), n}:
            assert pass_at_k(n, n_right, k) == pytest.approx(papers_estimator(n, n_right, k), abs=1e-12)


def test_is_the_share_of_choices_that_hold_a_right_answer() -> None:
    right = [True, False, True, False, False, False]
    for k in range(1, 7):
        choices = list(combinations(right, k))
        assert pass_at_k(6, 2, k) == pytest.approx(sum(any(choice) for choice in choices) / len(choices))


@pytest.mark.parametrize(("n", "n_right", "k"), [(3, 1, 4), (3, 1, 0), (3, 4, 1), (3, -1, 1), (0, 0, 1)])
def test_impossible_numbers_are_an_error(n: int, n_right: int, k: int) -> None:
    message = f"pass@{k} of {n_right} right among {n}; allowed: 1 <= k <= n and 0 <= right <= n"
    with pytest.raises(ValueError, match="allowed: 1 <= k") as raised:
        pass_at_k(n, n_right, k)
    assert str(raised.value) == message


def test_upstream_example_of_humaneval_gives_its_figure() -> None:
    """human-eval's README: its six example samples give pass@1 = 0.4999999999999999."""
    found = pass_interval([(6, 3)], 1)
    assert found is not None
    assert found.value == pytest.approx(0.5)


@pytest.mark.parametrize("groups", [None, ["x", "x", "y", "z"]])
def test_pass_at_1_is_the_clustered_mean_of_the_answers(groups: list[str] | None) -> None:
    tallies = [(4, 4), (4, 3), (4, 0), (4, 0)]
    answers = [float(place < right) for n, right in tallies for place in range(n)]
    clusters = [name for name in groups or ["a", "b", "c", "d"] for _ in range(4)]
    mean, found = mean_interval(answers, clusters, bounds=(0, 1)), pass_interval(tallies, 1, groups)
    assert mean is not None
    assert found is not None
    assert found.method == mean.method == "cluster-wilson"
    assert [found.value, found.low, found.high] == pytest.approx([mean.value, mean.low, mean.high], abs=1e-12)


def test_with_all_answers_in_one_choice_each_sample_is_a_trial() -> None:
    tallies = [(5, 1), (5, 5), (5, 0), (5, 0), (5, 2)]
    of_samples, found = mean_interval([1, 1, 0, 0, 1], bounds=(0, 1)), pass_interval(tallies, 5)
    assert of_samples is not None
    assert found is not None
    assert found.method == of_samples.method == "wilson"
    assert [found.value, found.low, found.high] == pytest.approx(
        [of_samples.value, of_samples.low, of_samples.high], abs=1e-12
    )


def test_one_sample_has_an_interval_only_where_it_is_one_trial() -> None:
    one, many = pass_interval([(5, 2)], 3), pass_interval([(6, 3)], 3)
    assert one is not None
    assert many is not None
    assert (one.method, many.method, many.low, many.high) == ("wilson", "none", None, None)
    assert one.low is not None
    assert 0 < one.low < one.value < 1


def test_nothing_has_no_value() -> None:
    assert pass_interval([], 1) is None
