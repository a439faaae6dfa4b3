"""Spans on their way to a real OTLP receiver over a socket."""

from __future__ import annotations

import _thread
import json
import logging
import socket
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from harness.schema import Score
from harness.trace import export
from tests.servers.otlp_server import Collector
from tests.unit.trace.traced import SCORES, SPEC, TIMES, answered, facts, finished, make_tracer, make_trial, run_one

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from harness.trace import Tracer


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    with Collector() as running:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", running.url)
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "Authorization=Bearer lf-secret-123,x-tenant=a")
        yield running


def finish(tracer: Tracer) -> Path | None:
    """End a run as the pipeline does."""
    path = tracer.close({})
    tracer.exported()
    return path


def exported(tracer: Tracer) -> list[dict[str, Any]]:
    """The spans of the file, once the export has ended."""
    spans = finished(tracer)
    tracer.exported()
    return spans


def plain(value: Any) -> Any:
    """A value of the file as the wire has it: 64-bit numbers are text there."""
    if isinstance(value, dict):
        return tuple(next(iter(one.values())) for one in value["values"])
    return int(value) if isinstance(value, str) and value.isdecimal() and len(value) < 16 else value


def test_collector_gets_every_span_of_the_file(tmp_path: Path, collector: Collector) -> None:
    notices: list[str] = []
    tracer = make_tracer(tmp_path, notices=notices)
    for number in range(1, 201):
        run_one(tracer, make_trial(number))
    written = {span["spanId"]: span for span in exported(tracer)}
    assert not notices
    arrived = {span.span_id: span for span in collector.spans}
    assert arrived.keys() == written.keys()
    assert len(arrived) == 200 * 4 + 1
    for span_id, span in arrived.items():
        line = written[span_id]
        assert (span.trace_id, span.parent_id) == (line["traceId"], line.get("parentSpanId", ""))
        assert (span.name, span.kind) == (line["name"], line["kind"])
        assert (span.start_ns, span.end_ns) == (int(line["startTimeUnixNano"]), int(line["endTimeUnixNano"]))
        own = {name: value for name, value in span.attributes.items() if not name.startswith("langfuse.")}
        assert own == {name: plain(value) for name, value in facts(line).items()}
        assert span.links == tuple((link["traceId"], link["spanId"]) for link in line.get("links", ()))
        assert [name for name, _ in span.events] == [event["name"] for event in line.get("events", ())]


def test_resource_names_the_program_and_the_user_may_rename_it(
    tmp_path: Path, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    finish(make_tracer(tmp_path))
    assert collector.spans[0].resource["service.name"] == "pytest-prompt-suite"
    assert collector.spans[0].resource["service.instance.id"] == "20261122T201849.042Z-3f9a"
    assert collector.spans[0].scope == "pytest-prompt-suite"
    monkeypatch.setenv("OTEL_SERVICE_NAME", "nightly")
    finish(make_tracer(tmp_path))
    assert collector.spans[1].resource["service.name"] == "nightly"


def test_headers_of_the_environment_are_sent(tmp_path: Path, collector: Collector) -> None:
    finish(make_tracer(tmp_path))
    path, headers = collector.requests[0]
    assert path == "/v1/traces"
    assert (headers["authorization"], headers["x-tenant"]) == ("Bearer lf-secret-123", "a")
    assert headers["content-type"] == "application/x-protobuf"


def test_langfuse_shows_variants_as_experiments_with_scores(
    tmp_path: Path, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"{collector.url}/api/public/otel")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "Authorization=Basic cGstMTpzay0y")
    tracer = make_tracer(tmp_path)
    run_one(tracer, make_trial())
    finish(tracer)
    paths = [path for path, _ in collector.requests]
    assert set(paths) == {"/api/public/otel/v1/traces", "/api/public/ingestion"}
    assert {headers["authorization"] for _, headers in collector.requests} == {"Basic cGstMTpzay0y"}
    root, *parts = [span for span in collector.spans if span.name != "run"]
    for span in (root, *parts):
        known = span.attributes
        assert known["langfuse.session.id"] == "20261122T201849.042Z-3f9a"
        assert known["langfuse.trace.name"] == "s · few_shot@1.1 · local"
        assert known["langfuse.trace.tags"] == ("s", "few_shot@1.1", "local")
        assert known["langfuse.trace.metadata.variant"] == "few_shot@1.1"
        assert known["langfuse.experiment.name"] == "s · few_shot@1.1 · local · 20261122T201849.042Z-3f9a"
        assert known["langfuse.experiment.item.id"] == "fb001"
        assert known["langfuse.experiment.item.root_observation_id"] == root.span_id
    assert len({span.attributes["langfuse.experiment.id"] for span in (root, *parts)}) == 1
    assert root.attributes["langfuse.experiment.item.expected_output"] == "positive"
    assert root.attributes["langfuse.observation.output"] == "positive"
    assert root.attributes["langfuse.trace.metadata.exact_match"] == "1"
    chat = next(span for span in parts if span.name == "chat m-1").attributes
    assert chat["langfuse.observation.type"] == "generation"
    assert chat["langfuse.observation.prompt.name"] == "few_shot"
    assert chat["langfuse.observation.metadata.prompt_version"] == chat["langfuse.version"] == "1.1"
    usage = json.loads(chat["langfuse.observation.usage_details"])
    assert usage == {"input": 12, "input_cached_tokens": 8, "output": 2}
    assert json.loads(chat["langfuse.observation.cost_details"]) == {"total": 0.000125}
    given = [(score["name"], score["value"], score["traceId"], score["observationId"]) for score in collector.scores]
    place = (root.trace_id, root.span_id)
    assert given == [
        ("exact_match", 1.0, *place),
        ("rouge1", 0.5, *place),
        ("rougeL", 0.25, *place),
    ]


