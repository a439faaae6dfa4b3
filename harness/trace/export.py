"""Spans on their way to a collector, by OTLP over HTTP, in a thread of their own.

Nothing of it is imported before an endpoint is set. A collector that is slow or down costs the run no time: what finds
no room in the queue is counted and told in one line; the file has all of it.
"""

from __future__ import annotations

import os
import threading
import time
import warnings
from collections import deque
from contextlib import suppress
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from harness.trace.decode import decoded
from harness.trace.langfuse import is_langfuse, langfuse_attributes
from harness.wording import described_error, one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from harness.schema import Span
    from harness.trace.shipment import Shipment
    from harness.trace.wire import Wire

_MOST_WAITING = 20_000
"""Spans that wait to be sent; about 3,000 trials and 20 MB. What comes beyond is not exported."""
_BATCH = 512
"""Spans in one request, as OpenTelemetry's own processor has it (`OTEL_BSP_MAX_EXPORT_BATCH_SIZE`)."""
_PATIENCE_S = 2.0
"""Longest that the end of a run waits for a collector that does not get on; for one that is down it does not wait."""
_LONGEST_S = 20.0
"""Longest that it waits for a collector that does."""
_INSTALL = "pip install 'pytest-prompt-suite[otel]'"


def endpoint() -> str | None:
    """Where spans are to be sent, as the standard variables say; None when nowhere."""
    if os.environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return None
    if os.environ.get("OTEL_TRACES_EXPORTER", "otlp").strip().lower() == "none":
        return None
    whole = os.environ.get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "").strip()
    base = os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT", "").strip()
    return whole or (f"{base.rstrip('/')}/v1/traces" if base else None)


def obstacle() -> str | None:
    """Why spans cannot be exported though an endpoint is set, with what to do; None when they can."""
    protocol = os.environ.get("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL") or os.environ.get("OTEL_EXPORTER_OTLP_PROTOCOL")
    if protocol and not protocol.startswith("http/"):
        return (
            f"OTEL_EXPORTER_OTLP_PROTOCOL: {protocol!r} is not supported; allowed: http/protobuf; spans are not "
            "exported: set it, with the collector's HTTP port (4318) as endpoint"
        )
    if (url := endpoint()) is not None and not _is_address(url):
        shown = repr(one_line(url.rpartition("@")[2]))  # what stands before may be a password
        return (
            f"OTEL_EXPORTER_OTLP_ENDPOINT: {shown} is no address to send to; allowed: http://HOST:PORT and https://…; "
            "spans are not exported: correct it, or unset it"
        )
    if any(_missing(name) for name in ("opentelemetry.sdk", "opentelemetry.exporter.otlp.proto.http")):
        return f"OTEL_EXPORTER_OTLP_ENDPOINT is set, but spans cannot be exported: install what it needs: {_INSTALL}"
    return None


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:  # brackets that do not close, a port that is no number or too high
        return False


def _missing(name: str) -> bool:
    try:
        return find_spec(name) is None
    except ModuleNotFoundError:  # a package above it
        return True


class Exporter:
    """Sends spans from a thread of its own."""

    def __init__(self, url: str, run_id: str, clean: Callable[[str], str]) -> None:
        """Send to `url`; the thread begins with the first spans. `clean` removes secrets from a text."""
        self._url = url
        self._run_id = run_id
        self._clean = clean
        self._waiting: deque[Shipment] = deque()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._is_ending = False
        self._n_waiting = self._n_seen = self._n_sent = 0
        self._wire: Wire | None = None
        self._trouble: str | None = None

    def offer(self, shipment: Shipment) -> None:
        """Send these when there is time; nothing is waited for."""
        n_spans = shipment.n_spans
        with self._changed:
            self._n_seen += n_spans
            if self._n_waiting + n_spans > _MOST_WAITING:
                return
            self._n_waiting += n_spans
            self._waiting.append(shipment)
            self._changed.notify()
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="prompt-spans", daemon=True)
            self._thread.start()

    def close(self, *, wait: bool = True) -> str | None:
        """Send what waits, as long as the collector takes it. A line about what was not exported; None when all was.

        Without `wait` only what has been sent already counts.
        """
        with self._changed:
            self._is_ending = True
            self._changed.notify()
        thread = self._thread
        if thread is not None:
            with suppress(KeyboardInterrupt):  # who will not wait for a collector: all else is done
                self._wait_for(thread, _LONGEST_S if wait else 0.0)
            if self._wire is not None and thread.is_alive():
                self._wire.abort()
        lost = self._n_seen - self._n_sent
        why = self._trouble or (self._wire.trouble if self._wire else None) or "it was too slow"
        if lost:
            return (
                f"{self._host}: {lost:,} of {self._n_seen:,} spans were not exported ({why}); spans.jsonl of the run "
                "has all; check that the collector runs and OTEL_EXPORTER_OTLP_ENDPOINT is right, or unset it"
            )
        if self._wire is not None and self._wire.scores_trouble is not None:
            return f"{self._host}: not all scores reached Langfuse ({self._wire.scores_trouble}); the spans did"
        return None

    @property
    def _host(self) -> str:
        parts = urlsplit(self._url)
        return f"{parts.scheme}://{parts.hostname}" + (f":{parts.port}" if parts.port else "")

    def _wait_for(self, thread: threading.Thread, longest_s: float) -> None:
        end_s = time.monotonic() + longest_s
        seen, since_s = -1, time.monotonic()
        while thread.is_alive() and (now_s := time.monotonic()) < end_s:
            if self._n_sent != seen:
                seen, since_s = self._n_sent, now_s
            if (self._wire is not None and self._wire.is_down) or now_s - since_s > _PATIENCE_S:
                break
            thread.join(0.02)

    def _run(self) -> None:
        try:
            with warnings.catch_warnings():  # what the exporter's own libraries think of each other
                warnings.simplefilter("ignore")
                from harness.trace.wire import Wire

            self._wire = wire = Wire(self._url, self._run_id)
            try:
                while batch := self._batch():
                    self._send(wire, batch)
            finally:
                wire.close()
        except Exception as error:  # noqa: BLE001 - whatever a collector's client raises, the run goes on
            self._trouble = self._clean(described_error(error))

    def _batch(self) -> list[Shipment]:
        """What is to be sent next; empty when that was all."""
        with self._changed:
            while not self._waiting and not self._is_ending:
                self._changed.wait()
            batch, n_spans = [], 0
            while self._waiting and n_spans < _BATCH:
                shipment = self._waiting.popleft()
                batch.append(shipment)
                n_spans += shipment.n_spans
            self._n_waiting -= n_spans
            return batch

    def _send(self, wire: Wire, batch: Sequence[Shipment]) -> None:
        spans: list[tuple[Span, dict[str, Any]]] = []
        for shipment in batch:
            own = decoded(shipment.lines)
            spans += [(span, langfuse_attributes(span, self._run_id, shipment.trial)) for span in own]
        if wire.send(spans):
            self._n_sent += len(spans)
            if is_langfuse(self._url):
                wire.send_scores([shipment.trial for shipment in batch if shipment.trial is not None])
