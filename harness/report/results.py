"""The result table: variants x backends, every aggregate with its interval drawn and written."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from harness.report.findings import QUALITY
from harness.report.headline import small_models
from harness.report.interval import axis_of, draw, shares
from harness.report.markup import el, join
from harness.report.numbers import ABSENT, count, in_unit, interval, size_lines
from harness.report.preambles import preamble_rates
from harness.wording import plural, usd

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from harness.report.interval import Axis
    from harness.report.markup import Html
    from harness.schema import Aggregate, Cell, Measure, RunRecord, Suite

UNIT_WORDS = {"score": "", "percent": "0 to 100", "s": "seconds", "tokens": "tokens", "usd": "USD"}
Column = tuple[str, str]
"""Metric and aggregation."""


def results(record: RunRecord) -> Html:
    """The section: one table a suite."""
    tables = [_suite(suite, [cell for cell in record.cells if cell.suite == suite.name]) for suite in record.suites]
    return el("section", el("h2", "Results"), *tables, _legend(), id="results")


def columns_of(cells: Sequence[Cell], measures: Mapping[str, Measure]) -> list[Column]:
    """Every aggregate that some cell has, in the order of their first appearance.

    Amounts without a value anywhere, such as tokens that no backend counts, are left out.
    """
    every = [one for cell in cells for one in cell.aggregates]
    known = {(one.metric, one.aggregation) for one in every if one.value is not None}
    amounts = {name for name, measure in measures.items() if measure.unit not in QUALITY}
    columns = dict.fromkeys((one.metric, one.aggregation) for one in every)
    return [column for column in columns if column in known or column[0] not in amounts]


def aggregate_of(cell: Cell, column: Column) -> Aggregate | None:
    """The cell's aggregate of that column, or None."""
    return next((one for one in cell.aggregates if (one.metric, one.aggregation) == column), None)


def column_title(column: Column) -> str:
    """`exact_match`, `bleu corpus`, `error rate`: a mean needs no word."""
    metric, aggregation = column
    if "error_rate" in column:
        return "error rate"
    return metric if aggregation == "mean" else f"{metric} {aggregation}"


def direction(measure: Measure | None) -> str:
    """`↑` where more is better, `↓` where less is; an error rate is better lower."""
    return "↑" if measure is not None and measure.higher_is_better else "↓"


def standing_behind(aggregate: Aggregate) -> Html:
    """The sizes behind a number, and below them what is lacking."""
    return join(el("small", line) for line in size_lines(aggregate))


def dagger(note: str | None) -> Html | None:
    """The mark beside a small model's name; None where there is nothing to note."""
    return el("span", "†", class_="dagger", title=note, role="img", aria_label=note) if note else None


def clear_leaders(cells: Sequence[Cell], column: Column, *, higher: bool) -> set[tuple[str, str]]:
    """(variant, backend) of those whose interval lies wholly beyond that of every other variant on the same backend."""
    leaders = set()
    for backend in {cell.backend for cell in cells}:
        rows = [(cell, aggregate_of(cell, column)) for cell in cells if cell.backend == backend]
        ends = [(cell.variant, *_ends(one, higher=higher)) for cell, one in rows if one is not None]
        known = [(variant, low, high) for variant, low, high in ends if low is not None and high is not None]
        if len(known) < 2 or len(known) < len(rows):  # noqa: PLR2004 - a lead needs another to lead before
            continue
        best = max(known, key=lambda row: row[1])
        if all(best[1] > high for variant, _, high in known if variant != best[0]):
            leaders.add((best[0], backend))
    return leaders


def _ends(one: Aggregate, *, higher: bool) -> tuple[float | None, float | None]:
    if one.ci_low is None or one.ci_high is None:
        return None, None
    return (one.ci_low, one.ci_high) if higher else (-one.ci_high, -one.ci_low)


def _suite(suite: Suite, cells: Sequence[Cell]) -> Html:
    measures = {measure.name: measure for measure in suite.measures}
    columns = columns_of(cells, measures)
    axes = {column: _axis(cells, column, measures) for column in columns}
    leaders = {
        column: clear_leaders(cells, column, higher=direction(measures.get(column[0])) == "↑") for column in columns
    }
    head = el("tr", el("th", "Variant, backend", scope="col"), el("th", "Trials", scope="col"),
              [_head(column, measures.get(column[0]), axes[column]) for column in columns],
              _p95_head(), el("th", "cost", el("small", "USD, all answers"), scope="col"))  # fmt: skip
    small = small_models([suite])
    rows = []
    for cell in cells:
        shown = [_number(cell, column, (measures.get(column[0]), axes[column], leaders[column])) for column in columns]
        rows.append(
            el(
                "tr",
                _name(cell, small.get((suite.name, cell.backend))),
                _trials(cell),
                shown,
                _p95(cell),
                el("td", usd(cell.cost_usd)),
            )
        )
    table = el("table", el("caption", f"Results of {suite.name}", class_="off"), el("thead", head), el("tbody", rows))
    rates = preamble_rates(cells)
    return join(_suite_head(suite), el("div", table, class_="scroll results", tabindex=0, role="region",
                                       aria_label=f"Results of {suite.name}"),
                el("p", rates) if rates is not None else None)  # fmt: skip


