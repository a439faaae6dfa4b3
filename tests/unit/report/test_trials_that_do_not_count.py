"""Trials in quarantine and those that a clear verdict made needless: neither failures nor errors."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from harness.plan import gate_name, item_name
from harness.plugin.github import annotation_lines
from harness.plugin.properties import of_trial
from harness.report import render_html, render_summary
from harness.report.ctrf import Names, render_ctrf
from tests.unit.report.comparison_records import INCONCLUSIVE, REGRESSED, build_comparison, compared_record
from tests.unit.report.run_records import Shape, build_record, in_quarantine, stopped_early
from tests.unit.report.test_report_html import index_of, visible

if TYPE_CHECKING:
    from pathlib import Path

    from harness.schema import RunRecord

CELL = ("zero_shot", "smollm2")


def held() -> RunRecord:
    return in_quarantine(build_record(Shape(samples=4, variants=("zero_shot",))), 0)


def early() -> RunRecord:
    return stopped_early(build_record(), *CELL, after=5)


def ctrf(record: RunRecord) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(render_ctrf(record, Names(item_name, gate_name)))["results"]["tests"]
    return found


def test_passed_are_counted_of_those_that_count() -> None:
    record = held()
    cell = record.cells[0]
    n_passed = f"{cell.n_passed} of 3"
    assert f">{cell.n_passed} passed</a> of 3</span>" in render_html(record)
    assert f"| {n_passed}<br><sub>1 in quarantine</sub> |" in render_summary(record)


def test_page_knows_which_trials_are_in_quarantine_and_why() -> None:
    index = index_of(render_html(held()))
    assert (index["quarantines"], index["held"]) == ([["label is wrong, #12", "2999-12-31"]], {"0": 0})
    assert index_of(render_html(build_record()))["held"] == {}


def test_section_of_the_quarantine_is_linked_where_there_is_one() -> None:
    link = '<a href="#quarantine">Quarantine</a>'
    assert link in render_html(held())
    assert link not in render_html(build_record())


def test_trial_in_quarantine_has_its_reason_in_junit_and_ctrf_and_fails_nothing_there() -> None:
    record = held()
    assert dict(of_trial(record.results[0]))["quarantine"] == "label is wrong, #12 (until 2999-12-31)"
    assert "quarantine" not in dict(of_trial(record.results[1]))
    first, second = ctrf(record)[:2]
    assert (first["status"], first["rawStatus"]) == ("other", "failed in quarantine")
    assert first["extra"]["quarantine"] == {"reason": "label is wrong, #12", "until": "2999-12-31"}
    assert "quarantine" not in second["extra"]


def test_job_is_told_of_no_error_where_nothing_failed(tmp_path: Path) -> None:
    record = replace(held(), verdicts=())
    others = tuple(replace(result, outcome="passed", error=None) for result in record.results[1:])
    assert annotation_lines(replace(record, results=(record.results[0], *others)), tmp_path) == []
    stopped = replace(early(), verdicts=())
    kept = tuple(result for result in stopped.results if result.is_stopped_early or result.outcome == "passed")
    assert annotation_lines(replace(stopped, results=kept), tmp_path) == []


def test_needless_trials_are_told_in_one_line_and_are_nothing_that_went_wrong() -> None:
    record = early()
    line = "zero_shot on smollm2: 15 trials not run, the verdict was clear: exact_match regressed after 5 pairs"
    page = render_html(record)
    assert line in visible(page).replace("\n", " ")
    assert "stopped_early" not in page.partition('class="errors"')[2].partition("</div>")[0]
    summary = render_summary(record)
    assert f"\n\n{line}\n\n" in summary
    assert "verdicts were clear" not in summary.partition("### What went wrong")[2]


def test_pairs_that_were_not_run_are_not_called_lost() -> None:
    row = replace(REGRESSED, n_not_run=38, stopped_after=20, n_lost=0)
    page = visible(render_html(compared_record(build_comparison(rows=(row,)))))
    assert "38 not run: the verdict was clear after 20 pairs" in page
    assert "left out:" not in page
    unclear = replace(INCONCLUSIVE, n_not_run=30, stopped_after=30)
    page = visible(render_html(compared_record(build_comparison(rows=(unclear,)))))
    assert "30 not run: after 30 pairs it was not going to be clear" in page


def test_amounts_that_nobody_reports_are_no_column() -> None:
    record = build_record()
    assert "<span>cost_usd " in render_html(record)
    gone = [replace(cell, aggregates=tuple(replace(one, value=None, ci_low=None, ci_high=None)
                                           if one.metric in {"cost_usd", "f1"} else one for one in cell.aggregates))
            for cell in record.cells]  # fmt: skip
    without = replace(record, cells=tuple(gone))
    page, summary = render_html(without), render_summary(without)
    assert "<span>cost_usd " not in page
    assert "| cost_usd ↓ |" in render_summary(record)
    assert "| cost_usd ↓ |" not in summary
    assert "<span>f1 " in page  # a metric that scored nothing is told
