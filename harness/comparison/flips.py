"""The trials whose value changed, with both answers: what a reviewer reads first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.comparison.differences import values_of
from harness.schema import Flip

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from harness.comparison.pairing import Pairs
    from harness.schema import Measure, Rows

    Cell = tuple[str, str]
    Sides = tuple[Rows, Rows]

MOST_FLIPS = 200
"""Of one measure in one cell: more are counted by the comparison, and listed nowhere."""
_QUALITY = ("score", "percent")


def flips_of(measure: Measure, cell: Cell, sides: Sides, *, pairs: Pairs) -> list[Flip]:
    """The cell's largest changes of one measure, worse ones first, at most MOST_FLIPS; none of amounts."""
    import numpy as np

    if measure.unit not in _QUALITY:
        return []
    rows, rows_before = sides
    now = values_of(measure.name, rows, pairs.now)
    before = values_of(measure.name, rows_before, pairs.before)
    gain = np.nan_to_num((now - before) * (1 if measure.higher_is_better else -1))
    order = np.argsort(gain, kind="stable")
    worse, better = order[gain[order] < 0], order[gain[order] > 0][::-1]
    return [
        Flip(
            variant=cell[0],
            backend=cell[1],
            sample=rows.samples[pairs.now[place]],
            repeat=int(rows.repeats[pairs.now[place]]),
            metric=measure.name,
            before=float(before[place]),
            after=float(now[place]),
            is_worse=bool(gain[place] < 0),
            output_before=rows_before.outputs[pairs.before[place]],
            output_after=rows.outputs[pairs.now[place]],
        )
        for place in [*worse, *better][:MOST_FLIPS]
    ]


def all_flips(
    measures: Sequence[Measure], sides: Mapping[Cell, Sides], pairs: Mapping[Cell, Pairs]
) -> tuple[Flip, ...]:
    """Those of every cell: first what became worse, by size."""
    found = [
        flip
        for measure in measures
        for cell, own in pairs.items()
        for flip in flips_of(measure, cell, sides[cell], pairs=own)
    ]
    return tuple(sorted(found, key=lambda flip: (not flip.is_worse, -abs(flip.after - flip.before))))