def _suite_head(suite: Suite) -> Html:
    rows = f" of {suite.n_rows:,}" if suite.n_rows > len(suite.samples) else ""
    repeats = f" · {suite.repeats} repeats" if suite.repeats > 1 else ""
    facts = f"{len(suite.samples):,}{rows} samples of {suite.dataset_path}{repeats}"
    return join(el("h3", suite.name), el("p", f"{suite.description} ", el("span", facts, class_="quiet")))


def _axis(cells: Sequence[Cell], column: Column, measures: dict[str, Measure]) -> Axis:
    found = [one for cell in cells if (one := aggregate_of(cell, column)) is not None]
    return axis_of(found, measures.get(column[0]))


def _head(column: Column, measure: Measure | None, axis: Axis) -> Html:
    better = "higher is better" if direction(measure) == "↑" else "lower is better"
    unit = measure.unit if measure is not None else "score"
    words = UNIT_WORDS[unit] or f"{axis.low:g} to {axis.high:g}"
    mark = el("span", direction(measure), title=better, role="img", aria_label=better, class_="direction")
    return el("th", el("span", column_title(column), " ", mark), el("small", words), scope="col")


def _p95_head() -> Html:
    mark = el("span", "↓", title="lower is better", role="img", aria_label="lower is better", class_="direction")
    return el("th", el("span", "latency p95 ", mark), el("small", "seconds"), scope="col")


def _name(cell: Cell, note: str | None) -> Html:
    model = f" · {cell.model}" if cell.model != cell.backend else ""
    prompt = f"{cell.prompt}@{cell.prompt_version}"
    own = el("small", prompt) if prompt != cell.variant else None
    return el("th", el("span", cell.variant, class_="variant"), el("small", cell.backend, model, dagger(note)), own,
              scope="row")  # fmt: skip


def _trials(cell: Cell) -> Html:
    counts = (("passed", cell.n_passed), ("failed", cell.n_failed), ("error", cell.n_errors))
    bar = shares((*counts, ("quarantined", cell.n_quarantined), ("not_run", cell.n_not_run)))
    where = {"suite": cell.suite, "variant": cell.variant, "backend": cell.backend}
    links = [
        el(
            "a",
            f"{number:,} {plural(outcome, number) if outcome == 'error' else outcome}",
            href="#" + urlencode({**where, "outcome": outcome}, errors="replace"),
            class_="to-trials",
        )
        for outcome, number in counts
        if number or outcome == "passed"
    ]
    if cell.n_unreadable:
        address = "#" + urlencode({**where, "kind": "output"}, errors="replace")
        links.append(el("a", f"{cell.n_unreadable:,} unreadable", href=address, class_="to-trials"))
    if cell.n_quarantined:
        links.append(el("a", f"{cell.n_quarantined:,} in quarantine", href="#quarantine"))
    if cell.n_not_run:
        links.append(el("span", f"{cell.n_not_run:,} not run"))
    first, *rest = links
    return el("td", el("span", first, f" of {counting(cell):,}"), bar,
              el("small", *[join(" · " if at else "", link) for at, link in enumerate(rest)]))  # fmt: skip


def counting(cell: Cell) -> int:
    """Its trials that were run and count: those in quarantine neither pass nor fail."""
    return cell.n_trials - cell.n_quarantined - cell.n_not_run


def _number(cell: Cell, column: Column, drawn: tuple[Measure | None, Axis, set[tuple[str, str]]]) -> Html:
    measure, axis, leaders = drawn
    aggregate = aggregate_of(cell, column)
    if aggregate is None:
        return el("td", ABSENT)
    lead = el("small", "apart from the others", class_="apart") if (cell.variant, cell.backend) in leaders else None
    return _aggregate(aggregate, measure.unit if measure is not None else "score", (axis, lead))


def _aggregate(aggregate: Aggregate, unit: str, drawn: tuple[Axis, Html | None]) -> Html:
    if aggregate.value is None:
        reason = el("small", aggregate.reason, class_="reason-short") if aggregate.reason else None
        return el("td", el("span", "no value", class_="quiet"), standing_behind(aggregate), reason)
    axis, lead = drawn
    bounds = interval(aggregate, unit)
    return el("td", el("span", in_unit(aggregate.value, unit), class_="value"), draw(aggregate, axis),
              el("small", bounds), standing_behind(aggregate), lead)  # fmt: skip


def _p95(cell: Cell) -> Html:
    aggregate = cell.latency_p95
    if aggregate is None or aggregate.value is None:
        return el("td", el("span", "no value", class_="quiet"), el("small", f"n {count(0)}"))
    return el("td", el("span", in_unit(aggregate.value, "s"), class_="value"), el("small", interval(aggregate, "s")),
              standing_behind(aggregate))  # fmt: skip


def _legend() -> Html:
    text = (
        "Each number is drawn on its column's scale: the dot is the value, the line its 95 % interval. A row is marked "
        "“apart from the others” only where its interval lies wholly beyond that of every other variant on the same "
        "backend; where intervals overlap, this run does not say which is better."
    )
    return el("p", text, class_="quiet legend")
