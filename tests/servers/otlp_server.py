"""An OTLP receiver: takes spans by HTTP over a real loopback socket and decodes the protobuf, as a collector does.

It also takes what Langfuse takes beside: scores, at `/api/public/ingestion`.
"""

from __future__ import annotations

import gzip
import json
import sys
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from types import TracebackType


@dataclass(frozen=True, slots=True)
class Received:
    """One span as it arrived."""

    trace_id: str
    span_id: str
    parent_id: str
    name: str
    kind: int
    start_ns: int
    end_ns: int
    attributes: Mapping[str, Any]
    events: tuple[tuple[str, Mapping[str, Any]], ...]
    links: tuple[tuple[str, str], ...]
    status: tuple[int, str]
    resource: Mapping[str, Any]
    scope: str


@dataclass(slots=True)
class Collector:
    """The receiver in a thread of its own."""

    status: int = 200
    """How every request is answered."""
    delay_s: float = 0.0
    """Wait before answering."""
    echo: bool = False
    """Whether the answer holds the request's headers, as a careless server's error page may."""
    spans: list[Received] = field(default_factory=list)
    """All that arrived and were taken."""
    scores: list[dict[str, Any]] = field(default_factory=list)
    """Bodies of Langfuse's `score-create` events."""
    requests: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    """Paths and headers, lower case."""
    server: ThreadingHTTPServer | None = None
    """The socket."""

    @property
    def url(self) -> str:
        """What is set as OTEL_EXPORTER_OTLP_ENDPOINT."""
        assert self.server is not None
        return f"http://127.0.0.1:{self.server.server_port}"

    def __enter__(self) -> Self:
        """Listen."""
        self.server = _Server(("127.0.0.1", 0), _handler(self))
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        """Stop listening."""
        assert self.server is not None
        self.server.shutdown()
        self.server.server_close()

    def take(self, path: str, body: bytes) -> bytes:
        """Keep what a request holds; the answer's body."""
        if path.endswith("/v1/traces"):
            request = ExportTraceServiceRequest.FromString(body)
            self.spans += decoded(request)
            answer: bytes = ExportTraceServiceResponse().SerializeToString()
            return answer
        self.scores += [event["body"] for event in json.loads(body)["batch"]]
        return b'{"successes": [], "errors": []}'


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a sender that no longer waits: the text would be in the way of a later test."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


def _handler(collector: Collector) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            collector.requests.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
            time.sleep(collector.delay_s)
            answer = collector.take(self.path, body) if collector.status == 200 else b""
            if collector.echo:
                answer = str(self.headers).encode()
            self.send_response(collector.status, str(self.headers.get("Authorization")) if collector.echo else None)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *arguments: object) -> None:
            pass

    return Handler


def decoded(request: ExportTraceServiceRequest) -> Iterable[Received]:
    """The spans of one export."""
    for resource_spans in request.resource_spans:
        resource = _attributes(resource_spans.resource.attributes)
        for scope_spans in resource_spans.scope_spans:
            for span in scope_spans.spans:
                yield Received(
                    trace_id=span.trace_id.hex(),
                    span_id=span.span_id.hex(),
                    parent_id=span.parent_span_id.hex(),
                    name=span.name,
                    kind=span.kind,
                    start_ns=span.start_time_unix_nano,
                    end_ns=span.end_time_unix_nano,
                    attributes=_attributes(span.attributes),
                    events=tuple((event.name, _attributes(event.attributes)) for event in span.events),
                    links=tuple((link.trace_id.hex(), link.span_id.hex()) for link in span.links),
                    status=(span.status.code, span.status.message),
                    resource=resource,
                    scope=scope_spans.scope.name,
                )


def _attributes(pairs: Any) -> dict[str, Any]:
    return {pair.key: _value(pair.value) for pair in pairs}


def _value(value: Any) -> Any:
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return tuple(_value(one) for one in value.array_value.values)
    return getattr(value, kind)
