"""CUSUM against a textbook's example, and against run lengths that are reckoned here in another way."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest
from scipy import optimize, stats

from harness.stats import cusum, cusum_limit, cusum_run_length
from harness.stats.drift import self_started

# Example 9.1 of Montgomery, Introduction to Statistical Quality Control: 30 observations whose mean rises from 10 to 11
# after the 20th. The book was not at hand: observations, and upper sums up to the 29th, are as in the tests of
# the package process-improve, the rest is confirmed by the test's own arithmetic only
X = (
    *(9.45, 7.99, 9.29, 11.66, 12.16, 10.18, 8.04, 11.46, 9.20, 10.34),
    *(9.03, 11.47, 10.51, 9.40, 10.08, 9.37, 10.62, 10.31, 8.52, 10.84),
    *(10.90, 9.33, 12.29, 11.50, 10.60, 11.08, 10.38, 11.62, 11.31, 10.52),
)
UPPER = (
    *(0, 0, 0, 1.16, 2.82, 2.50, 0.04, 1.00, 0, 0, 0, 0.97, 0.98, 0, 0, 0, 0.12, 0, 0, 0.34),
    *(0.74, 0, 1.79, 2.79, 2.89, 3.47, 3.35, 4.47, 5.28, 5.30),
)
LOWER = (
    *(0.05, 1.56, 1.77, 0, 0, 0, 1.46, 0, 0.30, 0, 0.47, 0, 0, 0.10, 0, 0.13, 0, 0, 0.98, 0),
    *(0, 0.17, 0, 0, 0, 0, 0, 0, 0, 0),
)


def farthest(turned: list[Decimal]) -> list[float]:
    """Of each observation on: the largest sum of what ends there, without the recursion; 0 where none is above."""
    ends = range(1, len(turned) + 1)
    return [max(0.0, *(float(sum(turned[start:end])) for start in range(end))) for end in ends]


def test_both_sums_are_those_of_the_textbooks_example() -> None:
    sums = cusum([x - 10 for x in X])
    assert sums.upper == pytest.approx(UPPER, abs=1e-9)
    assert sums.lower == pytest.approx(LOWER, abs=1e-9)
    exact = [Decimal(str(x)) - 10 for x in X]
    assert farthest([x - Decimal("0.5") for x in exact]) == pytest.approx(UPPER, abs=1e-12)
    assert farthest([-x - Decimal("0.5") for x in exact]) == pytest.approx(LOWER, abs=1e-12)
    assert next(number for number, height in enumerate(sums.upper, 1) if height > 5) == 29


def test_run_lengths_are_siegmunds_formula() -> None:
    # by hand, with b = h + 1.166 = 6.166 and d = shift - 0.5: (exp(-2 · d · b) + 2 · d · b - 1) / (2 · d²)
    # is (476.26 - 6.166 - 1) / 0.5 = 938.2, half of it two-sided, and (0.0021 + 5.166) / 0.5 = 10.34
    assert cusum_run_length(5, sides=1) == pytest.approx(938.2, abs=0.05)
    assert cusum_run_length(5) == pytest.approx(469.1, abs=0.05)
    assert cusum_run_length(5, 1.0, sides=1) == pytest.approx(10.34, abs=0.01)


def exact_run_length(limit: float, shift: float = 0.0, *, k: float = 0.5, points: int = 60) -> float:
    """Two-sided, by Page's integral equation of either side, solved on Gauss and Legendre's points (Nyström)."""
    sides = []
    for mean in (shift, -shift):
        places, weights = np.polynomial.legendre.leggauss(points)
        nodes = np.append(0.0, (places + 1) * limit / 2)
        steps = np.zeros((points + 1, points + 1))
        steps[:, 0] = stats.norm.cdf(k - mean - nodes)
        steps[:, 1:] = weights * limit / 2 * stats.norm.pdf(nodes[None, 1:] - nodes[:, None] + k - mean)
        sides.append(float(np.linalg.solve(np.eye(points + 1) - steps, np.ones(points + 1))[0]))
    return 1 / (1 / sides[0] + 1 / sides[1])


@pytest.mark.parametrize(
    ("shift", "runs"),
    # table 1 of Lucas and Crosier 1982, Technometrics 24, as R package spc prints it in the examples of xcusum.arl:
    # two-sided, k = 0.5, h = 4, no head start
    [(0.0, 168), (0.25, 74.2), (0.5, 26.6), (0.75, 13.3), (1.0, 8.38), (1.5, 4.75)],
)
def test_run_lengths_are_near_the_exact_ones(*, shift: float, runs: float) -> None:
    assert exact_run_length(4, shift) == pytest.approx(runs, rel=2e-3)
    assert cusum_run_length(4, shift) == pytest.approx(exact_run_length(4, shift), rel=0.02)


def test_the_limit_of_370_runs_is_near_the_exact_one() -> None:
    exact = optimize.brentq(lambda limit: exact_run_length(limit) - 370, 4, 6)
    assert exact == pytest.approx(4.774, abs=5e-4)
    assert cusum_limit(370) == pytest.approx(exact, abs=0.01)


@pytest.mark.parametrize("weighted", [False, True])
def test_self_started_values_are_what_scipys_t_says_of_each_run_by_those_before(*, weighted: bool) -> None:
    generator = np.random.default_rng(3)
    values = generator.normal(5, 2, 25)
    weights = generator.integers(20, 200, 25).astype(float) if weighted else np.ones(25)
    found = self_started(values.tolist(), weights.tolist())
    assert found[:5] == [0.0] * 5
    for n in range(5, 25):
        before, w = values[:n], weights[:n]
        mean = np.average(before, weights=w)
        spread = np.sqrt((w * (before - mean) ** 2).sum() / (n - 1))
        t = (values[n] - mean) / (spread * np.sqrt(1 / weights[n] + 1 / w.sum()))
        assert found[n] == pytest.approx(stats.norm.ppf(stats.t.cdf(t, n - 1)), abs=1e-7)
