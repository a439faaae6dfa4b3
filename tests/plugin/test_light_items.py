"""The run loop's short way: what it tells is what pytest's ordinary way tells."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from harness.plugin.short_way import ShortWay

if TYPE_CHECKING:
    from tests.plugin.conftest import Project

JUDGED = 'checks: [exact_match]\ngates: ["exact_match.mean >= 0.9", "error_rate <= 0"]\n'
LISTENS = "import pytest\n\n@pytest.hookimpl(wrapper=True)\ndef pytest_runtest_protocol(item):\n    return (yield)\n"
HEARS = """\
from pathlib import Path

def pytest_runtest_logreport(report):
    with Path(__file__).with_name("heard").open("a") as file:
        file.write(f"{report.when} {report.outcome} {sorted(report.keywords)} {report.location} {report.nodeid}\\n")
"""
MARKED = """
import pytest

@pytest.fixture(scope="module")
def opened():
    print("opened", flush=True)
    yield
    with open("closed", "a") as file:
        file.write("x")

def test_first(opened):
    pass

@pytest.mark.prompt_suite("suites/capitals/suite.yaml")
def test_is_short(trial, opened):
    assert len(trial.output) < 20
"""


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the items that went the short way."""
    names: list[str] = []
    takes = ShortWay.takes

    def noted(self: ShortWay, item: pytest.Item, nextitem: pytest.Item | None) -> bool:
        did = takes(self, item, nextitem)
        names.extend([item.name] * did)
        return did

    monkeypatch.setattr(ShortWay, "takes", noted)
    return names


def timeless(text: str) -> str:
    """Without what differs from run to run."""
    text = re.sub(r"\d{8}T\d{6}Z-\w{4}", "RUN", text)
    return re.sub(r"[ ─=]+", " ", re.sub(r"\d[\d.]*(e-\d+)? ?(ms|s)\b|latency_s +\S+|slowest:[^\n]*", "T", text))


def told(result: pytest.RunResult, arguments: tuple[str, ...]) -> list[str]:
    """The output without what depends on the moment: times, steps of progress; with -x, results of the rest."""
    lines = [timeless(line) for line in result.outlines if not line.startswith(("rootdir", "configfile", "report:"))]
    if "-x" in arguments:
        lines = lines[: lines.index(" prompt suites ")]
    passing = r"durations <|^$|T (call|setup|teardown)|^ *\d+ % \d+/\d+"
    return [line for line in lines if not re.search(passing, line)]


def both_ways(project: Project, *arguments: str) -> tuple[pytest.RunResult, pytest.RunResult]:
    """The same session as it is, and with a hook that sends all items the ordinary way."""
    quick = project.run("--prompt-cache", "off", *arguments)
    project.pytester.makeconftest(LISTENS)
    return quick, project.run("--prompt-cache", "off", "--rootdir=.", *arguments)


def test_trials_that_passed_and_gates_that_hold_go_the_short_way(project: Project, short: list[str]) -> None:
    project.add(JUDGED)
    project.run().assert_outcomes(passed=9, failed=3)
    assert short == [
        *(f"plain[atlas-{sample}]" for sample in ("fr", "pe", "jp", "td")),
        *(f"shouted[atlas-{sample}]" for sample in ("pe", "jp")),
        "gate[exact_match.mean>=0.9-plain-atlas]",
        "gate[error_rate<=0-plain-atlas]",  # the last item of a file goes the ordinary way
    ]


@pytest.mark.parametrize("arguments", [(), ("-v",), ("-vv",), ("-q",), ("-rA",), ("--durations=3",), ("-x",), ("-s",)])
def test_output_is_that_of_the_ordinary_way(project: Project, short: list[str], arguments: tuple[str, ...]) -> None:
    project.add(JUDGED)
    quick, ordinary = both_ways(project, *arguments)
    assert 0 < len(short) < 12
    assert quick.ret == ordinary.ret
    assert told(quick, arguments) == told(ordinary, arguments)


def test_junit_file_is_that_of_the_ordinary_way(project: Project, short: list[str]) -> None:
    project.add(JUDGED)
    both_ways(project, "--junitxml=junit.xml", "-o", "junit_family=xunit2")
    assert short
    files = []
    for way in ("quick", "ordinary"):
        (project.path / "conftest.py").unlink(missing_ok=True)
        if way == "ordinary":
            project.pytester.makeconftest(LISTENS)
        project.run(f"--junitxml={way}.xml")
        text = (project.path / f"{way}.xml").read_text()
        files.append(re.sub(r'(time|timestamp|hostname)="\S+"|latency_s +\S+', "", text))
    assert files[0] == files[1]


def test_who_listens_to_items_sends_all_of_them_the_ordinary_way(project: Project, short: list[str]) -> None:
    project.pytester.makeconftest(LISTENS)
    project.run().assert_outcomes(passed=8)
    assert short == []


