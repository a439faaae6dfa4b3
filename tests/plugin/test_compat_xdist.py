"""Sessions distributed by pytest-xdist: one engine, one run, and the numbers of a session without workers."""

from __future__ import annotations

import importlib
import json
import re
import time
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from tests.plugin.ended import PATIENT, ROWS, SLOW, Ended

if TYPE_CHECKING:
    from pathlib import Path

    from tests.plugin.conftest import Project

MARKED = """
import pytest

@pytest.mark.prompt_suite("suites/capitals/suite.yaml")
def test_is_short(trial):
    assert len(trial.output) < 20
    assert trial.scores["exact_match"] is not None
"""
JUDGED = """\
checks: [exact_match]
gates: ["exact_match.mean >= 0.9", "error_rate <= 0"]
"""
MEASURED = ["latency_s", "started_at"]


def run_folders(project: Project) -> list[Path]:
    return [path.parent for path in (project.path / "reports" / "runs").glob("*/run.json")]


def trials(folder: Path) -> pd.DataFrame:
    return pd.read_parquet(folder / "trials.parquet").drop(columns=MEASURED)


def scores(folder: Path) -> pd.DataFrame:
    table = pd.read_parquet(folder / "scores.parquet")
    return table[table["metric"] != "latency_s"].reset_index(drop=True)


@pytest.mark.parametrize("dist", ["load", "loadscope", "loadfile", "worksteal"])
def test_distributed_session_is_one_run_with_the_same_numbers(project: Project, dist: str) -> None:
    project.add(JUDGED)
    alone = project.run("--prompt-cache", "off", "--prompt-reports", "alone")
    calls = project.count_calls()
    result = project.run("-n", "2", "--dist", dist)
    assert result.ret == alone.ret == pytest.ExitCode.TESTS_FAILED
    result.assert_outcomes(passed=9, failed=3)
    assert calls.read_text() == "x" * 8
    assert len(run_folders(project)) == 1
    there = project.path / "alone" / "latest"
    pd.testing.assert_frame_equal(trials(project.latest), trials(there))
    pd.testing.assert_frame_equal(scores(project.latest), scores(there))
    here, before = (json.loads((folder / "run.json").read_text()) for folder in (project.latest, there))
    assert here["complete"] is True
    assert here["verdicts"] == before["verdicts"]
    assert here["totals"] == before["totals"]


def test_number_of_workers_may_be_left_to_xdist(project: Project) -> None:
    result = project.run("-n", "auto")
    result.assert_outcomes(passed=8)
    assert result.ret == pytest.ExitCode.OK


def test_failures_read_as_they_do_without_workers(project: Project) -> None:
    project.add(JUDGED)
    alone, distributed = project.run("--junitxml=alone.xml"), project.run("-n", "2", "--junitxml=distributed.xml")
    told = [line for line in alone.outlines if line.startswith(("FAILED", "missed check", "gate ", "  exact_match 0"))]
    assert len(told) == 3 + 2 + 1 + 2
    timeless = [re.sub(r"latency_s [0-9.e-]+", "", line) for line in distributed.outlines]
    assert sorted(re.sub(r"latency_s [0-9.e-]+", "", line) for line in told) == sorted(
        line for line in timeless if line.startswith(("FAILED", "missed check", "gate ", "  exact_match 0"))
    )

    def cases(name: str) -> list[str]:
        text = re.sub(r' time="\S+"|latency_s [0-9.e-]+|\[gw\d\][^\n]*\n', "", (project.path / name).read_text())
        return sorted(re.findall(r"<testcase.*?(?:</testcase>|/>)", text, re.DOTALL))

    assert cases("distributed.xml") == cases("alone.xml")


def test_marked_tests_share_the_engine_with_their_suite(project: Project) -> None:
    calls = project.count_calls()
    project.pytester.makepyfile(test_marked=MARKED)
    result = project.run("-n", "2", "suites", "test_marked.py")
    result.assert_outcomes(passed=16)
    assert calls.read_text() == "x" * 8


def test_second_distributed_session_calls_nothing(project: Project) -> None:
    calls = project.count_calls()
    project.run("-n", "2")
    result = project.run("-n", "2", "--prompt-cache", "only")
    result.assert_outcomes(passed=8)
    result.stdout.fnmatch_lines(["8 trials, 8 from the cache, 0 calls*"])
    assert calls.read_text() == "x" * 8


