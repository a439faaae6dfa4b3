"""`@pytest.mark.prompt_suite` and the `trial` fixture."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.plugin.conftest import Project

TEST = """
import pytest

@pytest.mark.prompt_suite("suites/capitals/suite.yaml")
def test_is_short(trial):
    assert len(trial.output) < 8, trial.sample.sample_id
    assert trial.scores["exact_match"] == 1.0
    assert trial.messages[0].role == "system"
"""


def test_marked_test_runs_once_a_trial(project: Project) -> None:
    project.pytester.makepyfile(test_capitals=TEST)
    result = project.run("test_capitals.py", "-v")
    result.assert_outcomes(passed=5, failed=3)
    result.stdout.fnmatch_lines(["test_capitals.py::test_is_short?plain-atlas-fr? PASSED*"])
    assert (project.latest / "run.json").is_file()


def test_suite_and_marked_test_share_each_answer(project: Project) -> None:
    calls = project.count_calls()
    project.pytester.makepyfile(test_capitals=TEST)
    result = project.run("suites", "test_capitals.py", "--prompt-cache", "off")
    result.assert_outcomes(passed=13, failed=3)
    assert calls.read_text() == "x" * 8


def test_marked_test_is_skipped_without_the_option(project: Project) -> None:
    project.pytester.makepyfile(test_capitals=TEST)
    result = project.pytester.runpytest_inprocess("test_capitals.py", "-rs", "--strict-markers")
    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines(["*runs with --prompt-suite only*"])
    assert not (project.path / "reports").exists()


def test_trial_without_the_mark_says_what_is_missing(project: Project) -> None:
    project.pytester.makepyfile(test_bare="def test_bare(trial): pass")
    result = project.run("test_bare.py")
    result.stdout.fnmatch_lines(["*the fixture `trial` needs the mark: @pytest.mark.prompt_suite*"])
    assert result.ret == pytest.ExitCode.TESTS_FAILED


@pytest.mark.parametrize(
    ("mark", "text"),
    [
        (
            '"nowhere.yaml"',
            "*test_capitals.py: mark prompt_suite: no file 'nowhere.yaml' below the root folder or beside*",
        ),
        ("", "*test_capitals.py: mark prompt_suite: takes one argument, the path of a suite file; it has ()*"),
    ],
)
def test_wrong_mark_is_a_collection_error_of_one_line(project: Project, mark: str, text: str) -> None:
    project.pytester.makepyfile(test_capitals=TEST.replace('"suites/capitals/suite.yaml"', mark))
    result = project.run("test_capitals.py")
    assert result.ret == pytest.ExitCode.INTERRUPTED
    result.stdout.fnmatch_lines([text])
    result.stdout.no_fnmatch_line("*Traceback*")


def test_unknown_backend_is_a_usage_error_for_a_marked_test_too(project: Project) -> None:
    project.pytester.makepyfile(test_capitals=TEST)
    result = project.run("test_capitals.py", "--prompt-backend", "atlass")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: --prompt-backend: backend 'atlass' is unknown; *Did you mean 'atlas'?"])
