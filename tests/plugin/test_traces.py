"""`spans.jsonl` of runs of the real plugin."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

import harness
from tests.servers.otlp_server import Collector

if TYPE_CHECKING:
    from tests.plugin.conftest import Project

APP = """\
import harness
KNOWN = {"France": "Paris", "Peru": "Lima"}

@harness.observe(kind="retrieval")
def look_up(country):
    return {"found": KNOWN.get(country), "cost_usd": 0.25}

def answer(messages):
    return look_up(messages[-1]["content"].split()[-1].rstrip("?"))["found"] or "I do not know"
"""


@pytest.fixture(autouse=True)
def no_endpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OTEL_EXPORTER_OTLP_ENDPOINT", raising=False)


def spans_of(project: Project) -> list[dict[str, Any]]:
    text = (project.path / "reports" / "latest" / "spans.jsonl").read_text()
    return [json.loads(line) for line in text.splitlines()]


def facts(span: dict[str, Any]) -> dict[str, Any]:
    return {one["key"]: next(iter(one["value"].values())) for one in span["attributes"]}


def test_each_trial_is_a_trace_that_its_row_leads_to(project: Project) -> None:
    project.write("app.py", APP)
    project.run()
    spans = spans_of(project)
    trials = harness.load_run(project.path / "reports" / "latest").trials
    roots = {span["traceId"][16:]: span for span in spans if span["name"].startswith("trial ")}
    assert set(roots) == set(trials["trial_id"])
    assert {facts(span)["prompt_suite.outcome"] for span in roots.values()} == {"passed"}
    counts = Counter(span["name"].split()[0] for span in spans)
    assert counts == {
        "trial": 8, "invoke_workflow": 8, "retrieval": 8, "evaluate": 8, "cache": 1, "render": 1, "run": 1
    }  # fmt: skip
    ids = {span["spanId"]: span for span in spans}
    for span in spans:
        if "parentSpanId" in span:
            above = ids[span["parentSpanId"]]
            assert above["traceId"] == span["traceId"]
    assert not list((project.path / "reports" / "runs").glob(".spans*")), "nothing is left beside the run"


def test_recorded_answers_have_a_look_up_and_no_call(project: Project) -> None:
    project.run()
    project.run()
    counts = Counter(span["name"].split()[0] for span in spans_of(project))
    assert counts["invoke_workflow"] == 0
    assert counts["cache"] == 1 + 8


def test_setting_keeps_texts_out_of_the_spans(project: Project) -> None:
    project.write("app.py", APP)
    project.run("-o", "prompt_trace_text=false")
    text = (project.path / "reports" / "latest" / "spans.jsonl").read_text()
    assert "Paris" not in text
    assert "capital of" not in text
    assert "gen_ai.operation.name" in text


def test_run_is_exported_while_it_goes_on(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    with Collector() as collector:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
        project.run()
    assert {span.span_id for span in collector.spans} == {span["spanId"] for span in spans_of(project)}


def test_collector_that_is_down_is_one_line_at_the_end(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    result = project.run()
    lines = [line for line in result.stdout.lines if "spans were not exported" in line]
    assert len(lines) == 1
    assert "no connection" in lines[0]
    assert result.ret in (0, 1)
    assert spans_of(project)
