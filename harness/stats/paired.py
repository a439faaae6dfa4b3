"""Differences between two runs over the same samples, with their intervals."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from harness.stats.bca import bca_interval
from harness.stats.equal import equal_ends
from harness.stats.means import is_flat, mean_interval
from harness.stats.pairs import are_shares, cluster_codes, column, columns
from harness.stats.quantiles import t_quantile
from harness.stats.tango import tango_interval

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from harness.stats.means import Bounds
    from harness.stats.pairs import Clusters, Numbers

_MOST_DRAWN = 200
"""Pairs up to which an end is the farther one of t's and BCa's. Neither would do alone: where most differences are 0,
or they are as good as symmetric, BCa covers 81 to 94 % and t 94 to 98 %; where few are not 0 and those are one-sided,
t covers up to 4 % less than BCa. Beyond, both are the same."""


class Difference(Struct, frozen=True):
    """How far the current values lie above the baseline's, pair by pair."""

    value: float
    """Mean of current - baseline; above 0: the values went up, which is not better for every metric."""
    low: float | None
    """Lower end; None where none is defined."""
    high: float | None
    """Upper end; None where none is defined."""
    method: str
    """`score`, `t`, `wilson` and `equal`, alone or with `cluster-`, `t and bca`, or `none` without one."""
    confidence: float
    """Level of the interval, not corrected for other comparisons."""
    n: int
    """Pairs."""
    n_clusters: int | None
    """Independent units among them; None when each pair is one."""
    sd: float | None
    """√n times the standard error: the differences' standard deviation, and what clusters add; None for one unit."""
    effect: float | None
    """Effect size: for passes and failures (up - down) / (up + down), -1…1; else value / sd. None for x / 0."""
    n_up: int
    """Pairs whose value went up."""
    n_down: int
    """Pairs whose value went down."""
    n_same: int
    """Pairs whose values are equal."""
    n_ties: int
    """Pairs whose change is as large as that of another pair, either way, equal ones left out: what ranks share."""
    is_share: bool
    """Whether both sides are passes and failures; never of a target."""


def paired_difference(
    current: Numbers,
    baseline: Numbers,
    clusters: Clusters | None = None,
    *,
    bounds: Bounds = (None, None),
    confidence: float = 0.95,
    seed: int = 0,
) -> Difference | None:
    """The mean of current - baseline with its interval; None for no pairs.

    | values | clusters | interval |
    |---|---|---|
    | 0 and 1, unless `bounds` say that they may lie elsewhere | none | Tango's score interval |
    | the same | yes | cluster-robust t; Tango's on the clusters where all differences are equal |
    | others, up to 200 pairs | none | Student's t, an end by BCa bootstrap (seeded) where that reaches farther |
    | others, more | none | Student's t |
    | others | yes | cluster-robust t, n_clusters - 1 degrees, as `mean_interval` |
    | others, differences all equal, both `bounds` known | any | `equal_ends`, on the clusters |

    `bounds` are those of the values: ends are clipped to what their differences can be. Degenerate: one pair or one
    cluster has no interval unless it is unclustered 0/1; differences all equal that are neither 0/1 nor bounded have
    one of width 0.
    Swapping the sides mirrors everything; the order of pairs does not matter.

    Raises:
        ValueError: lengths differ, a value is not finite, or confidence is not within 0…1.

    """
    _check(confidence)
    now, before = columns(current, baseline)
    if not len(now):
        return None
    is_share = are_shares(now, before, bounds=bounds)
    found = _measured(now - before, clusters, is_share=is_share)
    span = _span((0, 1) if is_share else bounds)
    return _with_interval(now - before, found, span, confidence=confidence, seed=seed)


def one_sample_difference(
    values: Numbers,
    target: float,
    clusters: Clusters | None = None,
    *,
    bounds: Bounds = (None, None),
    confidence: float = 0.95,
    seed: int = 0,
) -> Difference | None:
    """The mean of values - target, a number without samples, with its interval; None for no values.

    Passes and failures get Wilson's interval (on the effective number where clustered), others the intervals of
    `paired_difference`; the target counts as exact. Raises ValueError as `paired_difference`.
    """
    _check(confidence)
    numbers = column(values)
    goal = float(column([target])[0])
    if not len(numbers):
        return None
    is_share = are_shares(numbers, bounds=bounds)
    found = _measured(numbers - goal, clusters, is_share=False)  # no pairs that flip: what more takes follows from sd
    if is_share:
        names = None if clusters is None else list(clusters)
        interval = mean_interval(numbers.tolist(), names, confidence, bounds=bounds)
        assert interval is not None
        low, high = (None if end is None else end - goal for end in (interval.low, interval.high))
        return replace(found, low=low, high=high, method=interval.method, confidence=confidence)
    least, most = bounds
    distances = None if least is None else least - goal, None if most is None else most - goal
    return _with_interval(numbers - goal, found, distances, confidence=confidence, seed=seed)


