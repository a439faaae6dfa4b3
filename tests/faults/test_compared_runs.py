"""Whatever happens to a run whose answers are compared with each other, no pair is paid for twice."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from tests.faults.whole_runs import Project
from tests.servers.judging import asked
from tests.servers.openai_server import Behaviour, FakeServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SAMPLES = 20
TRIALS = 2 * SAMPLES
QUESTIONS = 2 * SAMPLES
"""A pair a sample, in both orders."""
METRICS = """\
metrics:
  - exact_match
  - prefer:
      backend:
        name: big
        provider: openai
        model: j
        base_url: JUDGE_URL
        max_concurrency: 4
        price: {input: 10, output: 10}
        params: {max_tokens: 10}
"""
ANSWER_USD = (20 * 1 + 2 * 1) / 1e6
VERDICT_USD = (20 * 10 + 2 * 10) / 1e6


def preferred(body: dict[str, Any]) -> str:
    """One of the three that depends on what is asked."""
    return json.dumps({"reason": "so", "better": ("first", "second", "tie")[sum(map(ord, asked(body))) % 3]})


@pytest.fixture
def model() -> Iterator[FakeServer]:
    with FakeServer(Behaviour(text=asked, latency_ms=2)) as server:
        yield server


@pytest.fixture
def judge() -> Iterator[FakeServer]:
    with FakeServer(Behaviour(text=preferred, latency_ms=15)) as server:
        yield server


def _project(folder: Path, model: FakeServer, judge: FakeServer) -> Project:
    project = Project(folder, model.base_url, samples=SAMPLES)
    path = project.suite / "suite.yaml"
    path.write_text(path.read_text().replace("metrics: [exact_match]\n", METRICS.replace("JUDGE_URL", judge.base_url)))
    return project


def _preferences(project: Project) -> pd.DataFrame:
    scores = pd.read_parquet(project.latest / "scores.parquet")
    found = scores[scores.metric == "prefer"]
    return found.set_index("trial_id")[["value", "status", "reason"]].sort_index()


@pytest.mark.parametrize("mode", ["use", "off", "refresh"])
def test_a_pair_is_asked_about_once_in_each_order(
    *, tmp_path: Path, model: FakeServer, judge: FakeServer, mode: str
) -> None:
    project = _project(tmp_path, model, judge)
    code, output = project.run(f"--prompt-cache={mode}")
    assert code == 0, output
    assert (model.count, judge.count) == (TRIALS, QUESTIONS)
    totals = project.manifest["totals"]
    assert totals["spent_usd"] == pytest.approx(TRIALS * ANSWER_USD + QUESTIONS * VERDICT_USD)
    values = pd.read_parquet(project.latest / "scores.parquet")
    costs = values[values.metric == "prefer"]["cost_usd"]
    assert costs.sum() == pytest.approx(QUESTIONS * VERDICT_USD), "what a pair cost stands at one of its two scores"


def test_killed_run_is_resumed_and_asks_for_what_is_missing_alone(
    tmp_path: Path, model: FakeServer, judge: FakeServer
) -> None:
    whole = _project(tmp_path / "whole", model, judge)
    assert whole.run()[0] == 0
    project = _project(tmp_path / "killed", model, judge)
    before = judge.count
    judge.script(Behaviour(text=preferred, latency_ms=60))
    process = project.start()
    end = time.monotonic() + 60
    while judge.count < before + 12:
        assert time.monotonic() < end
        assert process.poll() is None, process.communicate()[0]
        time.sleep(0.002)
    process.kill()
    process.communicate()
    while judge.in_flight:
        time.sleep(0.01)
    kept = project.journalled()
    lost = judge.count - before - (kept - TRIALS)
    assert 0 <= lost <= 2 * 4
    code, output = project.run("--prompt-resume")
    assert code == 0, output
    assert model.count == 2 * TRIALS
    assert judge.count == 2 * QUESTIONS + lost
    pd.testing.assert_frame_equal(_preferences(project), _preferences(whole))


def test_budget_that_ends_among_the_pairs_leaves_trials_not_run_that_can_be_resumed(
    tmp_path: Path, model: FakeServer, judge: FakeServer
) -> None:
    project = _project(tmp_path, model, judge)
    code, output = project.run("--prompt-budget", "0.005")
    assert code == 1
    assert "metric 'prefer' could not ask: the budget of $0.005 is spent" in output
    assert project.manifest["totals"]["not_run"] > 0
    answers, verdicts = model.count, judge.count
    assert answers * ANSWER_USD + verdicts * VERDICT_USD <= 0.005
    code, output = project.run("--prompt-resume", "--prompt-budget", "1")
    assert code == 0, output
    assert (model.count, judge.count) == (TRIALS, QUESTIONS)
    assert set(_preferences(project)["status"]) == {"scored"}


def test_judge_that_is_down_makes_failed_scores_and_never_zero(
    tmp_path: Path, model: FakeServer, judge: FakeServer
) -> None:
    judge.script(Behaviour(status=401))
    project = _project(tmp_path, model, judge)
    assert project.run()[0] == 1
    found = _preferences(project)
    assert found["value"].isna().all()
    assert set(found["status"]) <= {"failed"}
