"""Levels and error of looking several times, against rpact, and against an integration written anew here."""

from __future__ import annotations

import math
from itertools import accumulate
from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy import stats

from harness.stats import exit_probabilities, spending_levels
from harness.stats.quantiles import normal_quantile

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from harness.stats import Sides, Spending

    Array = NDArray[np.float64]


def _levels(bounds: list[float], sides: Sides) -> list[float]:
    return [sides * math.erfc(bound / math.sqrt(2)) / 2 for bound in bounds]


def _bounds(levels: tuple[float, ...], sides: Sides) -> list[float]:
    return [-normal_quantile(level / sides) for level in levels]


@pytest.mark.parametrize(
    ("fractions", "alpha", "spending", "bounds", "levels"),
    # R package rpact, tests/testthat/test-f_design_group_sequential.R at commit 1d81a55e (revision 5976):
    # critical values and stage levels of getDesignGroupSequential with typeOfDesign "asP" and "asOF"
    [
        (
            (0.35, 0.7, 1),
            0.13,
            "pocock",
            (1.5446617, 1.4828682, 1.4620058),
            (0.061214062, 0.069054712, 0.071869812),
        ),
        ((0.4, 0.7), 0.025, "pocock", (2.223875, 2.3050796), (0.013078429, 0.010581057)),
        (
            (0.4, 0.75, 1),
            0.13,
            "obrien-fleming",
            (2.1280732, 1.4368565, 1.2468994),
            (0.016665509, 0.075379384, 0.1062172),
        ),
        (
            (0.4, 0.75, 0.85, 1),
            0.13,
            "obrien-fleming",
            (2.1280732, 1.4368565, 1.422873, 1.2970881),
            (0.016665509, 0.075379384, 0.077386492, 0.097300444),
        ),
    ],
)
def test_one_sided_levels_are_rpacts(
    *,
    fractions: tuple[float, ...],
    alpha: float,
    spending: Spending,
    bounds: tuple[float, ...],
    levels: tuple[float, ...],
) -> None:
    ours = spending_levels(fractions, alpha, spending, sides=1)
    assert ours == pytest.approx(levels, abs=2e-7)
    assert _bounds(ours, 1) == pytest.approx(bounds, abs=2e-7)


def test_two_sided_levels_are_twice_rpacts_one_sided_ones_at_half_the_error() -> None:
    # as above; both sides together are crossed in one walk with a probability that the digits do not show
    assert spending_levels((0.4, 0.7), 0.05, "pocock") == pytest.approx((2 * 0.013078429, 2 * 0.010581057), abs=2e-7)


def crossed(fractions: list[float], bounds: list[float], *, drift: float = 0.0, points: int = 801) -> list[float]:
    """The chance of crossing either bound first at each look: Brownian motion from look to look, by Simpson's rule."""
    found: list[float] = []
    places, density, weights, before = np.zeros(1), np.ones(1), np.ones(1), 0.0
    for fraction, bound in zip(fractions, bounds, strict=True):
        edge, step = bound * math.sqrt(fraction), math.sqrt(fraction - before)
        means: Array = places + drift * (fraction - before)
        outside = stats.norm.sf((edge - means) / step) + stats.norm.cdf((-edge - means) / step)
        found.append(float(weights * density @ outside))
        grid = np.linspace(-edge, edge, points)
        density = stats.norm.pdf(grid[:, None], means[None, :], step) @ (weights * density)
        weights = np.where(np.arange(points) % 2, 4.0, 2.0) * (grid[1] - grid[0]) / 3
        weights[[0, -1]] /= 2
        places, before = grid, fraction
    return found


@pytest.mark.parametrize(
    ("n_looks", "pocock", "obrien_fleming"),
    # roots of the integration above (points=1201, scipy 1.17.1 brentq), which to three digits are what is known as
    # C_P(K, 0.05) and C_B(K, 0.05) from Jennison and Turnbull 2000; the book was not at hand
    [(2, 2.1783, 1.9774), (3, 2.2895, 2.0040), (4, 2.3613, 2.0243), (5, 2.4132, 2.0401), (10, 2.5550, 2.0865)],
)
def test_pococks_and_obrien_and_flemings_constants_err_in_5_of_100(
    *, n_looks: int, pocock: float, obrien_fleming: float
) -> None:
    fractions = [look / n_looks for look in range(1, n_looks + 1)]
    for bounds in ([pocock] * n_looks, [obrien_fleming / math.sqrt(fraction) for fraction in fractions]):
        found = exit_probabilities(fractions, _levels(bounds, 2))
        assert sum(found) == pytest.approx(0.05, abs=2e-5)
        assert found == pytest.approx(crossed(fractions, bounds), abs=1e-7)


@pytest.mark.parametrize("drift", [0.5, 2.8])
def test_exits_under_a_drift_are_those_of_another_integration(drift: float) -> None:
    fractions, bounds = [0.15, 0.5, 0.6, 1.0], [3.5, 2.6, 2.5, 2.0]
    found = exit_probabilities(fractions, _levels(bounds, 2), drift=drift)
    assert found == pytest.approx(crossed(fractions, bounds, drift=drift), abs=1e-7)


@pytest.mark.parametrize(
    ("fractions", "bounds", "sides", "spent"),
    # the same file of rpact: designs "HP" (x9) and two-sided "WT" (x8b), $criticalValues and $alphaSpent
    [
        ((0.25, 0.5, 0.75, 1), [3, 3, 3, 1.9827514], 1, (0.001349898, 0.0024617416, 0.0033695882, 0.025)),
        ((0.3, 0.8, 1), [3.2029374, 2.4819703, 2.3420706], 2, (0.0013603353, 0.013978861, 0.02499999)),
    ],
)
def test_the_error_so_far_is_rpacts(
    *, fractions: tuple[float, ...], bounds: list[float], sides: Sides, spent: tuple[float, ...]
) -> None:
    found = exit_probabilities(fractions, _levels(bounds, sides), sides=sides)
    assert list(accumulate(found)) == pytest.approx(spent, abs=2e-8)


def test_the_power_of_each_look_is_rpacts() -> None:
    # the same file: "asHSD" with gammaA = 0 (x1, y1): $criticalValues, $shift = 9.4594101, $rejectionProbabilities
    levels = _levels([2.5121443, 2.4228747, 2.0280392], 1)
    found = exit_probabilities((0.2, 0.4, 1), levels, sides=1, drift=math.sqrt(9.4594101))
    assert found == pytest.approx((0.12783451, 0.21271713, 0.51944835), abs=2e-7)
