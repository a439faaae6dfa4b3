"""What a difference is judged by."""

from __future__ import annotations

from msgspec import Struct

from harness.stats.power import POWER


class Rule(Struct, frozen=True):
    """What a difference is judged by."""

    margin: float = 0.0
    """Drop that is tolerated, in the metric's unit."""
    alpha: float = 0.05
    """False alarms allowed: of the whole family where p is corrected by Holm."""
    higher_is_better: bool = True
    """Whether going up is good."""
    n_tests: int = 1
    """Tests of the family that p was corrected for; 1 without correction."""
    power: float = POWER
    """Chance of seeing it that `n_needed` is reckoned for."""
