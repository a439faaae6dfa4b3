"""Options and settings at their edges, and sessions without the parts of pytest that the plugin leans on."""

from __future__ import annotations

import webbrowser
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.plugin.conftest import Project


@pytest.mark.parametrize("value", ["2", '"2"'])
def test_count_is_a_number_or_text_in_a_toml_file(project: Project, value: str) -> None:
    project.pytester.makepyprojecttoml(f"[tool.pytest]\nprompt_limit = {value}")
    result = project.run()
    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines(["*2 samples, 2 variants*"])


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("prompt_limit = 0", "*setting prompt_limit: 0 is no whole number from 1; write for example prompt_limit = 10"),
        ("prompt_repeats = -1", "*setting prompt_repeats: -1 is no whole number from 1; *"),
        ("prompt_concurrency = true", "*'prompt_concurrency' expects one of*got bool: True"),
        ("prompt_limit = 1.5", "*'prompt_limit' expects one of*got float: 1.5"),
        ("prompt_limit = [1]", "*'prompt_limit' expects one of*got list: ?1?"),
        (f'prompt_limit = "{"9" * 5000}"', "*setting prompt_limit: *is no whole number from 1; *"),
        ("prompt_cache_size = 0", "*setting prompt_cache_size: 0 is no whole number from 1; *"),
        (
            'prompt_budget = "x"',
            "*setting prompt_budget: 'x' is no amount; USD from 0 are allowed; write for example *",
        ),
        (
            "prompt_daily_budget = -0.01",
            "*setting prompt_daily_budget: -0.01 is no amount; * prompt_daily_budget = 1.50",
        ),
        ("prompt_request_limit = nan", "*setting prompt_request_limit: nan is no amount; *"),
        ("prompt_budget = inf", "*setting prompt_budget: inf is no amount; *"),
        ("prompt_budget = true", "*'prompt_budget' expects one of*got bool: True"),
        (f'prompt_budget = "{"9" * 400}"', "*setting prompt_budget: *is no amount; *"),
        ("prompt_trace_text = 1", "*'prompt_trace_text' expects a bool*"),
        ("prompt_cache = 1", "*'prompt_cache' expects a string*"),
        ("prompt_reports = []", "*'prompt_reports' expects a string*"),
        ("prompt_open = 1", "*'prompt_open' expects a bool*"),
        ('prompt_backend = "atlas"', "*'prompt_backend' expects a list*"),
    ],
)
def test_setting_of_a_wrong_type_is_a_usage_error_before_anything_is_asked(
    project: Project, line: str, said: str
) -> None:
    calls = project.count_calls()
    project.pytester.makepyprojecttoml(f"[tool.pytest]\n{line}")
    result = project.run()
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: {said}"])
    assert not calls.exists()
    assert not (project.path / "reports").exists()


@pytest.mark.parametrize("amount", ["x", "-1", "nan", "inf", "1,50", "$1", ""])
def test_budget_that_is_no_amount_is_a_usage_error(project: Project, amount: str) -> None:
    result = project.run(f"--prompt-budget={amount}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"*argument --prompt-budget: invalid amount in USD from 0 value: {amount!r}"])


def test_plan_of_a_session_asks_nothing(project: Project) -> None:
    calls = project.count_calls()
    assert project.run("--setup-plan").ret == pytest.ExitCode.OK
    assert not calls.exists()
    assert not (project.path / "reports").exists()


def test_session_without_a_terminal_reporter_is_recorded(project: Project) -> None:
    (project.path / ".prompt_cache").mkdir()
    (project.path / ".prompt_cache" / "answers.sqlite").write_bytes(b"no database at all, which is worth a notice")
    result = project.run("-p", "no:terminal")
    assert result.ret == pytest.ExitCode.OK
    assert (project.latest / "run.json").is_file()


@pytest.mark.parametrize("found", [True, False])
def test_report_is_opened_or_the_lack_of_a_browser_is_said(
    project: Project, monkeypatch: pytest.MonkeyPatch, *, found: bool
) -> None:
    opened: list[str] = []

    def open_url(url: str) -> bool:
        opened.append(url)
        return found

    monkeypatch.setattr(webbrowser, "open", open_url)
    result = project.run("--prompt-open")
    assert result.ret == pytest.ExitCode.OK
    assert opened == [(project.latest.resolve() / "report.html").as_uri()]
    said = "--prompt-open: no browser was found; open the report by hand"
    assert (said in result.outlines) is not found


@pytest.mark.parametrize(
    ("argument", "said"),
    [
        ("3", "*mark prompt_suite: takes the path of a suite file; it has 3"),
        ("'x' * 5000", "*mark prompt_suite: no file 'xxx*"),
        ("'nul\\0byte'", "*mark prompt_suite: no file 'nul*"),
    ],
)
def test_odd_argument_of_the_mark_is_one_line(project: Project, argument: str, said: str) -> None:
    project.pytester.makepyfile(
        f"import pytest\n@pytest.mark.prompt_suite({argument})\ndef test_it(trial): assert trial"
    )
    result = project.run("test_odd_argument_of_the_mark_is_one_line.py")
    assert result.ret == pytest.ExitCode.INTERRUPTED
    result.stdout.fnmatch_lines([said])
    result.stdout.no_fnmatch_line("*Traceback*")


def test_terminal_that_knows_ascii_only_gets_plain_tables(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    result = project.pytester.runpytest_subprocess("--prompt-suite")
    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines(["capitals  4 samples*", "exact_match ^   plain     1.000*o", "report: *"])
    result.stdout.no_fnmatch_line("*\\u*")


def test_more_trials_than_a_machine_can_hold_are_one_line(project: Project) -> None:
    result = project.run("--prompt-repeats", "1000000000")
    assert result.ret == pytest.ExitCode.INTERRUPTED
    result.stdout.fnmatch_lines(
        [
            "suites/capitals/suite.yaml: 8,000,000,000 trials are planned (4 samples x 2 variants x 1 backends x *",
        ]
    )
