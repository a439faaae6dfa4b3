"""The score test of a difference between two paired proportions, and its interval."""

from __future__ import annotations

import math

from harness.stats.proportions import two_sided

_ROUNDS = 60
"""Of bisection: ends are then exact to the last digits."""


def tango_interval(n_up: int, n_down: int, n: int, *, confidence: float = 0.95) -> tuple[float, float]:
    """Both ends for (n_up - n_down) / n, of n pairs of which n_up turned from 0 to 1 and n_down from 1 to 0.

    Source: Tango 1998, Statistics in Medicine 17, 891-908: all differences that the score test does not reject; at 0 it
    is McNemar's test without correction.

    Raises:
        ValueError: not 0 <= n_up, n_down and n_up + n_down <= n, n is 0, or confidence is not within 0…1.

    """
    if n < 1 or min(n_up, n_down) < 0 or n_up + n_down > n:
        raise ValueError(f"{n_up} up and {n_down} down of {n} pairs; allowed: counts from 0, together at most n")
    z = two_sided(confidence)
    return -_upper_end(n_down, n_up, n, z=z), _upper_end(n_up, n_down, n, z=z)


def _upper_end(n_up: int, n_down: int, n: int, *, z: float) -> float:
    low, high = (n_up - n_down) / n, 1.0
    for _ in range(_ROUNDS):
        middle = (low + high) / 2
        if tango_score(n_up, n_down, n, difference=middle) > -z:
            low = middle
        else:
            high = middle
    return high


def tango_score(n_up: float, n_down: float, n: float, *, difference: float) -> float:
    """How many standard errors the seen difference lies above the given one, within -1…1, by the variance there."""
    linear = (2 * n - n_up + n_down) * difference - n_up - n_down
    constant = -n_down * difference * (1 - difference)
    p_down = (math.sqrt(max(0.0, linear * linear - 8 * n * constant)) - linear) / (4 * n)
    variance = n * (2 * p_down + difference * (1 - difference))
    gap = n_up - n_down - n * difference
    return gap / math.sqrt(variance) if variance > 0 else math.copysign(math.inf, gap)
