"""Comparisons of two runs against other programs' numbers, and against scipy run here on the same numbers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import optimize, special, stats

from harness.stats import (
    Design,
    Drawn,
    Variances,
    adjusted,
    mcnemar_power,
    minimum_detectable_effect,
    n_needed,
    nested_variances,
    one_sample_test,
    paired_difference,
    paired_test,
    standard_error,
)
from harness.stats.bca import bca_interval
from harness.stats.paired_test import mcnemar
from harness.stats.sign_flip import sign_flip
from harness.stats.tango import tango_interval

DATA = Path(__file__).parent / "data" / "stats"
VECTORS: dict[str, Any] = json.loads((DATA / "expected.json").read_text())
CORRECTED: dict[str, Any] = json.loads((DATA / "multiple_testing_R_multtest.json").read_text())
MAIZE = [49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48]
"""Darwin's cross- and self-fertilised plants, differences in eighths of an inch, as in scipy's page on wilcoxon."""
EXACT = next(value for key, value in VECTORS.items() if key.startswith("mcnemar_exact"))


@pytest.mark.parametrize(("table", "statistic", "p"), EXACT)
def test_mcnemar_is_vassarstats(table: list[list[int]], statistic: int, p: float) -> None:
    n_up, n_down = table[0][1], table[1][0]
    assert min(n_up, n_down) == statistic
    assert mcnemar(n_up, n_down) == pytest.approx(p, abs=6e-7)


def test_mcnemar_is_statsmodels_of_cavo_2012() -> None:
    # statsmodels 0.15.0: mcnemar([[59, 6], [16, 80]], exact=True).pvalue; R package contingencytables has P = 0.052479
    # for the same table in tests/testthat/test-ch8.R
    assert mcnemar(6, 16) == pytest.approx(0.052478790283203125, rel=1e-12)


def test_mcnemar_is_scipys_sign_test() -> None:
    generator = np.random.default_rng(0)
    for _ in range(200):
        n_up, n_down = (int(each) for each in generator.integers(0, 400, 2))
        theirs = stats.binomtest(n_up, n_up + n_down, 0.5).pvalue if n_up + n_down else 1.0
        assert mcnemar(n_up, n_down) == pytest.approx(theirs, rel=1e-9)


def score(difference: float, *, up: int, down: int, n: int) -> float:
    """Tango's score with the nuisance parameter found by maximising the likelihood itself, not by its root."""

    def likelihood(p_down: float) -> float:
        shares = np.array([p_down + difference, p_down, 1 - 2 * p_down - difference])
        return -float(special.xlogy([up, down, n - up - down], np.maximum(shares, 1e-300)).sum())

    ends = max(0.0, -difference), (1 - difference) / 2
    p_down = optimize.minimize_scalar(likelihood, bounds=ends, method="bounded", options={"xatol": 1e-13}).x
    gap = up - down - n * difference
    return float(gap / np.sqrt(n * (2 * p_down + difference - difference**2)))


@pytest.mark.parametrize(
    ("up", "down", "n", "confidence", "low", "high", "places"),
    [
        (9, 3, 32, 0.95, -0.0271, 0.3897, 4),  # by the score above only: Tango 1998, section 6, was not at hand
        (0, 1, 44, 0.90, -0.0957, 0.0365, 4),  # the same
        (1, 7, 21, 0.95, -0.517, -0.026, 3),  # R package ratesci, on the table 1, 1, 7, 12
        (6, 16, 161, 0.95, -0.1240, -0.0054, 4),  # R contingencytables, tests/testthat/test-ch8.R: cavo_2012
        (
            28,
            25,
            618,
            0.90,
            -0.0148,
            0.0247,
            4,
        ),  # R PropCIs: scoreci.mp(25, 28, 618, conf.level = 0.9), as others cite it
    ],
)
def test_the_score_interval_is_that_of_a_likelihood_that_is_maximised_here(
    *, up: int, down: int, n: int, confidence: float, low: float, high: float, places: int
) -> None:
    found = tango_interval(up, down, n, confidence=confidence)
    assert [round(end, places) for end in found] == [low, high]
    z = float(special.ndtri((1 + confidence) / 2))
    assert [score(end, up=up, down=down, n=n) for end in found] == pytest.approx([z, -z], abs=1e-5)


