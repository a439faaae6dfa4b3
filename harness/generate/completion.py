"""A trial with what came of its call."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.schema import CallError, Generation, Trial


@dataclass(frozen=True, slots=True)
class Completion:
    """A trial's answer, or why there is none."""

    trial: Trial
    """The trial."""
    answer: Generation | CallError
    """What came of it."""
    key: str = ""
    """Its cache key; empty when the backend's answers are not kept."""
    content: str = ""
    """What the key is the digest of; empty when the answer is kept already."""
    is_kept: bool = False
    """Whether an earlier sitting of the run has journalled the answer."""
    is_paid: bool = True
    """Whether somebody may be billed for the backend's answers."""
