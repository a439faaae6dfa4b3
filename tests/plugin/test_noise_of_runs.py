"""A run with repeats says how much of what it measured is chance, and what a regression gate could see."""

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
  - {name: app, provider: callable, function: "moody.py:answer"}
metrics: [exact_match]
repeats: 3
"""
MOODY = """\
from collections import Counter
ASKED = Counter()
def answer(messages):
    number = messages[-1]["content"].split()[-1].rstrip("?")
    ASKED[number] += 1
    return "no" if number in {"1", "2", "3", "4"} and ASKED[number] > 1 else number
"""


@pytest.fixture
def moody(project: Project) -> Project:
    """Ten samples, four of which are answered rightly the first time only."""
    project.write("suite.yaml", SUITE)
    project.write("prompts/plain/v1.0.yaml", PLAIN)
    project.write("moody.py", MOODY)
    rows = [{"id": f"s{number}", "country": str(number), "answer": str(number)} for number in range(10)]
    project.write("rows.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    return project


def run(project: Project, *options: str) -> pytest.RunResult:
    return project.pytester.runpytest("--prompt-suite", "--prompt-cache", "off", "-p", "no:randomly", *options)


def manifest(project: Project) -> dict[str, Any]:
    return dict(json.loads((project.path / "reports/latest/run.json").read_text()))


def test_noise_and_samples_that_pass_sometimes_are_told_everywhere(moody: Project) -> None:
    result = run(moody)
    result.stdout.fnmatch_lines(
        [
            "*noise between*samples*answers*half the error of the mean takes*",
            "*exact_match*36 %*64 %*40 samples instead of 10 (90 more calls)*",
            "*4 samples pass sometimes: s1 (plain on app: 1 of 3 exact_match), s2 *, s3 (plain on*",
            "app: 1 of 3 exact_match), … 1 more",
        ]
    )
    found = manifest(moody)
    (noise,) = found["noise"]
    assert (noise["suite"], noise["metric"], noise["n_generations"]) == ("capitals", "exact_match", 30)
    # means 1 (six samples) and 1/3 (four): squares within 4 · 2/3 on 20 degrees, between 3.2 on 9
    assert noise["generations"] == pytest.approx(8 / 3 / 20)
    assert noise["samples"] == pytest.approx((3.2 / 9 - 8 / 3 / 20) / 3)
    assert noise["remedy"] == {"level": "samples", "count": 40, "instead_of": 10, "cost": 90.0, "is_usd": False}
    assert [each["sample"] for each in found["flaky"]] == ["s1", "s2", "s3", "s4"]
    summary = (moody.path / "reports/latest/summary.md").read_text()
    assert "### Noise of `capitals`" in summary
    assert "4 samples pass sometimes: s1" in summary
    report = (moody.path / "reports/latest/report.html").read_text()
    assert '<section id="noise">' in report
    assert "40 samples instead of 10 (90 more calls)" in report


def test_run_without_repeats_says_nothing_of_noise(moody: Project) -> None:
    result = run(moody, "--prompt-repeats", "1")
    assert "noise between" not in result.stdout.str()
    assert (manifest(moody)["noise"], manifest(moody)["flaky"]) == ([], [])
    assert 'id="noise"' not in (moody.path / "reports/latest/report.html").read_text()


def test_run_says_what_its_regression_gates_can_see_and_nothing_when_it_is_to_be_quiet(moody: Project) -> None:
    moody.write("suite.yaml", SUITE + "gates: [{regression: exact_match}]\n")
    sight = "10 samples can only see drops of exact_match above 0.*; assumed: one answer in ten flips by itself"
    run(moody, "--prompt-save-baseline").stdout.fnmatch_lines([sight])
    again = run(moody, "-q")
    assert "can only see" not in again.stdout.str()
    (told,) = manifest(moody)["sights"]
    assert told["message"].endswith("; 27 % of the answers flip by themselves, by the repeats in the baseline")