def test_other_collectors_get_no_scores_beside(tmp_path: Path, collector: Collector) -> None:
    tracer = make_tracer(tmp_path)
    run_one(tracer, make_trial())
    finish(tracer)
    assert {path for path, _ in collector.requests} == {"/v1/traces"}


def test_texts_that_shall_not_be_seen_are_not_exported(tmp_path: Path, collector: Collector) -> None:
    tracer = make_tracer(tmp_path, with_text=False)
    run_one(tracer, make_trial(text="the secret recipe"))
    finish(tracer)
    assert "recipe" not in str(collector.spans)
    assert "positive" not in str(collector.spans)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def test_collector_that_is_down_neither_slows_nor_fails_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    port = free_port()
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://user:pass-word@127.0.0.1:{port}")
    notices: list[str] = []
    tracer = make_tracer(tmp_path, notices=notices)
    began = time.monotonic()
    run_one(tracer, make_trial())
    assert time.monotonic() - began < 0.2
    assert len(exported(tracer)) == 5
    assert time.monotonic() - began < 3.5
    assert notices == [
        f"http://127.0.0.1:{port}: 5 of 5 spans were not exported (no connection, ConnectionError); spans.jsonl of the "  # noqa: ISC004 - one line
        "run has all; check that the collector runs and OTEL_EXPORTER_OTLP_ENDPOINT is right, or unset it"
    ]
    assert not caplog.records, "nothing of it is logged beside"


def test_collector_that_refuses_is_named_by_its_status_alone(
    tmp_path: Path, collector: Collector, caplog: pytest.LogCaptureFixture
) -> None:
    collector.status, collector.echo = 401, True
    notices: list[str] = []
    tracer = make_tracer(tmp_path, notices=notices)
    run_one(tracer, make_trial())
    finish(tracer)
    assert len(notices) == 1
    assert "5 of 5 spans were not exported (HTTP 401)" in notices[0]
    assert "lf-secret" not in notices[0]
    assert not caplog.records


def test_hanging_collector_is_left_after_a_moment(tmp_path: Path, collector: Collector) -> None:
    collector.delay_s = 30
    notices: list[str] = []
    tracer = make_tracer(tmp_path, notices=notices)
    run_one(tracer, make_trial())
    began = time.monotonic()
    finish(tracer)
    assert time.monotonic() - began < 4
    assert "5 of 5 spans were not exported (it was too slow)" in notices[0]


def test_who_leaves_at_once_waits_for_no_collector(tmp_path: Path, collector: Collector) -> None:
    collector.delay_s = 30
    tracer = make_tracer(tmp_path)
    run_one(tracer, make_trial())
    tracer.close({})
    began = time.monotonic()
    tracer.exported(wait=False)
    assert time.monotonic() - began < 0.5


