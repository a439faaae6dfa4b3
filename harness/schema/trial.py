"""Trials and what became of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from msgspec import Struct, field

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from harness.errors import ErrorKind
    from harness.schema.prompt import Message, Sample
    from harness.schema.quarantine import Quarantine
    from harness.schema.score import Score

Outcome = Literal["passed", "failed", "error", "not_run"]
CellKey = tuple[str, str, str]
"""Suite, variant and backend: what one row of the result table is over."""


class Trial(Struct, frozen=True):
    """Sample x variant x backend x repeat: one pytest item."""

    trial_id: str
    """SHA-256 (first 16 hex digits) of suite, variant, backend, sample id and repeat: stable over edits of prompts."""
    suite: str
    """Suite name."""
    variant: str
    """Variant name."""
    backend: str
    """Backend name."""
    sample: Sample
    """The row."""
    repeat: int
    """1-based."""
    messages: tuple[Message, ...]
    """The chat as it is sent."""
    params: Mapping[str, Any] = field(default_factory=dict)
    """The variant's own parameters, laid over the backend's."""
    quarantine: Quarantine | None = None
    """Why it fails nothing and counts in no gate; None where it does."""

    @property
    def cell(self) -> CellKey:
        """The row of the result table that the trial counts in."""
        return self.suite, self.variant, self.backend


class Request(Struct, frozen=True):
    """What a backend is asked: everything that can change the answer, apart from the backend's own spec."""

    messages: tuple[Message, ...]
    """The chat."""
    sample_id: str
    """For backends that answer by sample (replay)."""
    variant: str
    """For backends that answer by variant (replay)."""
    repeat: int
    """1-based; a backend may use it to vary the seed."""
    variables: Mapping[str, Any] = field(default_factory=dict)
    """The sample's columns, for replay from a column."""
    params: Mapping[str, Any] = field(default_factory=dict)
    """Laid over the backend's own parameters for this call; only backends with `takes_params` are given some."""


class TokenLogprob(Struct, frozen=True):
    """Log-probability of one generated token, with the alternatives the backend gave."""

    token: str
    """Text of the token."""
    logprob: float
    """Natural logarithm of its probability."""
    top: tuple[tuple[str, float], ...] = ()
    """Alternatives (text, logprob), most likely first."""


class Generation(Struct, frozen=True):
    """What a backend returned."""

    text: str
    """The model's text, untouched."""
    finish_reason: str | None = None
    """`stop`, `length`, `content_filter`, …; None when the backend does not say."""
    latency_s: float | None = None
    """Seconds from sending to the last byte of the call that succeeded; if cached, of the original call; None when a
    recording does not say."""
    input_tokens: int | None = None
    """None when the backend does not say."""
    output_tokens: int | None = None
    """None when the backend does not say."""
    cached_input_tokens: int | None = None
    """Part of input_tokens read from the provider's cache; None when the backend does not say."""
    cost_usd: float | None = None
    """None when the price is unknown. For a cached answer: what the original call cost."""
    from_cache: bool = False
    """Whether the answer came from the cache."""
    retries: int = 0
    """Calls made before the one that succeeded."""
    started_at: str = ""
    """UTC time the call was sent, ISO 8601."""
    logprobs: tuple[TokenLogprob, ...] = ()
    """Per generated token, when asked for and given."""


class Answer(Struct, frozen=True):
    """What a metric sees of one trial."""

    output: str
    """The answer as read from the text."""
    references: tuple[str, ...]
    """Accepted answers; may be empty."""
    variables: Mapping[str, Any]
    """The sample's columns."""
    generation: Generation | None
    """The whole generation, for measured values; None when scoring bare texts."""


class CallError(Struct, frozen=True):
    """Why a trial has no answer."""

    kind: ErrorKind
    """How it failed."""
    message: str
    """One line for people."""


class TrialResult(Struct, frozen=True):
    """A trial with its answer and scores."""

    trial: Trial
    """The trial."""
    outcome: Outcome
    """passed; failed: a check missed; error: no answer, or a metric failed; not_run: stopped before."""
    output: str | None
    """The answer as read from the text; empty when `output:` cannot read it; None when the call failed."""
    generation: Generation | None
    """None when the call failed."""
    error: CallError | None
    """None when the answer came and was read. Kind `output`: it came, could not be read, and is scored as empty."""
    scores: Sequence[Score]
    """One a measure, in the suite's order; empty when not run."""
    missed: tuple[str, ...]
    """Texts of the checks that were missed, with the value: `exact_match == 1: it is 0`."""

    @property
    def is_held_back(self) -> bool:
        """Whether it was answered in quarantine: then neither a pass nor a failure counts."""
        return self.trial.quarantine is not None and self.outcome in ("passed", "failed")

    @property
    def is_stopped_early(self) -> bool:
        """Whether it was not run by the suite's own rule, since its verdicts were clear."""
        return self.error is not None and self.error.kind == "stopped_early"
