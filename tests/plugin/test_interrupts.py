"""Runs that are ended from outside: what there is of them is recorded, and the answers are kept."""

from __future__ import annotations

import json
import re
import signal
import time
from typing import TYPE_CHECKING

import pytest

from tests.plugin.ended import PATIENT, ROWS, SLOW, Ended

if TYPE_CHECKING:
    from tests.plugin.conftest import Project

HANGING_METRIC = """\
import time
from pathlib import Path

def mine(output):
    Path(__file__).with_name("scored").touch()
    time.sleep(1000)
"""


@pytest.fixture
def many(project: Project) -> Project:
    project.rows(ROWS)
    project.write("app.py", SLOW)
    return project


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_run_is_recorded_as_incomplete_and_its_answers_are_kept(
    many: Project, number: signal.Signals
) -> None:
    session = Ended(many, "-k", "plain")
    session.wait_until("calls", 17)
    session.process.send_signal(number)
    assert session.end() == pytest.ExitCode.INTERRUPTED
    assert "Traceback" not in session.output
    assert "INCOMPLETE" in session.output
    assert re.search(r"\ncontinue with: pytest .*--prompt-suite.* -k plain --prompt-resume\n", session.output)
    assert "call under way; Ctrl-C ends at once" in session.output.replace("calls", "call")
    totals = session.manifest["totals"]
    assert session.manifest["complete"] is False
    assert 8 <= totals["passed"] < 60
    assert totals["passed"] + totals["not_run"] == 60
    called = (many.suite / "calls").stat().st_size
    again = many.run("-k", "plain")
    assert again.ret == pytest.ExitCode.OK
    assert (many.suite / "calls").stat().st_size == 60
    again.stdout.fnmatch_lines([f"*60 trials, {called} from the cache*"])


def test_second_interrupt_waits_for_nothing(many: Project) -> None:
    many.write("mine.py", HANGING_METRIC)
    suite = many.suite / "suite.yaml"
    suite.write_text(suite.read_text().replace("[exact_match]", '[exact_match, "mine.py:mine"]'))
    many.pytester.makeconftest(PATIENT)
    session = Ended(many, "-k", "plain")
    session.wait_until("scored", 0)
    session.interrupt()
    time.sleep(1)
    session.interrupt_until_it_ends()
    assert session.end() == pytest.ExitCode.INTERRUPTED
    assert "Traceback" not in session.output
    assert session.manifest["complete"] is False
    assert session.manifest["totals"]["not_run"] == 60


def test_hasty_interrupts_leave_no_traceback(many: Project) -> None:
    session = Ended(many, "-k", "plain")
    session.wait_until("calls", 9)
    for _ in range(8):
        session.process.send_signal(signal.SIGINT)
        time.sleep(0.05)
    # one that comes when pytest has ended already ends the interpreter itself
    assert session.end() in {pytest.ExitCode.INTERRUPTED, -signal.SIGINT}, session.output
    assert "Traceback" not in session.output
    assert session.manifest["complete"] is False


def test_killed_run_costs_no_answer_that_was_there(many: Project) -> None:
    session = Ended(many, "-k", "plain")
    session.wait_until("calls", 17)
    session.process.kill()
    session.end()
    called = (many.suite / "calls").stat().st_size
    again = many.run("-k", "plain")
    assert again.ret == pytest.ExitCode.OK
    assert (many.suite / "calls").stat().st_size - called <= 60 - 8


def test_two_sessions_at_once_share_answers_and_keep_their_runs_apart(many: Project) -> None:
    sessions = [Ended(many, "-k", "plain") for _ in range(2)]
    codes = [session.end() for session in sessions]
    assert codes == [pytest.ExitCode.OK] * 2, "\n".join(session.output for session in sessions)
    runs = [json.loads(path.read_text()) for path in (many.path / "reports" / "runs").glob("*/run.json")]
    assert [(run["complete"], run["totals"]["passed"]) for run in runs] == [(True, 60)] * 2
