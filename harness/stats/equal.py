"""The mean behind values that are all equal: they show no spread, which does not prove that there is none."""

from __future__ import annotations


def equal_ends(value: float, n: int, confidence: float, *, least: float, most: float) -> tuple[float, float]:
    """Both ends for the mean of values within least…most, n independent ones of which were all `value`.

    Each end misses the true mean in at most (1 - confidence) / 2 of cases, however the values are spread: beyond it, n
    values that lie so far from the mean, all of them, would come more rarely. Values that are all 1 of 0…1 have the
    exact bound of as many passes.

    Source: Markov's inequality. Within 0…1 a value is at least v with a probability of at most mean / v, n values are
    with (mean / v)^n; solved for the mean. At v = 1 it is Clopper and Pearson's bound, the exact form of the rule of
    three (Hanley and Lippman-Hand 1983, JAMA 249, 1743-1745).
    """
    beyond = 1 - ((1 - confidence) / 2) ** (1 / n)
    return value - beyond * (value - least), value + beyond * (most - value)
