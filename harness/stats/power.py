"""How many pairs a drop takes to be seen, and which drop so many pairs can see."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from harness.stats.quantiles import normal_quantile, t_quantile

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

POWER = 0.8
"""The usual chance of seeing what is there (Cohen 1988)."""
_MOST_PAIRS = 10_000_000
_MOST_EXACT = 100_000
"""Pairs up to which the power of McNemar's test is reckoned exactly."""
_FEW = 30
"""Pairs up to which it matters that a sign-flip test has no more than 2^n patterns."""
_WINDOW = 9.0
"""Standard deviations on either side beyond which a number of flips is not reckoned with."""
_ACCURACY = 1e-4
"""Of a minimum detectable effect of shares; it is rounded up."""


def fewest_units(alpha: float) -> int:
    """The fewest pairs (or clusters) with which any paired test can show anything: 2 / 2^n < alpha.

    >>> fewest_units(0.05), fewest_units(0.05 / 24)
    (6, 10)
    """
    _check(alpha, POWER)
    n = max(1, math.floor(1 - math.log2(alpha)))
    while math.ldexp(1.0, 1 - n) >= alpha:
        n += 1
    return n


def mcnemar_power(n: int, drop: float, *, discordant: float = 0.0, alpha: float = 0.05, margin: float = 0.0) -> float:
    """The chance that exact McNemar on n pairs shows a drop of this size, and that the seen drop exceeds the margin.

    `discordant` is the share of pairs that flip anyway, half of them either way; the drop's flips come on top. Without
    regard to the tests' direction beyond that: a rise never counts.

    Raises:
        ValueError: n is negative, alpha is not within 0…1, or drop and discordant are negative or together above 1.

    """
    _check(alpha, POWER)
    if n < 0 or min(drop, discordant, margin) < 0 or drop + discordant > 1 + 1e-12:
        raise ValueError(
            f"n is {n}, drop {drop}, discordant {discordant} and margin {margin}; "
            "allowed: from 0, drop and discordant together at most 1"
        )
    import numpy as np
    from scipy import special

    share = min(1.0, drop + discordant)
    if not share or not n:
        return 0.0
    spread = _WINDOW * math.sqrt(n * share * (1 - share)) + _WINDOW
    flips = np.arange(max(0, math.floor(n * share - spread)), min(n, math.ceil(n * share + spread)) + 1)
    chances = np.exp(
        special.gammaln(n + 1) - special.gammaln(flips + 1) - special.gammaln(n - flips + 1)
        + special.xlogy(flips, share) + special.xlog1py(n - flips, -share)
    )  # fmt: skip
    beyond = np.floor((flips + n * margin) / 2 + 1e-9).astype(np.int64)
    needed = np.maximum(_critical(flips, alpha), beyond + 1)
    shown = np.where(needed <= flips, special.bdtrc(needed - 1.0, flips, (discordant / 2 + drop) / share), 0.0)
    return min(1.0, float(chances @ shown))


