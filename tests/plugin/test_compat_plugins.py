"""Other plugins of pytest in one session with suites, each with the real one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.other_plugins import blocking

if TYPE_CHECKING:
    from tests.plugin.conftest import Project

ASYNC = """
import asyncio
import pytest

@pytest.mark.asyncio
async def test_sleeps():
    await asyncio.sleep(0.01)
    assert asyncio.get_running_loop().is_running()

@pytest.mark.asyncio
@pytest.mark.prompt_suite("suites/capitals/suite.yaml")
async def test_awaits_with_a_trial(trial):
    await asyncio.sleep(0)
    assert len(trial.output) < 20
"""
ASYNC_APP = """
import asyncio

async def answer(messages):
    await asyncio.sleep(0.01)
    return "Lima"
"""
HANGS = """
import time
import pytest

@pytest.mark.timeout(0.5)
@pytest.mark.prompt_suite("suites/capitals/suite.yaml")
def test_hangs(trial):
    if trial.sample.sample_id == "fr" and trial.variant == "plain":
        time.sleep(30)
"""
SLOW_APP = """
import time
from pathlib import Path

def answer(messages):
    while "France?" in messages[-1]["content"] and not Path("given_up").exists():
        time.sleep(0.05)
    return "Paris"
"""
SEES_WHO_GIVES_UP = """
from pathlib import Path

def pytest_runtest_logreport(report):
    if report.failed:
        Path("given_up").touch()
"""
FLAKY = """
import pytest

seen = []

@pytest.mark.flaky(reruns=2)
@pytest.mark.prompt_suite("suites/capitals/suite.yaml")
def test_flaky(trial):
    seen.append(trial.sample.sample_id)
    assert seen.count(trial.sample.sample_id) > 1