@pytest.mark.parametrize("way", ["options", "settings"])
def test_options_and_settings_hold_in_workers_as_in_the_controller(project: Project, way: str) -> None:
    calls = project.count_calls()
    options = ["--prompt-limit", "2", "--prompt-repeats", "3", "--prompt-reports", "elsewhere"]
    if way == "settings":
        project.pytester.makeini("[pytest]\nprompt_limit = 2\nprompt_repeats = 3\nprompt_reports = elsewhere\n")
    result = project.run("-n", "2", *(options if way == "options" else []), "-k", "plain")
    result.assert_outcomes(passed=6)
    assert calls.read_text() == "x" * 6
    assert (project.path / "elsewhere" / "latest" / "run.json").exists()


def test_mistakes_in_files_are_told_once_and_nothing_is_called(project: Project) -> None:
    calls = project.count_calls()
    project.add("colour: red\n")
    result = project.run("-n", "2")
    assert result.ret == pytest.ExitCode.INTERRUPTED
    assert result.stdout.str().count("ERROR collecting") == 1
    result.stdout.fnmatch_lines(["*ERROR collecting suites/capitals/suite.yaml*", "*1 error during collection*"])
    result.stdout.no_fnmatch_line("*Traceback*")
    assert not calls.exists()
    assert not (project.path / "reports").exists()


def test_collection_errors_of_others_can_be_continued_over(project: Project) -> None:
    project.pytester.makepyfile(test_broken="import nothing_of_this_name\n")
    stopped = project.run("-n", "2", "suites", "test_broken.py")
    assert stopped.ret == pytest.ExitCode.INTERRUPTED
    result = project.run("-n", "2", "suites", "test_broken.py", "--continue-on-collection-errors")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.assert_outcomes(passed=8, errors=1)


def test_option_that_fits_no_suite_is_one_line_and_exit_code_4(project: Project) -> None:
    result = project.run("-n", "2", "--prompt-backend", "atlass")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: --prompt-backend: backend 'atlass' is unknown; *Did you mean 'atlas'?"])
    assert "Traceback" not in result.stdout.str() + result.stderr.str()


def test_engine_that_cannot_start_is_one_line_and_exit_code_4(project: Project) -> None:
    (project.path / "occupied").write_text("a file")
    result = project.run("-n", "2", "--prompt-reports", "occupied")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    alone = project.run("--prompt-reports", "occupied")
    assert alone.errlines[0].startswith("ERROR: ")
    assert result.errlines[0] == alone.errlines[0]
    assert "Traceback" not in result.stdout.str() + result.stderr.str()


@pytest.mark.parametrize("option", ["-x", "--maxfail=1"])
def test_first_failure_stops_the_engine_and_records_an_incomplete_run(project: Project, option: str) -> None:
    project.rows([{"id": f"s{number}", "country": f"Peru {number}", "capital": "Lima"} for number in range(40)])
    project.write("app.py", "import time\n\ndef answer(messages):\n    time.sleep(0.05)\n    return 'no'\n")
    project.add("checks: [exact_match]\n")
    result = project.run("-n", "2", option, "--prompt-concurrency", "2")
    assert result.ret == pytest.ExitCode.INTERRUPTED  # as xdist has it
    manifest = json.loads((project.latest / "run.json").read_text())
    assert manifest["complete"] is False
    assert 0 < manifest["totals"]["not_run"] < 80
    result.stdout.fnmatch_lines(["*INCOMPLETE*"])


def test_worker_that_crashes_costs_its_own_item_only(project: Project) -> None:
    calls = project.count_calls()
    project.pytester.makepyfile(test_marked=MARKED, test_crash="import os\n\ndef test_crash():\n    os._exit(1)\n")
    result = project.run("-n", "2", "suites", "test_marked.py", "test_crash.py")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.assert_outcomes(passed=16, failed=1)
    assert calls.read_text() == "x" * 8
    assert json.loads((project.latest / "run.json").read_text())["complete"] is True


def test_last_failed_is_run_again(project: Project) -> None:
    project.add("checks: [exact_match]\n")
    project.run("-n", "2").assert_outcomes(passed=6, failed=2)
    project.run("-n", "2", "--lf").assert_outcomes(failed=2)


def test_verbose_output_names_every_trial(project: Project) -> None:
    result = project.run("-n", "2", "-v")
    assert len([line for line in result.outlines if "PASSED suites/capitals/suite.yaml::" in line]) == 8


