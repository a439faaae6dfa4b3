"""Trials that were never called because the budget was spent or their backend was stopped."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest
from msgspec.structs import replace

from harness.pipeline import Evaluation
from harness.schema import CallError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.plugin.conftest import Project

REASON = "the budget of $1 is spent; raise --prompt-budget, and run again: what was answered is kept"
LISTENS = "import pytest\n\n@pytest.hookimpl(wrapper=True)\ndef pytest_runtest_protocol(item):\n    return (yield)\n"
MARKED = """
import pytest

@pytest.mark.prompt_suite("suites/capitals/suite.yaml")
def test_is_short(trial):
    assert len(trial.output) < 20
"""


def make_short_of_money(patch: pytest.MonkeyPatch) -> None:
    """Every trial of the variant `shouted` is not run."""
    deliver = Evaluation._deliver

    def some_not_run(self: Evaluation, batch: Sequence[Any]) -> None:
        error = CallError(kind="not_run", message=REASON)
        deliver(self, [replace(done, answer=error) if done.trial.variant == "shouted" else done for done in batch])

    patch.setattr(Evaluation, "_deliver", some_not_run)


@pytest.fixture
def short_of_money(monkeypatch: pytest.MonkeyPatch) -> None:
    make_short_of_money(monkeypatch)


@pytest.mark.usefixtures("short_of_money")
@pytest.mark.parametrize("workers", [(), ("-n", "2")])
def test_they_are_neither_passed_nor_failed_and_the_session_does_not_succeed(
    project: Project, workers: tuple[str, ...]
) -> None:
    result = project.run("-ra", *workers)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert result.outlines[-1].strip("= ").startswith("4 passed, 4 not run in")
    result.stdout.fnmatch_lines([f"4 not run: {REASON}"])
    assert sum(REASON in line for line in result.outlines) == 1


@pytest.mark.usefixtures("short_of_money")
def test_verbose_output_names_each_with_its_reason(project: Project) -> None:
    result = project.run("-vv")
    named = [line for line in result.outlines if "NOT RUN" in line]
    assert [line.split()[0] for line in named] == [
        f"suites/capitals/suite.yaml::shouted[atlas-{sample}]" for sample in ("fr", "pe", "jp", "td")
    ]


@pytest.mark.usefixtures("short_of_money")
@pytest.mark.parametrize("workers", [(), ("-n", "2")])
def test_gate_over_them_is_not_judged(project: Project, workers: tuple[str, ...]) -> None:
    project.add('gates: ["exact_match.mean >= 0.9"]\n')
    result = project.run(*workers)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert result.outlines[-1].strip("= ").startswith("5 passed, 5 not run in")
    told = "gates: the only one holds; 1 could not be judged, because trials were not run"
    result.stdout.fnmatch_lines([told, "…   exact_match.mean >= 0.9   shouted *"])
    manifest = (project.latest / "run.json").read_text()
    assert "not judged: 4 of 4 trials were not run" in manifest


@pytest.mark.usefixtures("short_of_money")
@pytest.mark.parametrize("option", ["-q", "-v", "-rA"])
def test_they_go_the_short_way_and_are_told_as_on_the_ordinary_one(project: Project, option: str) -> None:
    told = []
    for way in ("quick", "ordinary"):
        if way == "ordinary":
            project.pytester.makeconftest(LISTENS)
        result = project.run("--rootdir=.", option, f"--junitxml={way}.xml", "--prompt-cache", "off")
        written = (project.path / f"{way}.xml").read_text().partition("<testcase")[2]
        case = re.sub(r' time="\S+"|name="latency_s" value="\S+"', "", written)
        lines = [line for line in result.outlines if " % " not in line]  # steps of the live line come when they come
        told.append([case, *(line for line in lines if "::" in line or "not run" in line.lower())])
    timeless = [[re.sub(r"\d+\.\d+ ?s\b|=+", "", line) for line in lines] for lines in told]
    assert timeless[0] == timeless[1]


@pytest.mark.usefixtures("short_of_money")
def test_failure_of_others_is_exit_code_1_all_the_same(project: Project) -> None:
    project.add("checks: ['exact_match == 0']\n")
    result = project.run()
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert result.outlines[-1].strip("= ").startswith("4 failed, 4 not run in")


@pytest.mark.usefixtures("short_of_money")
def test_marked_tests_of_them_are_not_run_either(project: Project) -> None:
    project.pytester.makepyfile(test_marked=MARKED)
    result = project.run("test_marked.py")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert result.outlines[-1].strip("= ").startswith("4 passed, 4 not run in")


@pytest.mark.usefixtures("short_of_money")
def test_junit_file_has_them_as_skipped_with_the_reason(project: Project) -> None:
    project.run("--junitxml=junit.xml")
    cases = list(ET.parse(project.path / "junit.xml").getroot().iter("testcase"))  # noqa: S314 - pytest wrote it
    skipped = [case.find("skipped") for case in cases if case.find("skipped") is not None]
    assert len(cases) == 8
    assert [found.get("message") for found in skipped if found is not None] == [REASON] * 4
    told = [each.get("value") for case in cases for each in case.iter("property") if each.get("name") == "outcome"]
    assert told == ["passed"] * 4 + ["not_run"] * 4


def test_last_failed_runs_them_again(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        make_short_of_money(patch)
        project.run()
    result = project.run("--lf", "-v")
    result.assert_outcomes(passed=4)
    assert all("shouted" in line for line in result.outlines if "PASSED" in line)


@pytest.mark.usefixtures("short_of_money")
def test_they_stay_due_as_long_as_they_are_not_run(project: Project) -> None:
    project.add("checks: [exact_match]\n")
    project.run()
    result = project.run("--lf", "--collect-only", "-q")
    assert len([line for line in result.outlines if "::shouted[" in line]) == 4
