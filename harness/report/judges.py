"""What is known about the models that judged: agreement with people, noise, position bias, who wins."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.report import headline
from harness.report.markdown import code, prose, table
from harness.report.markup import el, join
from harness.report.numbers import ABSENT, in_unit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.report.markup import Html
    from harness.schema import Estimate, Fact, Measure, RunRecord, Suite

_LEAD = "These measures are the judgement of models, not of people."


def judges(record: RunRecord) -> Html:
    """The section; nothing where no model judged."""
    shown = [_suite(suite, record) for suite in record.suites if _judged(suite)]
    if not shown:
        return join()
    return el("section", el("h2", "Judges"), el("p", _LEAD, class_="lead"), shown, id="judges")


def judges_in_markdown(suite: Suite, record: RunRecord) -> list[str]:
    """Lines of the summary; none where no model judged."""
    judged = _judged(suite)
    if not judged:
        return []
    known = [f"- {code(each.name, 80)}: {prose(each.calibration)}" for each in judged]
    rows = [
        [code(measure, 80), prose(fact.name, 120), _number(fact.estimate), prose(fact.meaning)]
        for measure, fact in _facts(suite, record)
    ]
    facts = ["", *table(["Measure", "What", "Value", "Meaning"], rows)] if rows else []
    notes = [f"> † {note}" for note in _small(suite)]
    return [f"### Judges of {code(suite.name, 80)}", "", _LEAD, "", *known, *facts, *([""] if notes else []), *notes]


def _judged(suite: Suite) -> list[Measure]:
    return [measure for measure in suite.measures if measure.calibration]


def _small(suite: Suite) -> list[str]:
    notes = [headline.small_model_note(backend) for backend in suite.judges]
    return list(dict.fromkeys(note for note in notes if note is not None))


def _facts(suite: Suite, record: RunRecord) -> list[tuple[str, Fact]]:
    own = [judging for judging in record.judgings if judging.suite == suite.name]
    return [(judging.measure, fact) for judging in own for fact in judging.facts]


def _suite(suite: Suite, record: RunRecord) -> Html:
    known = [el("li", el("code", each.name), f": {each.calibration}") for each in _judged(suite)]
    rows = [_row(measure, fact) for measure, fact in _facts(suite, record)]
    head = el("tr", [el("th", name, scope="col") for name in ("Measure", "What", "Value", "Meaning")])
    caption = el("caption", f"Judges of {suite.name}", class_="off")
    facts = el("div", el("table", caption, el("thead", head), el("tbody", rows)), class_="scroll methods", tabindex=0,
               role="region", aria_label=f"Judges of {suite.name}") if rows else None  # fmt: skip
    notes: Sequence[Html] = [el("p", f"† {note}", class_="note") for note in _small(suite)]
    return join(el("h3", suite.name), el("ul", known), facts, *notes)


def _row(measure: str, fact: Fact) -> Html:
    return el("tr", el("th", el("code", measure), scope="row"), el("td", fact.name), el("td", _number(fact.estimate)),
              el("td", fact.meaning))  # fmt: skip


def _number(estimate: Estimate | None) -> str:
    """`0.712 (0.601 to 0.800), n 60`."""
    if estimate is None:
        return ABSENT
    ends = ""
    if estimate.low is not None and estimate.high is not None:
        ends = f" ({in_unit(estimate.low, 'score')} to {in_unit(estimate.high, 'score')})"
    return f"{in_unit(estimate.value, 'score')}{ends}, n {estimate.n:,}"
