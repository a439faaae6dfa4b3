"""A suite that stops early runs no more than its regression gates need."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.plugin.conftest import PLAIN

if TYPE_CHECKING:
    from tests.plugin.conftest import Project

SUITE = """\
dataset: {path: rows.jsonl, reference: answer}
prompts: [plain]
backends:
  - {name: app, provider: callable, function: "app.py:answer", max_concurrency: 1}
metrics: [exact_match]
gates:
  - regression: {metric: exact_match, margin: 0.1}
  - error_rate <= 0
"""
EARLY = "stop_early: true\n"
APP = """\
import time
from pathlib import Path
WRONG = Path(__file__).with_name("wrong")
def answer(messages):
    time.sleep(0.01)
    number = messages[-1]["content"].split()[-1].rstrip("?")
    every = int(WRONG.read_text())
    return "no" if every and int(number) % every == 0 else number
"""
N = 150


@pytest.fixture
def early(project: Project) -> Project:
    """Many samples, all answered rightly in the baseline; `wrong` says which are not now."""
    project.write("suite.yaml", SUITE + EARLY)
    project.write("prompts/plain/v1.0.yaml", PLAIN)
    project.write("app.py", APP)
    project.write("wrong", "0")
    rows = [{"id": f"s{number}", "country": str(number), "answer": str(number)} for number in range(N)]
    project.write("rows.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    assert run(project, "--prompt-save-baseline").ret == pytest.ExitCode.OK
    assert manifest(project)["totals"]["stopped_early"] == 0
    return project


def run(project: Project, *options: str) -> pytest.RunResult:
    return project.pytester.runpytest("--prompt-suite", "--prompt-cache", "off", "-p", "no:randomly", *options)


def manifest(project: Project) -> dict[str, Any]:
    return dict(json.loads((project.path / "reports/latest/run.json").read_text()))


def verdicts(project: Project) -> dict[str, dict[str, Any]]:
    return {each["gate"]: each for each in manifest(project)["verdicts"]}


def test_clear_regression_stops_after_a_part_of_the_samples_and_fails(early: Project) -> None:
    early.write("wrong", "1")
    result = run(early)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    found = manifest(early)
    assert found["complete"]
    assert found["totals"]["stopped_early"] >= N // 3
    assert found["totals"]["not_run"] == 0
    gate = verdicts(early)["exact_match.regression <= 0.1"]
    assert (gate["finding"], gate["judged"]) == ("regressed", True)
    assert "regressed: after 30 pairs it is 1 worse: clearly more than 0.1 worse, also with all" in gate["message"]
    result.stdout.fnmatch_lines(["*not run: the verdict was clear: exact_match regressed after 30 pairs"])
    assert result.parseoutcomes() == {"failed": 1, "passed": N + 1 - found["totals"]["stopped_early"],
                                      "skipped": found["totals"]["stopped_early"]}  # fmt: skip


def test_cell_of_which_a_number_is_promised_runs_to_its_end(early: Project) -> None:
    """Its test is of all samples at once: one that stops at a result would be another's."""
    prompt = (early.suite / "prompts/plain/v1.0.yaml").read_text()
    promising = prompt.replace("metadata: {", "metadata: {performance_baseline: {exact_match: 0.9}, ")
    assert promising != prompt
    early.write("prompts/plain/v1.0.yaml", promising)
    early.write("wrong", "1")
    assert run(early).ret == pytest.ExitCode.TESTS_FAILED
    assert manifest(early)["totals"]["stopped_early"] == 0
    assert verdicts(early)["exact_match.regression <= 0.1"]["finding"] == "regressed"
    assert verdicts(early)["exact_match.mean >= 0.9"]["message"].startswith(f"exact_match is 0 on {N} trials, ")


def test_other_gates_are_judged_over_what_was_run_and_say_so(early: Project) -> None:
    early.write("wrong", "1")
    run(early)
    gate = verdicts(early)["error_rate <= 0"]
    assert (gate["passed"], gate["judged"]) == (True, True)
    assert gate["message"].endswith(f" of {N} trials, stopped early")


def test_clear_improvement_stops_and_the_run_holds(early: Project) -> None:
    early.write("wrong", "1")
    run(early, "--prompt-save-baseline")
    early.write("wrong", "0")
    result = run(early)
    assert result.ret == pytest.ExitCode.OK
    found = manifest(early)
    assert found["complete"]
    assert found["totals"]["stopped_early"] >= N // 3
    assert verdicts(early)["exact_match.regression <= 0.1"]["finding"] == "improved"


def test_unchanged_run_does_not_alarm(early: Project) -> None:
    result = run(early)
    assert result.ret == pytest.ExitCode.OK
    gate = verdicts(early)["exact_match.regression <= 0.1"]
    assert gate["finding"] == "unchanged"
    assert "clearly within 0.1 either way, also with all looks counted" in gate["message"]


def test_verdict_does_not_depend_on_how_many_trials_came_before_the_look(early: Project) -> None:
    early.write("wrong", "1")
    early.write("suite.yaml", (SUITE + EARLY).replace(", max_concurrency: 1", ", max_concurrency: 100"))
    run(early)
    gate = verdicts(early)["exact_match.regression <= 0.1"]
    assert "regressed: after 30 pairs it is 1 worse" in gate["message"]


def test_suite_that_does_not_stop_early_runs_to_its_end(early: Project) -> None:
    early.write("suite.yaml", SUITE)
    early.write("wrong", "1")
    run(early)
    assert manifest(early)["totals"]["stopped_early"] == 0
    assert "(p < 0.001, 95 % interval " in verdicts(early)["exact_match.regression <= 0.1"]["message"]


def test_workers_of_xdist_stop_as_well(early: Project) -> None:
    early.write("wrong", "1")
    result = early.pytester.runpytest_subprocess("--prompt-suite", "--prompt-cache", "off", "-n", "2")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    found = manifest(early)
    assert found["complete"]
    assert found["totals"]["stopped_early"] >= N // 3
    assert result.parseoutcomes()["skipped"] == found["totals"]["stopped_early"]
