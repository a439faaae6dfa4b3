"""How many more pairs an inconclusive difference takes for a verdict."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import TYPE_CHECKING, NamedTuple

from harness.stats.power import fewest_units, n_needed
from harness.stats.quantiles import normal_quantile, t_quantile
from harness.stats.tango import tango_score

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.stats.paired import Difference
    from harness.stats.rule import Rule

MOST_TIMES, MOST_OF_FEW = 100, 10_000
"""More pairs than 100 times those that there are, and than 10,000, are no advice: the difference then lies within 0.3
standard errors of what it would have to be told from, so chance alone decides on which side."""
_ROUNDS = 40


class Needed(NamedTuple):
    """More pairs."""

    n: int | None
    """About so many; None where hardly any number would do."""
    is_least: bool
    """Whether they are what it takes at least, since so few pairs do not tell what it takes."""


def more_needed(difference: Difference, rule: Rule) -> Needed:
    """More pairs for a verdict, whichever it is, with the rule's power.

    If difference and spread stay as they are seen, one of these decides, and the one that takes fewest counts:

    | seen | verdict | takes |
    |---|---|---|
    | a drop beyond the margin | regressed | that it is significant, and that the seen drop stays beyond the margin |
    | a rise | improved | that it is significant |
    | within the margin, either way | unchanged | that the interval lies within it; a rise may be shown instead |

    So None is a drop (or with margin 0 any difference) so near to the margin's edge that it cannot be told from it.
    Significant means: at alpha over the number of tests, which Holm asks of the first. Too few units for any verdict
    need as many as there must be at least, or more.
    """
    fewest = math.ceil(fewest_units(rule.alpha / rule.n_tests) * difference.n / _units(difference))
    total = None if difference.sd is None else _total(difference, rule)
    if total is not None and total > max(MOST_TIMES * difference.n, MOST_OF_FEW):
        total = None
    if difference.n < fewest:
        return Needed(max(fewest, total or 0) - difference.n, is_least=total is None)
    return Needed(None if total is None else max(1, total - difference.n), is_least=False)


def _total(difference: Difference, rule: Rule) -> int | None:
    gain, routes = _gain(difference, rule), []
    if gain > 0 or not rule.margin:
        routes.append(_significant(difference, rule))
    if rule.margin and -gain > rule.margin:
        both = _significant(difference, rule), _beyond(difference, rule)
        routes.append(None if None in both else max(filter(None, both)))
    if abs(gain) < rule.margin:
        routes.append(_inside(difference, rule))
    return min((route for route in routes if route is not None), default=None)


def _significant(difference: Difference, rule: Rule) -> int | None:
    """Pairs with which the seen difference is significant."""
    size, alpha = abs(difference.value), rule.alpha / rule.n_tests
    if difference.is_share and difference.n_clusters is None:
        flips = (difference.n_up + difference.n_down) / difference.n
        discordant = min(max(0.0, flips - size), 1 - size)
        return n_needed(size, alpha=alpha, power=rule.power, discordant=discordant)
    assert difference.sd is not None
    a_unit = difference.n / _units(difference)
    units = n_needed(size, alpha=alpha, power=rule.power, sd=difference.sd / math.sqrt(a_unit))
    return None if units is None else math.ceil(units * a_unit)


def _beyond(difference: Difference, rule: Rule) -> int | None:
    """Pairs with which a drop beyond the margin is seen there."""
    assert difference.sd is not None
    gap = abs(difference.value) - rule.margin
    root = normal_quantile(rule.power) * difference.sd / gap
    return math.ceil(root * root) if math.isfinite(root * root) else None


def _inside(difference: Difference, rule: Rule) -> int | None:
    """Pairs with which the interval lies within the margin, or a rise is shown."""
    if not difference.sd:
        return _inside_alike(difference, rule)

    def is_enough(n: int) -> bool:
        return _chance_clear(difference, rule, n) >= rule.power

    return _fewest(is_enough, difference.n, max(MOST_TIMES * difference.n, MOST_OF_FEW))


def _inside_alike(difference: Difference, rule: Rule) -> int | None:
    """The same where all pairs changed alike, whose interval is that of `equal_ends` and holds no chance."""
    if difference.low is None or difference.high is None:
        return None
    log_tail, totals = math.log(rule.alpha / 2), [1.0]
    beyond = -math.expm1(log_tail / _units(difference))
    for end, gap in (
        (difference.value - difference.low, rule.margin + difference.value),
        (difference.high - difference.value, rule.margin - difference.value),
    ):
        farthest = end / beyond  # what the differences could be at most, seen from their mean
        if gap < farthest:
            totals.append(log_tail / math.log1p(-gap / farthest))
    return math.ceil(max(totals) * difference.n / _units(difference))


def _gain(difference: Difference, rule: Rule) -> float:
    return difference.value if rule.higher_is_better else -difference.value


def _units(difference: Difference) -> int:
    return difference.n if difference.n_clusters is None else difference.n_clusters


def _chance_clear(difference: Difference, rule: Rule, n: int) -> float:
    """How often n pairs have their interval within the margin or show a rise, their mean being normal."""
    assert difference.sd is not None
    error = max(difference.sd / math.sqrt(n), math.ulp(0.0))
    mean, normal = _gain(difference, rule), NormalDist()
    degrees = max(1.0, n * _units(difference) / difference.n - 1)
    most = _highest_share(difference, rule, n)
    if most is None:
        most = rule.margin - t_quantile(1 - rule.alpha / 2, degrees) * error
    shown = t_quantile(1 - rule.alpha / rule.n_tests / 2, degrees) * error
    inside = max(0.0, normal.cdf((most - mean) / error) - normal.cdf((-most - mean) / error))
    return inside + 1 - normal.cdf((max(most, shown) - mean) / error)


def _highest_share(difference: Difference, rule: Rule, n: int) -> float | None:
    """The highest mean of n pairs whose score interval ends within the margin; None where ends are t's."""
    if not difference.is_share or difference.n_clusters is not None:
        return None
    z, share = normal_quantile(1 - rule.alpha / 2), (difference.n_up + difference.n_down) / difference.n
    low, high = -rule.margin, rule.margin
    for _ in range(_ROUNDS):
        middle = (low + high) / 2
        flips = max(share, abs(middle))
        up, down = n * (flips + middle) / 2, n * (flips - middle) / 2
        if tango_score(up, down, n, difference=min(rule.margin, 1.0)) <= -z:
            low = middle
        else:
            high = middle
    return low


def _fewest(is_enough: Callable[[int], bool], least: int, most: int) -> int | None:
    """The fewest pairs from `least` to `most` that are enough; more are the better."""
    low, high = least, least * 2
    while not is_enough(high):
        if high > most:
            return None
        low, high = high, high * 2
    while high - low > max(1, high // 1000):
        middle = (low + high) // 2
        if is_enough(middle):
            high = middle
        else:
            low = middle
    return high
