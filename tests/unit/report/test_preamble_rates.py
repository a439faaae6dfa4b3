"""The preamble rate, which the metric tells the other way round."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from harness.report import render_html, render_summary
from harness.report.markdown import prose
from harness.report.preambles import preamble_rates
from harness.schema import Aggregate
from tests.unit.report.run_records import Shape, build_record

if TYPE_CHECKING:
    from harness.schema import RunRecord


def _record(*means: Aggregate) -> RunRecord:
    built = build_record(Shape(samples=2))
    first, *rest = built.cells
    return replace(built, cells=(replace(first, aggregates=(*first.aggregates, *means)), *rest))


def test_rate_is_told_in_words_with_its_interval_in_summary_and_report() -> None:
    # 28 of 50 are free of a preamble: Wilson's interval 0.423 to 0.688
    record = _record(Aggregate("preamble_free", "mean", 0.56, 0.423, 0.688, "wilson", 50, 1, 0))
    cell = record.cells[0]
    said = (
        "Preamble rate (answers in which talk comes first, with 95 % interval): "
        f"{cell.variant} on {cell.backend} 44.0 % (31.2 to 57.7, n 50 · 1 unscored)."
    )
    assert preamble_rates(record.cells) == said
    assert said in render_html(record)
    assert prose(said, 1000) in render_summary(record)


def test_nothing_is_told_where_nothing_was_measured() -> None:
    for record in (_record(), _record(Aggregate("preamble_free", "mean", None, None, None, "none", 0, 3, 0))):
        assert preamble_rates(record.cells) is None
        assert "Preamble rate" not in render_html(record) + render_summary(record)


def test_rate_without_an_interval_says_so() -> None:
    record = _record(Aggregate("preamble_free", "mean", 1.0, None, None, "none", 4, 0, 0, 1))
    assert (preamble_rates(record.cells) or "").endswith(" 0.0 % (no interval, n 4 · 1 clusters).")
