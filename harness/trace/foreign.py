"""The code under test may be traced by OpenTelemetry itself: its spans are then part of the trial's trace too."""

from __future__ import annotations

import sys
from typing import Any


def adopt(trace_id: str, span_id: str) -> Any:
    """Make this span the parent of what OpenTelemetry begins in this context; None where nobody has imported it."""
    if "opentelemetry.trace" not in sys.modules:
        return None
    from opentelemetry import context
    from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, set_span_in_context

    place = SpanContext(int(trace_id, 16), int(span_id, 16), is_remote=True, trace_flags=TraceFlags(1))
    return context.attach(set_span_in_context(NonRecordingSpan(place)))


def release(token: Any) -> None:
    """Undo `adopt`."""
    if token is None:
        return
    from opentelemetry import context

    context.detach(token)
