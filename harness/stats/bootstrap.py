"""Intervals of any statistic, by drawing its units again."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from harness.stats.interval import Interval

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence

    import numpy as np
    from numpy.typing import NDArray

    Statistic = Callable[[NDArray[np.intp]], float | None]

DRAWS = 1000
"""Draws of an interval: its ends then vary by about a twentieth of its width."""
_TINY = 1e-12
_FEWEST = 0.5
"""Share of draws that must have a value; else there is no interval."""


def bootstrap_interval(
    statistic: Statistic,
    n: int,
    *,
    clusters: Sequence[Hashable] | None = None,
    confidence: float = 0.95,
    draws: int = DRAWS,
    seed: int = 0,
) -> Interval | None:
    """A statistic of n units with its percentile interval; None where the statistic itself has no value.

    `statistic` gets the indices of the units drawn and gives None where it is not defined. `clusters` names the cluster
    of each unit: whole clusters are drawn then. The same seed gives the same interval. There are no ends where the
    statistic is undefined in half of the draws, where there are fewer than two clusters, or where the draws agree and
    the ends would be one number: no spread was seen then, which does not prove that there is none.

    Source: Efron and Tibshirani 1993, An Introduction to the Bootstrap, section 13.3; clusters: Davison and Hinkley
    1997, section 3.8.

    Raises:
        ValueError: clusters differ in number from units, or confidence is not within 0…1.

    """
    import numpy as np

    if not 0 < confidence < 1:
        raise ValueError(f"confidence is {confidence}; allowed: above 0 and below 1, such as 0.95")
    if clusters is not None and len(clusters) != n:
        raise ValueError(f"{n} units but {len(clusters)} clusters; allowed: one cluster a unit")
    value = statistic(np.arange(n)) if n else None
    if value is None:
        return None
    members = _members(clusters, n)
    n_clusters = None if clusters is None else len(members)
    found = _drawn(statistic, members, draws=draws, seed=seed) if len(members) > 1 else []
    ends = _ends(found, value, confidence) if len(found) >= max(1, _FEWEST * draws) else None
    if ends is None:
        return Interval(value, None, None, "none", n, n_clusters)
    return Interval(value, *ends, "bootstrap", n, n_clusters)


def _ends(found: list[float], value: float, confidence: float) -> tuple[float, float] | None:
    """The percentiles of the draws, the value within; None where they are one number."""
    import numpy as np

    tail = (1 - confidence) / 2
    low, high = (float(end) for end in np.quantile(found, [tail, 1 - tail]))
    low, high = min(low, value), max(high, value)
    return (low, high) if high - low > _TINY else None


def _members(clusters: Sequence[Hashable] | None, n: int) -> list[NDArray[np.intp]]:
    """The units of each cluster, clusters in the order of their first unit."""
    import numpy as np

    if clusters is None:
        return [np.array([unit]) for unit in range(n)]
    by_cluster: dict[Hashable, list[int]] = {}
    for unit, cluster in enumerate(clusters):
        by_cluster.setdefault(cluster, []).append(unit)
    return [np.array(units) for units in by_cluster.values()]


def _drawn(statistic: Statistic, members: list[NDArray[np.intp]], *, draws: int, seed: int) -> list[float]:
    """The statistic of each draw that has one."""
    import numpy as np

    random = np.random.default_rng(seed)
    found = []
    for _ in range(draws):
        chosen = random.integers(0, len(members), len(members))
        value = statistic(np.concatenate([members[each] for each in chosen]))
        if value is not None and math.isfinite(value):
            found.append(value)
    return found
