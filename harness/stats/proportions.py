"""Intervals of a proportion."""

from __future__ import annotations

import math

from harness.stats.interval import Interval
from harness.stats.quantiles import incomplete_beta, normal_quantile

_ACCURACY = 1e-12


def proportion_interval(k: int, n: int, confidence: float = 0.95) -> Interval | None:
    """Share of k successes in n trials with Wilson's score interval; None for no trials.

    It holds its level for small n and shares near 0 and 1, where the textbook interval shrinks to nothing.
    Source: Wilson 1927; Newcombe 1998 (Statistics in Medicine 17, 857-872), method 3.

    Raises:
        ValueError: k is not within 0…n, or confidence not within 0…1.

    """
    if not 0 <= k <= n:
        raise ValueError(f"k is {k} and n {n}; allowed: 0 <= k <= n")
    if n == 0:
        return None
    low, high = wilson(k / n, n, confidence)
    return Interval(k / n, low, high, "wilson", n, None)


def wilson(share: float, n: float, confidence: float) -> tuple[float, float]:
    """Both ends of Wilson's interval for a share seen in n trials; n may be an effective size, n > 0."""
    z = two_sided(confidence)
    centre = share + z * z / (2 * n)
    half = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    low = 0.0 if share == 0 else max(0.0, (centre - half) / scale)
    high = 1.0 if share == 1 else min(1.0, (centre + half) / scale)
    return min(low, share), max(high, share)


def exact_ends(share: float, n: float, confidence: float) -> tuple[float, float]:
    """Both ends of Clopper and Pearson's exact interval for a share seen in n trials, n > 0.

    n may be an effective size. The interval never holds the true share less often than it says; each end is a one-sided
    bound at (1 + confidence) / 2.

    Source: Clopper and Pearson 1934, Biometrika 26, 404-413, by quantiles of the beta distribution.
    """
    tail, k = (1 - confidence) / 2, share * n
    low = 0.0 if share == 0 else _beta_quantile(tail, k, n - k + 1)
    high = 1.0 if share == 1 else _beta_quantile(1 - tail, k + 1, n - k)
    return min(low, share), max(high, share)


def _beta_quantile(probability: float, a: float, b: float) -> float:
    """The value below which a beta variable lies with this probability, by bisection."""
    low, high = 0.0, 1.0
    while high - low > _ACCURACY * high:
        middle = (low + high) / 2
        if incomplete_beta(a, b, middle) < probability:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def two_sided(confidence: float) -> float:
    """The z that a standard normal variable stays within, either side, with this probability."""
    if not 0 < confidence < 1:
        raise ValueError(f"confidence is {confidence}; allowed: above 0 and below 1, such as 0.95")
    return normal_quantile((1 + confidence) / 2)
