"""Intervals of a percentile."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING

from harness.stats.interval import Interval
from harness.stats.means import finite
from harness.stats.quantiles import binomial_probability

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_WHOLE = 100


def percentile_interval(values: Iterable[float], q: float, confidence: float = 0.95) -> Interval | None:
    """The q-th percentile (0…100) with a distribution-free interval; None for no values.

    The value is numpy's default (linear). The ends are two of the values: how many of n lie below the true percentile
    is binomial, so the ends hold it with at least `confidence`, whatever the distribution. An end is None where n is
    too small to have one: the upper end of a 95th percentile needs 72 values. Where n is so small that the value itself
    lies outside, the interval is widened to hold it.

    Source: David and Nagaraja 2003, Order Statistics, section 7.1. Values are taken as independent: clusters are not
    regarded.

    Raises:
        ValueError: a value is not finite, q not within 0…100, or confidence not within 0…1.

    """
    if not 0 <= q <= _WHOLE:
        raise ValueError(f"q is {q}; allowed: from 0 to 100")
    if not 0 < confidence < 1:
        raise ValueError(f"confidence is {confidence}; allowed: above 0 and below 1, such as 0.95")
    ordered = sorted(finite(values))
    if not ordered:
        return None
    value = _linear(ordered, q / _WHOLE)
    low, high = _ends(ordered, q / _WHOLE, (1 - confidence) / 2)
    method = "none" if low is None and high is None else "order statistics"
    low, high = low if low is None else min(low, value), high if high is None else max(high, value)
    return Interval(value, low, high, method, len(ordered), None)


def _ends(ordered: Sequence[float], share: float, tail: float) -> tuple[float | None, float | None]:
    """The values between which the quantile lies; each end misses it with at most the probability `tail`.

    The r-th smallest value lies above the quantile when at most r - 1 values lie below it.
    """
    n = len(ordered)
    n_below = range(n)
    r_low = bisect_right(n_below, tail, key=lambda k: binomial_probability(k, n, share))
    r_high = bisect_left(n_below, 1 - tail, key=lambda k: binomial_probability(k, n, share))
    return (ordered[r_low - 1] if r_low > 0 else None), (ordered[r_high] if r_high < n else None)


def _linear(ordered: Sequence[float], share: float) -> float:
    position = share * (len(ordered) - 1)
    below = math.floor(position)
    above = min(below + 1, len(ordered) - 1)
    weight = position - below
    low, high = ordered[below], ordered[above]
    return low if low == high else low * (1 - weight) + high * weight
