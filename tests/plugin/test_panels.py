"""Several judges rate each answer, and their noise is told, as users see their runs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from harness import load_run
from tests.servers.judging import STEPS, asked
from tests.servers.openai_server import Behaviour, FakeServer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.plugin.conftest import Project

SUITE = """\
dataset: {{path: capitals.jsonl, reference: capital}}
prompts: [plain]
backends:
  - {{name: atlas, provider: callable, function: "app.py:answer", price: {{input: 0, output: 0}}}}
metrics:
  - judge:
      criteria: [clarity]
      {judges}
"""
MILD = "{{name: mild, provider: openai, model: m, base_url: {url}}}"
STRICT = "{{name: strict, provider: openai, model: s, base_url: {url}}}"


def _rated(body: dict[str, Any]) -> str:
    text = asked(body)
    if STEPS in text:
        return f"1. Be {body['model']}."
    is_long = "N&#39;Djamena" in text or "N'Djamena" in text
    score = {"m": 5, "s": 3}[body["model"]] - 2 * is_long
    return json.dumps({"reason": f"says {body['model']}", "score": score})


@pytest.fixture
def server() -> Iterator[FakeServer]:
    with FakeServer(Behaviour(text=_rated)) as server:
        yield server


def _use(project: Project, server: FakeServer, judges: str = "") -> None:
    panel = f"panel: [{MILD.format(url=server.base_url)}, {STRICT.format(url=server.base_url)}]"
    project.write("suite.yaml", SUITE.format(judges=judges or panel))


def test_score_is_the_mean_with_all_reasons_and_agreement_is_shown(project: Project, server: FakeServer) -> None:
    _use(project, server)
    project.run()
    scores = load_run(project.latest).scores
    found = scores[scores["metric"] == "judge.clarity"].set_index("sample")
    assert [found.loc[sample, "value"] for sample in ("fr", "pe", "jp", "td")] == [4, 4, 4, 2]
    assert found.loc["td", "reason"] == "mild 3: says m; strict 1: says s"
    assert server.count == 2 * (1 + 4), "each judge writes steps of its own"
    manifest = json.loads((project.latest / "run.json").read_text())
    (fact,) = manifest["judgings"][0]["facts"]
    assert fact["name"] == "agreement of the judges (alpha)"
    assert fact["estimate"]["n"] == 4
    about = next(m["about"] for m in manifest["suites"][0]["measures"] if m["name"] == "judge.clarity")
    assert "mild:\n1. Be m.\nstrict:\n1. Be s." in about
    assert "agreement of the judges" in (project.latest / "summary.md").read_text()


def test_one_judge_that_fails_leaves_no_milder_mean(project: Project, server: FakeServer) -> None:
    closed = "{name: strict, provider: openai, model: s, base_url: 'http://127.0.0.1:9/v1'}"
    _use(project, server, f"panel: [{MILD.format(url=server.base_url)}, {closed}]")
    project.run("-k", "fr")
    scores = load_run(project.latest).scores
    (row,) = scores[scores["metric"] == "judge.clarity"].to_dict("records")
    assert row["status"] == "failed"
    assert str(row["reason"]).startswith("strict: no evaluation steps from the judge: ")


@pytest.mark.parametrize(
    ("judges", "text"),
    [
        ("panel: [atlas]", "panel is ['atlas']; allowed: two or more backends, each once; name one judge with backend"),
        ("panel: [atlas, atlas]", "allowed: two or more backends, each once"),
        ("panel: 3", "panel is 3; allowed: two or more backends"),
        ("{panel: [atlas, smollm2], backend: atlas}", "has both 'backend' and 'panel'; allowed: backend: NAME for one"),
        ("panel: [atlas, nobody]", "backend 'nobody' is unknown; available: atlas"),
    ],
)
def test_panels_that_are_none_are_mistakes(*, project: Project, server: FakeServer, judges: str, text: str) -> None:
    written = SUITE.format(judges=judges)
    if judges.startswith("{"):
        written = SUITE.format(judges=judges.strip("{}").replace(", backend", "\n      backend"))
    project.write("suite.yaml", written)
    result = project.run()
    assert result.ret == pytest.ExitCode.INTERRUPTED
    assert text in result.stdout.str()
    assert server.count == 0


def test_noise_of_the_judge_stands_apart(project: Project, server: FakeServer) -> None:
    counts: dict[str, int] = {}

    def wavering(body: dict[str, Any]) -> str:
        text = asked(body)
        counts[text] = counts.get(text, 0) + 1
        return "steps" if STEPS in text else json.dumps({"reason": "x", "score": 3 + counts[text] % 2})

    server.script(Behaviour(text=wavering))
    _use(project, server, f"backend: {MILD.format(url=server.base_url)}\n      samples: 2")
    project.run()
    (judging,) = json.loads((project.latest / "run.json").read_text())["judgings"]
    facts = {fact["name"]: fact for fact in judging["facts"]}
    verdicts = facts["between verdicts on an answer (standard deviation)"]
    assert verdicts["estimate"]["value"] == pytest.approx(0.5**0.5)
    assert verdicts["meaning"].startswith("100% of the variance: ")
    assert facts["between answers to a sample (standard deviation)"]["estimate"] is None
    assert "between verdicts on an answer" in (project.latest / "report.html").read_text()
