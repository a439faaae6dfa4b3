from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from harness.comparison import p_worse


def _differences(better: int, worse: int, same: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.array([1.0] * better + [-1.0] * worse + [0.0] * same)


@pytest.mark.parametrize(("better", "worse", "same"), [(0, 0, 9), (3, 12, 40), (12, 3, 0), (0, 5, 5), (41, 60, 899)])
def test_passes_and_failures_get_the_exact_test_of_mcnemar(*, better: int, worse: int, same: int) -> None:
    theirs = stats.binomtest(better, better + worse, 0.5, "less").pvalue if better + worse else 1.0
    assert p_worse(_differences(better, worse, same)) == pytest.approx(theirs, rel=1e-9)


def test_scores_get_students_t() -> None:
    differences = np.random.default_rng(1).normal(-0.1, 0.3, 40)
    for null in (0.0, -0.05, 0.1):
        theirs = stats.ttest_1samp(differences, null, alternative="less").pvalue
        assert p_worse(differences, null) == pytest.approx(theirs, rel=1e-9)


def test_repeats_that_agree_count_once() -> None:
    differences = np.random.default_rng(1).normal(-0.1, 0.3, 40)
    clusters = np.repeat(np.arange(40), 3)
    assert p_worse(np.repeat(differences, 3), 0.0, clusters) == pytest.approx(p_worse(differences))


def test_a_tolerated_drop_of_passes_gets_tangos_score_test() -> None:
    # Fagerland, Lydersen and Laake 2014, Statistics in Medicine 33, 2850-2875: airway hyper-responsiveness before and
    # after transplantation, 1 and 7 of 21 pairs differ; Tango's 95 % interval is -0.517 to -0.026. Each end is the
    # null whose one-sided test gives 0.025.
    differences = _differences(1, 7, 13)
    assert p_worse(differences, -0.0255) < 0.025 < p_worse(differences, -0.0265)
    assert p_worse(-differences, 0.5175) < 0.025 < p_worse(-differences, 0.5165)


def test_no_change_in_40_samples_does_not_show_that_a_drop_of_2_in_100_is_excluded() -> None:
    assert p_worse(_differences(0, 0, 40), 0.02) > 0.1
    assert p_worse(np.zeros(40) + 0.001, 0.02) == pytest.approx((1 - 0.019) ** 40)


def test_equal_drops_show_no_more_than_their_number() -> None:
    assert p_worse(np.full(5, -0.1)) == 0.5**5
    assert p_worse(np.full(5, 0.1)) == 1.0


def test_nothing_and_a_single_score_show_nothing() -> None:
    assert p_worse(np.zeros(0)) == 1.0
    assert p_worse(np.array([-0.4])) == 1.0
    assert p_worse(np.array([-0.4, -0.4]), 0.0, np.array([0, 0])) == 1.0


def test_beyond_all_that_pass_and_fail_can_show_it_is_certain() -> None:
    assert p_worse(_differences(1, 2, 3), 1.0) == 0.0
    assert p_worse(_differences(1, 2, 3), -1.0) == 1.0
