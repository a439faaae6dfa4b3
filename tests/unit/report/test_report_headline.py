from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import pytest
from msgspec.structs import replace

from harness.errors import ErrorKind
from harness.plugin.summary import summary_lines
from harness.report import render_html, render_summary
from harness.report.headline import ERROR_TITLES, gates, gates_state
from harness.schema import CallError, MetricSpec
from harness.score import measures_of
from tests.unit.report.run_records import Shape, build_record

if TYPE_CHECKING:
    from harness.schema import RunRecord


def with_error(kind: Any) -> RunRecord:
    built = build_record(Shape(samples=1))
    failed = replace(built.results[0], outcome="error", generation=None, error=CallError(kind, "no answer"))
    return replace(built, results=(failed, *built.results[1:]))


@pytest.mark.parametrize(
    ("answers", "said", "state"),
    [
        ([], "No gates are set", "not_run"),
        ([True], "The gate holds", "held"),
        ([True, True], "All 2 gates hold", "held"),
        ([True, False], "1 of 2 gates failed", "failed"),
        ([None, None], "2 gates not judged", "not_run"),
        ([True, None], "1 of 2 gates holds, 1 not judged", "not_run"),
        ([True, False, None], "1 of 3 gates failed, 1 not judged", "failed"),
    ],
)
def test_gates_that_were_not_judged_neither_hold_nor_fail(answers: list[bool | None], said: str, state: str) -> None:
    assert (gates(answers), gates_state(answers)) == (said, state)


def test_report_and_summary_name_gates_that_were_not_judged() -> None:
    built = build_record(Shape())
    unjudged = replace(built.verdicts[0], passed=False, judged=False, message="not judged: 3 of 4 trials were not run")
    record = replace(built, verdicts=(unjudged,))
    page, summary = render_html(record), render_summary(record)
    assert "Not judged" in page
    assert "1 gate not judged" in page
    assert "Failed gates" not in page
    assert "### Gates not judged (1)" in summary
    assert "## 1 gate not judged" in summary


def test_programs_without_a_sandbox_are_told_in_words_in_terminal_summary_and_report() -> None:
    built = build_record(Shape(samples=1))
    kept, free = built.suites[0], MetricSpec("code", {"sandbox": "none"}, Path())
    said = (
        f"{kept.name}: the programs in the answers ran without a sandbox (sandbox: none), as the user who started the "
        "run: they could read and change whatever that user may."
    )
    guarded = [replace(each, signature="passes_tests|sandbox:bubblewrap, python-3.12") for each in measures_of(free)]
    for measures, is_told in ((measures_of(free), True), (guarded, False)):
        record = replace(built, suites=(replace(kept, measures=(*kept.measures, *measures)), *built.suites[1:]))
        terminal = " ".join(summary_lines(record, width=100, color=False, brief=True).split())
        for text in (render_html(record), render_summary(record), terminal):
            assert (said in text) is is_told


def test_every_kind_of_error_has_a_title_and_no_other() -> None:
    assert set(ERROR_TITLES) == {*get_args(ErrorKind), "metric"}


def test_kind_that_only_another_distribution_knows_is_called_by_its_name() -> None:
    record = with_error("out_of_credit")
    assert "out_of_credit: 1" in render_html(record)
    assert "out_of_credit" in render_summary(record)
