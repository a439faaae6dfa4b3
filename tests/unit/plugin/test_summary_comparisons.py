"""What a run's terminal output says of its comparisons and of the gates that ask about them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from harness.plugin.summary import summary_lines
from tests.unit.report.comparison_records import (
    BASELINE,
    IMPROVED,
    INCONCLUSIVE,
    NOT_COMPARED,
    REGRESSED,
    build_comparison,
    compared_record,
    regression_verdict,
)
from tests.unit.report.run_records import Shape, build_record

if TYPE_CHECKING:
    from harness.schema import Verdict


def lines_of(*verdicts: Verdict, brief: bool = False) -> list[str]:
    record = replace(compared_record(), verdicts=verdicts)
    return summary_lines(record, width=400, color=False, brief=brief).splitlines()


def test_comparison_stands_below_the_tables_of_its_suite() -> None:
    shape = Shape(suites=("feedback", "answers"))
    record = compared_record(build_comparison(), record=build_record(shape))
    lines = summary_lines(record, width=140, color=False, brief=False).splitlines()
    place = lines.index(f"beside {BASELINE}: 1 regressed, 1 improved, 1 inconclusive, 1 unchanged, 1 not compared")
    assert [line.split()[0] for line in lines if line.startswith(("feedback ", "answers "))] == ["feedback", "answers"]
    assert place < next(at for at, line in enumerate(lines) if line.startswith("answers "))
    assert lines[place + 4].startswith("✗ regressed ")


def test_brief_output_has_a_line_a_comparison() -> None:
    lines = lines_of(regression_verdict(IMPROVED, passed=True), brief=True)
    assert lines[1].startswith(f"feedback beside {BASELINE}: 1 regressed, ")
    assert not any(line.startswith("verdict") for line in lines)


def test_run_without_a_comparison_says_nothing_of_one() -> None:
    assert "beside" not in summary_lines(build_record(), width=140, color=False, brief=True)


def test_gate_that_warns_has_its_own_sign_and_its_message() -> None:
    lines = lines_of(
        regression_verdict(INCONCLUSIVE, passed=True, warns=True), regression_verdict(IMPROVED, passed=True)
    )
    assert "gates: all 2 hold; 1 warns" in lines
    margin = "regression: exact_match margin 0.02"
    assert f"!   {margin}   few_shot@1.1   local     0.0500 lower   0.140 lower to 0.0400 higher   60" in lines
    assert f"✓   {margin}   zero_shot      smollm2   0.200 higher          0.110 to 0.310 higher   60" in lines
    (told,) = [line for line in lines if line.startswith("! ") and ": f1 " in line]
    assert (
        told == f"! regression: exact_match margin 0.02, few_shot@1.1 on local: f1 inconclusive: {INCONCLUSIVE.reason}"
    )


def test_regression_gate_that_fails_is_shown_as_others_that_fail() -> None:
    lines = lines_of(regression_verdict(REGRESSED), regression_verdict(NOT_COMPARED))
    assert "gates: none of 2 holds" in lines
    margin = "regression: exact_match margin 0.02"
    assert f"✗   {margin}   few_shot@1.1   smollm2   0.120 lower   0.0401 to 0.210 lower   60" in lines
    assert f"✗   {margin}   zero_shot      local            none                            0" in lines


def test_level_of_a_gates_interval_is_that_of_its_own_alpha() -> None:
    at_90 = regression_verdict(REGRESSED, alpha=0.1)
    (head,) = [line for line in lines_of(at_90) if line.startswith("    gate ")]
    assert "90 % interval" in head
    lines = lines_of(at_90, regression_verdict(IMPROVED, passed=True))
    (head,) = [line for line in lines if line.startswith("    gate ")]
    assert "%" not in head
    assert any("90 %: 0.0401 to 0.210 lower" in line for line in lines)
    assert any("95 %: 0.110 to 0.310 higher" in line for line in lines)


@pytest.mark.parametrize("width", [60, 80, 120])
def test_gates_fit_the_terminal(width: int) -> None:
    shown = [regression_verdict(REGRESSED), regression_verdict(IMPROVED, passed=True)]
    named = [replace(each, variant="few_shot_with_a_name_that_is_long") for each in shown]
    record = replace(build_record(), verdicts=(*shown, *named), cells=(), suites=())
    lines = summary_lines(record, width=width, color=False, brief=False).splitlines()
    assert max(map(len, lines)) <= width
    assert any("0.120 lower" in line for line in lines)
    assert ("0.0401 to 0.210 lower" in "".join(lines)) == (width > 100)


def test_many_warnings_are_counted() -> None:
    warned = [regression_verdict(replace(INCONCLUSIVE, variant=f"v{at}"), passed=True, warns=True) for at in range(7)]
    lines = lines_of(*warned)
    assert len([line for line in lines if line.startswith("! regression")]) == 5
    assert "! 2 more gates warn: see the report" in lines


def test_gates_without_a_baseline_are_not_called_trials_that_were_not_run() -> None:
    unjudged = replace(regression_verdict(NOT_COMPARED), judged=False)
    assert "gates: 1 not judged, because nothing was compared" in lines_of(unjudged)
    other = replace(regression_verdict(NOT_COMPARED), judged=False, finding=None)
    assert (
        "gates: the only one holds; 1 could not be judged, because trials were not run; 1 not judged, because nothing "
        "was compared"
    ) in lines_of(regression_verdict(IMPROVED, passed=True), other, unjudged)
