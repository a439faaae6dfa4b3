"""Sessions in which something breaks that should not: results stay, and the user reads lines, no traceback."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from harness.generate import Store
from harness.record import RunStore
from harness.score import scorer

if TYPE_CHECKING:
    from pathlib import Path

    from harness.generate import UnfinishedRun
    from tests.plugin.conftest import Project


def test_defect_of_the_harness_fails_what_waits_and_the_run_is_recorded(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **_named: object) -> None:
        raise ZeroDivisionError("deep inside")

    monkeypatch.setattr(scorer.Scorer, "score", broken)
    result = project.run("-k", "plain")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(
        ["the run broke off while delivering answers: ZeroDivisionError: deep inside (*; answers that came before*"]
    )
    result.stdout.no_fnmatch_line("*INTERNALERROR*")
    result.stdout.no_fnmatch_line("*Traceback*")
    manifest = json.loads((project.latest / "run.json").read_text())
    assert (manifest["complete"], manifest["totals"]["not_run"]) == (False, 4)


def test_run_that_cannot_be_recorded_says_so_and_keeps_pytest_s_own_results(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **_named: object) -> None:
        raise ZeroDivisionError("deep inside")

    monkeypatch.setattr(RunStore, "write", broken)
    result = project.run()
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(
        [
            "*8 trials, 0 from the cache*",
            "the run cannot be recorded: ZeroDivisionError: deep inside (*; its answers are in the cache*",
            "*8 passed*",
        ]
    )
    result.stdout.no_fnmatch_line("report: *")
    result.stdout.no_fnmatch_line("*INTERNALERROR*")


def test_cache_that_cannot_be_written_is_a_notice(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    begin = Store.begin

    def full(self: Store, run: UnfinishedRun, reports: Path) -> None:
        begin(self, run, reports)
        connection = self._database._connection
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages}")

    project.write("app.py", "def answer(messages): return 'x' * 10_000")
    monkeypatch.setattr(Store, "begin", full)
    monkeypatch.setattr("tempfile.tempdir", str(project.path))  # what cannot be kept is left there
    result = project.run()
    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines(["*answers.sqlite: the answer cache cannot be written (database or disk is full); *"])
    assert json.loads((project.latest / "run.json").read_text())["complete"] is True
