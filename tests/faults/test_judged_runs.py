"""Whatever happens to a run whose answers a model judges, nobody is asked twice, and no score is made up."""

from __future__ import annotations

import random
import signal
import time
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from tests.faults.whole_runs import Project
from tests.servers.judging import asked, forms, verdict
from tests.servers.openai_server import Behaviour, FakeServer

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator
    from pathlib import Path

SAMPLES = 25
TRIALS = 2 * SAMPLES
IN_FLIGHT = 6
METRICS = f"""\
metrics:
  - exact_match
  - judge:
      criteria: [accuracy, clarity]
      backend:
        name: big
        provider: openai
        model: j
        base_url: JUDGE_URL
        max_concurrency: {IN_FLIGHT}
        timeout_s: 30
        price: {{input: 10, output: 10}}
        params: {{max_tokens: 10}}
"""
QUESTIONS = 2 + 2 * TRIALS
"""Steps of two criteria, then a form a trial and criterion."""
ANSWER_USD = (20 * 1 + 2 * 1) / 1e6
VERDICT_USD = (20 * 10 + 2 * 10) / 1e6


class Servers:
    """The model under test answers with the question, the judge rates it."""

    def __init__(self, model: FakeServer, judge: FakeServer) -> None:
        self.model = model
        self.judge = judge

    def project(self, folder: Path) -> Project:
        project = Project(folder, self.model.base_url, samples=SAMPLES)
        path = project.suite / "suite.yaml"
        metrics = METRICS.replace("JUDGE_URL", self.judge.base_url)
        path.write_text(path.read_text().replace("metrics: [exact_match]\n", metrics))
        return project

    @property
    def counts(self) -> tuple[int, int]:
        return self.model.count, self.judge.count


@pytest.fixture
def servers() -> Iterator[Servers]:
    answers, verdicts = Behaviour(text=asked, latency_ms=2), Behaviour(text=verdict, latency_ms=10)
    with FakeServer(answers) as model, FakeServer(verdicts) as judge:
        yield Servers(model, judge)


def _judged(project: Project) -> pd.DataFrame:
    """The judge's scores, in an order of their own."""
    scores = pd.read_parquet(project.latest / "scores.parquet")
    judged = scores[scores.metric.str.startswith("judge.")]
    columns = ["value", "status", "reason"]
    return judged.set_index(["trial_id", "metric"])[columns].sort_index()


def _wait_for(server: FakeServer, count: int, process: subprocess.Popen[str]) -> None:
    end = time.monotonic() + 60
    while server.count < count and process.poll() is None:
        assert time.monotonic() < end, "nobody is asked"
        time.sleep(0.002)


def _wait_until_idle(server: FakeServer) -> None:
    time.sleep(0.05)
    end = time.monotonic() + 30
    while server.in_flight:
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.mark.parametrize("mode", ["use", "off"])
def test_kills_while_judges_are_asked_cost_what_was_in_flight(tmp_path: Path, servers: Servers, mode: str) -> None:
    moments = random.Random(3)  # noqa: S311 - moments of kills
    whole = servers.project(tmp_path / "whole")
    code, output = whole.run()
    assert code == 0, output
    assert servers.counts == (TRIALS, QUESTIONS)
    project = servers.project(tmp_path / "killed")
    servers.judge.script(Behaviour(text=verdict, latency_ms=40))
    kills = lost = 0
    while kills < 4:
        before, kept = sum(servers.counts), project.journalled()
        resume = ["--prompt-resume"] if kept else []
        process = project.start(f"--prompt-cache={mode}", *resume)
        _wait_for(servers.judge, servers.judge.count + moments.randrange(2, 12), process)
        assert process.poll() is None, process.communicate()[0]
        process.kill()
        process.communicate()
        kills += 1
        _wait_until_idle(servers.judge)
        _wait_until_idle(servers.model)
        in_flight = sum(servers.counts) - before - (project.journalled() - kept)
        assert 0 <= in_flight <= 2 * (IN_FLIGHT + 20)
        lost += in_flight
    assert project.journalled() < TRIALS + QUESTIONS
    code, output = project.run("--prompt-resume", f"--prompt-cache={mode}")
    assert code == 0, output
    assert sum(servers.counts) == 2 * (TRIALS + QUESTIONS) + lost
    pd.testing.assert_frame_equal(_judged(project), _judged(whole))
    pd.testing.assert_frame_equal(project.trials(), whole.trials())
    totals = project.manifest["totals"]
    assert totals["spent_usd"] == pytest.approx(TRIALS * ANSWER_USD + QUESTIONS * VERDICT_USD)
    assert project.journalled() == 0


