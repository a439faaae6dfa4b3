"""What values show of a target: a one-sided bound, and how many more it would take to show it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from msgspec import Struct

from harness.stats.equal import equal_ends
from harness.stats.means import checked, effective_number, finite, is_flat, mean_interval
from harness.stats.percentiles import percentile_interval, worth
from harness.stats.proportions import exact_ends
from harness.stats.quantiles import incomplete_beta, normal_quantile, t_quantile

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Sequence

    from harness.stats.means import Bounds

MOST_UNITS = 10_000_000
"""Units beyond which nobody is told to ask for more."""
_ANYWHERE = (-math.inf, math.inf)
_WHOLE = 100
_ROUNDING = 1e-9


class Evidence(Struct, frozen=True):
    """An estimate with a bound to either side: each misses the true value in at most 1 - confidence of the cases."""

    value: float
    """The estimate itself."""
    low: float | None
    """One-sided lower bound; None where there is none."""
    high: float | None
    """One-sided upper bound; None where there is none."""
    method: str
    """`exact`, `t`, `equal` and `order statistics`, alone or with `cluster-`, or `none` without a bound."""
    n: int
    """Values behind it."""
    n_clusters: int | None
    """Independent units behind it; None when each value is one."""
    n_ones: int | None
    """How many values are 1, where all are passes and failures; None for other values."""
    n_more: int | None
    """Units more with which the bound would be on the target's right side, if values stay as they are; None: never,
    or too many, or nothing tells."""


def mean_evidence(
    values: Iterable[float],
    target: float,
    clusters: Sequence[Hashable] | None = None,
    *,
    wants_more: bool,
    bounds: Bounds = (None, None),
    confidence: float = 0.95,
) -> Evidence | None:
    """What the mean shows of a target that it is to exceed (`wants_more`) or to stay below; None for no values.

    Passes and failures: the exact bounds of Clopper and Pearson, on the effective number where clustered; none of 200
    is at most 1.5 %. Other values: Student's t, cluster-robust where clustered, clipped to `bounds`. Values all equal
    within bounds show no spread, which proves little where they are few: `equal_ends`, each cluster counted once.

    Source: Clopper and Pearson 1934, Biometrika 26; for clusters Korn and Graubard 1998, Survey Methodology 24.

    Raises:
        ValueError: a value is not finite, clusters differ in number from values, or confidence is not within 0.5…1.

    """
    _check(confidence)
    numbers = checked(values, clusters, confidence)
    if not numbers:
        return None
    if bounds in ((None, None), (0, 1)) and set(numbers) <= {0.0, 1.0}:
        return _share(numbers, target, clusters, wants_more=wants_more, confidence=confidence)
    if is_flat(numbers, bounds):
        return _equal(numbers, target, clusters, wants_more=wants_more, bounds=bounds, confidence=confidence)
    return _mean(numbers, target, clusters, wants_more=wants_more, bounds=bounds, confidence=confidence)


def percentile_evidence(
    values: Iterable[float],
    q: float,
    target: float,
    *,
    clusters: Sequence[Hashable] | None = None,
    confidence: float = 0.95,
) -> Evidence | None:
    """What the q-th percentile shows of a target that it is to stay below; None for no values.

    The bounds are two of the values, as those of `percentile_interval`. The upper one is below the target just where
    Clopper and Pearson's bound of the share of values that are not, each worth as much as there, is below 1 - q / 100:
    what more takes follows from that.

    Raises:
        ValueError: a value is not finite, q not within 0…100, confidence is not within 0.5…1, or clusters differ in
            number from values.

    """
    _check(confidence)
    numbers = finite(values)
    found = percentile_interval(numbers, q, 2 * confidence - 1, clusters=clusters)
    if found is None:
        return None
    share = sum(number >= target for number in numbers) / found.n
    effective = worth(numbers, q, 2 * confidence - 1, clusters=clusters)
    needed = None if effective is None else _units_below(share, 1 - q / _WHOLE, least=effective, alpha=1 - confidence)
    units, more = found.n if found.n_clusters is None else found.n_clusters, None
    if needed is not None and effective is not None:
        more = math.ceil(needed * units / effective - _ROUNDING) - units
    return Evidence(found.value, found.low, found.high, found.method, found.n, found.n_clusters, None, more)


def _check(confidence: float) -> None:
    if not 0.5 < confidence < 1:  # noqa: PLR2004 - below, the upper bound would lie below the lower one
        raise ValueError(f"confidence is {confidence}; allowed: above 0.5 and below 1, such as 0.95")


def _share(
    shares: Sequence[float],
    target: float,
    clusters: Sequence[Hashable] | None,
    *,
    wants_more: bool,
    confidence: float,
) -> Evidence:
    n = len(shares)
    value = min(1.0, math.fsum(shares) / n)
    n_clusters = None if clusters is None else len(set(clusters))
    units = n if n_clusters is None else n_clusters
    ones = sum(share == 1 for share in shares)
    if n_clusters == 1 and n > 1:
        return Evidence(value, None, None, "none", n, n_clusters, ones, None)
    is_flat = min(shares) == max(shares)
    effective = units if is_flat or clusters is None else effective_number(shares, clusters, 2 * confidence - 1)
    low, high = exact_ends(value, effective, 2 * confidence - 1)
    share, most = (1 - value, 1 - target) if wants_more else (value, target)
    needed = _units_below(share, most, least=effective, alpha=1 - confidence)
    more = None if needed is None else math.ceil(needed * units / effective - _ROUNDING) - units
    method = "exact" if clusters is None else "cluster-exact"
    return Evidence(value, low, high, method, n, n_clusters, ones, more)


def _equal(
    numbers: Sequence[float],
    target: float,
    clusters: Sequence[Hashable] | None,
    *,
    wants_more: bool,
    bounds: Bounds,
    confidence: float,
) -> Evidence:
    value, n, (least, most) = numbers[0], len(numbers), bounds
    n_clusters = None if clusters is None else len(set(clusters))
    units = n_clusters or n
    if n_clusters == 1 and n > 1:
        return Evidence(value, None, None, "none", n, n_clusters, None, None)
    assert least is not None
    assert most is not None

    def ends(count: int) -> tuple[float, float]:
        return equal_ends(value, count, 2 * confidence - 1, least=least, most=most)

    def is_shown(count: int) -> bool:
        return ends(count)[0] > target if wants_more else ends(count)[1] < target

    needed = _fewest(is_shown, units) if (value > target if wants_more else value < target) else None
    more, method = None if needed is None else needed - units, "equal" if clusters is None else "cluster-equal"
    return Evidence(value, *ends(units), method, n, n_clusters, None, more)


def _mean(
    numbers: Sequence[float],
    target: float,
    clusters: Sequence[Hashable] | None,
    *,
    wants_more: bool,
    bounds: Bounds,
    confidence: float,
) -> Evidence:
    found = mean_interval(numbers, clusters, 2 * confidence - 1, bounds=_ANYWHERE)
    assert found is not None
    if found.low is None or found.high is None:
        return Evidence(found.value, None, None, "none", found.n, found.n_clusters, None, None)
    units = found.n if found.n_clusters is None else found.n_clusters
    spread = (found.high - found.value) / t_quantile(confidence, units - 1) * math.sqrt(units)
    gap = found.value - target if wants_more else target - found.value
    least, most = bounds
    low = found.low if least is None else max(found.low, least)
    high = found.high if most is None else min(found.high, most)
    more = _units_apart(gap, spread, least=units, confidence=confidence)
    return Evidence(
        found.value, low, high, found.method, found.n, found.n_clusters, None, None if more is None else more - units
    )


def _units_below(share: float, most: float, *, least: float, alpha: float) -> float | None:
    """The fewest units, `least` or a whole number above it, whose upper exact bound is below `most` at this share."""
    if not share < most <= 1:
        return None

    def is_shown(units: float) -> bool:
        k = share * units
        return incomplete_beta(units - k, k + 1, 1 - most) < alpha

    return least if is_shown(least) else _fewest(is_shown, math.ceil(least - _ROUNDING))


def _units_apart(gap: float, spread: float, *, least: int, confidence: float) -> int | None:
    """The fewest units, at least `least`, whose t bound is nearer to the mean than the gap."""
    if gap <= 0 or normal_quantile(confidence) * spread / gap > math.sqrt(MOST_UNITS):
        return None
    return _fewest(lambda units: t_quantile(confidence, units - 1) * spread < gap * math.sqrt(units), max(least, 2))


def _fewest(is_shown: Callable[[int], bool], least: int) -> int | None:
    """The fewest units from `least` on that show it; None beyond MOST_UNITS. More units show it the better."""
    low, high = least - 1, least
    while not is_shown(high):
        if high >= MOST_UNITS:
            return None
        low, high = high, min(MOST_UNITS, high * 2)
    while high - low > 1:
        middle = (low + high) // 2
        if is_shown(middle):
            high = middle
        else:
            low = middle
    return high
