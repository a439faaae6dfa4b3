"""How much the difference between two runs of one sample scatters when nothing has changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from harness.stats import Drawn, nested_variances
from harness.stats.pairs import are_shares

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from harness.schema import Measure, Measured, Rows

ASSUMED_FLIPS = 0.1
"""Share of passes and failures that flip by themselves where nothing is known: it is the variance of a difference."""
_ANEW = 0.2
"""The same for scores: one in five answered anew. Of passes and failures at even odds half of those would flip."""
_LEAST = 2


class Spread(Struct, frozen=True):
    """What chance does to a sample's difference."""

    variance: float | None
    """Of the mean difference over all repeats of a sample; for shares also the part that flips; None: not known."""
    is_share: bool
    """Whether values are passes and failures, asked once each."""
    span: float
    """The largest difference that there can be."""
    basis: str
    """Where that comes from, in words."""
    is_assumed: bool
    """Whether it is assumed for want of a baseline."""


def spread_of(measure: Measure, baseline: Measured | None, cell: tuple[str, str], *, repeats: int) -> Spread:
    """By the repeats in the baseline; by its values, as if one in five samples were answered anew; else assumed.

    Assumed is that one answer in ten flips: for scores that is as much as they can scatter with one in five anew.
    Nothing can be assumed of amounts without an upper end.
    """
    values = None if baseline is None else _values(measure, baseline.cells.get(cell))
    if values is None:
        span = None if measure.high is None else measure.high - measure.low
        if span is None:
            return Spread(None, is_share=False, span=0.0, basis="save a baseline to know", is_assumed=True)
        is_share = (measure.low, measure.high) == (0.0, 1.0) and repeats == 1
        basis = "assumed: one answer in ten flips by itself"
        return Spread(ASSUMED_FLIPS * span**2 / repeats, is_share, span, basis, is_assumed=True)
    numbers, samples = values
    are_all = are_shares(numbers, bounds=(measure.low, measure.high))
    span = _span(measure, numbers)
    between = _between_answers(numbers, samples)
    if between is not None:
        variance, basis = 2 * between, "by the repeats in the baseline"
        if are_all:
            basis = f"{100 * variance:.0f} % of the answers flip by themselves, by the repeats in the baseline"
    else:
        variance = 2 * _ANEW * float(numbers.var(ddof=1)) if len(numbers) >= _LEAST else 0.0
        basis = "assumed: one answer in five is given anew"
    return Spread(variance / repeats, are_all and repeats == 1, span, basis, is_assumed=False)


def spread_of_values(measure: Measure, baseline: Measured | None, cell: tuple[str, str], *, target: float) -> Spread:
    """How much a sample's values themselves scatter, which are compared with a number: there is nothing to pair.

    By the values of the baseline; else as passes and failures would whose mean is the number, the most there can be.
    """
    values = None if baseline is None else _values(measure, baseline.cells.get(cell))
    if values is not None and len(values[0]) >= _LEAST:
        variance, basis = float(values[0].var(ddof=1)), "by how values scatter in the baseline"
        return Spread(variance, is_share=False, span=_span(measure, values[0]), basis=basis, is_assumed=False)
    if measure.high is None:
        return Spread(None, is_share=False, span=0.0, basis="save a baseline to know", is_assumed=True)
    span, basis = measure.high - measure.low, "assumed: values scatter as passes and failures do"
    variance = max(0.0, (target - measure.low) * (measure.high - target))
    return Spread(variance, is_share=False, span=span, basis=basis, is_assumed=True)


def _span(measure: Measure, numbers: NDArray[np.float64]) -> float:
    return float(numbers.max() - numbers.min()) if measure.high is None else measure.high - measure.low


def _between_answers(numbers: NDArray[np.float64], samples: list[str]) -> float | None:
    """The variance between answers to one sample; None where none was answered twice."""
    if len(set(samples)) == len(samples):
        return None
    return nested_variances(
        Drawn("", sample, number, value)
        for number, (sample, value) in enumerate(zip(samples, numbers.tolist(), strict=True))
    ).generations


def _values(measure: Measure, rows: Rows | None) -> tuple[NDArray[np.float64], list[str]] | None:
    """The scored values of a cell with their samples; None where there are none."""
    import numpy as np

    column = None if rows is None else rows.values.get(measure.name)
    if rows is None or column is None:
        return None
    kept = ~np.isnan(column)
    if not kept.any():
        return None
    return column[kept], [sample for sample, is_kept in zip(rows.samples, kept, strict=True) if is_kept]
