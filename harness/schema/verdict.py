"""Aggregates and the gates' answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from msgspec import Struct

if TYPE_CHECKING:
    from harness.schema.comparison import Finding
    from harness.schema.suite import Aggregation, GateSpec

Showing = Literal["shown", "missed", "not shown"]
"""What the values say of a target: it is met; the value lies beyond; too few values, or too close, to tell."""


class Aggregate(Struct, frozen=True):
    """One number over the trials of a cell (suite x variant x backend), with its uncertainty."""

    metric: str
    """Name of the measure, or `error_rate`."""
    aggregation: Aggregation
    """Which aggregate."""
    value: float | None
    """None when nothing was scored."""
    ci_low: float | None
    """Lower end of the 95 % interval; None where none is defined, and of one that is one-sided."""
    ci_high: float | None
    """Upper end of the 95 % interval; None where none is defined, and of one that is one-sided."""
    method: str
    """How it was made: `wilson`, `exact`, `t`, `equal`, `order statistics`, alone or with `cluster-`; or `none`."""
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
    n_quarantined: int = 0
    """Trials in quarantine, which are left out."""


class Verdict(Struct, frozen=True):
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
    judged: bool = True
    """False when some of the cell's trials were not run, so that there is no answer; `passed` is False then."""
    finding: Finding | None = None
    """What a regression gate found; None for a gate on the run's own numbers."""
    warns: bool = False
    """Whether somebody should read the message although the gate does not fail: nothing was shown either way."""
    by_choice: bool = False
    """Of a gate that was not judged: whether somebody asked for that, so that it fails nothing."""
    showing: Showing | None = None
    """What the values say of a target; None for other gates, and where nothing was scored."""

    @property
    def asked(self) -> tuple[float | None, float | None, float | None]:
        """The value and the ends of its interval in the words of the gate: of `regression <= 0.02` how much worse.

        Below 0 it is better. Others are as the aggregate has them.
        """
        aggregate = self.aggregate
        value, low, high = aggregate.value, aggregate.ci_low, aggregate.ci_high
        if self.gate.aggregation != "difference" or self.gate.operator not in (">=", ">"):
            return value, low, high
        value, high, low = (None if each is None else 0.0 - each for each in (value, low, high))
        return value, low, high
