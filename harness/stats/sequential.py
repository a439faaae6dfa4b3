"""How small a p-value must be at each of several looks at growing results, so that looking often costs no error."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from harness.stats.quantiles import normal_quantile

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

Spending = Literal["obrien-fleming", "pocock"]
"""How the error is shared out: hardly any at first and almost all at the end, or about evenly over the looks."""
Sides = Literal[1, 2]

_NARROWEST = 1e-4
"""Smallest rise of the fraction between two looks that the integration resolves."""
_POINTS = 16
_WIDEST = 2.0
"""Widest panel of the integration in standard deviations of a step: 16 points then err by less than 1e-12."""
_MOST_PANELS = 128
_FAR = 8.5
"""Standard deviations beyond which nothing is integrated: the normal tail there is 1e-17."""
_FARTHEST_BOUND = 37.0
"""The z whose p-value is still a normal float."""
_ACCURACY = 1e-11
_MOST_STEPS = 100
_ROUNDING = 1e-9
"""Share of what may be spent that is no more than the integration's own error."""


def spending_levels(
    fractions: Sequence[float],
    alpha: float = 0.05,
    spending: Spending = "obrien-fleming",
    *,
    sides: Sides = 2,
    earlier: Sequence[float] = (),
) -> tuple[float, ...]:
    """The p-value at or below which each look may reject; all looks together then err with probability `alpha` at most.

    `fractions` are the shares of all planned information (samples) that each look has, rising, the last at most 1.
    With `sides=2` the levels are for two-sided p-values and `alpha` covers both directions; with `sides=1` for
    one-sided ones. A level depends on no later look: the levels of the looks so far are those of all looks, and looks
    may come when they come. `earlier` fixes the levels that the first looks have used, when those were others.

    At a fraction below 1 not all of `alpha` is spent. A level of 0 means that nothing can reject there.

    Source: Lan and DeMets 1983, Discrete sequential boundaries for clinical trials, Biometrika 70, 659-663; spending
    two-sided tests at alpha / 2 a side as ldbounds and rpact do; integration: Armitage, McPherson and Rowe 1969.

    Raises:
        ValueError: fractions do not rise within 0…1 by at least 0.0001, alpha is not within 0…1, the spending is
            unknown, or there are more earlier levels than looks.

    """
    _check(fractions, alpha, spending)
    if len(earlier) > len(fractions):
        raise ValueError(f"{len(earlier)} earlier levels but {len(fractions)} looks; allowed: at most one a look")
    return _cached_levels(tuple(fractions), alpha, spending, sides=sides, earlier=tuple(earlier))


@lru_cache(maxsize=1024)
def _cached_levels(
    fractions: tuple[float, ...], alpha: float, spending: Spending, *, sides: Sides, earlier: tuple[float, ...]
) -> tuple[float, ...]:
    walk, bounds, spent = _START, list[float](), 0.0
    for number, fraction in enumerate(fractions):
        step = _Step(walk.fraction, fraction, sides)
        walk = _ready(walk, step)
        allowed = alpha_spent(fraction, alpha, spending, sides=sides)
        left = allowed - spent if allowed - spent > _ROUNDING * allowed else 0.0
        bound = _bound_of(earlier[number], sides) if number < len(earlier) else _solved(walk, step, left)
        spent += _exit(walk, step, bound)
        bounds.append(bound)
        walk = _Walk(fraction, bound, step, walk)
    return tuple(_level_of(bound, sides) for bound in bounds)


def alpha_spent(fraction: float, alpha: float, spending: Spending = "obrien-fleming", *, sides: Sides = 2) -> float:
    """How much of `alpha` may be used up when this share of the information is there.

    Source: Lan and DeMets 1983: 2 - 2 Φ(z / √t) with z of alpha / 2 (of each side), and alpha ln(1 + (e - 1) t).
    """
    if spending == "pocock":
        return alpha * math.log1p((math.e - 1) * fraction)
    z = -normal_quantile(alpha / sides / 2)
    return sides * math.erfc(z / math.sqrt(2 * fraction))


