"""Intervals of a percentile."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING

from harness.stats.interval import Interval
from harness.stats.means import checked, effective_number
from harness.stats.quantiles import incomplete_beta

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Sequence

_WHOLE = 100
_ROUNDING = 1e-9


def percentile_interval(
    values: Iterable[float], q: float, confidence: float = 0.95, *, clusters: Sequence[Hashable] | None = None
) -> Interval | None:
    """The q-th percentile (0…100) with a distribution-free interval; None for no values.

    The value is numpy's default (linear). The ends are two of the values: how many of n lie below the true percentile
    is binomial, so the ends hold it with at least `confidence`, whatever the distribution. An end is None where n is
    too small to have one: the upper end of a 95th percentile needs 72 values. Where n is so small that the value itself
    lies outside, the interval is widened to hold it.

    `clusters` names the cluster of each value (a group, or the sample of repeats): values then count as `worth` says,
    and a single cluster of several values has no interval. Clusters of one value change nothing; where the values of
    each are equal, a cluster counts about once.

    Source: David and Nagaraja 2003, Order Statistics, section 7.1. Clusters: Woodruff 1952, JASA 47, 635-646: the
    interval of the share below, read off the ordered values; that share's effective number by Korn and Graubard 1998.

    Raises:
        ValueError: a value is not finite, q not within 0…100, confidence not within 0…1, or clusters differ in number
            from values.

    """
    if not 0 <= q <= _WHOLE:
        raise ValueError(f"q is {q}; allowed: from 0 to 100")
    numbers = checked(values, clusters, confidence)
    if not numbers:
        return None
    ordered, n_clusters = sorted(numbers), None if clusters is None else len(set(clusters))
    value, n = _linear(ordered, q / _WHOLE), worth(numbers, q, confidence, clusters=clusters)
    low, high = (None, None) if n is None else _ends(ordered, q / _WHOLE, (1 - confidence) / 2, n=n)
    method = "order statistics" if n_clusters is None else "cluster-order statistics"
    method = "none" if low is None and high is None else method
    low, high = low if low is None else min(low, value), high if high is None else max(high, value)
    return Interval(value, low, high, method, len(ordered), n_clusters)


def worth(
    numbers: Sequence[float], q: float, confidence: float, *, clusters: Sequence[Hashable] | None
) -> float | None:
    """As how many independent values these count for their q-th percentile; None for a single cluster of several.

    Whether a value lies at or below the percentile is a share like any other: its effective number.
    """
    if clusters is None or len(numbers) == 1:
        return len(numbers)
    if len(set(clusters)) == 1:
        return None
    value = _linear(sorted(numbers), q / _WHOLE)
    return effective_number([float(number <= value) for number in numbers], clusters, confidence)


def _ends(ordered: Sequence[float], share: float, tail: float, *, n: float) -> tuple[float | None, float | None]:
    """The values between which the quantile lies, if they are worth n; each end misses it with `tail` at most.

    The r-th smallest value lies above the quantile when at most r - 1 values lie below it, and below it when at least r
    do. Where n is an effective number, so are these counts: the binomial distribution between whole numbers.
    """
    places, scale = range(len(ordered)), n / len(ordered)
    r_low = bisect_right(places, tail, key=lambda k: _at_most(k * scale, n, share))
    r_high = bisect_left(places, 1 - tail, key=lambda k: _at_most((k + 1) * scale - 1, n, share))
    return (ordered[r_low - 1] if r_low > 0 else None), (ordered[r_high] if r_high < len(ordered) else None)


def _at_most(k: float, n: float, share: float) -> float:
    """The binomial probability of at most k among n, both of which may lie between whole numbers."""
    if k <= -1:
        return 0.0
    return 1.0 if k >= n - _ROUNDING else incomplete_beta(n - k, k + 1, 1 - share)


def _linear(ordered: Sequence[float], share: float) -> float:
    position = share * (len(ordered) - 1)
    below = math.floor(position)
    above = min(below + 1, len(ordered) - 1)
    weight = position - below
    low, high = ordered[below], ordered[above]
    return low if low == high else low * (1 - weight) + high * weight
