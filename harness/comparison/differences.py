"""One measure of one cell on two sides → its difference, with interval and p."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from harness.stats import paired_difference, paired_test

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from harness.comparison.pairing import Pairs
    from harness.schema import Measure, RegressionSpec, Rows
    from harness.stats import Difference, PairedTest

_SEED = 0
"""The same two runs give the same intervals, whenever they are compared."""


class Found(Struct, frozen=True):
    """What the pairs show of one measure."""

    difference: Difference
    """With its interval at 1 - alpha."""
    test: PairedTest
    """Its p, of this comparison alone."""
    mean: float
    """Of the current values of the pairs."""
    mean_baseline: float
    """Of the baseline's."""


def values_of(measure: str, rows: Rows, places: NDArray[np.intp]) -> NDArray[np.float64]:
    """The measure's values at these places; NaN where there is none."""
    import numpy as np

    column = rows.values.get(measure)
    return np.full(len(places), np.nan) if column is None else column[places]


def both_scored(measure: str, sides: tuple[Rows, Rows], pairs: Pairs) -> NDArray[np.bool_]:
    """Which pairs have a value on both sides."""
    import numpy as np

    now, before = values_of(measure, sides[0], pairs.now), values_of(measure, sides[1], pairs.before)
    found: NDArray[np.bool_] = ~(np.isnan(now) | np.isnan(before))
    return found


def difference_of(measure: Measure, sides: tuple[Rows, Rows], pairs: Pairs, *, spec: RegressionSpec) -> Found | None:
    """The difference over the pairs that have both values; None where there is none."""
    kept = both_scored(measure.name, sides, pairs)
    now = values_of(measure.name, sides[0], pairs.now)[kept]
    before = values_of(measure.name, sides[1], pairs.before)[kept]
    clusters = None
    if pairs.clusters is not None:
        clusters = [cluster for cluster, is_kept in zip(pairs.clusters, kept, strict=True) if is_kept]
    bounds = (measure.low, measure.high)
    difference = paired_difference(now, before, clusters, bounds=bounds, confidence=1 - spec.alpha, seed=_SEED)
    test = paired_test(now, before, clusters, test=spec.test, bounds=bounds, seed=_SEED)
    if difference is None or test is None:
        return None
    return Found(difference, test, float(now.mean()), float(before.mean()))
