"""What a metric asks a model about an answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field

from harness.schema.trial import CallError, Generation

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.schema.prompt import Message
    from harness.schema.trial import Answer


class Question(Struct, frozen=True):
    """One question to one of the backends that a metric names."""

    backend: str
    """Name of the backend, as in the metric's `backends`."""
    messages: tuple[Message, ...]
    """The chat."""
    params: Mapping[str, Any] = field(default_factory=dict)
    """Laid over the backend's own for this call: temperature, response_format, logprobs …"""
    repeat: int = 1
    """1-based; another one makes another question of the same messages."""
    measure: str | None = None
    """The measure that it is asked for, which bears its cost; None means the metric's first."""
    is_shared: bool = False
    """Whether every trial asks the very same: it is then asked once a run, also without a cache."""


class Others(Struct, frozen=True):
    """What the other variants of the run answered to the same sample, on the same backend and at the same repeat."""

    variant: str
    """The variant whose answer is compared."""
    answers: Mapping[str, Answer | CallError]
    """By variant: the answer, or why there is none; variants that were not selected are missing."""


Ask = Callable[[Question], Awaitable[Generation | CallError]]
"""The answer to a question about one trial, or why there is none; what it costs, and what may be sent, is minded."""
AskFor = Callable[[str, Question], Awaitable[Generation | CallError]]
"""The same for the metric of this name."""
