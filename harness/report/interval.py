"""An interval as a small drawing: the axis, the range with whiskers, the value, a gate's threshold."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from msgspec import Struct

from harness.report.markup import el, join

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from harness.report.markup import Html
    from harness.schema import Aggregate, Measure

    Spread = tuple[float | None, float | None, float | None]
    """Value, and the ends of its interval."""

_WIDTH, _HEIGHT, _PAD = 112.0, 14.0, 3.0
_MIDDLE = _HEIGHT / 2


class Axis(Struct, frozen=True):
    """What the ends of the drawing mean."""

    low: float
    """Value at the left end."""
    high: float
    """Value at the right end."""

    def place(self, value: float) -> float:
        """Where the value stands, in drawing units, kept inside the drawing."""
        span = self.high - self.low
        share = (value - self.low) / span if span > 0 else 0.0
        return round(_PAD + min(1.0, max(0.0, share)) * (_WIDTH - 2 * _PAD), 1)


def axis_of(aggregates: Iterable[Aggregate], measure: Measure | None, thresholds: Sequence[float] = ()) -> Axis:
    """The measure's own range where it is bounded, else from its least value to the greatest number to be drawn."""
    if measure is None:
        return Axis(0.0, 1.0)
    ends = [end for one in aggregates for end in (one.value, one.ci_low, one.ci_high) if end is not None]
    low = measure.low if math.isfinite(measure.low) else min([0.0, *ends, *thresholds])
    if measure.high is not None and math.isfinite(measure.high):
        return Axis(low, measure.high)
    return Axis(low, max([low, *ends, *thresholds]) * 1.05)


def draw(aggregate: Aggregate, axis: Axis, threshold: float | None = None) -> Html:
    """The drawing; hidden from screen readers, because the numbers stand beside it as text."""
    parts = [_line(_PAD, _WIDTH - _PAD, "track")]
    if aggregate.ci_low is not None and aggregate.ci_high is not None:
        low, high = axis.place(aggregate.ci_low), axis.place(aggregate.ci_high)
        parts += [_line(low, high, "range"), _post(low, 3.5, "range"), _post(high, 3.5, "range")]
    if threshold is not None:
        parts.append(_post(axis.place(threshold), _MIDDLE, "threshold"))
    if aggregate.value is not None:
        parts.append(el("circle", cx=axis.place(aggregate.value), cy=_MIDDLE, r=2.8, class_="mean"))
    return _svg(join(parts))


def axis_of_differences(numbers: Iterable[float | None]) -> Axis:
    """0 in the middle, and as far to both sides as any of the numbers lies; None is no number."""
    reach = max((abs(number) for number in numbers if number is not None), default=0.0) * 1.05 or 1.0
    return Axis(-reach, reach)


def draw_difference(difference: Spread, axis: Axis, margin: float) -> Html:
    """A difference with its interval, the line of no change, and the band that is tolerated."""
    value, ci_low, ci_high = difference
    parts = [_line(_PAD, _WIDTH - _PAD, "track")]
    if margin:
        left, right = axis.place(-margin), axis.place(margin)
        parts.insert(0, el("rect", x=left, y=0, width=round(right - left, 1), height=_HEIGHT, class_="margin"))
    parts.append(_post(axis.place(0.0), _MIDDLE, "zero"))
    if ci_low is not None and ci_high is not None:
        low, high = axis.place(ci_low), axis.place(ci_high)
        parts += [_line(low, high, "range"), _post(low, 3.5, "range"), _post(high, 3.5, "range")]
    if value is not None:
        parts.append(el("circle", cx=axis.place(value), cy=_MIDDLE, r=2.8, class_="mean"))
    return _svg(join(parts))


def shares(counts: Iterable[tuple[str, int]]) -> Html:
    """A bar divided by (class, count): what became of a cell's trials."""
    pairs = tuple(counts)
    total = sum(number for _, number in pairs) or 1
    parts, left = [], 0.0
    for name, number in pairs:
        width = number / total * _WIDTH
        parts.append(el("rect", x=round(left, 2), y=4, width=round(width, 2), height=6, class_=name))
        left += width
    return _svg(join(parts))


def _svg(content: Html) -> Html:
    size = f"0 0 {_WIDTH:g} {_HEIGHT:g}"
    return el("svg", content, class_="bar", viewBox=size, width=_WIDTH, height=_HEIGHT, aria_hidden="true")


def _line(start: float, end: float, name: str) -> Html:
    return el("line", x1=start, x2=end, y1=_MIDDLE, y2=_MIDDLE, class_=name)


def _post(at: float, half: float, name: str) -> Html:
    return el("line", x1=at, x2=at, y1=_MIDDLE - half, y2=_MIDDLE + half, class_=name)
