"""One span of a trace, as OpenTelemetry has it."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SpanKind = Literal["internal", "client"]
AttributeValue = str | bool | int | float | tuple[str, ...]
"""What an attribute may hold; None stands for no attribute and is left out where spans are written."""
StepKind = Literal["chain", "llm", "retrieval", "tool"]
"""What a step of the code under test does: a model call, a search, a tool, or anything else."""


class SpanEvent(NamedTuple):
    """Something that happened at one moment of a span."""

    name: str
    """`gen_ai.evaluation.result`, …"""
    time_ns: int
    """Unix time, nanoseconds."""
    attributes: Mapping[str, AttributeValue | None]
    """What is known of it."""


class Span(NamedTuple):
    """A piece of work with its time; a tuple, because a run has hundreds of thousands of them."""

    trace_id: str
    """32 hex digits; all spans of one trial share it."""
    span_id: str
    """16 hex digits; no two are equal, over runs too."""
    parent_id: str | None
    """The span it is part of; None for the root of a trace."""
    name: str
    """`chat gpt-5`, `evaluate rouge`, …"""
    kind: SpanKind
    """`client` where another process or machine did the work."""
    start_ns: int
    """Unix time, nanoseconds."""
    end_ns: int
    """Unix time, nanoseconds; never before the start."""
    attributes: Mapping[str, AttributeValue | None]
    """What is known of it, by the names of the semantic conventions."""
    shared: Mapping[str, AttributeValue | None] = MappingProxyType({})
    """Further attributes, in one mapping for all spans that have them in common; never changed."""
    events: Sequence[SpanEvent] = ()
    """In the order of time."""
    link: tuple[str, str] | None = None
    """Trace and span of the run, for the root of a trial; None elsewhere."""
    error: str | None = None
    """What went wrong, one line; None when nothing did."""
