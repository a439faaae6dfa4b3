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


def equal_p(value: float, n: int, mean: float, *, least: float, most: float) -> float:
    """The two-sided p of such values for a given mean: at most alpha just where `equal_ends` at 1 - alpha leave it out.

    >>> round(equal_p(1.0, 5, 0.9, least=0.0, most=1.0), 6)  # 2 · 0.9⁵, capped
    1.0
    >>> round(equal_p(5.0, 20, 4.5, least=1.0, most=5.0), 6)
    0.138418
    """
    if not least <= mean <= most:
        return 0.0
    if value == mean:
        return 1.0
    share = (mean - least) / (value - least) if value > mean else (most - mean) / (most - value)
    return min(1.0, 2 * share**n)
