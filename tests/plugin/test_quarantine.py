"""Trials in quarantine run and are reported, but fail nothing and count in no gate."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from tests.plugin.conftest import PLAIN

if TYPE_CHECKING:
    from tests.plugin.conftest import Project

SUITE = """\
dataset: {path: rows.jsonl, reference: answer}
prompts: [plain, {prompt: plain, name: other}]
backends:
  - {name: app, provider: callable, function: "app.py:answer"}
metrics: [exact_match]
checks: [exact_match]
gates:
  - exact_match.mean >= 1
  - {regression: exact_match}
"""
HELD = """\
quarantine:
  - {sample: s1, reason: "label is wrong, #12", until: 2999-12-31}
"""
APP = """\
from pathlib import Path
def answer(messages):
    number = messages[-1]["content"].split()[-1].rstrip("?")
    return "no" if number in Path(__file__).with_name("wrong").read_text().split() else number
"""


@pytest.fixture
def held(project: Project) -> Project:
    """Ten samples, two variants; all is right until `wrong` names samples."""
    project.write("suite.yaml", SUITE + HELD)
    project.write("prompts/plain/v1.0.yaml", PLAIN)
    project.write("app.py", APP)
    project.write("wrong", "")
    rows = [{"id": f"s{number}", "country": str(number), "answer": str(number)} for number in range(10)]
    project.write("rows.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    run(project, "--prompt-save-baseline")
    project.write("wrong", "1")
    return project


def run(project: Project, *options: str) -> pytest.RunResult:
    return project.pytester.runpytest("--prompt-suite", "--prompt-cache", "off", "-p", "no:randomly", *options)


def manifest(project: Project) -> dict[str, Any]:
    return dict(json.loads((project.path / "reports/latest/run.json").read_text()))


def test_missed_checks_in_quarantine_fail_neither_items_nor_gates_and_are_told(held: Project) -> None:
    result = run(held)
    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines(
        [
            "*variant*trials*failed*quarantine*errors*",
            "plain *10 * 0 * 1 * 0 *",
            (
                "2 trials in quarantine: s1 (plain on app: failed, other on app: failed; label is wrong, #12, until "
                "2999-12-31)"
            ),
            "*22 passed, 2 quarantined in *",
        ]
    )
    found = manifest(held)
    assert found["totals"]["quarantined"] == 2
    assert (found["totals"]["passed"], found["totals"]["failed"]) == (18, 0)
    messages = {each["gate"]: each["message"] for each in found["verdicts"]}
    assert messages["exact_match.mean >= 1"].startswith(
        "exact_match.mean is 1, at least 1 asked (n = 9, 1 left out in quarantine, 95 % interval"
    )
    assert messages["exact_match.regression <= 0"].endswith("; 1 trial left out in quarantine")


def test_report_and_tables_name_what_is_in_quarantine(held: Project) -> None:
    run(held)
    trials = pd.read_parquet(held.path / "reports/latest/trials.parquet")
    assert set(trials.loc[trials["quarantined"], "sample"]) == {"s1"}
    assert set(trials.loc[trials["quarantined"], "outcome"]) == {"failed"}
    row = pd.read_parquet(held.path / "reports/latest/comparison.parquet").query("metric == 'exact_match'").iloc[0]
    assert (row["n_paired"], row["n_gone"], row["n_quarantined"]) == (9, 0, 1)
    summary = (held.path / "reports/latest/summary.md").read_text()
    assert "### Quarantine of `capitals`" in summary
    assert "18 passed, 0 failed, 0 errors, 2 in quarantine" in summary
    report = (held.path / "reports/latest/report.html").read_text()
    assert '<section id="quarantine">' in report
    assert "label is wrong, #12" in report


def test_scope_holds_only_what_it_names(held: Project) -> None:
    held.write("suite.yaml", SUITE + HELD.replace("s1,", "s1, variants: [other],"))
    result = run(held)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(
        ["*FAILED *::plain[[]app-s1[]]*", "*FAILED *::gate[[]exact_match.mean>=1-plain-app[]]*"]
    )
    assert "gate[exact_match.mean>=1-other-app]" not in result.stdout.str()
    result.assert_outcomes(passed=21, failed=2)


def test_quarantine_that_has_ended_warns_and_holds_nothing(held: Project) -> None:
    held.write("suite.yaml", SUITE + HELD.replace("2999", "2019"))
    result = run(held, "-q")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    warning = "the quarantine of sample 's1' ended on 2019-12-31 (label is wrong, #12): it counts again; "
    assert warning in result.stdout.str().replace("\n", " ")
    assert manifest(held)["totals"]["quarantined"] == 0
    assert "ended on 2019-12-31" in (held.path / "reports/latest/summary.md").read_text()


def test_trial_without_an_answer_fails_also_in_quarantine(held: Project) -> None:
    held.write("app.py", APP.replace('return "no" if', "return 1 / 0 if"))
    result = run(held)
    result.assert_outcomes(failed=2, passed=22)
    assert manifest(held)["totals"]["error"] == 2


def test_baseline_keeps_what_is_in_quarantine_for_the_day_it_counts_again(held: Project) -> None:
    run(held, "--prompt-save-baseline")
    lines = (held.path / "reports/baselines/capitals.jsonl").read_text().splitlines()[1:]
    assert sum('"sample":"s1"' in line.replace(" ", "") for line in lines) == 2


def test_workers_of_xdist_count_the_same(held: Project) -> None:
    result = held.pytester.runpytest_subprocess("--prompt-suite", "--prompt-cache", "off", "-n", "2")
    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines(["*22 passed, 2 quarantined in *"])
