"""The bootstrap interval of a mean, corrected for bias and skewness."""

from __future__ import annotations

from statistics import NormalDist
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

DRAWS = 2000
"""Efron and Tibshirani ask for 1000 at least; the ends then vary by some hundredths of the width."""


def bca_interval(values: NDArray[np.float64], confidence: float = 0.95, *, seed: int = 0) -> tuple[float, float]:
    """Both ends for the mean of two or more values; values all equal have an interval of width 0.

    The same values give the same ends in any order, and mirrored values mirrored ends.

    Source: Efron and Tibshirani 1993, An Introduction to the Bootstrap, section 14.3; the acceleration of a mean is its
    skewness over 6 √n.
    """
    import numpy as np

    ordered = np.sort(values)
    mirrored = -ordered[::-1]
    unlike = np.flatnonzero(ordered != mirrored)
    if unlike.size and ordered[unlike[0]] > mirrored[unlike[0]]:
        low, high = _ends(mirrored, confidence, seed)
        return -high, -low
    low, high = _ends(ordered, confidence, seed)
    return (low, high) if unlike.size else ((low - high) / 2, (high - low) / 2)


def _ends(values: NDArray[np.float64], confidence: float, seed: int) -> tuple[float, float]:
    import numpy as np

    n, mean = len(values), float(values.mean())
    deviations = values - mean
    squares = float(deviations @ deviations)
    if values[0] == values[-1] or not squares:
        return mean, mean
    random = np.random.default_rng(seed)
    means = values[random.integers(0, n, (DRAWS, n))].mean(axis=1)
    below = float((means < mean).sum() + (means == mean).sum() / 2) / DRAWS
    normal = NormalDist()
    bias = normal.inv_cdf(min(max(below, 1 / DRAWS), 1 - 1 / DRAWS))
    acceleration = float((deviations**3).sum()) / (6 * squares**1.5)
    levels = []
    for tail in ((1 - confidence) / 2, (1 + confidence) / 2):
        z = bias + normal.inv_cdf(tail)
        levels.append(normal.cdf(bias + z / (1 - acceleration * z)))
    low, high = np.quantile(means, levels)
    return min(float(low), mean), max(float(high), mean)
