"""Flips of a comparison, one entry a trial: an answer that several metrics saw change is shown once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from harness.report.findings import QUALITY

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.schema import Comparison, Flip, Unit

_RANGE: Mapping[Unit, float] = {"percent": 100.0}
"""Length of a unit's range where that is not 1: so that a point of BLEU weighs as much as 0.01 of another score."""


class ChangedAnswer(Struct, frozen=True):
    """A trial of both sides whose values changed."""

    suite: str
    """Suite."""
    flips: tuple[Flip, ...]
    """The changes, the largest first; where one of them is worse, those that are worse first."""
    size: float
    """The first one's, as a share of the metric's range."""

    @property
    def first(self) -> Flip:
        """The change that it is ranked by, with the trial's names and both answers."""
        return self.flips[0]

    @property
    def where(self) -> str:
        """`few_shot on smollm2`, and the repeat where it is not the first."""
        repeat = f", repeat {self.first.repeat}" if self.first.repeat > 1 else ""
        return f"{self.first.variant} on {self.first.backend}{repeat}"


def changed_answers(comparison: Comparison) -> list[ChangedAnswer]:
    """All that the comparison names: worse ones first, those that changed most before others, else in its order."""
    units = {row.metric: row.unit for row in comparison.rows}
    places = {metric: place for place, metric in enumerate(units)}
    by_trial: dict[tuple[str, str, str, int], list[Flip]] = {}
    for flip in comparison.flips:
        by_trial.setdefault((flip.variant, flip.backend, flip.sample, flip.repeat), []).append(flip)

    def size(flip: Flip) -> float:
        return abs(flip.after - flip.before) / _RANGE.get(units.get(flip.metric, "score"), 1.0)

    changed = []
    for flips in by_trial.values():
        ranked = sorted(flips, key=lambda flip: (not flip.is_worse, -size(flip), places.get(flip.metric, 0)))
        changed.append(ChangedAnswer(comparison.suite, tuple(ranked), size(ranked[0])))
    return sorted(changed, key=lambda each: (not each.first.is_worse, -each.size))


def are_all_listed(comparison: Comparison) -> bool:
    """Whether every change of a score is among the flips: of many only the largest are."""
    n_changed = sum(row.n_up + row.n_down for row in comparison.rows if row.unit in QUALITY)
    return n_changed <= len(comparison.flips)


def value_text(value: float) -> str:
    """A score as a flip shows it: `1`, `0.25`, `41.3`.

    >>> value_text(1.0), value_text(0.6666667), value_text(1e-9)
    ('1', '0.667', '0')
    """
    return f"{round(value, 3):g}"


def move_text(flip: Flip) -> str:
    """`exact_match 1 → 0`."""
    return f"{flip.metric} {value_text(flip.before)} → {value_text(flip.after)}"
