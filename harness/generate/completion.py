"""A trial with what came of its call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterable

    from harness.schema import CallError, Generation, Trial


class Completion(Struct, frozen=True):
    """A trial's answer, or why there is none."""

    trial: Trial
    """The trial, or a question about one."""
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
    is_over: bool = True
    """Whether it is handed on; a question is not, nor a trial that models are still asked about."""
    findings: Any = None
    """What those who asked models about the answer found."""


def findings_of(batch: Iterable[Completion]) -> dict[str, Any]:
    """By trial: what those who asked models about its answer found; nothing of trials that nobody asked about."""
    return {each.trial.trial_id: each.findings for each in batch if each.findings is not None}
