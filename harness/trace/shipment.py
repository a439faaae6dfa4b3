"""What is handed to the exporter."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.schema import TrialResult


class TrialFacts(NamedTuple):
    """A trial that is over."""

    result: TrialResult
    """With its scores."""
    prompt: tuple[str, str]
    """Name and version of its prompt."""
    dataset: str
    """The dataset, as shown to the user."""
    root: tuple[str, str]
    """Its trace and the trial's own span."""
    with_text: bool
    """Whether texts may be sent."""
    clean: Callable[[str], str]
    """Removes secrets from a text."""


class Shipment(NamedTuple):
    """Spans that belong together."""

    lines: str
    """Lines of spans: those of one trial, or of the run. Text is small, and no work for the garbage collector."""
    n_spans: int
    """How many."""
    trial: TrialFacts | None
    """The trial; None for the run's own."""
