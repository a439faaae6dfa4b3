"""How far several raters agree."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.stats.bootstrap import DRAWS, bootstrap_interval

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from harness.stats.interval import Interval

_TINY = 1e-12


def krippendorff_alpha(ratings: Sequence[Sequence[float | None]]) -> float | None:
    """Krippendorff's alpha for interval values: 1 is perfect, 0 as by chance, below 0 worse; None where undefined.

    `ratings` has one row a unit with the raters' values in any order; None is a missing one, and rows may differ in
    length. Units with fewer than two values say nothing and are left out. Without any variation alpha is not defined.

    Source: Krippendorff 2011, Computing Krippendorff's Alpha-Reliability, with the interval metric, the squared
    difference. Deviations: none; computed from sums and squares, not by a coincidence matrix.
    """
    import numpy as np

    return _alpha(_sums(ratings), np.arange(len(ratings)))


def krippendorff_interval(
    ratings: Sequence[Sequence[float | None]],
    *,
    clusters: Sequence[Hashable] | None = None,
    draws: int = DRAWS,
    seed: int = 0,
) -> Interval | None:
    """Alpha with its 95 % bootstrap interval over units (or whole clusters of them); None where it is not defined."""
    sums = _sums(ratings)
    return bootstrap_interval(
        lambda drawn: _alpha(sums, drawn), len(ratings), clusters=clusters, draws=draws, seed=seed
    )


def _sums(ratings: Sequence[Sequence[float | None]]) -> NDArray[np.float64]:
    """Per unit: number of values, their sum, the sum of their squares; zeros where fewer than two raters spoke."""
    import numpy as np

    rows = np.zeros((len(ratings), 3))
    for place, row in enumerate(ratings):
        values = [value for value in row if value is not None]
        if len(values) > 1:
            rows[place] = len(values), sum(values), sum(value * value for value in values)
    return rows


def _alpha(sums: NDArray[np.float64], drawn: NDArray[np.intp]) -> float | None:
    """1 - observed / expected disagreement; that of all pairs of m values is 2 (m Σv² - (Σv)²)."""
    import numpy as np

    rows = sums[drawn]
    rows = rows[rows[:, 0] > 1]
    if not len(rows):
        return None
    count, total, squares = rows.T
    n = float(count.sum())
    observed = float(np.sum(2 * (count * squares - total * total) / (count - 1))) / n
    expected = 2 * (n * float(squares.sum()) - float(total.sum()) ** 2) / (n * (n - 1))
    return 1 - observed / expected if expected > _TINY else None
