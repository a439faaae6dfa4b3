"""The p-value of one look: how surprising it is that NEW does as badly as this."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Protocol

from harness.stats.quantiles import binomial_probability, t_probability
from harness.stats.tango import tango_score

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]
    Clusters = NDArray[np.intp]

_FEW = 10
"""Values that differ from the most frequent one below which their spread says too little."""
_TINY = 1e-12


class PValue(Protocol):
    """A test of paired differences; above 0 NEW is better."""

    def __call__(self, differences: Numbers, null: float, clusters: Clusters | None) -> float:
        """How probable a mean this low or lower is if the true mean is `null` or more; clusters number from 0."""


def p_worse(differences: Numbers, null: float = 0.0, clusters: Clusters | None = None) -> float:
    """How probable a mean this low or lower is if the true mean is `null` or more; 1 where there are no differences.

    Differences of pass and fail (-1, 0, 1) without clusters: the exact sign test of McNemar where `null` is 0, Tango's
    score test else. Others: t, cluster-robust where there are clusters. It is never smaller than what few values can
    show: half a power for each that changed, and where hardly any differs from the rest, the chance that values within
    0…1 whose mean is `null` all look alike.

    Source: McNemar 1947; Tango 1998, Statistics in Medicine 17, 891-908; Miller 2024 (arXiv:2411.00640).
    """
    import numpy as np

    if not len(differences):
        return 1.0
    if clusters is None and bool(((differences == 0) | (np.abs(differences) == 1)).all()):
        better, worse = int((differences == 1).sum()), int((differences == -1).sum())
        if not null:
            return binomial_probability(better, better + worse, 0.5)
        return _tango(better, worse, len(differences), null=null)
    units = differences if clusters is None else _cluster_means(differences, clusters)
    return max(_t(differences, units, null, clusters=clusters), _floor(units, null))


def _tango(better: int, worse: int, n: int, *, null: float) -> float:
    """Tango's score test that the share of better minus worse pairs is `null` or more."""
    if not -1 < null < 1:
        return float(null <= -1)
    return math.erfc(-tango_score(better, worse, n, difference=null) / math.sqrt(2)) / 2


def _cluster_means(differences: Numbers, clusters: Clusters) -> Numbers:
    import numpy as np

    sizes = np.bincount(clusters)
    means: Numbers = np.bincount(clusters, weights=differences)[sizes > 0] / sizes[sizes > 0]
    return means


def _t(differences: Numbers, units: Numbers, null: float, *, clusters: Clusters | None) -> float:
    """Student's t of the mean, cluster-robust; 0 or 1 where nothing varies, 1 for a single unit."""
    import numpy as np

    n, n_units = len(differences), len(units)
    if n_units == 1:
        return 1.0
    mean = float(differences.mean())
    rest = differences - mean
    sums = rest if clusters is None else np.bincount(clusters, weights=rest)
    error = math.sqrt(float(sums @ sums) * n_units / (n_units - 1)) / n
    if error <= _TINY:
        return float(mean >= null)
    return t_probability((mean - null) / error, n_units - 1)


def _floor(units: Numbers, null: float) -> float:
    """The smallest p-value that so many values can show, whatever their spread."""
    import numpy as np

    if not null:
        return 0.5 ** int((units != 0).sum())
    _, counts = np.unique(units, return_counts=True)
    if len(units) - int(counts.max()) >= _FEW:
        return 0.0
    return max(0.0, 1 - abs(null - float(units.mean()))) ** len(units)