def test_the_score_interval_ends_where_mcnemars_z_is_the_quantile() -> None:
    # at an end of 0 the score test is McNemar's: level such that z = |b - c| / sqrt(b + c)
    z = 10 / 22**0.5
    assert tango_interval(6, 16, 161, confidence=1 - float(special.erfc(z / 2**0.5)))[1] == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("scale", [1, 0.125, 2.54])
def test_sign_flips_of_darwins_maize_are_all_patterns_listed(scale: float) -> None:
    # numpy 2.4.6, all 32,768 patterns listed: 1,726 are as far from 0
    sums = np.zeros(1)
    for size in MAIZE:
        sums = np.concatenate([sums + size, sums - size])
    assert (len(sums), int((np.abs(sums) >= abs(sum(MAIZE))).sum())) == (32_768, 1726)
    found = sign_flip(np.array(MAIZE) * scale)
    assert found.p_value == pytest.approx(1726 / 32_768, abs=1e-12)


@pytest.mark.parametrize("n", [3, 8, 12])
def test_sign_flips_are_scipys_permutation_test(n: int) -> None:
    generator = np.random.default_rng(n)
    for values in (generator.normal(0.4, 1, n), generator.integers(-3, 4, n).astype(float)):
        theirs = stats.permutation_test((values,), np.sum, permutation_type="samples", n_resamples=np.inf)
        assert sign_flip(values).p_value == pytest.approx(theirs.pvalue, abs=1e-12)


def test_counting_on_a_scale_is_the_exact_p_to_three_digits() -> None:
    # 20 units are too many to be listed by the library; listed here
    values = np.random.default_rng(1).normal(0.5, 1, 20)
    sums = np.zeros(1)
    for value in np.abs(values):
        sums = np.concatenate([sums + value, sums - value])
    exact = float((np.abs(sums) >= abs(values.sum()) - 1e-9).mean())
    found = sign_flip(values)
    assert found.method == "sign-flip on a scale"
    assert found.p_value == pytest.approx(exact, rel=5e-3)


def test_beyond_1000_units_the_normal_p_is_the_counted_one() -> None:
    generator = np.random.default_rng(2)
    for shift in (0.0, 0.05, 0.1):
        values = generator.exponential(1, 1001) * generator.choice([-1, 1], 1001) + shift
        counted, normal = sign_flip(values[:1000]), sign_flip(np.append(values[:1000], 1e-9))
        assert (counted.method, normal.method) == ("sign-flip on a scale", "sign-flip normal")
        assert normal.p_value == pytest.approx(counted.p_value, rel=0.02)


def test_wilcoxon_is_scipys_of_well_known_examples() -> None:
    # scipy 1.17.1: wilcoxon(MAIZE), W = 24, p = 0.041259765625, as its own page has it
    maize = paired_test(MAIZE, np.zeros(15), test="wilcoxon")
    # the depression scales of R's ?wilcox.test; scipy 1.17.1: wilcoxon(before, after), p = 0.0390625
    before = [1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30]
    after = [0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29]
    depression = paired_test(after, before, test="wilcoxon")
    assert maize is not None
    assert maize.p_value == pytest.approx(0.04125976562500001)
    assert depression is not None
    assert depression.p_value == pytest.approx(0.0390625)


def test_the_binomial_test_of_a_target_is_scipys_where_it_is_symmetric() -> None:
    for k, n in [(0, 9), (3, 10), (5, 10), (60, 100)]:
        found = one_sample_test([1] * k + [0] * (n - k), 0.5)
        assert found is not None
        assert found.p_value == pytest.approx(stats.binomtest(k, n, 0.5).pvalue)


@pytest.mark.parametrize("rows", ["res_multtest1", "res_multtest2", "res_multtest3", "res0_large"])
@pytest.mark.parametrize(("method", "column"), [("holm", 2), ("bh", 6), ("none", 0)])
def test_corrections_are_r_multtests(rows: str, method: Any, column: int) -> None:
    table = CORRECTED[rows]
    raw, theirs = [row[0] for row in table], [row[column] for row in table]
    order = np.random.default_rng(0).permutation(len(raw))
    found = adjusted([raw[place] for place in order], method)
    assert found == pytest.approx([theirs[place] for place in order], rel=2e-6)


