"""Intervals of a mean, of values that may come in clusters."""

from __future__ import annotations

import math
from collections import defaultdict
from typing import TYPE_CHECKING

from harness.stats.equal import equal_ends
from harness.stats.interval import Interval
from harness.stats.proportions import wilson
from harness.stats.quantiles import t_quantile

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Sequence

Bounds = tuple[float | None, float | None]


def mean_interval(
    values: Iterable[float],
    clusters: Sequence[Hashable] | None = None,
    confidence: float = 0.95,
    *,
    bounds: Bounds = (None, None),
) -> Interval | None:
    """Mean with its confidence interval; None for no values.

    Values of 0 and 1 are shares: Wilson's interval, unless `bounds` say that the values may lie elsewhere too (tokens,
    percent). Others: Student's t. `clusters` names the cluster of each value (a group, or the sample of repeats); the
    standard error is then the cluster-robust one, with the t of n_clusters - 1 degrees, and shares get Wilson's
    interval at their effective number. Ends are clipped to `bounds`.

    Values all equal that are no shares prove little where they are few: with both `bounds` known the interval is that
    of `equal_ends`, each cluster counted once; without, it has width 0. Shares all 0 or all 1 in clusters count each
    cluster once. A single value has no interval unless it is a share or has bounds, a single cluster of several none.

    Source: Miller 2024, "Adding Error Bars to Evals" (arXiv:2411.00640), section 2.2. Deviation: times
    n_clusters / (n_clusters - 1), without which few clusters give intervals that are too short; for clusters of one
    value this is exactly the ordinary standard error.

    Raises:
        ValueError: a value is not finite, clusters differ in number from values, or confidence is not within 0…1.

    """
    numbers = checked(values, clusters, confidence)
    if not numbers:
        return None
    is_share = bounds in ((None, None), (0, 1)) and all(number in (0.0, 1.0) for number in numbers)
    if not is_share and is_flat(numbers, bounds):
        found = _equal(numbers, clusters, confidence, bounds=bounds)
    elif clusters is None:
        found = _share(numbers, confidence) if is_share else _mean(numbers, confidence)
    else:
        sums = _cluster_deviations(numbers, clusters)
        found = _clustered_share(numbers, sums, confidence) if is_share else _clustered_mean(numbers, sums, confidence)
    return _clipped(found, bounds)


def checked(values: Iterable[float], clusters: Sequence[Hashable] | None, confidence: float) -> list[float]:
    """The values as floats; ValueError for one that is not finite, other clusters than values, or no confidence."""
    if not 0 < confidence < 1:
        raise ValueError(f"confidence is {confidence}; allowed: above 0 and below 1, such as 0.95")
    numbers = finite(values)
    if clusters is not None and len(clusters) != len(numbers):
        raise ValueError(f"{len(numbers)} values but {len(clusters)} clusters; allowed: one cluster a value")
    return numbers


def finite(values: Iterable[float]) -> list[float]:
    """The values as floats; ValueError for one that is not finite."""
    numbers = [float(value) for value in values]
    for number in numbers:
        if not math.isfinite(number):
            raise ValueError(f"a value is {number}; allowed: finite numbers")
    return numbers


def is_flat(numbers: Sequence[float], bounds: Bounds) -> bool:
    """Whether all values are equal, and lie within two finite bounds: their spread is then no measure of chance."""
    least, most = bounds
    if least is None or most is None or not math.isfinite(most - least):
        return False
    return least <= min(numbers) == max(numbers) <= most


def effective_number(shares: Sequence[float], clusters: Sequence[Hashable], confidence: float) -> float:
    """How many independent trials these shares in two clusters or more are worth, for an interval at `confidence`."""
    share = min(1.0, math.fsum(shares) / len(shares))
    return _effective_size(len(shares), share, _cluster_deviations(shares, clusters), confidence=confidence)


def share_interval(
    shares: Sequence[float], clusters: Sequence[Hashable], *, n: int, confidence: float = 0.95
) -> Interval:
    """The mean of shares from 0 to 1 that `n` trials of 0 and 1 were summed up to, with Wilson's interval.

    What the trials are worth is told by the spread of the clusters, named one a share, as in `mean_interval` of the
    trials themselves. ValueError for other clusters than shares, and for no shares.
    """
    numbers = checked(shares, clusters, confidence)
    if not numbers:
        raise ValueError("there are no shares; allowed: one or more")
    mean, sums = _average(numbers), _cluster_deviations(numbers, clusters)
    if len(sums) == 1 and n > 1:
        return Interval(mean, None, None, "none", len(numbers), 1)
    variance = _clustered_variance(len(numbers), sums) if len(sums) > 1 else 0.0
    worth = 1.0 if n == 1 else _worth(n, mean, variance, n_clusters=len(sums), confidence=confidence)
    low, high = wilson(mean, worth, confidence)
    method = "wilson" if n == len(sums) else "cluster-wilson"
    return _clipped(Interval(mean, low, high, method, len(numbers), len(sums)), (0.0, 1.0))


