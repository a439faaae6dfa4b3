"""The exporter of OpenTelemetry's SDK, and Langfuse's scores beside it; imported where there is an endpoint."""

from __future__ import annotations

import logging
import os
import threading
from http.client import HTTPException
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any
from urllib.request import Request, urlopen

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.trace.export import SpanExportResult
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, TraceFlags
from opentelemetry.util.re import parse_env_headers

from harness.trace.langfuse import INGESTION_HEADERS, is_langfuse, score_events, scores_url

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from harness.schema import AttributeValue, Span
    from harness.trace.shipment import TrialFacts

_NAME = "pytest-prompt-suite"
_TIMEOUT_S = 10.0
"""Most seconds for one request with scores."""
_KINDS = {"internal": SpanKind.INTERNAL, "client": SpanKind.CLIENT}
_LOGGERS = (
    "opentelemetry.exporter.otlp.common.http",
    "opentelemetry.exporter.otlp.proto.http._common",
    "opentelemetry.exporter.otlp.proto.http.trace_exporter",
    "opentelemetry.sdk.resources",
    "opentelemetry.util.re",
)
"""What speaks up when a collector does not answer or a variable is malformed, headers included."""


class Wire(logging.Filter):
    """One connection to a collector; used by one thread. As a filter it keeps the SDK's complaints to itself."""

    def __init__(self, url: str, run_id: str) -> None:
        """Make the SDK's exporter; nothing is sent yet."""
        super().__init__()
        self._thread = threading.get_ident()
        self.is_down = False
        """Whether the last request failed."""
        self.trouble: str | None = None
        """How the last one that failed did."""
        self.scores_trouble: str | None = None
        """How the last request with scores failed; None when none did."""
        for name in _LOGGERS:
            logging.getLogger(name).addFilter(self)
        self._resource = _resource(run_id)
        self._scope = InstrumentationScope(_NAME, _version())
        self._exporter = OTLPSpanExporter(url, headers=INGESTION_HEADERS if is_langfuse(url) else None)
        self._url = url
        headers = os.environ.get("OTEL_EXPORTER_OTLP_TRACES_HEADERS") or os.environ.get("OTEL_EXPORTER_OTLP_HEADERS")
        self._headers = parse_env_headers(headers or "", liberal=True)

    def filter(self, record: logging.LogRecord) -> bool:
        """False for what this thread's exporter has to say: it is told in one line, in the end."""
        if record.thread != self._thread:
            return True
        self.is_down = True
        self.trouble = _why(record) or self.trouble
        return False

    def send(self, spans: Sequence[tuple[Span, Mapping[str, AttributeValue]]]) -> bool:
        """Whether the collector took the spans, each with further attributes."""
        readable = [self._readable(span, more) for span, more in spans]
        taken = self._exporter.export(readable) is SpanExportResult.SUCCESS
        self.is_down = not taken
        return taken

    def send_scores(self, trials: Sequence[TrialFacts]) -> None:
        """Send the scores of these trials to Langfuse; what it does not take is told as trouble."""
        body = score_events(trials)
        if body is None:
            return
        headers = {**self._headers, "Content-Type": "application/json"}
        request = Request(scores_url(self._url), body, headers, method="POST")  # noqa: S310 - the endpoint the user set
        try:
            with urlopen(request, timeout=_TIMEOUT_S):  # noqa: S310 - as above
                pass
        except (OSError, HTTPException) as error:
            status = getattr(error, "code", None)
            self.scores_trouble = f"HTTP {status}" if status else f"no connection, {type(error).__name__}"

    def abort(self) -> None:
        """Wait for nothing any more; called by another thread."""
        self._exporter.shutdown()  # type: ignore[no-untyped-call]

    def close(self) -> None:
        """Let go of everything."""
        if not self._exporter._shutdown:  # noqa: SLF001 - a second call would warn
            self._exporter.shutdown()  # type: ignore[no-untyped-call]
        for name in _LOGGERS:
            logging.getLogger(name).removeFilter(self)

    def _readable(self, span: Span, more: Mapping[str, AttributeValue]) -> ReadableSpan:
        attributes = {**span.attributes, **more}
        return ReadableSpan(
            span.name,
            context=_context(span.trace_id, span.span_id),
            parent=None if span.parent_id is None else _context(span.trace_id, span.parent_id),
            resource=self._resource,
            attributes={name: value for name, value in attributes.items() if value is not None},
            events=[_event(event.name, event.time_ns, event.attributes) for event in span.events],
            links=[] if span.link is None else [Link(_context(*span.link))],
            kind=_KINDS[span.kind],
            status=Status(StatusCode.UNSET) if span.error is None else Status(StatusCode.ERROR, span.error),
            start_time=span.start_ns,
            end_time=span.end_ns,
            instrumentation_scope=self._scope,
        )


def _event(name: str, time_ns: int, attributes: Mapping[str, AttributeValue | None]) -> Event:
    known: dict[str, Any] = {key: value for key, value in attributes.items() if value is not None}
    return Event(name, known, time_ns)


def _context(trace_id: str, span_id: str) -> SpanContext:
    return SpanContext(int(trace_id, 16), int(span_id, 16), is_remote=False, trace_flags=TraceFlags(1))


def _resource(run_id: str) -> Resource:
    named = os.environ.get("OTEL_SERVICE_NAME") or "service.name=" in os.environ.get("OTEL_RESOURCE_ATTRIBUTES", "")
    own = {"service.instance.id": run_id, "telemetry.distro.name": _NAME, "telemetry.distro.version": _version()}
    return Resource.create(own if named else {**own, "service.name": _NAME})


def _version() -> str:
    try:
        return version(_NAME)
    except PackageNotFoundError:
        return "unknown"


def _why(record: logging.LogRecord) -> str | None:
    """The status, or the kind of failure; never the server's own words, which may hold what was sent to it."""
    for part in record.args if isinstance(record.args, tuple) else ():
        if isinstance(part, int):
            return f"HTTP {part}"
        if isinstance(part, BaseException):
            return f"no connection, {type(part).__name__}"
    return None