def _measured(differences: NDArray[np.float64], clusters: Clusters | None, *, is_share: bool) -> Difference:
    """Everything but the interval."""
    import numpy as np

    n = len(differences)
    value = math.fsum(differences) / n
    value = min(max(value, float(differences.min())), float(differences.max()))
    deviations, n_clusters = differences - value, None
    if clusters is not None:
        codes = cluster_codes(clusters, n)
        deviations = np.bincount(codes, weights=deviations).astype(float)
        n_clusters = len(deviations)
    units = len(deviations)
    sd = math.sqrt(float(deviations @ deviations) / n * units / (units - 1)) if units > 1 else None
    if sd is not None and differences.min() == differences.max():
        sd = 0.0
    n_up, n_down = int((differences > 0).sum()), int((differences < 0).sum())
    _, sizes = np.unique(np.abs(differences[differences != 0]), return_counts=True)
    counts = (n_up, n_down, n - n_up - n_down, int(sizes[sizes > 1].sum()))
    effect = value / sd if sd else None
    if is_share:
        effect = (n_up - n_down) / (n_up + n_down) if n_up + n_down else None
    return Difference(value, None, None, "none", 0.0, n, n_clusters, sd, effect, *counts, is_share)


def _check(confidence: float) -> None:
    if not 0 < confidence < 1:
        raise ValueError(f"confidence is {confidence}; allowed: above 0 and below 1, such as 0.95")


def _with_interval(
    differences: NDArray[np.float64], found: Difference, bounds: Bounds, *, confidence: float, seed: int
) -> Difference:
    """The same with its interval; `bounds` are those of the differences."""
    low, high, method = _ends(differences, found, bounds, confidence=confidence, seed=seed)
    low, high = _clipped(low, high, found.value, bounds=bounds)
    return replace(found, low=low, high=high, method=method, confidence=confidence)


def _ends(
    differences: NDArray[np.float64], found: Difference, bounds: Bounds, *, confidence: float, seed: int
) -> tuple[float | None, float | None, str]:
    if found.is_share and (found.n_clusters is None or found.sd == 0):
        units = found.n if found.n_clusters is None else found.n_clusters
        up, down = (units * count // found.n for count in (found.n_up, found.n_down))
        low, high = tango_interval(up, down, units, confidence=confidence)
        return min(low, found.value), max(high, found.value), "score" if found.n_clusters is None else "cluster-score"
    if found.sd is None:
        return None, None, "none"
    least, most = bounds
    if found.sd == 0 and least is not None and most is not None and is_flat([found.value], bounds):
        units = found.n if found.n_clusters is None else found.n_clusters
        ends = equal_ends(found.value, units, confidence, least=least, most=most)
        return *ends, "equal" if found.n_clusters is None else "cluster-equal"
    units, method = (found.n, "t") if found.n_clusters is None else (found.n_clusters, "cluster-t")
    half = t_quantile((1 + confidence) / 2, units - 1) * found.sd / math.sqrt(found.n)
    low, high = found.value - half, found.value + half
    if found.n_clusters is None and found.n <= _MOST_DRAWN:
        ends = bca_interval(differences, confidence, seed=seed)
        return min(low, ends[0]), max(high, ends[1]), "t and bca"
    return low, high, method


def _span(bounds: Bounds) -> Bounds:
    """What differences of values within these bounds can be."""
    least, most = bounds
    return (None, None) if least is None or most is None else (least - most, most - least)


def _clipped(
    low: float | None, high: float | None, value: float, *, bounds: Bounds
) -> tuple[float | None, float | None]:
    least, most = bounds
    if low is not None and least is not None:
        low = min(max(low, least), value)
    if high is not None and most is not None:
        high = max(min(high, most), value)
    return low, high
