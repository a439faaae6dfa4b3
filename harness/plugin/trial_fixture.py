"""What a Python test marked `prompt_suite` gets as `trial`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.schema import Generation, Message, Sample, TrialResult


class TrialUnderTest(Struct, frozen=True):
    """An answered and scored trial."""

    suite: str
    """Suite name."""
    variant: str
    """Variant name."""
    backend: str
    """Backend name."""
    sample: Sample
    """The dataset row."""
    repeat: int
    """1-based."""
    messages: tuple[Message, ...]
    """The chat as it was sent."""
    output: str
    """The answer as read from the model's text; empty when it could not be read."""
    generation: Generation
    """All that the backend returned; `.text` is the model's own text."""
    scores: Mapping[str, float | None]
    """Measure → value; None where there is none."""


def trial_under_test(result: TrialResult) -> TrialUnderTest:
    """The fixture's value for a result that has an answer."""
    assert result.generation is not None
    assert result.output is not None
    trial = result.trial
    return TrialUnderTest(
        suite=trial.suite,
        variant=trial.variant,
        backend=trial.backend,
        sample=trial.sample,
        repeat=trial.repeat,
        messages=trial.messages,
        output=result.output,
        generation=result.generation,
        scores={score.metric: score.value for score in result.scores},
    )
