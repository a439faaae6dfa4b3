from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, get_args

from harness.errors import ErrorKind
from harness.report import render_html, render_summary
from harness.report.headline import ERROR_TITLES
from harness.schema import CallError
from tests.unit.report.run_records import Shape, build_record

if TYPE_CHECKING:
    from harness.schema import RunRecord


def with_error(kind: Any) -> RunRecord:
    built = build_record(Shape(samples=1))
    failed = replace(built.results[0], outcome="error", generation=None, error=CallError(kind, "no answer"))
    return replace(built, results=(failed, *built.results[1:]))


def test_every_kind_of_error_has_a_title_and_no_other() -> None:
    assert set(ERROR_TITLES) == {*get_args(ErrorKind), "metric"}


def test_kind_that_only_another_distribution_knows_is_called_by_its_name() -> None:
    record = with_error("out_of_credit")
    assert "out_of_credit: 1" in render_html(record)
    assert "out_of_credit" in render_summary(record)
