"""A run beside its baseline: saved, unchanged, damaged, not comparable."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from tests.plugin.conftest import PLAIN

if TYPE_CHECKING:
    from pathlib import Path

    from tests.plugin.conftest import Project

SUITE = """\
dataset: {path: rows.jsonl, reference: answer}
prompts: [plain]
backends:
  - {name: app, provider: callable, function: "echo.py:answer"}
metrics: [exact_match]
gates:
  - regression: {metric: exact_match, margin: 0.02}
"""
ECHO = """\
from pathlib import Path
def answer(messages):
    number = int(messages[-1]["content"].split()[-1].rstrip("?"))
    every = int(Path(__file__).with_name("wrong").read_text())
    return "no" if every and number % every == 0 else str(number)
"""


@pytest.fixture
def echo(project: Project) -> Project:
    """Sixty samples, all answered rightly until `wrong` says otherwise."""
    project.write("suite.yaml", SUITE)
    project.write("prompts/plain/v1.0.yaml", PLAIN)
    project.write("echo.py", ECHO)
    write_rows(project, 60)
    go_wrong(project, 0)
    return project


def write_rows(project: Project, count: int) -> None:
    rows = [{"id": f"s{number}", "country": str(number), "answer": str(number)} for number in range(count)]
    project.write("rows.jsonl", "".join(json.dumps(row) + "\n" for row in rows))


def go_wrong(project: Project, every: int) -> None:
    project.write("wrong", str(every))


def run(project: Project, *options: str) -> pytest.RunResult:
    return project.pytester.runpytest("--prompt-suite", "--prompt-cache", "off", "-p", "no:randomly", *options)


def verdict(project: Project) -> dict[str, object]:
    manifest = json.loads((project.path / "reports/latest/run.json").read_text())
    (found,) = manifest["verdicts"]
    return dict(found)


def comparison(project: Project) -> pd.DataFrame:
    return pd.read_parquet(project.path / "reports/latest/comparison.parquet").set_index("metric")


def baseline(project: Project) -> Path:
    return project.path / "reports/baselines/capitals.jsonl"


def test_gate_without_a_baseline_fails_and_says_how_to_save_one(echo: Project) -> None:
    result = run(echo)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert verdict(echo)["message"] == (
        "exact_match could not be compared: there is no baseline (reports/baselines/capitals.jsonl); save one with: "
        "pytest --prompt-suite --prompt-save-baseline; a regression gate over nothing fails"
    )


def test_first_baseline_is_saved_and_the_gate_not_judged(echo: Project) -> None:
    result = run(echo, "--prompt-save-baseline")
    assert result.ret == pytest.ExitCode.OK
    assert (verdict(echo)["judged"], verdict(echo)["message"]) == (
        False,
        "not judged: there is no baseline yet: this run becomes it",
    )
    assert len(baseline(echo).read_text().splitlines()) == 61


def test_unchanged_run_holds_and_a_damaged_one_does_not(echo: Project) -> None:
    run(echo, "--prompt-save-baseline")
    assert run(echo).ret == pytest.ExitCode.OK
    assert (verdict(echo)["passed"], verdict(echo)["finding"]) == (True, "unchanged")
    go_wrong(echo, 4)
    result = run(echo)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["*exact_match fell from 1 to 0.750 on 60 pairs (0 up, 15 down); regressed: worse by*"])
    row = comparison(echo).loc["exact_match"]
    assert (row["verdict"], row["n_paired"], row["difference"]) == ("regressed", 60, -0.25)
    assert row["p_adjusted"] == pytest.approx(2 * 0.5**15)


def test_what_chance_could_do_warns_and_passes_unless_it_is_asked_to_fail(echo: Project) -> None:
    run(echo, "--prompt-save-baseline")
    go_wrong(echo, 30)
    assert run(echo).ret == pytest.ExitCode.OK
    assert (verdict(echo)["finding"], verdict(echo)["warns"]) == ("inconclusive", True)
    echo.write("suite.yaml", SUITE.replace("margin: 0.02", "margin: 0.02, on_inconclusive: fail"))
    assert run(echo).ret == pytest.ExitCode.TESTS_FAILED


def test_comparison_that_is_not_wanted_is_not_judged(echo: Project) -> None:
    run(echo, "--prompt-save-baseline")
    go_wrong(echo, 4)
    assert run(echo, "--prompt-baseline", "none").ret == pytest.ExitCode.OK
    assert verdict(echo)["message"] == "not judged: --prompt-baseline none: no comparison was asked for"


def test_another_run_can_be_the_baseline(echo: Project) -> None:
    go_wrong(echo, 4)
    run(echo)
    go_wrong(echo, 0)
    assert run(echo, "--prompt-baseline", "latest").ret == pytest.ExitCode.OK
    assert verdict(echo)["finding"] == "improved"


def test_newest_run_that_cannot_be_read_stops_a_run_beside_the_latest_before_the_first_call(echo: Project) -> None:
    run(echo, "--prompt-baseline", "none")
    (manifest,) = (echo.path / "reports/runs").glob("*/run.json")
    manifest.write_text("{}")
    result = run(echo, "--prompt-baseline", "latest")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    damaged = f"reports/runs/{manifest.parent.name}/run.json"
    result.stderr.fnmatch_lines([f"*baseline latest: a run newer than it would be cannot be read: {damaged}:*"])
    assert len(list((echo.path / "reports/runs").iterdir())) == 1


def test_pipe_is_no_baseline(echo: Project) -> None:
    os.mkfifo(echo.path / "pipe")
    result = run(echo, "--prompt-baseline", "pipe")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*pipe: the baseline cannot be read (it is a pipe or a device, no regular file);*"])


def test_baseline_that_cannot_be_read_stops_before_the_first_call(echo: Project) -> None:
    run(echo, "--prompt-save-baseline")
    with baseline(echo).open("a") as file:
        file.write("{broken\n")
    result = run(echo)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*reports/baselines/capitals.jsonl:62:*"])


def test_samples_that_came_and_went_are_counted_and_the_rest_is_judged(echo: Project) -> None:
    run(echo, "--prompt-save-baseline")
    write_rows(echo, 50)
    assert run(echo).ret == pytest.ExitCode.OK
    assert str(verdict(echo)["message"]).endswith("; 10 trials gone")
    assert comparison(echo).loc["exact_match", "n_gone"] == 10


def test_gate_over_other_samples_fails(echo: Project) -> None:
    run(echo, "--prompt-save-baseline")
    echo.write("rows.jsonl", '{"id": "other", "country": "7", "answer": "7"}\n')
    assert run(echo).ret == pytest.ExitCode.TESTS_FAILED
    assert "could not be compared: no sample is in both" in str(verdict(echo)["message"])


def test_workers_of_xdist_get_the_same_verdict(echo: Project) -> None:
    run(echo, "--prompt-save-baseline")
    go_wrong(echo, 4)
    result = echo.pytester.runpytest_subprocess("--prompt-suite", "--prompt-cache", "off", "-n", "2")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert verdict(echo)["finding"] == "regressed"
    assert comparison(echo).loc["exact_match", "n_paired"] == 60


def test_selected_gates_are_a_family_of_their_own(echo: Project) -> None:
    run(echo, "--prompt-save-baseline")
    run(echo, "-k", "regression")
    assert comparison(echo).loc["exact_match", "n_family"] == 1


def test_baseline_of_some_samples_only_is_refused_and_the_old_one_stays(echo: Project) -> None:
    run(echo, "--prompt-save-baseline")
    before = baseline(echo).read_bytes()
    result = run(echo, "--prompt-save-baseline", "--prompt-limit", "10")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["*--prompt-save-baseline: the run has at most 10 samples a dataset*"])
    assert baseline(echo).read_bytes() == before


def test_run_whose_baseline_was_refused_is_finished_all_the_same(echo: Project) -> None:
    run(echo, "--prompt-save-baseline", "--prompt-limit", "10")
    result = echo.pytester.runpytest("--prompt-suite", "-p", "no:randomly", "--prompt-resume")
    assert result.ret == pytest.ExitCode.USAGE_ERROR


def test_saving_a_baseline_is_said(echo: Project) -> None:
    result = run(echo, "--prompt-save-baseline")
    result.stdout.fnmatch_lines(["*baselines/capitals.jsonl: 60 trials of 1 cell saved*"])


def test_edited_application_is_named_beside_the_baseline(echo: Project) -> None:
    run(echo, "--prompt-save-baseline")
    echo.write("echo.py", ECHO + "# another day\n")
    run(echo)
    (told,) = json.loads((echo.path / "reports/latest/run.json").read_text())["comparisons"]
    assert [change["message"] for change in told["changes"]] == [
        "backend app answers by other code: echo.py:answer was edited; a difference may come from it"
    ]