def test_defect_of_the_harness_fails_what_waits_and_the_run_is_recorded(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    from harness.score import scorer

    def broken(*_: object, **_named: object) -> Any:
        raise ZeroDivisionError("deep inside")

    monkeypatch.setattr(scorer.Scorer, "score", broken)
    result = project.run("-n", "2", "-k", "plain")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.assert_outcomes(failed=4)
    result.stdout.fnmatch_lines(["the run broke off while delivering answers: ZeroDivisionError: deep inside (*"])
    result.stdout.no_fnmatch_line("*Traceback*")


def test_trials_that_passed_send_one_report(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    distribution: Any = importlib.import_module("xdist.dsession").DSession
    sent = []
    receive = distribution.worker_testreport

    def noted(self: Any, node: Any, rep: pytest.TestReport) -> None:
        sent.append((rep.nodeid, rep.when))
        receive(self, node, rep)

    monkeypatch.setattr(distribution, "worker_testreport", noted)
    project.run("-n", "2", "--dist", "loadfile").assert_outcomes(passed=8)
    assert len(sent) == 7 * 1 + 3  # the last item of a file goes the ordinary way
    sent.clear()
    project.run("-n", "2", "--dist", "loadfile", "--junitxml=junit.xml").assert_outcomes(passed=8)
    assert len(sent) == 7 * 2 + 3


PROBE = """
import sys

def test_nothing_of_it_is_loaded():
    loaded = {"xdist.dsession", "harness.plugin.controller", "harness.plugin.worker", "harness.plugin.wire"}
    assert sorted(loaded & set(sys.modules)) == []
"""


def test_nothing_of_it_is_imported_without_xdist(project: Project) -> None:
    project.pytester.makepyfile(test_probe=PROBE)
    result = project.pytester.runpytest_subprocess("--prompt-suite", "suites", "test_probe.py", "-p", "no:xdist")
    result.assert_outcomes(passed=9)


@pytest.fixture
def slow(project: Project) -> Project:
    project.rows(ROWS)
    project.write("app.py", SLOW)
    return project


@pytest.mark.parametrize("alone", [False, True])
def test_interrupt_stops_calling_keeps_all_and_records_an_incomplete_run(slow: Project, alone: bool) -> None:  # noqa: FBT001 - a parameter of the test
    session = Ended(slow, "-k", "plain", "-n", "2")
    session.wait_until("calls", 17)
    session.interrupt(alone=alone)
    assert session.end() == pytest.ExitCode.INTERRUPTED, session.output
    assert "Traceback" not in session.output
    assert "INTERNALERROR" not in session.output
    totals = session.manifest["totals"]
    assert session.manifest["complete"] is False
    assert totals["passed"] + totals["not_run"] == 60
    called = (slow.suite / "calls").stat().st_size
    assert called < 60
    again = slow.run("-k", "plain")
    again.assert_outcomes(passed=60, deselected=60)
    assert (slow.suite / "calls").stat().st_size == 60


def test_interrupted_run_is_resumed_by_workers_and_pays_for_the_rest_only(slow: Project) -> None:
    session = Ended(slow, "-k", "plain", "-n", "2")
    session.wait_until("calls", 17)
    session.interrupt()
    session.end()
    begun = session.manifest["run_id"]
    again = slow.run("-k", "plain", "-n", "2", "--prompt-resume")
    again.assert_outcomes(passed=60)
    assert (session.manifest["run_id"], session.manifest["complete"]) == (begun, True)
    assert (slow.suite / "calls").stat().st_size == 60


def test_second_interrupt_waits_for_nothing(slow: Project) -> None:
    slow.pytester.makeconftest(PATIENT)
    slow.write("app.py", SLOW.replace("5 if 24 < number <= 32 else 0.2", "150"))
    session = Ended(slow, "-k", "plain", "-n", "2")
    session.wait_until("calls", 1)
    session.interrupt()
    time.sleep(1.5)
    session.interrupt_until_it_ends()
    assert session.end() == pytest.ExitCode.INTERRUPTED, session.output
    assert "Traceback" not in session.output
    assert session.manifest["totals"]["not_run"] == 60


def test_killed_controller_leaves_no_worker_behind(slow: Project) -> None:
    session = Ended(slow, "-k", "plain", "-n", "2")
    session.wait_until("calls", 9)
    session.process.kill()
    session.end()  # its workers hold the output open: it ends when they do
    again = slow.run("-k", "plain")
    again.assert_outcomes(passed=60, deselected=60)
