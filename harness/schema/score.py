"""What metrics yield."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Status = Literal["scored", "unscored", "failed"]


@dataclass(frozen=True, slots=True)
class Measure:
    """One number that a metric yields, e.g. `rouge1` by `rouge`."""

    name: str
    """As used in gates, columns and tables."""
    unit: Literal["score", "percent", "s", "tokens", "usd"]
    """`score` is 0…1, `percent` is 0…100 (sacrebleu), else the unit itself."""
    low: float
    """Least value it can have."""
    high: float | None
    """Greatest value it can have; None when unbounded."""
    higher_is_better: bool
    """Direction."""
    signature: str
    """Fixes every choice behind the number: library, version, tokeniser, options."""


@dataclass(frozen=True, slots=True)
class Score:
    """A finite value with a status: never NaN, and never 0 for missing."""

    metric: str
    """Name of the measure."""
    value: float | None
    """Finite when scored, else None."""
    status: Status
    """scored; unscored: does not apply (no reference, price unknown); failed: the metric raised."""
    reason: str | None = None
    """Why it is unscored or failed, or what the metric has to say about the value."""
