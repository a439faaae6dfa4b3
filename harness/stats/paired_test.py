"""Whether two runs over the same samples differ: p-values."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from harness.stats.equal import equal_p
from harness.stats.means import is_flat
from harness.stats.pairs import are_shares, cluster_codes, column, columns, unit_sums
from harness.stats.quantiles import binomial_probability
from harness.stats.sign_flip import sign_flip, sign_flip_drawn

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from harness.stats.means import Bounds
    from harness.stats.pairs import Clusters, Numbers
    from harness.stats.sign_flip import Surprise

_MOST_WHOLE = 1_000
"""Flips up to which McNemar's p is counted in whole numbers."""
Test = Literal["auto", "sign-flip", "monte carlo", "wilcoxon"]
TESTS: tuple[Test, ...] = ("auto", "sign-flip", "monte carlo", "wilcoxon")


class PairedTest(Struct, frozen=True):
    """A two-sided p-value with its test."""

    p_value: float
    """How probable a difference at least as large is where nothing has changed; above 0, at most 1."""
    test: str
    """`mcnemar exact`, `binomial exact`, `equal`, `wilcoxon`, or a sign-flip test as `sign_flip` names it."""


def paired_test(
    current: Numbers,
    baseline: Numbers,
    clusters: Clusters | None = None,
    *,
    test: Test = "auto",
    bounds: Bounds = (None, None),
    seed: int = 0,
) -> PairedTest | None:
    """The two-sided p of "nothing has changed"; None for no pairs, 1 where all pairs are equal.

    `auto`: for passes and failures without clusters exact McNemar; else the sign-flip test, on the sums of clusters.
    `monte carlo` draws sign patterns (`seed`); `wilcoxon` is the signed-rank test with Pratt's zeros, on the means of
    clusters: exact up to 50 without ties and zeros, else normal, as scipy. It asks about ranks, not about the mean.

    Source: McNemar 1947, Psychometrika 12, exact as Fagerland, Lydersen and Laake 2013, BMC Medical Research
    Methodology 13:91; `sign_flip`; Wilcoxon 1945 and Pratt 1959 by scipy.stats.wilcoxon.

    Raises:
        ValueError: lengths differ, a value is not finite, or the test is unknown.

    """
    if test not in TESTS:
        raise ValueError(f"test is {test!r}; allowed: {', '.join(TESTS)}")
    now, before = columns(current, baseline)
    if not len(now):
        return None
    if test == "auto" and clusters is None and are_shares(now, before, bounds=bounds):
        return PairedTest(mcnemar(int((now > before).sum()), int((now < before).sum())), "mcnemar exact")
    if test == "wilcoxon":
        return _wilcoxon(now - before, clusters)
    sums = unit_sums(now - before, clusters)
    return _named(sign_flip_drawn(sums, seed=seed) if test == "monte carlo" else sign_flip(sums))


def one_sample_test(
    values: Numbers, target: float, clusters: Clusters | None = None, *, bounds: Bounds = (None, None)
) -> PairedTest | None:
    """The two-sided p of "the mean is the target"; None for no values.

    Passes and failures without clusters: exact binomial, twice the smaller tail. Other values that are all equal within
    finite `bounds`: `equal_p`, on the clusters, since nothing says that the distances would be symmetric. Else the
    sign-flip test of the distances to the target, on the sums of clusters.
    """
    numbers = column(values)
    goal = float(column([target])[0])
    if not len(numbers):
        return None
    if clusters is None and are_shares(numbers, bounds=bounds) and 0 <= goal <= 1:
        n, k = len(numbers), int(numbers.sum())
        tail = min(binomial_probability(k, n, goal), binomial_probability(n - k, n, 1 - goal))
        return PairedTest(max(min(1.0, 2 * tail), math.ulp(0.0)), "binomial exact")
    least, most = bounds
    if is_flat(numbers.tolist(), bounds) and least is not None and most is not None:
        n = len(numbers) if clusters is None else len(set(clusters))
        return PairedTest(max(equal_p(float(numbers[0]), n, goal, least=least, most=most), math.ulp(0.0)), "equal")
    return _named(sign_flip(unit_sums(numbers - goal, clusters)))


def mcnemar(n_up: int, n_down: int) -> float:
    """The exact two-sided p of so many flips either way, each as probable; 1 without flips.

    In whole numbers as long as that is fast: 2 flips have p 0.5 to the last digit, which is not below an alpha of 0.5.
    """
    n, few = n_up + n_down, min(n_up, n_down)
    if n <= _MOST_WHOLE:
        both_tails: float = 2 * sum(math.comb(n, k) for k in range(few + 1)) / (1 << n)
        return min(1.0, both_tails)
    return max(min(1.0, 2 * binomial_probability(min(n_up, n_down), n_up + n_down, 0.5)), math.ulp(0.0))


def _wilcoxon(differences: NDArray[np.float64], clusters: Clusters | None) -> PairedTest:
    import numpy as np

    units = differences
    if clusters is not None:
        codes = cluster_codes(clusters, len(differences))
        units = np.bincount(codes, weights=differences) / np.bincount(codes)
    if not units.any():
        return PairedTest(1.0, "wilcoxon")
    from scipy.stats import wilcoxon

    return PairedTest(max(float(wilcoxon(units, zero_method="pratt").pvalue), math.ulp(0.0)), "wilcoxon")


def _named(found: Surprise) -> PairedTest:
    return PairedTest(found.p_value, found.method)
