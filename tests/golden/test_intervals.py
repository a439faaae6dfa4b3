"""Intervals against other programs' numbers and against scipy and numpy, run here on the same numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import special, stats

from harness.stats import mean_interval, pass_interval, percentile_interval, proportion_interval
from harness.stats.proportions import exact_ends
from harness.stats.quantiles import binomial_probability, incomplete_beta, normal_quantile, t_quantile

LEVELS = [0.9, 0.95, 0.975, 0.99, 0.995]


@pytest.mark.parametrize(
    ("k", "n", "low", "high"),
    # statsmodels 0.15.0: proportion_confint(k, n, method="wilson")
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_is_statsmodels(*, k: int, n: int, low: float, high: float) -> None:
    interval = proportion_interval(k, n)
    assert interval is not None
    assert [interval.low, interval.high] == pytest.approx([low, high], abs=5e-5)


@pytest.mark.parametrize(("k", "n"), [(0, 1), (1, 1), (3, 10), (10, 10), (499, 1000), (1, 100_000)])
@pytest.mark.parametrize("confidence", [0.8, 0.95, 0.99])
def test_wilson_is_scipys(*, k: int, n: int, confidence: float) -> None:
    interval = proportion_interval(k, n, confidence)
    theirs = stats.binomtest(k, n).proportion_ci(confidence, method="wilson")
    assert interval is not None
    assert [interval.low, interval.high] == pytest.approx([theirs.low, theirs.high], abs=1e-12)


@pytest.mark.parametrize(("k", "n"), [(0, 1), (1, 1), (0, 200), (3, 10), (10, 10), (499, 1000), (1, 100_000)])
@pytest.mark.parametrize("confidence", [0.8, 0.9, 0.95, 0.99])
def test_clopper_and_pearson_is_scipys(*, k: int, n: int, confidence: float) -> None:
    theirs = stats.binomtest(k, n).proportion_ci(confidence, method="exact")
    assert exact_ends(k / n, n, confidence) == pytest.approx((theirs.low, theirs.high), rel=1e-9)


@pytest.mark.parametrize(("share", "n"), [(0.25, 96.4), (0.01, 12.5), (0.999, 250.1)])
def test_clopper_and_pearson_of_an_effective_number_are_quantiles_of_the_beta_distribution(
    share: float, n: float
) -> None:
    k = share * n
    theirs = stats.beta.ppf(0.05, k, n - k + 1), stats.beta.ppf(0.95, k + 1, n - k)
    assert exact_ends(share, n, 0.9) == pytest.approx(theirs, rel=1e-9)


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("degrees", [1, 2, 3, 4, 9, 29, 30, 99, 1000, 99_999, 1_000_000])
def test_quantiles_of_t_are_scipys(level: float, degrees: int) -> None:
    assert t_quantile(level, degrees) == pytest.approx(special.stdtrit(degrees, level), rel=1e-8)
    assert t_quantile(1 - level, degrees) == pytest.approx(special.stdtrit(degrees, 1 - level), rel=1e-8)


@pytest.mark.parametrize("level", [*LEVELS, 0.5, 0.001, 1e-9])
def test_quantiles_of_the_normal_are_scipys(level: float) -> None:
    assert normal_quantile(level) == pytest.approx(special.ndtri(level), abs=1e-12)


def test_binomial_probabilities_are_scipys() -> None:
    generator = np.random.default_rng(0)
    for _ in range(500):
        n = int(generator.choice([1, 2, 10, 71, 72, 1000, 50_000]))
        p = float(generator.choice([0.0, 0.05, 0.5, 0.95, 0.99, 1.0]))
        spread = 3 * (n * p * (1 - p)) ** 0.5
        k = min(n, max(-1, round(generator.uniform(n * p - spread - 1, n * p + spread + 1))))
        theirs = 0.0 if k < 0 else float(special.bdtr(k, n, p))
        assert binomial_probability(k, n, p) == pytest.approx(theirs, abs=1e-9), (k, n, p)


def test_the_incomplete_beta_function_is_scipys() -> None:
    generator = np.random.default_rng(0)
    for _ in range(500):
        a, b, x = 10 ** generator.uniform(-0.3, 4), 10 ** generator.uniform(-0.3, 4), generator.random()
        assert incomplete_beta(a, b, x) == pytest.approx(float(special.betainc(a, b, x)), abs=1e-10), (a, b, x)


@pytest.mark.parametrize("n", [2, 3, 30, 1000])
def test_the_t_interval_is_scipys(n: int) -> None:
    generator = np.random.default_rng(n)
    values = [generator.normal(3, 2) for _ in range(n)]
    interval = mean_interval(values)
    theirs: Any = stats.ttest_1samp(values, 0).confidence_interval(0.95)
    assert interval is not None
    assert interval.value == pytest.approx(np.mean(values), rel=1e-12)
    assert [interval.low, interval.high] == pytest.approx([theirs.low, theirs.high], rel=1e-8)


def test_the_clustered_error_is_the_papers_formula_with_the_correction_for_few_clusters() -> None:
    # Miller 2024 (arXiv:2411.00640), equation 4, written out over pairs within clusters, plus the sum over single
    # values; times G / (G - 1) as in inspect_ai's stderr(cluster=...)
    clusters = ["a", "a", "a", "b", "b", "c", "c", "c", "c", "d"]
    values = [0.1, 0.3, 0.2, 0.9, 0.7, 0.5, 0.4, 0.6, 0.55, 0.05]
    mean, n, n_clusters = sum(values) / 10, 10, 4
    total = sum(
        (one - mean) * (other - mean)
        for one, its in zip(values, clusters, strict=True)
        for other, others in zip(values, clusters, strict=True)
        if its == others
    )
    error = (total / n**2 * n_clusters / (n_clusters - 1)) ** 0.5
    interval = mean_interval(values, clusters)
    assert interval is not None
    assert interval.high is not None
    half = float(special.stdtrit(n_clusters - 1, 0.975)) * error
    assert interval.high - interval.value == pytest.approx(half, rel=1e-9)


@pytest.mark.parametrize("q", [0, 5, 50, 90, 95, 99, 99.9, 100])
@pytest.mark.parametrize("n", [1, 2, 7, 100])
def test_percentiles_are_numpys(q: float, n: int) -> None:
    generator = np.random.default_rng(n)
    values = [generator.exponential() for _ in range(n)]
    interval = percentile_interval(values, q)
    assert interval is not None
    assert interval.value == pytest.approx(float(np.percentile(values, q)), rel=1e-12)


@pytest.mark.parametrize("n", [5, 6, 9, 10, 20, 50, 100])
def test_the_interval_of_a_median_is_scipys(n: int) -> None:
    # scipy's quantile_test gives the exact one-sided order-statistic limits; each end at 97.5 %
    values = [float(value) for value in range(1, n + 1)]
    theirs: Any = stats.quantile_test(values, q=0, p=0.5, alternative="two-sided").confidence_interval(0.95)
    interval = percentile_interval(values, 50)
    assert interval is not None
    assert interval.low == (None if np.isnan(theirs.low) else theirs.low)
    assert interval.high == (None if np.isnan(theirs.high) else theirs.high)


@pytest.mark.parametrize(
    ("n", "ranks"),
    # scipy 1.17.1: the largest r with binom.cdf(r - 1, n, 0.5) <= 0.025, and n - r + 1
    [(6, (1, 6)), (9, (2, 8)), (10, (2, 9)), (20, (6, 15)), (30, (10, 21))],
)
def test_ranks_of_a_medians_interval_are_those_of_the_binomial_distribution(n: int, ranks: tuple[int, int]) -> None:
    interval = percentile_interval(range(1, n + 1), 50)
    assert interval is not None
    assert (interval.low, interval.high) == ranks


@pytest.mark.parametrize(
    ("tallies", "k", "groups", "expected"),
    # statsmodels 0.15.0: variance = OLS(pass@k by sample, 1).fit(cov_type="cluster", cov_kwds={"groups": groups,
    # "use_correction": False}).cov_params()[0, 0] * G / (G - 1) of G groups; of it and n, one for every k answers to a
    # sample, Korn and Graubard's number of trials m; proportion_confint(p * m, m, method="wilson")
    [
        ([(4, 4), (4, 3), (4, 0), (4, 0)], 1, None, (0.4375, 0.067705010286, 0.892818555755)),
        (
            [(5, 1), (5, 5), (5, 0), (5, 2), (3, 1), (4, 4)],
            2,
            None,
            (0.627777777778, 0.306934744481, 0.865282889457),
        ),
        (
            [(5, 1), (5, 5), (5, 0), (5, 2), (3, 1), (4, 4)],
            2,
            ["a", "a", "b", "c", "c", "d"],
            (0.627777777778, 0.258324022336, 0.890911747309),
        ),
    ],
)
def test_pass_at_k_is_statsmodels(
    *, tallies: list[tuple[int, int]], k: int, groups: list[str] | None, expected: tuple[float, float, float]
) -> None:
    interval = pass_interval(tallies, k, groups)
    assert interval is not None
    assert [interval.value, interval.low, interval.high] == pytest.approx(expected, abs=1e-11)