def _critical(flips: NDArray[np.int64], alpha: float) -> NDArray[np.int64]:
    """The fewest downward ones among so many flips whose two-sided p is below alpha."""
    import numpy as np
    from scipy import special

    def p_of(downs: NDArray[np.int64]) -> NDArray[np.float64]:
        tail: NDArray[np.float64] = 2 * special.bdtr(flips - downs + 0.0, flips, 0.5)
        return np.where(downs > flips, 0.0, tail)

    z = normal_quantile(1 - alpha / 2)
    found = np.minimum(np.ceil(flips / 2 + z * np.sqrt(flips) / 2).astype(np.int64), flips + 1)
    while (short := p_of(found) >= alpha).any():
        found = found + short
    while (spare := (found > (flips + 1) // 2) & (p_of(found - 1) < alpha)).any():
        found = found - spare
    return found


def n_needed(
    drop: float, *, alpha: float = 0.05, power: float = POWER, sd: float | None = None, discordant: float | None = None
) -> int | None:
    """Pairs with which a drop of this size is significant with the wanted probability; None for 10 million or more.

    Scores: from `sd`, that of the differences as `Difference.sd` (clusters are in it already), by the noncentral t.
    Passes and failures: from `discordant`, the share of pairs that flip anyway, by exact McNemar; beyond 100,000 pairs
    by the normal approximation. A margin that the seen drop must exceed as well is no part of this: a true drop of
    exactly the margin is seen beyond it in half of the cases, with any number of pairs.

    Source: Miller 2024 (arXiv:2411.00640), section 5, with t for z; Connor 1987, Biometrics 43, for the approximation.

    Raises:
        ValueError: drop is negative, both or none of sd and discordant are given, or a share is not within 0…1.

    """
    _check(alpha, power)
    if drop < 0 or (sd is None) == (discordant is None):
        raise ValueError(
            f"drop is {drop}, sd {sd} and discordant {discordant}; allowed: drop from 0, and one of the two"
        )
    if not drop:
        return None
    if sd is not None:
        return _scores_needed(drop / sd, alpha=alpha, power=power) if sd else fewest_units(alpha)
    assert discordant is not None
    return _pairs_needed(drop, discordant, alpha=alpha, power=power)


def _scores_needed(effect: float, *, alpha: float, power: float) -> int | None:
    root = normal_quantile(1 - alpha / 2) + normal_quantile(power)
    if root > effect * math.sqrt(_MOST_PAIRS):
        return None
    n = max(fewest_units(alpha), math.ceil((root / effect) ** 2), 2)
    while _shift(n, alpha=alpha, power=power) / math.sqrt(n) > effect:
        n += max(1, n // 1000)
    return n


def _shift(n: int, *, alpha: float, power: float) -> float:
    """How many standard errors a drop must be for a sign-flip test of n normal differences to see it so often.

    As for a t-test, which it equals from about 20 on. Fewer have few patterns of signs: their p jumps, so alpha is what
    of it can be reached, and where a handful of patterns lies below it the drop must be larger: by 30 % over their
    number, 15 % over n, and half a percent for what the test loses to t (measured by simulation). Where only one does,
    all differences must have its sign.
    """
    from scipy.special import nctdtr

    patterns = math.ceil(math.ldexp(alpha, n - 1)) - 1 if n <= _FEW else _MOST_EXACT
    if patterns < 1:
        return math.inf
    if patterns == 1:
        return math.sqrt(n) * normal_quantile(power ** (1 / n))
    if n <= _FEW:
        alpha = math.ldexp(patterns, 1 - n)
    least = t_quantile(1 - alpha / 2, n - 1)
    low, high = 0.0, 2 * least + 2 * abs(t_quantile(power, n - 1)) + 2
    while high - low > _ACCURACY:
        middle = (low + high) / 2
        if 1 - nctdtr(n - 1, middle, least) < power:
            low = middle
        else:
            high = middle
    return high * (1.005 + 0.3 / patterns + 0.15 / n)


def _pairs_needed(drop: float, discordant: float, *, alpha: float, power: float) -> int | None:
    flips = min(1.0, drop + discordant)
    spread = math.sqrt(max(0.0, flips - drop * drop))
    z_alpha, z_power = normal_quantile(1 - alpha / 2), normal_quantile(power)
    rough = ((z_alpha * math.sqrt(flips) + z_power * spread) / drop) ** 2
    if rough > _MOST_EXACT:
        return math.ceil(rough) if rough < _MOST_PAIRS else None
    low, high = 0, max(fewest_units(alpha), math.ceil(rough))
    while mcnemar_power(high, drop, discordant=discordant, alpha=alpha) < power:
        low, high = high, high + max(1, high // 16)
    while high - low > max(1, high // 1000):
        middle = (low + high) // 2
        if mcnemar_power(middle, drop, discordant=discordant, alpha=alpha) < power:
            low = middle
        else:
            high = middle
    return high


def minimum_detectable_effect(
    n: int, *, alpha: float = 0.05, power: float = POWER, margin: float = 0.0,
    sd: float | None = None, discordant: float | None = None,
) -> float | None:  # fmt: skip
    """The smallest true drop that n pairs report as one, with this probability or more; None where none is.

    Reported means as `decide` does: significant at alpha (divide it by the number of tests for a whole family), and the
    seen drop beyond the margin. Scores: from `sd` of the differences. Passes and failures: from `discordant`, the share
    of pairs that flip anyway; 0 gives the best case, of a backend that repeats itself. For clusters, n is what
    `effective_pairs` gives.

    Raises:
        ValueError: n is negative, both or none of sd and discordant are given, or a share is not within 0…1.

    """
    _check(alpha, power)
    if n < 0 or margin < 0 or (sd is None) == (discordant is None):
        raise ValueError(
            f"n is {n}, margin {margin}, sd {sd} and discordant {discordant}; "
            "allowed: n and margin from 0, and one of the two"
        )
    if n < max(2, fewest_units(alpha)):
        return None
    if sd is not None:
        error = sd / math.sqrt(n)
        return max(_shift(n, alpha=alpha, power=power) * error, margin + t_quantile(power, n - 1) * error)
    assert discordant is not None

    def is_seen(drop: float) -> bool:
        return mcnemar_power(n, drop, discordant=discordant, alpha=alpha, margin=margin) >= power

    return _smallest(is_seen, 1 - discordant, margin + 3 * math.sqrt((discordant + 1 / n) / n))


def _smallest(is_seen: Callable[[float], bool], most: float, guess: float) -> float | None:
    """The smallest drop that is seen, rounded up; a larger drop is seen the better, so halving finds it."""
    low, high = 0.0, min(most, guess)
    while not is_seen(high):
        if high >= most:
            return None
        low, high = high, min(most, high * 1.5)
    while high - low > _ACCURACY:
        middle = (low + high) / 2
        if is_seen(middle):
            high = middle
        else:
            low = middle
    return high


def effective_pairs(n: int, n_clusters: int, correlation: float = 1.0) -> int:
    """How many independent pairs n pairs in clusters are worth: n over the design effect, rounded down, at least 1.

    `correlation` is the one between differences of one cluster; 1, the safe choice, counts each cluster once.

    Source: Kish 1965, Survey Sampling, section 5.4: 1 + (pairs a cluster - 1) · correlation.

    >>> effective_pairs(120, 40), effective_pairs(120, 40, 0.5), effective_pairs(120, 40, 0)
    (40, 60, 120)
    """
    if not 0 < n_clusters <= n or not 0 <= correlation <= 1:
        raise ValueError(
            f"{n} pairs in {n_clusters} clusters with correlation {correlation}; "
            "allowed: 1 to n clusters, and a correlation from 0 to 1"
        )
    return max(1, math.floor(n / (1 + (n / n_clusters - 1) * correlation) + 1e-9))


def _check(alpha: float, power: float) -> None:
    if not 0 < alpha < 1 or not 0 < power < 1:
        raise ValueError(f"alpha is {alpha} and power {power}; allowed: above 0 and below 1, such as 0.05 and 0.8")