def test_ctrl_c_ends_the_wait_for_a_collector_and_nothing_else(
    tmp_path: Path, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "_PATIENCE_S", 60.0)
    monkeypatch.setattr(export, "_LONGEST_S", 60.0)
    collector.delay_s = 60
    tracer = make_tracer(tmp_path)
    run_one(tracer, make_trial())
    tracer.close({})
    began = time.monotonic()
    threading.Timer(0.3, _thread.interrupt_main).start()
    tracer.exported()
    assert 0.2 < time.monotonic() - began < 30


def test_what_waits_for_a_slow_collector_is_bounded_and_counted(
    tmp_path: Path, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "_MOST_WAITING", 50)
    collector.delay_s = 0.5
    notices: list[str] = []
    tracer = make_tracer(tmp_path, notices=notices)
    for number in range(1, 101):
        run_one(tracer, make_trial(number))
    finish(tracer)
    lost = 401 - len(collector.spans)
    assert lost > 300
    assert f"{lost} of 401 spans were not exported (it was too slow)" in notices[0]


def test_other_users_of_the_sdk_still_hear_their_own_complaints(
    tmp_path: Path, collector: Collector, caplog: pytest.LogCaptureFixture
) -> None:
    tracer = make_tracer(tmp_path)
    run_one(tracer, make_trial())
    logging.getLogger("opentelemetry.exporter.otlp.proto.http.trace_exporter").warning("mine")
    finish(tracer)
    assert [record.message for record in caplog.records] == ["mine"]
    assert collector.spans


@pytest.mark.parametrize(("name", "value"), [("OTEL_SDK_DISABLED", "true"), ("OTEL_TRACES_EXPORTER", "none")])
def test_standard_switches_turn_the_export_off(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
    assert export.endpoint() == "http://127.0.0.1:1/v1/traces"
    monkeypatch.setenv(name, value)
    assert export.endpoint() is None


def test_endpoint_for_traces_is_taken_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1/")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://127.0.0.1:2/in")
    assert export.endpoint() == "http://127.0.0.1:2/in"


def test_protocol_that_is_not_http_is_told(
    tmp_path: Path, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")
    notices: list[str] = []
    finish(make_tracer(tmp_path, notices=notices))
    assert notices == [
        "OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' is not supported; allowed: http/protobuf; spans are not exported: "  # noqa: ISC004 - one line
        "set it, with the collector's HTTP port (4318) as endpoint"
    ]
    assert not collector.requests


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("nonsense", "nonsense/v1/traces"),
        ("grpc://u:pass-word@h:1", "h:1/v1/traces"),
        ("http://h:99999", "http://h:99999/v1/traces"),
        ("http://[::1", "http://[::1/v1/traces"),
    ],
)
def test_endpoint_that_is_no_address_is_told_before_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, url: str, shown: str
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", url)
    notices: list[str] = []
    finish(make_tracer(tmp_path, notices=notices))
    advice = "allowed: http://HOST:PORT and https://…; spans are not exported: correct it, or unset it"
    assert notices == [f"OTEL_EXPORTER_OTLP_ENDPOINT: {shown!r} is no address to send to; {advice}"]


def test_missing_packages_are_told_with_the_line_that_installs_them(
    tmp_path: Path, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "find_spec", lambda _: None)
    notices: list[str] = []
    tracer = make_tracer(tmp_path, notices=notices)
    run_one(tracer, make_trial())
    assert finish(tracer) is not None
    assert notices == [
        "OTEL_EXPORTER_OTLP_ENDPOINT is set, but spans cannot be exported: install what it needs: "  # noqa: ISC004 - one line
        "pip install 'pytest-prompt-suite[otel]'"
    ]
    assert not collector.requests


def test_metric_that_failed_sends_no_score(
    tmp_path: Path, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"{collector.url}/api/public/otel")
    tracer = make_tracer(tmp_path)
    trial = make_trial()
    tracer.trial(trial).call(SPEC, trial.messages)
    tracer.scored([answered(trial, scores=(Score("exact_match", None, "failed", "it broke"), *SCORES[1:]))], TIMES)
    finish(tracer)
    assert [score["name"] for score in collector.scores] == ["rouge1", "rougeL"]


def test_run_that_nobody_closes_ends_all_the_same(tmp_path: Path, collector: Collector) -> None:
    script = (
        "import sys; from pathlib import Path; from tests.unit.trace.traced import *;"
        "t = make_tracer(Path(sys.argv[1])); run_one(t, make_trial())"
    )
    collector.delay_s = 60
    subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=True, timeout=20, cwd=_root())


def _root() -> Path:
    from pathlib import Path

    return Path(__file__).parents[3]