@pytest.mark.parametrize("values", [MAIZE, [0, 0, 0, 0, 0, 0.1, 0.3, 0.9, 1.2, 0, 0, -0.2]])
def test_the_bootstrap_is_scipys_bca(values: list[float]) -> None:
    numbers = np.array(values, dtype=float)
    theirs = stats.bootstrap((numbers,), np.mean, n_resamples=50_000, method="BCa", rng=1).confidence_interval
    spread = theirs.high - theirs.low
    assert bca_interval(numbers) == pytest.approx((theirs.low, theirs.high), abs=0.05 * spread)


@pytest.mark.parametrize("n", [2, 30, 500])
def test_the_t_interval_of_differences_is_scipys(n: int) -> None:
    generator = np.random.default_rng(n)
    one, other = generator.random(n), generator.random(n)
    theirs: Any = stats.ttest_rel(one, other).confidence_interval(0.95)
    found = paired_difference(one, other, list(range(n)))
    assert found is not None
    assert [found.low, found.high] == pytest.approx([theirs.low, theirs.high], rel=1e-7)


def test_samples_needed_are_the_papers() -> None:
    # Miller 2024 (arXiv:2411.00640), section 5: omega² = 1/9, delta = 0.03, alpha 0.05, power 0.8: 969 questions by z;
    # ours asks for 1.5 % more. And 198 questions of ten answers, sigma² = 1/6 of either model: 7.5 %
    assert n_needed(0.03, sd=1 / 3) == pytest.approx(969, rel=0.015)
    spread = (1 / 9 + 2 * (1 / 6) / 10) ** 0.5
    assert minimum_detectable_effect(198, sd=spread) == pytest.approx(0.0757, rel=0.015)


def test_repeats_shrink_the_variance_as_in_the_paper() -> None:
    # Miller 2024, section 3.1: chances of success spread evenly over 0…1, so Var(x) = 1/12 and E[σ²] = 1/6: a second
    # answer takes a third of the variance away, four take a half, six take 5/9
    even = Variances(1 / 12, 1 / 6, None, 100, 200, 200)
    once = standard_error(even, Design(100)) ** 2
    left = [standard_error(even, Design(100, repeats)) ** 2 / once for repeats in (2, 4, 6)]
    assert left == pytest.approx([2 / 3, 1 / 2, 4 / 9])


def test_measured_variances_give_the_error_of_the_mean() -> None:
    # a balanced design's standard error by its components is the one of its samples' means
    generator = np.random.default_rng(4)
    values = generator.normal(0, 1, (40, 1)) + generator.normal(0, 0.7, (40, 3))
    drawn = [Drawn("v", s, (s, g), float(values[s, g])) for s in range(40) for g in range(3)]
    error = float(values.mean(axis=1).std(ddof=1)) / 40**0.5
    assert standard_error(nested_variances(drawn), Design(40, 3)) == pytest.approx(error)


@pytest.mark.parametrize(
    ("n", "drop", "discordant"), [(30, 0.3, 0.1), (60, 0.15, 0.05), (100, 0.1, 0.2), (8, 0.9, 0.1)]
)
@pytest.mark.parametrize("margin", [0.0, 0.02])
def test_the_power_of_mcnemar_is_the_sum_over_all_tables(
    *, n: int, drop: float, discordant: float, margin: float
) -> None:
    up, down = np.meshgrid(np.arange(n + 1), np.arange(n + 1))
    kept = up + down <= n
    up, down = up[kept], down[kept]
    shares = [discordant / 2, discordant / 2 + drop, 1 - discordant - drop]
    chances = stats.multinomial.pmf(np.stack([up, down, n - up - down], axis=1), n, shares)
    p_values = np.array([mcnemar(int(one), int(other)) for one, other in zip(up, down, strict=True)])
    seen = (p_values < 0.05) & (down > up) & (down - up > n * margin + 1e-9)
    found = mcnemar_power(n, drop, discordant=discordant, margin=margin)
    assert found == pytest.approx(float(chances[seen].sum()), abs=1e-9)
