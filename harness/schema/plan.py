"""What a suite amounts to before anything is called."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from harness.schema.suite import GateSpec, Suite
    from harness.schema.trial import CellKey, Trial


class Plan(Struct, frozen=True):
    """A validated suite, its trials and its gates."""

    suite: Suite
    """The suite."""
    trials: tuple[Trial, ...]
    """In item order."""
    gates: tuple[tuple[GateSpec, CellKey], ...]
    """Each gate with each cell that it is judged over, in item order."""
    rendered_ns: tuple[int, int] | None = None
    """When its messages were made, Unix time in nanoseconds; None when they were not."""