def exit_probabilities(
    fractions: Sequence[float], levels: Sequence[float], *, sides: Sides = 2, drift: float = 0.0
) -> tuple[float, ...]:
    """How probable it is that each look is the first to reject; their sum is the error, or the power with a drift.

    `drift` is the z to be expected when all information is there: the difference over its standard error at the end.
    One-sided tests reject above.

    Raises:
        ValueError: fractions do not rise within 0…1 by at least 0.0001, or there is not one level a look.

    """
    _check(fractions)
    if len(levels) != len(fractions):
        raise ValueError(f"{len(levels)} levels but {len(fractions)} looks; allowed: one level a look")
    walk, found = _START, []
    for fraction, level in zip(fractions, levels, strict=True):
        step = _Step(walk.fraction, fraction, sides, drift)
        walk = _ready(walk, step)
        bound = _bound_of(level, sides)
        found.append(_exit(walk, step, bound))
        walk = _Walk(fraction, bound, step, walk)
    return tuple(found)


def conditional_power(z: float, fraction: float, *, level: float, drift: float, sides: Sides = 2) -> float:
    """How probable it is that the end rejects at `level`, when the z at this fraction of the information is known.

    `drift` is the z to be expected at the end, from the effect that is assumed for the rest.
    Source: Lan and Wittes 1988, The B-value, Biometrics 44, 579-585.

    Raises:
        ValueError: the fraction is not above 0 and below 1.

    """
    if not 0 < fraction < 1:
        raise ValueError(f"fraction is {fraction}; allowed: above 0 and below 1")
    rest, bound = 1 - fraction, _bound_of(level, sides)
    mean = z * math.sqrt(fraction) + drift * rest
    above = _upper((bound - mean) / math.sqrt(rest))
    return above if sides == 1 else above + _upper((bound + mean) / math.sqrt(rest))


class _Step(Struct, frozen=True):
    """From one look to the next."""

    start: float
    end: float
    sides: Sides
    drift: float = 0.0

    @property
    def spread(self) -> float:
        return math.sqrt(self.end - self.start)

    @property
    def shift(self) -> float:
        return self.drift * (self.end - self.start)


class _Walk(Struct, frozen=True):
    """Where the sum of what was seen may stand after a look that did not reject; points are made when they are needed.

    How fine they must be depends on the next step, which is not known yet when a look is made.
    """

    fraction: float
    bound: float
    step: _Step | None
    before: _Walk | None
    points: Numbers | None = None
    mass: Numbers | None = None


_START = _Walk(0.0, math.inf, None, None)


def _ready(walk: _Walk, step: _Step) -> _Walk:
    """The walk with points that are fine enough for this step."""
    import numpy as np

    last, before = walk.step, walk.before
    if last is None or before is None:
        return _Walk(0.0, math.inf, None, None, np.zeros(1), np.ones(1))
    scale, middle = math.sqrt(walk.fraction), last.drift * walk.fraction
    high = min(walk.bound * scale, middle + _FAR * scale)
    low = middle - _FAR * scale if last.sides == 1 else max(-walk.bound * scale, middle - _FAR * scale)
    points, weights = _panels(low, high, min(step.spread, last.spread))
    starts, mass = _held(before)
    distance = (points[:, None] - starts[None, :] - last.shift) / last.spread
    density = np.exp(-0.5 * distance * distance) @ mass / (last.spread * math.sqrt(2 * math.pi))
    return _Walk(walk.fraction, walk.bound, last, before, points, weights * density)


def _held(walk: _Walk) -> tuple[Numbers, Numbers]:
    assert walk.points is not None
    assert walk.mass is not None
    return walk.points, walk.mass


