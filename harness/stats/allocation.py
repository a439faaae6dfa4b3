"""What to repeat for a smaller error: samples, answers or ratings."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

from msgspec import Struct
from msgspec.structs import replace

if TYPE_CHECKING:
    from harness.stats.variance import Variances

Level = Literal["samples", "repeats", "ratings"]
LEVELS: tuple[Level, ...] = ("samples", "repeats", "ratings")
_ROUNDING = 1e-9


class Design(Struct, frozen=True):
    """How often everything is asked."""

    samples: int
    """Samples of the dataset."""
    repeats: int = 1
    """Answers to each sample."""
    ratings: int = 1
    """Ratings of each answer."""


class Costs(Struct, frozen=True):
    """What one more of each costs, in USD or in calls."""

    sample: float = 0.0
    """A sample by itself, such as its labelling; its answers cost extra."""
    generation: float = 1.0
    """An answer."""
    rating: float = 0.0
    """A rating of an answer."""


class Increase(Struct, frozen=True):
    """A larger design."""

    level: Level | None
    """What to have more of; None where the error is small enough already."""
    design: Design
    """How many of everything then."""
    standard_error: float
    """Of the mean, then."""
    cost: float
    """More than now, for one run."""


def standard_error(variances: Variances, design: Design) -> float:
    """The standard error of a mean over this design; a variance that is None counts as 0: it is part of the one above.

    Source: Cochran 1977, Sampling Techniques, 3rd ed., section 10.8 (three stages, populations without end); with a
    single rating, Miller 2024 (arXiv:2411.00640), section 3.1: (Var(x) + E[σ²] / K) / n.
    """
    answers, ratings = design.repeats, design.repeats * design.ratings
    rest = (variances.generations or 0.0) / answers + (variances.ratings or 0.0) / ratings
    return math.sqrt(((variances.samples or 0.0) + rest) / design.samples)


def increases(variances: Variances, now: Design, costs: Costs, *, target: float) -> list[Increase]:
    """For each level the increase of it alone that brings the standard error down to the target, the cheapest first.

    Left out are levels that alone never get there (more answers to the same samples tell nothing about other samples)
    and those whose variance is not known, because nothing was repeated there. An error that is small enough already
    gives one entry, of no level and no cost.

    Raises:
        ValueError: the target is not above 0.

    """
    if not target > 0:
        raise ValueError(f"target is {target}; allowed: above 0")
    if standard_error(variances, now) <= target * (1 + _ROUNDING):
        return [Increase(None, now, standard_error(variances, now), 0.0)]
    found = []
    for level in LEVELS:
        count = _count(variances, now, level, target=target)
        if count is not None:
            design = replace(now, **{level: count})
            more = _cost(design, costs) - _cost(now, costs)
            found.append(Increase(level, design, standard_error(variances, design), more))
    return sorted(found, key=lambda each: (each.cost, LEVELS.index(each.level or "samples")))


def cheapest_increase(variances: Variances, now: Design, costs: Costs, *, target: float) -> Increase | None:
    """The first of `increases`; None where no level alone gets there."""
    return next(iter(increases(variances, now, costs, target=target)), None)


def best_design(variances: Variances, costs: Costs, *, target: float) -> Design:
    """The cheapest design of all with this standard error, for a suite that is planned anew.

    The best numbers of answers and ratings do not depend on the target: the root of (variance below / variance above) ·
    (cost above / cost below) of neighbouring levels, tried as whole numbers about it. Where a sample by itself costs
    nothing, that is one answer each and many samples.

    Source: Cochran 1977, sections 10.6 and 10.8.
    """
    if not target > 0:
        raise ValueError(f"target is {target}; allowed: above 0")
    samples, generations, rated = (
        each or 0.0 for each in (variances.samples, variances.generations, variances.ratings)
    )
    ratings = _about(_ratio((rated, generations), (costs.rating, costs.generation)))
    designs = []
    for number in ratings:
        below, cost = generations + rated / number, costs.generation + number * costs.rating
        for repeats in _about(_ratio((below, samples), (cost, costs.sample))):
            error = standard_error(variances, Design(1, repeats, number))
            designs.append(Design(max(1, math.ceil((error / target) ** 2 * (1 - _ROUNDING))), repeats, number))
    return min(designs, key=lambda each: (_cost(each, costs), each.repeats, each.ratings))


def _count(variances: Variances, now: Design, level: Level, *, target: float) -> int | None:
    """How many of this level, the others as they are, give the target."""
    if level == "samples":
        return math.ceil((standard_error(variances, now) / target) ** 2 * now.samples * (1 - _ROUNDING))
    if (variances.generations if level == "repeats" else variances.ratings) is None:
        return None
    without = (
        replace(variances, ratings=0.0) if level == "ratings" else replace(variances, generations=0.0, ratings=0.0)
    )
    fixed = standard_error(without, now) ** 2
    changing = standard_error(variances, now) ** 2 - fixed
    left = target**2 - fixed
    if left <= 0 or changing <= 0:
        return None
    seen = now.repeats if level == "repeats" else now.ratings
    return math.ceil(changing / left * seen * (1 - _ROUNDING))


def _cost(design: Design, costs: Costs) -> float:
    answer = costs.generation + design.ratings * costs.rating
    return design.samples * (costs.sample + design.repeats * answer)


def _ratio(variances: tuple[float, float], costs: tuple[float, float]) -> float:
    """The best number of the lower level for one of the upper; both pairs have the lower level first."""
    (below, above), (cost_below, cost_above) = variances, costs
    if not above or not cost_below:
        return 1.0 if not below or not cost_above else math.inf
    return math.sqrt(below * cost_above / (above * cost_below))


def _about(best: float) -> list[int]:
    """The whole numbers on either side, at least 1 and at most 100."""
    low = min(100, max(1, math.floor(min(best, 100.0))))
    return [low, min(100, low + 1)]
