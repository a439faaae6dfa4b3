"""`--junitxml`: scores and verdicts as properties of the test cases, whichever way the items went."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from harness.plugin import properties

if TYPE_CHECKING:
    from pathlib import Path

    from harness.schema import TrialResult
    from tests.plugin.conftest import Project

JUDGED = """\
checks: [exact_match]
gates:
  - "exact_match.mean >= 0.9"
  - "error_rate <= 0"
"""
MARKED = """
import pytest

@pytest.mark.prompt_suite("suites/capitals/suite.yaml")
def test_is_short(trial, record_testsuite_property):
    assert len(trial.output) < 20
"""
MEASURES = ["exact_match", "latency_s", "input_tokens", "output_tokens", "cached_input_tokens", "cost_usd"]


def cases(file: Path) -> dict[str, dict[str, str]]:
    """The properties of each test case, by its name."""
    found = {}
    for case in ET.parse(file).iter("testcase"):  # noqa: S314 - pytest wrote it
        pairs = [(each.attrib["name"], each.attrib["value"]) for each in case.iter("property")]
        assert len(pairs) == len(dict(pairs)), f"a property is there twice: {pairs}"
        found[case.attrib["name"]] = dict(pairs)
    return found


def run(project: Project, *options: str) -> dict[str, dict[str, str]]:
    project.run("--junitxml=junit.xml", "-o", "junit_family=xunit2", *options)
    return cases(project.path / "junit.xml")


@pytest.mark.parametrize("workers", [(), ("-n", "2")])
def test_each_trial_has_its_scores_and_its_outcome(project: Project, workers: tuple[str, ...]) -> None:
    project.add(JUDGED)
    found = run(project, *workers)
    assert len(found) == 8 + 4
    passed, failed = found["plain[atlas-fr]"], found["shouted[atlas-fr]"]
    assert list(passed) == [*MEASURES, "outcome"]
    assert (passed["exact_match"], passed["outcome"]) == ("1", "passed")
    assert float(passed["latency_s"]) > 0
    assert passed["cost_usd"].startswith("unscored: ")  # the function tells none
    assert list(failed) == [*MEASURES, "outcome", "reason"]
    assert (failed["exact_match"], failed["outcome"]) == ("0", "failed")
    assert failed["reason"] == "missed check: exact_match: it is 0"


@pytest.mark.parametrize("workers", [(), ("-n", "2")])
def test_each_gate_has_its_value_interval_and_sentence(project: Project, workers: tuple[str, ...]) -> None:
    project.add(JUDGED)
    found = run(project, *workers)
    held, missed = found["gate[exact_match.mean>=0.9-plain-atlas]"], found["gate[exact_match.mean>=0.9-shouted-atlas]"]
    assert (held["value"], held["ci_high"], held["n"]) == ("1", "1", "4")
    assert float(held["ci_low"]) == pytest.approx(0.5101, abs=1e-4)  # Wilson of 4 in 4: 4 / (4 + 1.96²)
    assert held["message"].endswith(": holds; the interval reaches below the threshold")
    assert missed["value"] == "0.5"
    assert "finding" not in held


def test_regression_gate_tells_what_it_found(project: Project) -> None:
    project.add("gates:\n  - regression: {metric: exact_match, margin: 0.02}\n")
    project.run("--prompt-save-baseline")
    found = run(project)
    assert found["gate[exact_match.regression<=0.02-plain-atlas]"]["finding"] == "unchanged"


def test_error_keeps_its_scores_status(project: Project) -> None:
    project.write("app.py", "def answer(messages):\n    raise RuntimeError('down')\n")
    found = run(project)["plain[atlas-fr]"]
    assert found["exact_match"].startswith("failed: ")
    assert found["outcome"] == "error"
    assert "down" in found["reason"]


def test_test_function_has_the_scores_of_its_trial(project: Project) -> None:
    project.pytester.makepyfile(test_marked=MARKED)
    found = run(project, "test_marked.py")
    assert found["test_is_short[plain-atlas-fr]"]["exact_match"] == "1"


def test_trial_that_is_run_again_has_each_property_once(project: Project) -> None:
    project.add("checks: [exact_match]\n")
    project.pytester.makeconftest(
        "def pytest_runtest_protocol(item):\n"
        "    from _pytest.runner import runtestprotocol\n"
        "    runtestprotocol(item, log=False)\n"
    )
    assert run(project)["shouted[atlas-fr]"]["exact_match"] == "0"


def test_text_of_models_is_harmless_in_the_file(project: Project) -> None:
    project.write("app.py", "def answer(messages):\n    raise RuntimeError('\\x1b[31m\\x00</testcase> \\u202e')\n")
    reason = run(project)["plain[atlas-fr]"]["reason"]
    assert "</testcase>" in reason
    assert reason.isprintable()


def test_without_a_junit_file_no_property_is_made(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[TrialResult] = []

    def noted(result: TrialResult) -> properties.Properties:
        made.append(result)
        return ()

    monkeypatch.setattr(properties, "of_trial", noted)
    project.add(JUDGED)
    project.run()
    assert made == []
    project.run("--junitxml=junit.xml")
    assert len(made) >= 8
