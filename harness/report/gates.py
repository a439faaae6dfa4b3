"""The gates: failed ones first, each with the number it was judged by."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.report import headline
from harness.report.interval import axis_of, draw
from harness.report.markup import el
from harness.report.numbers import in_unit, interval
from harness.report.results import dagger, standing_behind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.report.markup import Html
    from harness.schema import Measure, RunRecord, Verdict

_STATES = {True: ("held", "Holds"), False: ("failed", "Failed"), None: ("not_run", "Not judged")}
"""Class and word of a gate's answer."""
_MANY_HELD = 12
"""More gates that hold than this are folded away."""


def gates(record: RunRecord) -> Html:
    """The section."""
    failed = [verdict for verdict in record.verdicts if verdict.judged and not verdict.passed]
    unjudged = [verdict for verdict in record.verdicts if not verdict.judged]
    held = [verdict for verdict in record.verdicts if verdict.passed]
    measures = {(suite.name, measure.name): measure for suite in record.suites for measure in suite.measures}
    known = (measures, headline.small_models(record.suites))
    content = [el("p", f"{headline.gates([headline.answer(verdict) for verdict in record.verdicts])}.", class_="lead")]
    if failed:
        content.append(_table(failed, known, "Failed gates"))
    if unjudged:
        content.append(_table(unjudged, known, "Gates that could not be judged"))
    if len(held) > _MANY_HELD:
        table = _table(held, known, "Gates that hold")
        content.append(
            el("details", el("summary", f"{len(held):,} gates that hold"), table, open=not (failed or unjudged))
        )
    elif held:
        content.append(_table(held, known, "Gates that hold"))
    if not record.verdicts:
        content.append(el("p", "The suite sets no condition on its numbers: nothing was judged.", class_="quiet"))
    return el("section", el("h2", "Gates"), content, id="gates")


Known = tuple[dict[tuple[str, str], "Measure"], dict[tuple[str, str], str]]
"""Measures by suite and name; notes on small models by suite and backend."""


def unit_of(verdict: Verdict, measure: Measure | None) -> str:
    """The unit of the verdict's number: a count is `tokens`-like, a rate a score."""
    if verdict.gate.aggregation == "n":
        return "tokens"
    return measure.unit if measure is not None and verdict.gate.aggregation not in {"rate", "pass@k"} else "score"


def _table(verdicts: Sequence[Verdict], known: Known, caption: str) -> Html:
    names = ("", "Gate", "Variant, backend", "Value", "95 % interval", "Verdict", "From")
    head = el("tr", [el("th", name or el("span", "State", class_="off"), scope="col") for name in names])
    table = el("table", el("caption", caption, class_="off"), el("thead", head),
               el("tbody", [_row(verdict, known) for verdict in verdicts]))  # fmt: skip
    return el("div", table, class_="scroll gates", tabindex=0, role="region", aria_label=caption)


def _row(verdict: Verdict, known: Known) -> Html:
    gate, aggregate = verdict.gate, verdict.aggregate
    measures, small = known
    measure = measures.get((verdict.suite, gate.metric or ""))
    unit = unit_of(verdict, measure)
    axis = axis_of([aggregate], measure, [gate.threshold])
    state = _STATES[headline.answer(verdict)]
    mark = dagger(small.get((verdict.suite, verdict.backend)))
    drawn = draw(aggregate, axis, gate.threshold) if gate.aggregation not in {"n", "sum"} else None
    return el(
        "tr",
        el("td", el("span", state[1], class_=f"state {state[0]}")),
        el("th", el("code", gate.text), el("small", verdict.suite), scope="row"),
        el("td", verdict.variant, el("small", verdict.backend, mark)),
        el("td", el("span", in_unit(aggregate.value, unit), class_="value"),
           el("small", f"must be {gate.operator} {gate.threshold:g}")),
        el("td", drawn, el("small", interval(aggregate, unit)), standing_behind(aggregate)),
        el("td", verdict.message, class_="message"),
        el("td", gate.origin),
        class_=state[0],
    )  # fmt: skip
