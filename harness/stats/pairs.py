"""Values side by side: what every comparison of two runs starts from."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    import numpy as np
    from numpy.typing import NDArray

    Numbers = Sequence[float] | NDArray[np.float64]
    Clusters = Sequence[Hashable] | NDArray[np.generic]

_SHARES = ((None, None), (0, 1))
"""Bounds under which values of 0 and 1 are passes and failures, and no numbers that happen to be 0 and 1."""


def columns(current: Numbers, baseline: Numbers) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Both as arrays of one length.

    Raises:
        ValueError: they differ in number, or a value is not finite.

    """
    if len(current) != len(baseline):
        raise ValueError(
            f"{len(current)} values but {len(baseline)} to compare with; allowed: as many of one as the other"
        )
    return column(current), column(baseline)


def column(values: Numbers) -> NDArray[np.float64]:
    """The values as an array; ValueError for one that is not finite."""
    import numpy as np

    numbers = np.asarray(values, dtype=float)
    odd = numbers[~np.isfinite(numbers)]
    if odd.size:
        raise ValueError(f"a value is {odd[0]}; allowed: finite numbers")
    return numbers


def are_shares(*arrays: NDArray[np.float64], bounds: tuple[float | None, float | None]) -> bool:
    """Whether all values are 0 or 1, and the bounds do not say that they could lie elsewhere."""
    return bounds in _SHARES and all(bool(((each == 0) | (each == 1)).all()) for each in arrays)


def cluster_codes(clusters: Clusters, n: int) -> NDArray[np.intp]:
    """The number of each value's cluster, from 0 in the order of their first value.

    Raises:
        ValueError: clusters differ in number from values.

    """
    import numpy as np

    if len(clusters) != n:
        raise ValueError(f"{n} values but {len(clusters)} clusters; allowed: one cluster a value")
    known: dict[object, int] = {}
    names = clusters.tolist() if isinstance(clusters, np.ndarray) else clusters
    return np.fromiter((known.setdefault(name, len(known)) for name in names), dtype=np.intp, count=n)


def unit_sums(differences: NDArray[np.float64], clusters: Clusters | None) -> NDArray[np.float64]:
    """The sum of each independent unit's differences: of each cluster, else each difference itself."""
    import numpy as np

    if clusters is None:
        return differences
    codes = cluster_codes(clusters, len(differences))
    return np.bincount(codes, weights=differences).astype(float)