def test_who_hears_reports_gets_those_of_all_phases(project: Project, short: list[str]) -> None:
    project.pytester.makeconftest(HEARS)
    project.run().assert_outcomes(passed=8)
    assert len(short) == 7
    heard = (project.path / "heard").read_text().splitlines()
    assert [line.split()[0] for line in heard] == ["setup", "call", "teardown"] * 8
    alike = {re.sub(r"\[atlas-\w+\]|plain|shouted", "", line) for line in heard}
    assert len(alike) == 2 * 3, sorted(alike)  # names of two variants sort differently


@pytest.mark.parametrize("mark", ["skip", "skipif(True, reason='not today')", "xfail"])
def test_marks_of_pytest_hold_for_trials(project: Project, short: list[str], mark: str) -> None:
    project.pytester.makeconftest(
        f"import pytest\n\ndef pytest_collection_modifyitems(items):\n    items[0].add_marker(pytest.mark.{mark})\n"
    )
    result = project.run()
    result.assert_outcomes(passed=7, **({"xpassed": 1} if mark == "xfail" else {"skipped": 1}))
    assert len(short) == 6


def test_marks_that_pytest_does_not_act_on_cost_nothing(project: Project, short: list[str]) -> None:
    project.pytester.makeconftest(
        "import pytest\n\ndef pytest_collection_modifyitems(items):\n"
        "    for item in items:\n        item.add_marker(pytest.mark.nightly)\n"
    )
    project.run("-m", "nightly", "-W", "ignore").assert_outcomes(passed=8)
    assert len(short) == 7


def test_fixtures_of_a_module_are_torn_down_before_trials_that_follow(project: Project, short: list[str]) -> None:
    project.pytester.makepyfile(test_marked=MARKED, test_second=MARKED)
    result = project.run("test_marked.py", "suites", "test_second.py")
    result.assert_outcomes(passed=26)
    assert len(short) == 7
    assert (project.path / "closed").read_text() == "xx"


@pytest.mark.parametrize("option", ["--setup-show", "--setup-only", "--setup-plan"])
def test_options_that_show_set_ups_show_them(project: Project, short: list[str], option: str) -> None:
    result = project.run(option)
    assert len([line for line in result.outlines if "suite.yaml::" in line]) == 8
    assert short == []


@pytest.mark.parametrize("workers", [(), ("-n", "2")])
def test_warnings_of_callables_are_told_at_the_end(project: Project, workers: tuple[str, ...]) -> None:
    project.write(
        "app.py", "import warnings\n\ndef answer(messages):\n    warnings.warn('old way')\n    return 'Lima'\n"
    )
    result = project.run("--prompt-cache", "off", "-W", "always", *workers)
    result.assert_outcomes(passed=8, warnings=8)
    result.stdout.fnmatch_lines(["*UserWarning: old way*"])


@pytest.mark.parametrize("workers", [(), ("-n", "2")])
def test_what_callables_print_does_not_disturb_the_output(project: Project, workers: tuple[str, ...]) -> None:
    project.write("app.py", "def answer(messages):\n    print('DEBUG')\n    return 'Lima'\n")
    result = project.run("--prompt-cache", "off", *workers)
    result.stdout.no_fnmatch_line("*DEBUG*")
    assert "DEBUG" in project.run("--prompt-cache", "off", "-s", *workers).stdout.str()


def test_stepwise_goes_on_where_it_stopped(project: Project) -> None:
    project.add("checks: [exact_match]\n")
    project.run("--sw").assert_outcomes(passed=4, failed=1)
    project.write("app.py", "def answer(messages):\n    return 'Paris'\n")
    result = project.run("--sw", "--sw-skip")
    result.stdout.fnmatch_lines(["*skipping 4 already passed items*"])


def test_last_failed_forgets_what_passes_now(project: Project, short: list[str]) -> None:
    project.add("checks: [exact_match]\n")
    project.run().assert_outcomes(passed=6, failed=2)
    suite = project.suite / "suite.yaml"
    suite.write_text(suite.read_text().replace("checks: [exact_match]\n", ""))
    project.run("--lf").assert_outcomes(passed=2)
    assert len(short) == 6 + 1
    project.run("--lf").assert_outcomes(passed=8)


def test_session_without_cache_provider_runs(project: Project, short: list[str]) -> None:
    project.run("-p", "no:cacheprovider", "-p", "no:warnings").assert_outcomes(passed=8)
    assert len(short) == 7


def test_plugin_that_asks_to_stop_is_obeyed(project: Project) -> None:
    project.pytester.makeconftest(
        "def pytest_runtest_logreport(report):\n    HOOK.shouldstop = 'enough' if 'pe]' in report.nodeid else False\n"
        "def pytest_sessionstart(session):\n    global HOOK\n    HOOK = session\n"
    )
    result = project.run()
    assert result.ret == pytest.ExitCode.INTERRUPTED
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["*Interrupted: enough*"])
