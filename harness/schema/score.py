"""Scores and their aggregates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.schema.suite import Aggregation, GateSpec
    from harness.schema.trial import Generation

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
class Answer:
    """What a metric sees of one trial."""

    output: str
    """The answer as read from the text."""
    references: tuple[str, ...]
    """Accepted answers; may be empty."""
    variables: Mapping[str, Any]
    """The sample's columns."""
    generation: Generation | None
    """The whole generation, for measured values; None when scoring bare texts."""


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


@dataclass(frozen=True, slots=True)
class Aggregate:
    """One number over the trials of a cell (suite x variant x backend), with its uncertainty."""

    metric: str
    """Name of the measure, or `error_rate`."""
    aggregation: Aggregation
    """Which aggregate."""
    value: float | None
    """None when nothing was scored."""
    ci_low: float | None
    """Lower end of the 95 % interval; None where none is defined."""
    ci_high: float | None
    """Upper end of the 95 % interval; None where none is defined."""
    method: str
    """How the interval was made: `wilson`, `t`, `cluster-t`, `order statistics`, `none`."""
    n_scored: int
    """Trials with a value."""
    n_unscored: int
    """Trials to which the metric does not apply."""
    n_failed: int
    """Trials whose metric or call failed."""
    n_clusters: int | None = None
    """Independent units behind the interval (groups, or samples when repeated); None when each trial is one."""
    reason: str | None = None
    """Commonest reason of those that were not scored; None when all were."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """A gate's answer for one cell."""

    suite: str
    """Suite name."""
    gate: GateSpec
    """The gate."""
    variant: str
    """Variant of the cell."""
    backend: str
    """Backend of the cell."""
    passed: bool
    """Whether the condition holds."""
    aggregate: Aggregate
    """The value it was judged by."""
    message: str
    """One sentence: value, threshold, n, interval; or why nothing could be judged."""
