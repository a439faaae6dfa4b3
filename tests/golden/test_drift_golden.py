"""CUSUM against a textbook's example and published run lengths."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from harness.stats import cusum, cusum_limit, cusum_run_length
from harness.stats.drift import self_started

# Montgomery, Introduction to Statistical Quality Control, 6th edition, tables 9.1 and 9.2: 30 observations whose mean
# rises from 10 to 11 after the 20th, and both sums for mean 10, standard deviation 1, k = 0.5
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


def test_both_sums_are_montgomerys() -> None:
    sums = cusum([x - 10 for x in X])
    assert sums.upper == pytest.approx(UPPER, abs=1e-9)
    assert sums.lower == pytest.approx(LOWER, abs=1e-9)
    assert next(number for number, height in enumerate(sums.upper, 1) if height > 5) == 29


def test_run_lengths_are_montgomerys_by_siegmunds_formula() -> None:
    # section 9.1.3: h = 5, k = 0.5: 938.2 one-sided, 469.1 two-sided; 10.34 for a shift of one standard deviation
    assert cusum_run_length(5, sides=1) == pytest.approx(938.2, abs=0.05)
    assert cusum_run_length(5) == pytest.approx(469.1, abs=0.05)
    assert cusum_run_length(5, 1.0, sides=1) == pytest.approx(10.34, abs=0.01)


@pytest.mark.parametrize(
    ("shift", "runs"),
    # Lucas and Crosier 1982, Technometrics 24, 199-205, table 1: two-sided, k = 0.5, h = 4, no head start
    # (also in the examples of the R package spc, xcusum.arl)
    [(0.0, 168), (0.25, 74.2), (0.5, 26.6), (0.75, 13.3), (1.0, 8.38), (1.5, 4.75)],
)
def test_run_lengths_are_near_lucas_and_crosiers_exact_ones(*, shift: float, runs: float) -> None:
    assert cusum_run_length(4, shift) == pytest.approx(runs, rel=0.02)


def test_the_limit_of_370_runs_is_spcs() -> None:
    # R package spc: xcusum.arl(k = 0.5, h = 4.77, mu = 0, sided = "two") is about 370
    assert cusum_limit(370) == pytest.approx(4.77, abs=0.01)


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
