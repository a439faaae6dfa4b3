"""Agreement, rankings and variances against scipy, and against numbers of other tools and published examples."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from harness.stats.agreement import confusion, kendall_tau_b, pearson, plain_kappa, spearman, weighted_kappa
from harness.stats.bradley_terry import bradley_terry
from harness.stats.krippendorff import krippendorff_alpha
from harness.stats.variance import Drawn, nested_variances

ONE = [1, 2, 3, 4, 5, 5, 4, 3, 2, 1, 3, 3, 4, 2, 5]
TWO = [1, 2, 4, 4, 5, 4, 4, 2, 2, 3, 3, 1, 4, 2, 4]
SCALE = [1, 2, 3, 4, 5]


@pytest.mark.parametrize("seed", range(8))
def test_rank_correlations_are_scipys(seed: int) -> None:
    random = np.random.default_rng(seed)
    one = random.integers(1, 6, 40).astype(float)
    two = np.round(one + random.normal(0, 1.5, 40), seed % 3)
    assert spearman(one, two) == pytest.approx(stats.spearmanr(one, two).statistic, abs=1e-12)
    assert kendall_tau_b(one, two) == pytest.approx(stats.kendalltau(one, two).statistic, abs=1e-12)
    assert pearson(one, two) == pytest.approx(stats.pearsonr(one, two).statistic, abs=1e-12)


def test_kappas_are_sklearns() -> None:
    # scikit-learn 1.9.1: cohen_kappa_score(one, two, labels=[1, 2, 3, 4, 5], weights="quadratic" | None)
    assert weighted_kappa(ONE, TWO, SCALE) == pytest.approx(0.75, abs=1e-12)
    assert plain_kappa(ONE, TWO, SCALE) == pytest.approx(0.5, abs=1e-12)


def test_weighted_kappa_of_two_categories_is_the_plain_one() -> None:
    one, two = [0, 0, 1, 1, 1, 0], [0, 1, 1, 1, 0, 0]
    assert weighted_kappa(one, two, [0, 1]) == plain_kappa(one, two, [0, 1])


def test_confusion_counts_every_pair_in_its_nearest_category() -> None:
    assert confusion([1.2, 2.5, 3], [1, 3, 2.6], [1, 2, 3]) == [[1, 0, 0], [0, 0, 1], [0, 0, 1]]


def test_alpha_is_krippendorffs_own_example() -> None:
    # Krippendorff 2011, Computing Krippendorff's Alpha-Reliability, section C, interval metric: 0.849;
    # krippendorff 0.9.0: alpha(…, level_of_measurement="interval") = 0.8491071428571428
    observers = [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, None, None, None],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, None, 3],
        [None, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, None],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, None],
    ]
    assert krippendorff_alpha(list(zip(*observers, strict=True))) == pytest.approx(0.8491071428571428, abs=1e-12)


def test_alpha_with_many_missing_values_is_the_librarys() -> None:
    # krippendorff 0.9.0 on the same table, level_of_measurement="interval"
    written = "224 244 33. 323 .32 343 213 23. 4.3 .33 324 23. 23. 53. 323 1.2 324 2.4 235 ..4"
    table = [[None if each == "." else float(each) for each in row] for row in written.split()]
    assert krippendorff_alpha(table) == pytest.approx(-0.05717488789237679, abs=1e-12)


def test_bradley_terry_is_choixs() -> None:
    # choix 0.4.1: ilsr_pairwise(4, pairs, alpha=0, tol=1e-12)
    wins = [[0, 3, 0, 1], [1, 0, 2, 4], [2, 1, 0, 3], [1, 1, 2, 0]]
    theirs = [0.044883387828918916, 0.21288821099587354, 0.23996375844166992, -0.4977353572664624]
    assert bradley_terry(wins) == pytest.approx(theirs, abs=1e-7)


def test_bradley_terry_is_agrestis_baseball_table() -> None:
    # Agresti's American League of 1987, the last team as 0. statsmodels 0.15.0, GLM(wins and losses of each pair, +1
    # and -1 for its teams, family=Binomial()): 1.5814, 1.4364, 1.2945, 1.2476, 1.1077, 0.6839
    wins = [
        [0, 7, 9, 7, 7, 9, 11],
        [6, 0, 7, 5, 11, 9, 9],
        [4, 6, 0, 7, 7, 8, 12],
        [6, 8, 6, 0, 6, 7, 10],
        [6, 2, 6, 7, 0, 7, 12],
        [4, 4, 5, 6, 6, 0, 6],
        [2, 4, 1, 3, 1, 7, 0],
    ]
    found = bradley_terry(wins)
    assert [each - found[-1] for each in found] == pytest.approx(
        [1.5814, 1.4364, 1.2945, 1.2476, 1.1077, 0.6839, 0], abs=5e-5
    )


def test_variances_are_those_of_sokal_and_rohlfs_mosquitoes() -> None:
    # Sokal and Rohlf's example of a nested analysis. statsmodels 0.15.0: anova_lm(ols("v ~ C(cage)")) has 332.8379
    # as the mean square of cages; anova_lm(ols("v ~ C(female)")) 1.3017 within, and females' squares less cages', over
    # 9, are 191.1864
    cages = [
        [(58.5, 59.5), (77.8, 80.9), (84.0, 83.6), (70.1, 68.3)],
        [(69.8, 69.8), (56.0, 54.5), (50.7, 49.3), (63.8, 65.8)],
        [(56.6, 57.5), (77.8, 79.2), (69.9, 69.2), (62.1, 64.5)],
    ]
    drawn = [
        Drawn("all", cage, (cage, female), value)
        for cage, females in enumerate(cages)
        for female, values in enumerate(females)
        for value in values
    ]
    found = nested_variances(drawn)
    assert found.ratings == pytest.approx(1.3017, abs=5e-5)
    assert found.generations == pytest.approx((191.1864 - 1.3017) / 2, abs=1e-3)
    assert found.samples == pytest.approx((332.8379 - 191.1864) / 8, abs=1e-3)
    assert (found.n_samples, found.n_generations, found.n_ratings) == (3, 12, 24)
