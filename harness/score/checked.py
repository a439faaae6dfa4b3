"""Whether a metric gave what it promised: one finite score in range a measure, in order."""

from __future__ import annotations

import math
import sys
from typing import TYPE_CHECKING

from harness.schema import LARGEST_VALUE, Score

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.schema import Measure
    from harness.score.metric import Metric

_LARGEST = sys.float_info.max
"""Only infinity lies above it."""


def checked_rows(metric: Metric, rows: Sequence[tuple[Score, ...]], n_answers: int) -> list[tuple[Score, ...]]:
    """The scores; one that is out of range is failed, with the reason. ValueError when their shape is wrong."""
    _check_shape(metric, rows, n_answers)
    bounds = [(measure.low, _LARGEST if measure.high is None else measure.high) for measure in metric.measures]
    return [row if _is_sound(row, bounds) else tuple(map(_checked, row, metric.measures)) for row in rows]


def _is_sound(row: Sequence[Score], bounds: Sequence[tuple[float, float]]) -> bool:
    """Whether nothing is wrong with the scores, found out sooner than what is."""
    for score, (low, high) in zip(row, bounds, strict=True):
        value = score.value
        if (value is None) is (score.status == "scored"):
            return False
        if value is not None and not low <= value <= high:
            return False
    return True


def _check_shape(metric: Metric, rows: Sequence[Sequence[Score]], n_answers: int) -> None:
    if len(rows) != n_answers:
        raise ValueError(f"gave {len(rows)} scores for {n_answers} answers")
    names = [measure.name for measure in metric.measures]
    for row in rows:
        given = [score.metric for score in row]
        if given != names:
            raise ValueError(f"gave scores of {given} where its measures are {names}")


def _checked(score: Score, measure: Measure) -> Score:
    if score.status != "scored":
        return score if score.value is None else Score(score.metric, None, score.status, score.reason)
    flaw = _flaw(score.value, measure)
    return score if flaw is None else Score(score.metric, None, "failed", flaw)


def _flaw(value: float | None, measure: Measure) -> str | None:
    if value is None or not math.isfinite(value):
        return f"the value is {value}; allowed: a finite number"
    if abs(value) > LARGEST_VALUE:
        return f"the value is {value:g}; allowed: up to {LARGEST_VALUE:g} either way"
    if value < measure.low or (measure.high is not None and value > measure.high):
        high = "" if measure.high is None else f" to {measure.high:g}"
        return f"the value is {value:g}; allowed: from {measure.low:g}{high}"
    return None