def test_budget_that_ends_among_the_judges_leaves_trials_to_be_judged_later(tmp_path: Path, servers: Servers) -> None:
    project = servers.project(tmp_path)
    budget = 0.03
    code, output = project.run("--prompt-budget", str(budget))
    assert code == 1
    assert "metric 'judge' could not ask: the budget of $0.03 is spent" in output
    answers, verdicts = servers.counts
    assert answers * ANSWER_USD + verdicts * VERDICT_USD <= budget
    totals = project.manifest["totals"]
    assert totals["calls"] == answers + verdicts
    assert totals["spent_usd"] == pytest.approx(answers * ANSWER_USD + verdicts * VERDICT_USD)
    assert 0 < totals["passed"] + totals["failed"] < TRIALS
    assert totals["not_run"] > 0
    assert totals["error"] == 0
    assert set(_judged(project).status) == {"scored"}
    code, output = project.run("--prompt-resume", "--prompt-budget", "1")
    assert code == 0, output
    assert servers.counts == (TRIALS, QUESTIONS), "what was answered and judged before was not paid again"
    assert project.manifest["totals"]["not_run"] == 0
    assert len(_judged(project)) == 2 * TRIALS


@pytest.mark.parametrize("status", [400, 401])
def test_judge_that_refuses_gives_failed_scores_and_never_0(tmp_path: Path, servers: Servers, status: int) -> None:
    servers.judge.script(Behaviour(status=status))
    project = servers.project(tmp_path)
    code, output = project.run()
    assert code == 1
    assert f"HTTP {status}" in output
    judged = _judged(project)
    assert set(judged.status) == {"failed"}
    assert judged.value.isna().all()
    totals = project.manifest["totals"]
    assert totals["error"] > 0, "the trials whose judge refused"
    assert totals["error"] + totals["not_run"] == TRIALS, "the others were not asked about"
    assert servers.model.count == TRIALS
    assert servers.judge.count <= 2 * IN_FLIGHT, "it is not asked on and on"
    servers.judge.script(Behaviour(text=verdict))
    code, output = project.run()
    assert code == 0, output
    assert servers.model.count == TRIALS, "the answers were kept"
    assert set(_judged(project).status) == {"scored"}


def test_judge_that_is_not_there_is_given_up_soon(tmp_path: Path, servers: Servers) -> None:
    project = servers.project(tmp_path)
    suite = project.suite / "suite.yaml"
    suite.write_text(suite.read_text().replace(servers.judge.base_url, "http://127.0.0.1:9/v1"))
    code, output = project.run()
    assert code == 1
    assert "no connection" in output
    totals = project.manifest["totals"]
    assert (totals["passed"], totals["failed"]) == (0, 0)
    assert _judged(project).value.isna().all()


def test_judge_whose_answers_cannot_be_read_leaves_trials_unscored(tmp_path: Path, servers: Servers) -> None:
    servers.judge.script(Behaviour(text="I like it. 5/5!"))
    project = servers.project(tmp_path)
    project.run()
    judged = _judged(project)
    assert set(judged.status) == {"unscored"}
    assert judged.value.isna().all()
    assert set(judged.reason) == {"the judge's answer could not be read, 3 times: no form: 'I like it. 5/5!'"}
    assert servers.judge.count == 2 + 3 * 2 * TRIALS
    assert project.manifest["totals"]["error"] == 0


