"""Reasons are said once each: why trials were not run, and why what was spent is not known."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from harness.plugin.reasons import not_run_reasons, unknown_spending
from harness.plugin.summary import summary_lines
from harness.schema import BackendSpec, CallError, Generation, Price
from tests.unit.report.run_records import Shape, build_record

if TYPE_CHECKING:
    from harness.schema import RunRecord, TrialResult

SPENT = (
    "not run: the budget of $1.00 is spent ($0.997 spent, the next call may cost $0.004); raise --prompt-budget, or "
    "continue later with --prompt-resume"
)
TOO_DEAR = "not run: the call may cost {} at worst, more than one may (prompt_request_limit $0.05); lower max_tokens"


def not_run(result: TrialResult, message: str) -> TrialResult:
    error = CallError("not_run", message)
    return replace(result, outcome="not_run", generation=None, output=None, error=error, scores=(), missed=())


def with_results(record: RunRecord, *results: TrialResult) -> RunRecord:
    return replace(record, results=(*results, *record.results[len(results) :]))


def test_each_reason_is_said_once_with_its_count() -> None:
    record = build_record(Shape(samples=600))
    changed = [not_run(result, SPENT) for result in record.results[:1950]]
    changed.append(not_run(record.results[1950], "backend 'local' was stopped: HTTP 401"))
    assert not_run_reasons(with_results(record, *changed).results) == [
        f"1,950 {SPENT}",
        "1 not run: backend 'local' was stopped: HTTP 401",
    ]


def test_reasons_that_differ_in_amounts_are_one() -> None:
    record = build_record()
    messages = [TOO_DEAR.format(amount) for amount in ("$0.0712", "$1,234.50", "$0.06")]
    changed = [not_run(result, message) for result, message in zip(record.results, messages, strict=False)]
    assert not_run_reasons(changed) == [f"3 not run, the first: {TOO_DEAR.format('$0.0712').removeprefix('not run: ')}"]


def test_reasons_beyond_the_most_frequent_are_counted() -> None:
    record = build_record()
    changed = [not_run(result, f"reason {number % 7}") for number, result in enumerate(record.results[:30])]
    lines = not_run_reasons(changed)
    assert lines[0] == "5 not run: reason 0"
    assert lines[5:] == ["8 not run for other reasons"]


def test_trials_that_were_stopped_without_a_reason_need_none() -> None:
    assert not_run_reasons(build_record(Shape(complete=False)).results) == []


def unpriced(*backends: BackendSpec, from_cache: bool = False) -> RunRecord:
    """A run of one trial a backend, whose answers have no cost."""
    record = build_record()
    suite = replace(record.suites[0], backends=backends)
    results = tuple(
        replace(
            result,
            trial=replace(result.trial, suite=suite.name, backend=backend.name),
            generation=Generation("x", from_cache=from_cache),
        )
        for backend in backends
        for result in record.results[:2]
    )
    manifest = replace(record.manifest, totals={**record.manifest.totals, "spent_usd": None})
    return replace(record, suites=(suite,), results=results, manifest=manifest)


def spec(
    name: str, provider: str = "openai", *, price: Price | None = None, function: str | None = None
) -> BackendSpec:
    url = "http://127.0.0.1:8000/v1" if provider == "openai" else None
    return BackendSpec(name, provider, "m", {}, Path(), base_url=url, price=price, function=function)


UNLISTED = (
    "backend 'local': no price is known for model 'm' at http://127.0.0.1:8000/v1; write price: {input: …, output: …} "
    "in USD per million tokens, 0 where it is free"
)
SILENT = (
    "backend 'app': app.py:answer returns no cost_usd; return it beside the text, or write price: {input: …, output: …}"
    ", 0 where it is free"
)


@pytest.mark.parametrize(
    ("backend", "reason"),
    [
        (spec("local"), UNLISTED),
        (spec("app", "callable", function="app.py:answer"), SILENT),
        (spec("shy", price=Price(1, 1)), "backend 'shy': 2 answers came without counts of tokens"),
    ],
)
def test_price_that_is_not_known_is_said_once_a_backend(backend: BackendSpec, reason: str) -> None:
    assert unknown_spending(unpriced(backend, spec("recorded", "replay"))) == [f"spent unknown: {reason}"]


def test_cached_answers_spend_nothing_and_need_no_price() -> None:
    assert unknown_spending(unpriced(spec("local"), from_cache=True)) == []


def test_run_whose_spending_is_known_has_nothing_to_explain() -> None:
    assert unknown_spending(build_record()) == []


def test_summary_shows_both_and_one_way_of_writing_amounts() -> None:
    record = unpriced(spec("local"))
    record = replace(record, results=(*record.results[:1], not_run(record.results[1], SPENT)))
    lines = summary_lines(record, width=400, color=False, brief=False).splitlines()
    assert f"1 {SPENT}" in lines
    assert any(line.startswith("spent unknown: backend 'local': no price is known") for line in lines)
    assert ", spent unknown, " in lines[-1]
    known = replace(record.manifest, totals={**record.manifest.totals, "spent_usd": 1234.5})
    last = summary_lines(replace(record, manifest=known), width=400, color=False, brief=True).splitlines()[-1]
    assert ", spent $1,234.50, " in last
