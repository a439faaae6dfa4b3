"""What is known about models that judge: how a verdict came about, and how far judges may be trusted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from pathlib import Path


class Estimate(Struct, frozen=True):
    """A number with its 95 % interval."""

    value: float
    """The number."""
    low: float | None
    """Lower end; None where none is defined."""
    high: float | None
    """Upper end; None where none is defined."""
    n: int
    """Units behind it."""


class Rating(Struct, frozen=True):
    """One verdict of those that a score is made of."""

    rater: str
    """The backend that was asked."""
    value: float | None
    """On the measure's scale; None when the verdict could not be read."""
    sample: int = 1
    """1-based: which of the verdicts asked of this backend."""
    against: str | None = None
    """The variant that the answer was compared with; None where it was rated alone."""
    position: int | None = None
    """1 or 2: the place at which the answer was shown; None where it was rated alone."""


class Fact(Struct, frozen=True):
    """One number about the judging of a run, with what it means."""

    name: str
    """A few words."""
    estimate: Estimate | None
    """None where it cannot be told."""
    meaning: str
    """One or two plain sentences, with the reason where there is no number."""


class Judging(Struct, frozen=True):
    """What a run shows about the judging behind one of its measures."""

    suite: str
    """Suite name."""
    measure: str
    """The measure."""
    facts: tuple[Fact, ...]
    """In the order in which they are shown."""


class CalibrationRule(Struct, frozen=True):
    """Where a metric's agreement with people is written down, and whether it must be known."""

    path: Path
    """The file, absolute."""
    shown: str
    """The same as people know it: relative to the suite file."""
    is_required: bool
    """Whether a gate needs it."""
    is_pairwise: bool = False
    """Whether the metric compares two answers."""
    against: str | None = None
    """The variant that others are compared with; None when all are, or none."""
    material: tuple[str, ...] = ()
    """Columns that the judge is shown."""


class Trust(Struct, frozen=True):
    """What is known of a measure's agreement with people."""

    text: str
    """In a few words, for reports; empty where no model judges."""
    flaw: str | None = None
    """Why a gate may not stand on it, with what to do; None when it may."""
