"""Exit codes of runs with regression gates, as docs/how-to/run-in-ci.md lists them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.plugin.conftest import PLAIN

if TYPE_CHECKING:
    from tests.plugin.conftest import Project

SUITE = """\
dataset: {path: capitals.jsonl, reference: capital}
prompts: [plain]
backends: [{name: app, provider: callable, function: "echo.py:answer"}]
metrics: [exact_match]
gates:
  - regression: {metric: exact_match, margin: 0.02}
"""
RIGHT = "def answer(messages):\n    return messages[-1]['content'].split()[-1].rstrip('?')\n"
WRONG = "def answer(messages):\n    return 'no'\n"
ONE_WRONG = RIGHT + "\nright = answer\n\ndef answer(messages):\n    return right(messages).replace('C7', 'no')\n"


@pytest.fixture
def saved(project: Project) -> Project:
    """Twelve samples, all right in the baseline."""
    project.write("suite.yaml", SUITE)
    project.write("prompts/plain/v1.0.yaml", PLAIN)
    project.rows([{"id": f"s{n}", "country": f"C{n}", "capital": f"C{n}"} for n in range(12)])
    project.write("echo.py", RIGHT)
    assert run(project, "--prompt-save-baseline") == 0
    return project


def run(project: Project, *options: str) -> int:
    return int(project.run("--prompt-cache", "off", *options).ret)


def test_0_when_nothing_changed(saved: Project) -> None:
    assert run(saved) == 0


def test_0_when_nothing_is_shown_and_the_gate_warns_and_1_when_it_is_to_fail(saved: Project) -> None:
    saved.write("echo.py", ONE_WRONG)
    assert run(saved) == 0
    saved.write("suite.yaml", SUITE.replace("margin: 0.02", "margin: 0.02, on_inconclusive: fail"))
    assert run(saved) == 1


def test_1_when_it_regressed_and_0_when_no_comparison_is_asked_for(saved: Project) -> None:
    saved.write("echo.py", WRONG)
    assert run(saved) == 1
    assert run(saved, "--prompt-baseline", "none") == 0


def test_1_without_a_baseline(saved: Project) -> None:
    (saved.path / "reports/baselines/capitals.jsonl").unlink()
    assert run(saved) == 1


def test_1_when_the_metric_is_measured_in_another_way(saved: Project) -> None:
    saved.write("suite.yaml", SUITE.replace("[exact_match]", "[{exact_match: {ignore_case: true}}]"))
    assert run(saved) == 1


def test_2_when_the_gate_is_mistaken(saved: Project) -> None:
    saved.write("suite.yaml", SUITE.replace("metric: exact_match", "metric: exact_mach"))
    assert run(saved) == 2


def test_2_when_it_is_interrupted(saved: Project) -> None:
    saved.pytester.makeconftest("def pytest_runtest_logreport(report):\n    raise KeyboardInterrupt\n")
    assert saved.pytester.runpytest_subprocess("--prompt-suite", "--prompt-cache", "off").ret == 2


@pytest.mark.parametrize("reference", ["20260101T000000Z-0000", "nowhere.jsonl", "git:no-such-revision"])
def test_4_when_the_baseline_is_nowhere(saved: Project, reference: str) -> None:
    calls = saved.count_calls()
    assert run(saved, "--prompt-baseline", reference) == 4
    assert not calls.exists()


def test_4_when_the_baseline_cannot_be_read(saved: Project) -> None:
    with (saved.path / "reports/baselines/capitals.jsonl").open("a") as file:
        file.write("{broken\n")
    assert run(saved) == 4


def test_5_when_nothing_is_selected(saved: Project) -> None:
    assert run(saved, "-k", "nothing_of_this_name") == 5
