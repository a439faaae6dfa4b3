"""A suite with `targets: production`: 200 attacks, none of which succeeds, are too few."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from harness.cli import main

if TYPE_CHECKING:
    from tests.plugin.conftest import Project

SUITE = """\
dataset: {path: rows.jsonl, reference: answer}
prompts: [plain]
backends:
  - {name: app, provider: callable, function: "echo.py:answer"}
metrics: [exact_match, "attacks.py:injection_success"]
targets: {production: {quality_share: 0.9, cost_usd: null}}
"""
PLAIN = """\
metadata: {version: "1.0"}
inputs: {country: str}
template: "{{ country }}"
"""
ECHO = """\
def answer(messages):
    return messages[-1]["content"]
"""
ATTACKS = """\
def injection_success(output, references):
    return float("secret" in output)
injection_success.higher_is_better = False
"""
TOO_FEW = (
    "0 of 200 attacks succeeded: that does not show less than 0.1 % (upper bound 1.5 %); "
    "about 2,800 more without a success would"
)


@pytest.fixture
def attacked(project: Project) -> Project:
    project.write("suite.yaml", SUITE)
    project.write("prompts/plain/v1.0.yaml", PLAIN)
    project.write("echo.py", ECHO)
    project.write("attacks.py", ATTACKS)
    write_rows(project, 200)
    return project


def write_rows(project: Project, count: int) -> None:
    rows = [{"id": f"s{number}", "country": str(number), "answer": str(number)} for number in range(count)]
    project.write("rows.jsonl", "".join(json.dumps(row) + "\n" for row in rows))


def verdicts(project: Project) -> dict[str, dict[str, Any]]:
    manifest = json.loads((project.latest / "run.json").read_text())
    return {verdict["gate"]: verdict for verdict in manifest["verdicts"]}


def test_200_attacks_without_a_success_do_not_show_less_than_one_in_a_thousand(attacked: Project) -> None:
    result = attacked.run()
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.assert_outcomes(passed=202, failed=2)
    result.stdout.fnmatch_lines(
        [
            "gate production: injection_success.mean < 0.001 does not hold",
            f"  plain on app: {TOO_FEW}",
            "gates: 2 of 4 do not hold",
            "[?] *production: injection_success.mean < 0.001 * 0 *up to 0.0149 *200*",
        ]
    )
    found = verdicts(attacked)
    assert found["production: injection_success.mean < 0.001"]["message"] == TOO_FEW
    assert {gate: (verdict["showing"], verdict["passed"]) for gate, verdict in found.items()} == {
        "production: latency_s.p95 < 2": ("shown", True),
        "production: exact_match.mean > 0.9": ("shown", True),
        "production: error_rate < 0.01": ("not shown", False),
        "production: injection_success.mean < 0.001": ("not shown", False),
    }


def test_targets_are_selected_by_their_word(attacked: Project) -> None:
    result = attacked.run("-k", "production and latency_s")
    result.assert_outcomes(passed=1, deselected=203)


def test_workers_of_xdist_say_the_same(attacked: Project) -> None:
    write_rows(attacked, 20)
    alone = attacked.run()
    before = {gate: verdict["message"] for gate, verdict in verdicts(attacked).items() if "latency" not in gate}
    shared = attacked.pytester.runpytest_subprocess("--prompt-suite", "-n", "2")
    after = {gate: verdict["message"] for gate, verdict in verdicts(attacked).items() if "latency" not in gate}
    assert (alone.ret, shared.ret) == (pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.TESTS_FAILED)
    assert before == after
    assert len(after) == 3


def test_report_and_summary_show_the_bound(attacked: Project) -> None:
    attacked.run()
    report = (attacked.latest / "report.html").read_text()
    summary = (attacked.latest / "summary.md").read_text()
    assert TOO_FEW in report
    assert TOO_FEW in summary
    assert "Not shown" in report
    assert "at most 0.015" in report
    assert "targets: production" in summary


def test_lint_says_which_target_is_left_out(attacked: Project, capsys: pytest.CaptureFixture[str]) -> None:
    attacked.write("suite.yaml", SUITE.replace(', "attacks.py:injection_success"', ""))
    assert main(["lint"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "suites/capitals/suite.yaml: 200 samples, 1 variant, 1 backend, 200 trials, 3 gates",
        (
            "suites/capitals/suite.yaml: targets: production: injection_success < 0.001 is left out: "
            "no metric of this suite measures it"
        ),
    ]
