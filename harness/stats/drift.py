"""Whether a number drifts over runs: many small changes that no single comparison would see."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from harness.stats.means import finite
from harness.stats.quantiles import normal_quantile, t_probability

if TYPE_CHECKING:
    from collections.abc import Sequence

Direction = Literal["down", "up"]
Watching = Literal["down", "up", "both"]

ALLOWANCE = 0.5
"""k: half the shift, in standard deviations, that is to be found fastest (Montgomery, section 9.1.2)."""
FEWEST_RUNS = 5
"""Runs that calibrate before one can be judged."""
IN_CONTROL_RUNS = 500.0
"""Runs of a steady history from one false alarm to the next, on average."""
_OVERSHOOT = 1.166
"""Siegmund's correction for what a sum has beyond its limit."""
_FARTHEST = 4.0
"""Standard deviations that a single run counts at most: one broken run is no drift."""
_HALVINGS = 80
_EDGE = 1e-15


class Drift(Struct, frozen=True):
    """What a history of runs shows up to its last one."""

    direction: Direction | None
    """None: steady."""
    since: int | None
    """Number, from 0, of the first run of the drift; None where it is steady."""
    first_alarm: int | None
    """Number of the run at which this alarm was first raised; None where it is steady."""
    change: float | None
    """Mean of the runs since, less the mean of those before; None where it is steady."""
    lower: float
    """Sum of what the runs fell short, in standard deviations, at the last run."""
    upper: float
    """Sum of what they exceeded."""
    limit: float
    """The sum at which a drift is called one."""
    n_runs: int
    """Runs behind it."""


class Cusum(Struct, frozen=True):
    """Both sums after each run."""

    lower: tuple[float, ...]
    upper: tuple[float, ...]


def drift(
    values: Sequence[float],
    *,
    sizes: Sequence[float] | None = None,
    resolution: float = 0.0,
    watching: Watching = "both",
    in_control_runs: float = IN_CONTROL_RUNS,
) -> Drift | None:
    """Whether the values of successive runs, oldest first, have drifted by now; None for fewer than 6 runs.

    Each run is compared with all before it, so that none has to be declared good (self-starting CUSUM): its distance
    from their mean, in their standard deviations, adds up as long as it keeps to one side. A sudden change soon becomes
    part of what later runs are compared with: that is for the comparison with a baseline.

    `sizes` are the samples behind each value; one of more samples is taken to vary less. `resolution` is the smallest
    step that means something, such as one sample's worth of a share: the standard deviation is never taken to be
    smaller. `in_control_runs` is how many steady runs there are from one false alarm to the next, in all directions
    watched; with many histories multiply it by their number.

    Source: Page 1954; Hawkins 1987, Self-starting CUSUM charts, The Statistician 36, 299-315. Deviation: one run counts
    at most 4 standard deviations, and the first 5 runs only calibrate.

    Raises:
        ValueError: a value is not finite, sizes differ in number or are not above 0, resolution is below 0, or
            in_control_runs is so low that every run would alarm.

    """
    numbers = finite(values)
    weights = [1.0] * len(numbers) if sizes is None else finite(sizes)
    _check(numbers, weights, resolution)
    limit = cusum_limit(in_control_runs, sides=2 if watching == "both" else 1)
    if len(numbers) <= FEWEST_RUNS:
        return None
    sums = cusum(self_started(numbers, weights, resolution=resolution))
    found = _alarm(sums, limit, watching)
    if found is None:
        return Drift(None, None, None, None, sums.lower[-1], sums.upper[-1], limit, len(numbers))
    direction, since, first = found
    change = _mean(numbers[since:], weights[since:]) - _mean(numbers[:since], weights[:since])
    return Drift(direction, since, first, change, sums.lower[-1], sums.upper[-1], limit, len(numbers))


def cusum(z_values: Sequence[float], allowance: float = ALLOWANCE) -> Cusum:
    """The tabular CUSUM of standardised values: what they exceed or fall short of the allowance, never below 0.

    Source: Page 1954, Continuous inspection schemes, Biometrika 41, 100-115; Montgomery, Introduction to Statistical
    Quality Control, section 9.1.2.
    """
    lower, upper = [], []
    low = high = 0.0
    for z in z_values:
        low, high = max(0.0, low - z - allowance), max(0.0, high + z - allowance)
        lower.append(low)
        upper.append(high)
    return Cusum(tuple(lower), tuple(upper))