def _share(numbers: Sequence[float], confidence: float) -> Interval:
    n, share = len(numbers), sum(numbers) / len(numbers)
    low, high = wilson(share, n, confidence)
    return Interval(share, low, high, "wilson", n, None)


def _equal(
    numbers: Sequence[float], clusters: Sequence[Hashable] | None, confidence: float, *, bounds: Bounds
) -> Interval:
    n, n_clusters, (least, most) = len(numbers), None if clusters is None else len(set(clusters)), bounds
    if n_clusters == 1 and n > 1:
        return Interval(numbers[0], None, None, "none", n, n_clusters)
    assert least is not None
    assert most is not None
    low, high = equal_ends(numbers[0], n_clusters or n, confidence, least=least, most=most)
    return Interval(numbers[0], low, high, "equal" if clusters is None else "cluster-equal", n, n_clusters)


def _mean(numbers: Sequence[float], confidence: float) -> Interval:
    n, mean = len(numbers), _average(numbers)
    if n == 1:
        return Interval(mean, None, None, "none", n, None)
    error = math.sqrt(math.fsum((number - mean) ** 2 for number in numbers) / (n * (n - 1)))
    half = t_quantile((1 + confidence) / 2, n - 1) * error
    return Interval(mean, mean - half, mean + half, "t", n, None)


def _cluster_deviations(numbers: Sequence[float], clusters: Sequence[Hashable]) -> list[float]:
    """Each cluster's sum of deviations from the mean of all."""
    mean = _average(numbers)
    members: dict[Hashable, list[float]] = defaultdict(list)
    for number, cluster in zip(numbers, clusters, strict=True):
        members[cluster].append(number - mean)
    return [math.fsum(deviations) for deviations in members.values()]


def _clustered_mean(numbers: Sequence[float], sums: Sequence[float], confidence: float) -> Interval:
    n, n_clusters, mean = len(numbers), len(sums), _average(numbers)
    if n_clusters == 1:
        return Interval(mean, None, None, "none", n, n_clusters)
    half = t_quantile((1 + confidence) / 2, n_clusters - 1) * math.sqrt(_clustered_variance(n, sums))
    return Interval(mean, mean - half, mean + half, "cluster-t", n, n_clusters)


def _clustered_share(numbers: Sequence[float], sums: Sequence[float], confidence: float) -> Interval:
    n, n_clusters, share = len(numbers), len(sums), sum(numbers) / len(numbers)
    if n_clusters == 1 and n > 1:
        return Interval(share, None, None, "none", n, n_clusters)
    low, high = wilson(share, _effective_size(n, share, sums, confidence=confidence), confidence)
    return Interval(share, low, high, "cluster-wilson", n, n_clusters)


def _effective_size(n: int, share: float, sums: Sequence[float], *, confidence: float) -> float:
    """How many independent trials the clustered ones are worth."""
    variance = _clustered_variance(n, sums) if len(sums) > 1 else 0.0
    return _worth(n, share, variance, n_clusters=len(sums), confidence=confidence)


def _worth(n: int, share: float, variance: float, *, n_clusters: int, confidence: float) -> float:
    """How many independent trials `n` are worth: n over the design effect, at most n, at least 1.

    With few clusters the design effect itself is uncertain: hence the squared ratio of t quantiles (Korn and Graubard
    1998, Survey Methodology 24, 193-201). Shares of 0 and 1 show no design effect: every cluster counts once.
    """
    if share in (0.0, 1.0):
        return n_clusters
    design_effect = variance / (share * (1 - share) / (n - 1))
    level = (1 + confidence) / 2
    ratio = (t_quantile(level, n - 1) / t_quantile(level, n_clusters - 1)) ** 2
    return max(1.0, ratio * n / max(1.0, design_effect))


def _clustered_variance(n: int, sums: Sequence[float]) -> float:
    """Variance of the mean: the paper's sum over clusters, times n_clusters / (n_clusters - 1)."""
    n_clusters = len(sums)
    return math.fsum(total * total for total in sums) / (n * n) * n_clusters / (n_clusters - 1)


def _average(numbers: Sequence[float]) -> float:
    """The mean, never outside the values by a rounding error."""
    return min(max(math.fsum(numbers) / len(numbers), min(numbers)), max(numbers))


def _clipped(interval: Interval, bounds: Bounds) -> Interval:
    low, high = interval.low, interval.high
    least, most = bounds
    if low is not None and least is not None:
        low = min(max(low, least), interval.value)
    if high is not None and most is not None:
        high = max(min(high, most), interval.value)
    return Interval(interval.value, low, high, interval.method, interval.n, interval.n_clusters)
