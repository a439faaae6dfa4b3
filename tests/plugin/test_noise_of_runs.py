"""A run with repeats says how much of what it measured is chance, and what a regression gate could see."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from harness import cli
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


def test_rows_that_were_edited_since_the_baseline_cannot_be_paired_and_run_and_lint_warn(
    moody: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    moody.write("suite.yaml", SUITE + "gates: [{regression: exact_match}]\n")
    run(moody, "--prompt-save-baseline")
    rows = [{"id": f"s{n}", "country": str(n), "answer": str(n) if n < 3 else "another"} for n in range(9)]
    moody.write("rows.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    warning = (
        "only 3 of 9 samples can be paired with reports/baselines/capitals.jsonl (6 with another row in the dataset): "
        "save a baseline again; they can show no drops of exact_match: it takes at least 6"
    )
    assert warning in " ".join(run(moody).stdout.str().split())
    (told,) = manifest(moody)["sights"]
    assert (told["message"], told["n_samples"], told["n_left_out"], told["warns"]) == (warning, 3, 6, True)
    monkeypatch.chdir(moody.path)
    capsys.readouterr()
    assert cli.main(["lint", "."]) == 0
    out, err = capsys.readouterr()
    assert err.endswith(f"suite.yaml: {warning}\n")
    assert "warning: " in err
    assert "can be paired" not in out


def test_samples_without_a_value_now_are_no_pairs(moody: Project) -> None:
    moody.write("suite.yaml", SUITE + "gates: [{regression: exact_match}]\n")
    run(moody, "--prompt-save-baseline")
    moody.write("moody.py", MOODY.replace("    ASKED[number] += 1\n", "    assert int(number) < 8\n"))
    run(moody)
    (told,) = manifest(moody)["sights"]
    assert told["message"].startswith(
        "8 of 10 samples can be paired with reports/baselines/capitals.jsonl (2 without a value now); "
    )
