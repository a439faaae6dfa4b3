"""Intervals of a proportion."""

from __future__ import annotations

import math

from harness.stats.interval import Interval
from harness.stats.quantiles import normal_quantile


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


def two_sided(confidence: float) -> float:
    """The z that a standard normal variable stays within, either side, with this probability."""
    if not 0 < confidence < 1:
        raise ValueError(f"confidence is {confidence}; allowed: above 0 and below 1, such as 0.95")
    return normal_quantile((1 + confidence) / 2)