def test_judge_in_trouble_is_asked_again_until_it_answers(tmp_path: Path, servers: Servers) -> None:
    servers.judge.script(*[Behaviour(status=503)] * 3, Behaviour(text="Hm."), Behaviour(text=verdict))
    project = servers.project(tmp_path)
    code, output = project.run()
    assert code == 0, output
    assert set(_judged(project).status) == {"scored"}
    assert project.manifest["totals"]["retries"] == 3


def test_recorded_verdicts_are_replayed_without_a_socket(tmp_path: Path, servers: Servers) -> None:
    project = servers.project(tmp_path)
    assert project.run()[0] == 0
    first, counts = _judged(project), servers.counts
    code, output = project.run("--prompt-cache", "only")
    assert code == 0, output
    assert servers.counts == counts
    pd.testing.assert_frame_equal(_judged(project), first)
    suite = project.suite / "suite.yaml"
    suite.write_text(suite.read_text().replace("[accuracy, clarity]", "[accuracy, completeness]"))
    code, output = project.run("--prompt-cache", "only")
    assert code == 1
    assert servers.counts == counts
    missing = _judged(project).xs("judge.completeness", level="metric")
    assert set(missing.status) == {"failed"}
    assert missing.reason.str.contains(
        "no answer is recorded for metric 'judge', which asks big about (?:one|two) on local, sample 's"
    ).all()


def test_workers_get_the_same_verdicts_and_ask_nobody_themselves(tmp_path: Path, servers: Servers) -> None:
    alone, together = servers.project(tmp_path / "alone"), servers.project(tmp_path / "together")
    assert alone.run()[0] == 0
    code, output = together.run("-n", "2")
    assert code == 0, output
    assert servers.counts == (2 * TRIALS, 2 * QUESTIONS)
    pd.testing.assert_frame_equal(_judged(together), _judged(alone))


def test_the_same_question_about_two_trials_is_asked_once(tmp_path: Path, servers: Servers) -> None:
    servers.model.script(Behaviour(text="the same"))
    project = servers.project(tmp_path)
    code, output = project.run()
    assert code == 0, output
    assert servers.judge.count == 2 + 2 * SAMPLES
    assert len(set(forms(servers.judge.requests))) == 2 * SAMPLES
    assert len(_judged(project)) == 2 * TRIALS


def test_interrupted_run_keeps_what_was_judged_and_pays_for_the_rest_later(tmp_path: Path, servers: Servers) -> None:
    project = servers.project(tmp_path)
    suite = project.suite / "suite.yaml"
    suite.write_text(suite.read_text().replace("timeout_s: 30", "timeout_s: 2"))
    servers.judge.script(*[Behaviour(text=verdict)] * 20, Behaviour(fault="hang"))
    process = project.start()
    _wait_for(servers.judge, 22, process)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=40)
    assert process.returncode == 2, output
    totals = project.manifest["totals"]
    assert totals["not_run"] > 0
    assert totals["error"] == 0 or "timeout" in output
    servers.judge.script(Behaviour(text=verdict))
    before = servers.judge.count
    code, output = project.run("--prompt-resume")
    assert code == 0, output
    assert servers.model.count == TRIALS
    assert servers.judge.count - before == QUESTIONS - 20
    assert set(_judged(project).status) == {"scored"}


def test_two_sessions_at_once_share_the_verdicts(tmp_path: Path, servers: Servers) -> None:
    project = servers.project(tmp_path)
    sessions = [project.start("--prompt-reports", f"reports{number}") for number in (1, 2)]
    for session in sessions:
        output, _ = session.communicate(timeout=120)
        assert session.returncode == 0, output
    assert servers.counts == (TRIALS, QUESTIONS)