def cusum_run_length(
    limit: float, shift: float = 0.0, *, allowance: float = ALLOWANCE, sides: Literal[1, 2] = 2
) -> float:
    """How many runs pass on average until a sum exceeds the limit, when the mean has shifted by so many deviations.

    With one side: upward. Source: Siegmund 1985, Sequential Analysis, by Montgomery, section 9.1.3; 1 / both sides is
    the sum of 1 / each.
    """
    up = _one_sided_run_length(shift - allowance, limit + _OVERSHOOT)
    if sides == 1:
        return up
    down = _one_sided_run_length(-shift - allowance, limit + _OVERSHOOT)
    return 1 / (1 / up + 1 / down)


def _one_sided_run_length(excess: float, b: float) -> float:
    if not excess:
        return b * b
    return (math.exp(-2 * excess * b) + 2 * excess * b - 1) / (2 * excess * excess)


def cusum_limit(in_control_runs: float, *, allowance: float = ALLOWANCE, sides: Literal[1, 2] = 2) -> float:
    """The limit at which a steady history gives one false alarm in so many runs, on average.

    Raises:
        ValueError: in_control_runs is so low that every run would alarm, or not finite.

    """
    least = cusum_run_length(0.0, allowance=allowance, sides=sides)
    if not least < in_control_runs < math.inf:
        raise ValueError(f"in_control_runs is {in_control_runs}; allowed: above {least:.2g}, such as 500")
    low, high = 0.0, 1.0
    while cusum_run_length(high, allowance=allowance, sides=sides) < in_control_runs:
        low, high = high, 2 * high
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if cusum_run_length(middle, allowance=allowance, sides=sides) < in_control_runs:
            low = middle
        else:
            high = middle
    return high


def self_started(values: Sequence[float], weights: Sequence[float], *, resolution: float = 0.0) -> list[float]:
    """Each value as a standard normal deviate, by the mean and spread of those before; 0 for the first ones.

    In a steady normal history these are independent and standard normal. Weights are reciprocal to variances.
    """
    found, mean, squares, total = [], 0.0, 0.0, 0.0
    for number, (value, weight) in enumerate(zip(values, weights, strict=True)):
        z = 0.0
        if number >= FEWEST_RUNS:
            spread = max(math.sqrt(squares / (number - 1)), resolution * math.sqrt(total / number))
            distance = (value - mean) / math.sqrt(1 / weight + 1 / total)
            z = _normal(distance, spread, number - 1)
        found.append(z)
        step = value - mean
        squares += weight * total / (total + weight) * step * step
        total += weight
        mean += step * weight / total
    return found


def _normal(distance: float, spread: float, degrees: int) -> float:
    """The normal deviate that is as rare as this one of Student's t, cut off where a single run would decide."""
    if not spread:
        return math.copysign(_FARTHEST, distance) if distance else 0.0
    probability = t_probability(distance / spread, degrees)
    z = normal_quantile(min(1 - _EDGE, max(_EDGE, probability)))
    return max(-_FARTHEST, min(_FARTHEST, z))


def _alarm(sums: Cusum, limit: float, watching: Watching) -> tuple[Direction, int, int] | None:
    """The direction of the alarm that stands at the last run, the first run of the drift, and that of the alarm."""
    sides: list[tuple[float, Direction, tuple[float, ...]]] = []
    if watching != "up":
        sides.append((sums.lower[-1], "down", sums.lower))
    if watching != "down":
        sides.append((sums.upper[-1], "up", sums.upper))
    height, direction, line = max(sides, key=lambda side: side[0])
    if height <= limit:
        return None
    since = max((number + 1 for number, height in enumerate(line) if height == 0), default=0)
    first = next(number for number in range(since, len(line)) if line[number] > limit)
    return direction, since, first


def _mean(values: Sequence[float], weights: Sequence[float]) -> float:
    return math.fsum(value * weight for value, weight in zip(values, weights, strict=True)) / math.fsum(weights)


def _check(values: Sequence[float], weights: Sequence[float], resolution: float) -> None:
    if len(weights) != len(values):
        raise ValueError(f"{len(values)} values but {len(weights)} sizes; allowed: one size a value")
    for weight in weights:
        if weight <= 0:
            raise ValueError(f"a size is {weight}; allowed: above 0")
    if not resolution >= 0:
        raise ValueError(f"resolution is {resolution}; allowed: 0 or more")
