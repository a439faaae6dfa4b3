"""What run.json says of comparisons: counted as the report counts them."""

from __future__ import annotations

from harness.record import with_findings
from harness.report import render_html, render_index
from harness.schema import Chance
from tests.unit.report.comparison_records import build_comparison
from tests.unit.report.run_records import build_record
from tests.unit.report.test_report_html import visible


def test_amounts_are_counted_apart_as_in_the_report() -> None:
    record = with_findings(build_record(), ((), (build_comparison(),), Chance()))
    (found,) = record.manifest.comparisons
    assert found["findings"] == {
        "unchanged": 1, "inconclusive": 1, "not compared": 1, "improved": 1, "regressed": 1,
    }  # fmt: skip
    assert found["amounts"] == {"regressed": 1, "inconclusive": 1}


def test_list_of_runs_counts_what_the_report_counts() -> None:
    record = with_findings(build_record(), ((), (build_comparison(),), Chance()))
    assert "1 regressed, 1 improved, 1 inconclusive, 1 unchanged, 1 not compared" in visible(
        render_index([record.manifest])
    )
    assert "Beside the baseline: 1 regressed 1 improved 1 inconclusive 1 unchanged 1 not compared" in visible(
        render_html(record)
    )
