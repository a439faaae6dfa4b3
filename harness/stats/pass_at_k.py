"""The chance that at least one of k answers is right, estimated from more answers than k."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from harness.stats.means import share_interval

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Sequence

    from harness.stats.interval import Interval


def pass_at_k(n: int, n_right: int, k: int) -> float:
    """1 - C(n - n_right, k) / C(n, k): the share of all choices of k out of n answers that hold a right one.

    Source: Chen et al. 2021 (arXiv:2107.03374), equation 1, unbiased where answers are independent; in whole numbers
    and one division, where the paper's code multiplies factors.

    Raises:
        ValueError: not 1 <= k <= n, or not 0 <= n_right <= n.

    >>> pass_at_k(5, 2, 1), round(pass_at_k(5, 2, 3), 3), pass_at_k(5, 0, 5)
    (0.4, 0.9, 0.0)
    """
    if not 1 <= k <= n or not 0 <= n_right <= n:
        raise ValueError(f"pass@{k} of {n_right} right among {n}; allowed: 1 <= k <= n and 0 <= right <= n")
    return 1 - math.comb(n - n_right, k) / math.comb(n, k)


def pass_interval(
    tallies: Iterable[tuple[int, int]], k: int, clusters: Sequence[Hashable] | None = None
) -> Interval | None:
    """The mean over samples of `pass_at_k`, with its 95 % interval; None without samples.

    `tallies` has (answers, right ones) of each sample, at least k answers each. Samples are independent, or come in
    `clusters`, named one a sample. The interval is Wilson's, with as many trials as the samples' spread says: at most
    one for every k answers to a sample. So pass@1 of equally many answers a sample is the clustered mean of the
    answers, in value and interval. A single cluster of several answers shows no spread, and has no interval.

    Raises ValueError as `pass_at_k`, and when there are not as many clusters as samples.
    """
    counted = list(tallies)
    values = [pass_at_k(n, n_right, k) for n, n_right in counted]
    if not values:
        return None
    return share_interval(
        values, range(len(values)) if clusters is None else clusters, n=sum(n // k for n, _ in counted)
    )
