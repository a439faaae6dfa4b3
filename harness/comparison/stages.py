"""Stages of a rollout and what each of them shows."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

StageDecision = Literal["promote", "hold", "roll back"]
Sign = Literal["fine", "doubtful", "worse", "too few"]


class Stage(Struct, frozen=True):
    """A share of the traffic that gets NEW, and when it is checked."""

    name: str
    share: float
    """0 to 1; of the tier's traffic where there is a tier."""
    after_h: float | None = None
    """Hours after the start of the rollout at which its check is due; None where none is set."""
    tier: str | None = None
    """Only this tier's traffic; None for everyone's."""


STAGES = (
    Stage("5 % of the free tier", 0.05, 24, "free"),
    Stage("10 %", 0.1, 48),
    Stage("20 %", 0.2, 72),
    Stage("50 %", 0.5, 168),
    Stage("100 %", 1.0),
)
"""The guide's stages: checked after a day, two, three and a week; the last when everyone has NEW."""


class Finding(Struct, frozen=True):
    """One metric at one stage."""

    metric: str
    higher_is_better: bool
    n: int
    """Pairs of exposed samples that have the metric under both prompts."""
    mean_old: float | None
    """Mean under OLD over these pairs; None without pairs."""
    mean_new: float | None
    """Mean under NEW."""
    p_value: float | None
    """One-sided, that NEW is worse by more than the margin; None where the stage was no look."""
    level: float | None
    """The p-value at or below which this look rolls back."""
    sign: Sign
    """`worse` rolls back; `doubtful` would have, were it the only look."""


class StageOutcome(Struct, frozen=True):
    """What a stage shows."""

    stage: Stage
    n_exposed: int
    """Recorded samples that NEW has served by the end of it."""
    share_exposed: float
    """Their share of all recorded ones."""
    findings: tuple[Finding, ...]
    decision: StageDecision
    reason: str
    """One plain sentence."""


class Rollout(Struct, frozen=True):
    """A replayed rollout: the stages up to the roll back, or all."""

    stages: tuple[StageOutcome, ...]

    @property
    def last(self) -> StageOutcome:
        """The stage that it ended with."""
        return self.stages[-1]

    @property
    def decision(self) -> StageDecision:
        """The last stage's: `promote` leaves NEW with everyone."""
        return self.last.decision
