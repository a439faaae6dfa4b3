"""A judge's calls in `spans.jsonl`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from tests.servers.judging import verdict
from tests.servers.openai_server import Behaviour, FakeServer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.plugin.conftest import Project

SUITE = """\
dataset: {{path: capitals.jsonl, reference: capital}}
prompts: [plain]
backends:
  - {{name: atlas, provider: callable, function: "app.py:answer"}}
metrics:
  - exact_match
  - judge:
      criteria: [accuracy, clarity]
      backend: {{name: big, provider: openai, model: j, base_url: {url}, api_key_env: JUDGE_KEY,
                 price: {{input: 10, output: 10}}}}
"""
VERDICT_USD = 22 * 10 / 1e6
"""The fake server reports 20 tokens in and 2 out."""


@pytest.fixture
def judged(project: Project, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    monkeypatch.delenv("OTEL_EXPORTER_OTLP_ENDPOINT", raising=False)
    monkeypatch.setenv("JUDGE_KEY", "sk-planted-secret-of-the-judge")
    echo = "I was called with sk-planted-secret-of-the-judge"

    def answer(body: dict[str, Any]) -> str:
        text = verdict(body)
        return text.replace("it is", f"{echo}; it is")

    with FakeServer(Behaviour(text=answer, latency_ms=2)) as server:
        project.write("suite.yaml", SUITE.format(url=server.base_url))
        yield project


def spans_of(project: Project) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (project.latest / "spans.jsonl").read_text().splitlines()]


def facts(span: dict[str, Any]) -> dict[str, Any]:
    return {one["key"]: next(iter(one["value"].values())) for one in span["attributes"]}


def test_judges_calls_lie_within_their_metrics_span(judged: Project) -> None:
    assert judged.run().ret == pytest.ExitCode.OK
    spans = spans_of(judged)
    by_id = {span["spanId"]: span for span in spans}
    calls = [span for span in spans if span["name"] == "chat j"]
    assert len(calls) == 2 + 4 * 2
    for call in calls:
        above = by_id[call["parentSpanId"]]
        assert above["name"] == "evaluate judge"
        assert above["traceId"] == call["traceId"]
        assert by_id[above["parentSpanId"]]["name"].startswith("trial ")
        assert int(above["startTimeUnixNano"]) <= int(call["startTimeUnixNano"])
        assert int(call["endTimeUnixNano"]) <= int(above["endTimeUnixNano"])
        assert facts(call)["gen_ai.request.model"] == "j"
        assert facts(call)["gen_ai.usage.input_tokens"] == "20"
    names = [span["name"] for span in spans]
    assert names.count("cache lookup") == 1, "that of the trials"
    metrics = [span for span in spans if span["name"] == "evaluate judge"]
    assert len(metrics) == 4
    for metric in metrics:
        names = [attribute["value"]["stringValue"] for event in metric["events"] for attribute in event["attributes"]
                 if attribute["key"] == "gen_ai.evaluation.name"]  # fmt: skip
        assert names == ["judge.accuracy", "judge.clarity"]


def test_replayed_verdicts_have_no_calls_but_their_results(judged: Project) -> None:
    judged.run()
    judged.run()
    names = [span["name"] for span in spans_of(judged)]
    assert names.count("chat j") == 0
    assert names.count("evaluate judge") == 4


def test_judges_key_is_in_no_artefact(judged: Project) -> None:
    judged.run()
    for path in judged.path.rglob("*"):
        if path.is_file() and path.suffix != ".pyc":
            assert b"planted-secret-of-the-judge" not in path.read_bytes(), path


def test_question_to_the_judge_fences_what_it_is_shown(judged: Project) -> None:
    judged.run()
    texts = [facts(span)["gen_ai.input.messages"] for span in spans_of(judged) if span["name"] == "chat j"]
    assert any("<answer_" in text and "Paris" in text for text in texts)


def test_each_score_bears_what_its_verdict_cost(judged: Project) -> None:
    judged.run()
    cost = pd.read_parquet(judged.latest / "scores.parquet").set_index("metric").cost_usd
    assert cost["exact_match"].isna().all()
    assert sorted(cost["judge.clarity"]) == pytest.approx([VERDICT_USD] * 3 + [2 * VERDICT_USD]), "one wrote the steps"
    assert cost[cost.index.str.startswith("judge.")].sum() == pytest.approx(10 * VERDICT_USD)
    manifest = json.loads((judged.latest / "run.json").read_text())
    assert manifest["suites"][0]["judges"] == {"big": {"provider": "openai", "model": "j"}}
    assert manifest["totals"]["spent_usd"] is None, "nobody knows what the function under test costs"
