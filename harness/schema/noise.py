"""How much chance there is in a suite's numbers, and what its gates can see in spite of it."""

from __future__ import annotations

from msgspec import Struct


class Sight(Struct, frozen=True):
    """The smallest change that a gate sees in 80 % of the cases."""

    suite: str
    """Suite name."""
    gate: str
    """The gate's text."""
    metric: str
    """Name of the measure."""
    n_samples: int
    """Samples that count."""
    n_groups: int | None
    """Clusters that they are in; None where each sample is one."""
    n_gates: int
    """Comparisons that p is corrected for together; 1 for a gate on the run's own numbers."""
    smallest: float | None
    """The smallest drop (or rise, where lower is better); for a threshold the nearest true value; None: none is."""
    smallest_alone: float | None
    """The same drop if this gate were the only one."""
    message: str
    """One or two sentences."""