"""


def use(monkeypatch: pytest.MonkeyPatch, plugin: str) -> None:
    monkeypatch.setenv("PYTEST_ADDOPTS", blocking(but=plugin))


def last_line(result: pytest.RunResult) -> str:
    return result.outlines[-1].strip("= ").partition(" in ")[0]


# -- pytest-asyncio ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("options", [("strict",), ("auto",), ("strict", "-n", "2")])
def test_async_tests_run_beside_suites(
    project: Project, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...]
) -> None:
    use(monkeypatch, "asyncio")
    project.write("app.py", ASYNC_APP)
    project.pytester.makepyfile(test_async=ASYNC)
    project.pytester.makeini("[pytest]\nasyncio_default_fixture_loop_scope = function\n")
    result = project.run("suites", "test_async.py", "--asyncio-mode", *options)
    result.assert_outcomes(passed=8 + 1 + 8)
    assert result.ret == pytest.ExitCode.OK


# -- pytest-timeout ---------------------------------------------------------------------------------------------------


def test_time_limit_of_a_marked_test_leaves_the_engine_alone(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, "timeout")
    project.pytester.makepyfile(test_hangs=HANGS)
    result = project.run("test_hangs.py", "suites")
    result.assert_outcomes(passed=15, failed=1)
    result.stdout.fnmatch_lines(["*Timeout*>0.5*"])
    assert json.loads((project.latest / "run.json").read_text())["totals"]["passed"] == 8


@pytest.mark.parametrize("workers", [(), ("-n", "2")])
def test_time_limit_of_the_session_holds_for_trials_whose_calls_go_on(
    project: Project, monkeypatch: pytest.MonkeyPatch, workers: tuple[str, ...]
) -> None:
    use(monkeypatch, "timeout")
    project.write("app.py", SLOW_APP)
    project.pytester.makeconftest(SEES_WHO_GIVES_UP)
    result = project.run("--timeout=0.5", "-k", "plain", *workers)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert "INTERNALERROR" not in result.stdout.str()
    result.stdout.fnmatch_lines(["*Timeout*>0.5*"])
    manifest = json.loads((project.latest / "run.json").read_text())
    assert manifest["totals"]["error"] == 0
    again = project.run("--timeout=0.5", "-k", "plain", "--prompt-cache", "only")
    again.assert_outcomes(passed=4)


@pytest.mark.filterwarnings("ignore::coverage.exceptions.CoverageWarning")
def test_installed_without_a_limit_it_costs_the_short_way_nothing(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PYTEST_ADDOPTS")
    project.pytester.makeconftest(
        "from harness.plugin.listeners import listeners_of\n\n"
        "def pytest_collection_finish(session):\n"
        "    from pathlib import Path\n"
        "    Path('idle').write_text(str(listeners_of(session.config).are_idle))\n"
    )
    project.pytester.makeini("[pytest]\nasyncio_default_fixture_loop_scope = function\n")
    idle = {}
    for name, arguments in {
        "none": (),
        "timeout": ("--timeout=9",),
        "reruns": ("--reruns=1",),
        "cov": ("--cov-context=test", "--cov=suites", "--cov-report="),
    }.items():
        project.run(*arguments)
        idle[name] = (project.path / "idle").read_text()
    assert idle == {"none": "True", "timeout": "False", "reruns": "False", "cov": "False"}


# -- pytest-rerunfailures ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("workers", [(), ("-n", "2")])
def test_failing_trial_is_rerun_on_the_same_answer(
    project: Project, monkeypatch: pytest.MonkeyPatch, workers: tuple[str, ...]
) -> None:
    use(monkeypatch, "rerunfailures")
    calls = project.count_calls()
    project.add('checks: [exact_match]\ngates: ["exact_match.mean >= 0.9"]\n')
    result = project.run("--reruns", "2", *workers)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert last_line(result) == "3 failed, 7 passed, 6 rerun"
    assert calls.read_text() == "x" * 8
    manifest = json.loads((project.latest / "run.json").read_text())
    assert len(manifest["verdicts"]) == 2
    assert manifest["complete"] is True


def test_flaky_marked_test_passes_at_its_second_run(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, "rerunfailures")
    project.pytester.makepyfile(test_flaky=FLAKY)
    result = project.run("test_flaky.py", "-k", "plain")
    assert result.ret == pytest.ExitCode.OK
    assert last_line(result) == "4 passed, 4 deselected, 4 rerun"


# -- pytest-randomly --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("workers", [(), ("-n", "2")])
def test_shuffled_session_has_the_same_numbers_and_its_gates_last(
    project: Project, monkeypatch: pytest.MonkeyPatch, workers: tuple[str, ...]
) -> None:
    use(monkeypatch, "randomly")
    project.add('gates: ["exact_match.mean >= 0.9", "error_rate <= 0"]\n')
    orders, tables = set(), set()
    for seed in ("1", "2", "3"):
        arguments = ("-p", "randomly", f"--randomly-seed={seed}", "-v")
        listed = project.run(*arguments, "--collect-only", "-q", "-q").outlines
        names = tuple(line for line in listed if "::" in line)
        result = project.run(*arguments, *workers)
        result.assert_outcomes(passed=11, failed=1)
        assert ["gate[" in name for name in names] == [False] * 8 + [True] * 4
        orders.add(names)
        manifest = json.loads((project.latest / "run.json").read_text())
        tables.add(json.dumps([manifest["verdicts"], manifest["totals"]["passed"]]))
    assert len(orders) > 1
    assert len(tables) == 1


# -- pytest-cov -------------------------------------------------------------------------------------------------------


def test_coverage_of_own_code_is_measured(project: Project) -> None:
    result = project.run("--cov=suites/capitals", "--cov-report=term")
    result.assert_outcomes(passed=8)
    result.stdout.fnmatch_lines(["suites/capitals/app.py * 100%"])


# -- options of pytest itself -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("option", "failed"), [("-x", 1), ("--maxfail=2", 2)])
def test_as_many_failures_as_allowed_end_the_session(project: Project, option: str, failed: int) -> None:
    project.write("app.py", "def answer(messages):\n    return 'no'\n")
    project.add("checks: [exact_match]\n")
    result = project.run(option)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.assert_outcomes(failed=failed)
    result.stdout.fnmatch_lines([f"*stopping after {failed} failures*"])
