"""The gates: failed ones first, each with the number it was judged by."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from harness.report import headline
from harness.report.findings import level_of_gates, tolerance
from harness.report.interval import axis_of, axis_of_differences, draw, draw_difference
from harness.report.markup import el, join
from harness.report.numbers import ABSENT, in_unit, interval
from harness.report.results import dagger, standing_behind
from harness.wording import change_range, change_text, counted, level_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.report.markup import Html
    from harness.schema import Aggregate, Measure, RunRecord, Unit, Verdict

_STATES = {True: ("held", "Holds"), False: ("failed", "Failed"), None: ("not_run", "Not judged")}
"""Class and word of a gate's answer."""
_WARNS = ("warns", "Warns")
_NOT_SHOWN = ("failed", "Not shown")
_MANY_HELD = 12
"""More gates that hold than this are folded away."""


def gates(record: RunRecord) -> Html:
    """The section."""
    failed = [verdict for verdict in record.verdicts if verdict.judged and not verdict.passed]
    unjudged = [verdict for verdict in record.verdicts if not verdict.judged]
    warned = [verdict for verdict in record.verdicts if headline.warns(verdict)]
    held = [verdict for verdict in record.verdicts if verdict.passed and not verdict.warns]
    measures = {(suite.name, measure.name): measure for suite in record.suites for measure in suite.measures}
    known = (measures, headline.small_models(record.suites))
    content = [el("p", f"{headline.of_gates(record.verdicts)}.", class_="lead")]
    if failed:
        content.append(_table(failed, known, "Failed gates"))
    if unjudged:
        content.append(_table(unjudged, known, "Gates that could not be judged"))
    if warned:
        content.append(_table(warned, known, "Gates that warn"))
    if len(held) > _MANY_HELD:
        table = _table(held, known, "Gates that hold")
        content.append(
            el(
                "details",
                el("summary", f"{len(held):,} gates that hold"),
                table,
                open=len(held) == len(record.verdicts),
            )
        )
    elif held:
        content.append(_table(held, known, "Gates that hold"))
    if not record.verdicts:
        content.append(el("p", "The suite sets no condition on its numbers: nothing was judged.", class_="quiet"))
    return el("section", el("h2", "Gates"), content, id="gates")


Known = tuple[dict[tuple[str, str], "Measure"], dict[tuple[str, str], str]]
"""Measures by suite and name; notes on small models by suite and backend."""


def unit_of(verdict: Verdict, measure: Measure | None) -> Unit:
    """The unit of the verdict's number: a count is `tokens`-like, a rate a score."""
    if verdict.gate.aggregation == "n":
        return "tokens"
    return measure.unit if measure is not None and verdict.gate.aggregation not in {"rate", "pass@k"} else "score"


def _table(verdicts: Sequence[Verdict], known: Known, caption: str) -> Html:
    interval_head = level_of_gates(verdicts)
    names = ("", "Gate", "Variant, backend", "Value", interval_head.capitalize(), "Verdict", "From")
    is_mixed = interval_head == "interval"
    head = el("tr", [el("th", name or el("span", "State", class_="off"), scope="col") for name in names])
    table = el("table", el("caption", caption, class_="off"), el("thead", head),
               el("tbody", [_row(verdict, known, is_mixed=is_mixed) for verdict in verdicts]))  # fmt: skip
    return el("div", table, class_="scroll gates", tabindex=0, role="region", aria_label=caption)


def _row(verdict: Verdict, known: Known, *, is_mixed: bool) -> Html:
    gate = verdict.gate
    measures, small = known
    measure = measures.get((verdict.suite, gate.metric or ""))
    unit = unit_of(verdict, measure)
    state = _WARNS if headline.warns(verdict) else _STATES[headline.answer(verdict)]
    state = _NOT_SHOWN if verdict.showing == "not shown" else state
    mark = dagger(small.get((verdict.suite, verdict.backend)))
    value, condition = _value(verdict, measure)
    return el(
        "tr",
        el("td", el("span", state[1], class_=f"state {state[0]}")),
        el("th", el("code", gate.text), el("small", verdict.suite), scope="row"),
        el("td", verdict.variant, el("small", verdict.backend, mark)),
        el("td", el("span", value, class_="value"), el("small", condition)),
        el("td", _drawn(verdict, measure), _bounds(verdict, unit, is_mixed=is_mixed)),
        el("td", verdict.message, class_="message"),
        el("td", gate.origin, data_title="From"),
        class_=state[0],
    )  # fmt: skip


def _value(verdict: Verdict, measure: Measure | None) -> tuple[str, str]:
    """The number that was judged, and what is asked of it: of a regression gate both are differences."""
    gate, value, unit = verdict.gate, verdict.aggregate.value, unit_of(verdict, measure)
    if gate.regression is None or gate.aggregation != "difference":
        return in_unit(value, unit), f"must be {gate.operator} {gate.threshold:g}"
    is_drop = measure is None or measure.higher_is_better
    shown = ABSENT if value is None else change_text(value, lambda size: in_unit(size, unit))
    return shown, tolerance(gate.regression.margin, unit, is_drop=is_drop)


def _bounds(verdict: Verdict, unit: Unit, *, is_mixed: bool) -> Html:
    """Ends of the interval (`is_mixed`: with its level), and what is behind the number."""
    aggregate, is_change = verdict.aggregate, verdict.gate.aggregation == "difference"
    if is_change and aggregate.value is None:
        return el("small", "no pairs")
    has_ends = aggregate.ci_low is not None or aggregate.ci_high is not None
    of_level = f"{level_text(verdict.gate.confidence)}: " if is_mixed and has_ends else ""
    behind = el("small", counted(aggregate.n_scored, "pair")) if is_change else standing_behind(aggregate)
    return join(el("small", of_level, _ends(verdict, unit)), behind)


def _ends(verdict: Verdict, unit: Unit) -> str:
    aggregate = verdict.aggregate
    if verdict.showing is not None:
        return _one_sided(aggregate, unit)
    low, high = aggregate.ci_low, aggregate.ci_high
    if verdict.gate.aggregation != "difference" or low is None or high is None:
        return interval(aggregate, unit)
    return change_range(low, high, lambda size: in_unit(size, unit))


def _one_sided(aggregate: Aggregate, unit: Unit) -> str:
    """The bound that a target is judged by."""
    if aggregate.ci_high is not None:
        return f"at most {in_unit(aggregate.ci_high, unit)}"
    return "no bound" if aggregate.ci_low is None else f"at least {in_unit(aggregate.ci_low, unit)}"


def _drawn(verdict: Verdict, measure: Measure | None) -> Html | None:
    gate, aggregate = verdict.gate, verdict.aggregate
    if gate.aggregation in {"n", "sum"}:
        return None
    if verdict.showing is not None:
        low, high = (aggregate.value if end is None else end for end in (aggregate.ci_low, aggregate.ci_high))
        aggregate = replace(aggregate, ci_low=low, ci_high=high)
    if gate.regression is None or gate.aggregation != "difference":
        return draw(aggregate, axis_of([aggregate], measure, [gate.threshold]), gate.threshold)
    if aggregate.value is None:
        return None
    spread = aggregate.value, aggregate.ci_low, aggregate.ci_high
    return draw_difference(spread, axis_of_differences([*spread, gate.regression.margin]), gate.regression.margin)