def _panels(low: float, high: float, spread: float) -> tuple[Numbers, Numbers]:
    """Points and weights of Gauss and Legendre's rule over panels from low to high; none when that is empty."""
    import numpy as np

    if high <= low:
        return np.zeros(0), np.zeros(0)
    n_panels = min(_MOST_PANELS, max(4, math.ceil((high - low) / (_WIDEST * spread))))
    nodes, weights = np.polynomial.legendre.leggauss(_POINTS)
    edges = np.linspace(low, high, n_panels + 1)
    half = (edges[1:] - edges[:-1])[:, None] / 2
    points = edges[:-1, None] + half * (1 + nodes[None, :])
    return points.ravel(), (half * weights[None, :]).ravel()


def _exit(walk: _Walk, step: _Step, bound: float) -> float:
    """How probable it is that the step from this walk ends beyond the bound, given as a z."""
    import numpy as np

    if math.isinf(bound):
        return 0.0
    points, mass = _held(walk)
    limit = bound * math.sqrt(step.end)
    gone = (limit - points - step.shift) / step.spread
    tails = np.array([_upper(each) for each in gone.tolist()])
    if step.sides != 1:
        back = (limit + points + step.shift) / step.spread
        tails += np.array([_upper(each) for each in back.tolist()])
    return float(tails @ mass)


def _slope(walk: _Walk, step: _Step, bound: float) -> float:
    """The derivative of `_exit` by the bound."""
    import numpy as np

    points, mass = _held(walk)
    limit, scale = bound * math.sqrt(step.end), math.sqrt(step.end) / step.spread
    density = np.exp(-0.5 * ((limit - points - step.shift) / step.spread) ** 2)
    if step.sides != 1:
        density += np.exp(-0.5 * ((limit + points + step.shift) / step.spread) ** 2)
    return -scale * float(density @ mass) / math.sqrt(2 * math.pi)


def _solved(walk: _Walk, step: _Step, target: float) -> float:
    """The z beyond which the step ends with the target's probability; infinite where that is too small for a float.

    Newton's steps on the logarithm, bisection where one leaves the bracket.
    """
    low, high = 0.0, _FARTHEST_BOUND
    if target <= 0 or _exit(walk, step, high) >= target:
        return math.inf
    bound = min(high, max(0.1, -normal_quantile(min(0.4, target / step.sides))))
    for _ in range(_MOST_STEPS):
        found = _exit(walk, step, bound)
        low, high = (bound, high) if found > target else (low, bound)
        slope = _slope(walk, step, bound)
        near = bound - math.log(found / target) * found / slope if found > 0 and slope < 0 else low
        moved = near if low < near < high else (low + high) / 2
        if abs(moved - bound) < _ACCURACY:
            return moved
        bound = moved
    return bound


def _upper(z: float) -> float:
    return math.erfc(z / math.sqrt(2)) / 2


def _level_of(bound: float, sides: Sides) -> float:
    return 0.0 if math.isinf(bound) else min(1.0, sides * _upper(bound))


def _bound_of(level: float, sides: Sides) -> float:
    if not 0 <= level < 1:
        raise ValueError(f"a level is {level}; allowed: 0 to below 1")
    return -normal_quantile(level / sides) if level else math.inf


def _check(fractions: Sequence[float], alpha: float = 0.05, spending: str = "pocock") -> None:
    if spending not in ("obrien-fleming", "pocock"):
        raise ValueError(f"spending is {spending!r}; allowed: 'obrien-fleming', 'pocock'")
    if not 0 < alpha < 1:
        raise ValueError(f"alpha is {alpha}; allowed: above 0 and below 1, such as 0.05")
    before = None
    for fraction in fractions:
        if not 0 < fraction <= 1:
            raise ValueError(f"a fraction is {fraction}; allowed: above 0 and at most 1")
        if before is not None and fraction - before < _NARROWEST:
            raise ValueError(f"a fraction of {fraction} follows {before}; allowed: larger by at least {_NARROWEST}")
        before = fraction
