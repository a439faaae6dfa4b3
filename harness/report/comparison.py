"""The run beside its baselines: verdicts with their evidence, what else is not the same, answers that changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.report.changed_answers import changed_answers
from harness.report.findings import (
    FINDINGS,
    by_weight,
    cost_text,
    counts_of,
    ends_text,
    is_weighty,
    left_out,
    level,
    more_samples,
    moved,
    p_text,
    tolerance,
)
from harness.report.flips import flips
from harness.report.interval import axis_of_differences, draw_difference
from harness.report.markup import el, join
from harness.report.numbers import ABSENT, in_unit, signed
from harness.wording import counted

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from harness.report.interval import Axis, Spread
    from harness.report.markup import Html
    from harness.schema import Change, Compared, Comparison, Finding, RunRecord

_MANY_UNCHANGED = 8
"""More unchanged rows than this are folded away."""
_MANY_CHANGES = 12
_MOST_NAMES = 1_000
_MINUS = "\u2212"
"""As wide as a plus, unlike a hyphen."""


def comparison(record: RunRecord) -> Html:
    """The section; nothing where no suite was compared."""
    if not record.comparisons:
        return join()
    cost = cost_text(record.comparisons)
    return el(
        "section",
        el("h2", "Comparison"),
        [_suite(each, record) for each in record.comparisons],
        el("p", "Cost: ", cost, class_="cost") if cost else None,
        _legend(),
        id="comparison",
    )


def found(counts: Mapping[Finding, int]) -> Html:
    """The counts as words with their shapes: ● 1 regressed ■ 2 improved."""
    shown = [_state(finding, f"{counts[finding]:,} {finding}") for finding in FINDINGS if counts.get(finding)]
    return el("span", *[join(one, " ") for one in shown], class_="found") if shown else el("span", "nothing compared")


def _state(finding: Finding, words: str) -> Html:
    return el("span", words, class_=f"state {finding.replace(' ', '_')}")


def _suite(each: Comparison, record: RunRecord) -> Html:
    main = [row for row in each.rows if is_weighty(row)]
    amounts = [row for row in each.rows if not is_weighty(row)]
    beside = el("p", "beside ", el("code", each.baseline), " ", found(counts_of(main)), class_="beside")
    tables = _tables(each.suite, by_weight(main)) if main else el("p", "No score could be compared.", class_="quiet")
    return join(
        el("h3", each.suite),
        beside,
        tables,
        _amounts(each.suite, by_weight(amounts)),
        _changes(each.changes),
        flips(each, changed_answers(each), next((one for one in record.suites if one.name == each.suite), None)),
    )


def _tables(suite: str, rows: Sequence[Compared]) -> Html:
    """The table of what is new, and that of what is unchanged: folded away where it is long."""
    axes = _axes(rows)
    same = [row for row in rows if row.finding == "unchanged"]
    news = [row for row in rows if row.finding != "unchanged"]
    if len(same) <= _MANY_UNCHANGED:
        return _table(rows, axes, f"Comparison of {suite}")
    fold = el(
        "details",
        el("summary", f"{len(same):,} unchanged"),
        _table(same, axes, f"Unchanged in {suite}"),
        open=not news,
    )
    return join(_table(news, axes, f"Comparison of {suite}") if news else None, fold)


def _amounts(suite: str, rows: Sequence[Compared]) -> Html | None:
    if not rows:
        return None
    table = _table(rows, _axes(rows), f"Time, tokens and cost of {suite}")
    return el("details", el("summary", "Time, tokens and cost: ", found(counts_of(rows))), table)


def _axes(rows: Iterable[Compared]) -> dict[str, Axis]:
    """One scale a unit for scores, one a metric for amounts: by metric."""
    by_scale: dict[str, list[Compared]] = {}
    for row in rows:
        by_scale.setdefault(_scale(row), []).append(row)
    return {
        scale: axis_of_differences(end for row in own for end in (*_spread(row), row.margin))
        for scale, own in by_scale.items()
    }


def _spread(row: Compared) -> Spread:
    return row.difference, row.ci_low, row.ci_high


def _scale(row: Compared) -> str:
    return row.unit if row.unit in ("score", "percent") else f"{row.metric} in {row.unit}"


def _table(rows: Sequence[Compared], axes: Mapping[str, Axis], caption: str) -> Html:
    interval = level(rows)
    names = ("Verdict", "Before, now", "Difference", "Pairs", "p, corrected", "Why")
    notes = ("", "means of the pairs", interval, "same sample, same repeat", "", "")
    head = el("tr", [el("th", el("span", name), el("small", note), scope="col")
                     for name, note in zip(names, notes, strict=True)])  # fmt: skip
    body = [_row(row, axes[_scale(row)], is_alone=interval == "interval") for row in rows]
    table = el("table", el("caption", caption, class_="off"), el("thead", head), el("tbody", body))
    return el("div", table, class_="scroll compared", tabindex=0, role="region", aria_label=caption)


def _row(row: Compared, axis: Axis, *, is_alone: bool) -> Html:
    better = "↑" if row.higher_is_better else "↓"
    words = "higher is better" if row.higher_is_better else "lower is better"
    mark = el("span", better, title=words, role="img", aria_label=words, class_="direction")
    gated = el("small", "a gate asks about it") if row.is_gated else None
    return el(
        "tr",
        el("th", _state(row.finding, row.finding.capitalize()), el("span", row.metric, " ", mark, class_="metric"),
           el("small", f"{row.variant} on {row.backend}"), scope="row"),
        *_numbers(row, axis, is_alone=is_alone),
        el("td", _pairs(row)),
        el("td", el("span", p_text(row)), el("small", _family(row))),
        el("td", row.reason, _more(row), gated, class_="why"),
        class_=row.finding.replace(" ", "_"),
    )  # fmt: skip


def _numbers(row: Compared, axis: Axis, *, is_alone: bool) -> tuple[Html, Html]:
    if row.difference is None:
        return el("td", ABSENT), el("td", ABSENT)
    before, now = in_unit(row.mean_baseline, row.unit), in_unit(row.mean, row.unit)
    moves = el("td", el("span", before, " → ", el("strong", now), class_="move"), el("small", _unit(row)))
    ends = ends_text(row)
    bounds = "no interval" if ends is None else f"{row.confidence:.0%}: {ends}" if is_alone else ends
    tolerated = tolerance(row.margin, row.unit, is_drop=row.higher_is_better) if row.margin else None
    shown = el("span", _minus(signed(row.difference, row.unit)), class_="value")
    drawing = draw_difference(_spread(row), axis, row.margin)
    drawn = el("td", shown, drawing, el("small", _minus(bounds)), el("small", tolerated) if tolerated else None)
    return moves, drawn


def _unit(row: Compared) -> str:
    return {"percent": "0 to 100", "s": "seconds", "tokens": "tokens"}.get(row.unit, "")


def _minus(text: str) -> str:
    return text.replace("-", _MINUS)


def _pairs(row: Compared) -> Html:
    worse, better = moved(row)
    turned = el("small", f"{worse:,} worse, {better:,} better") if row.n_paired else None
    lacking = ", ".join(left_out(row))
    return join(
        el("span", f"{row.n_paired:,}"),
        turned,
        el("small", f"left out: {lacking}", class_="lacking") if lacking else None,
    )


def _family(row: Compared) -> str:
    return f"for {row.n_family:,} comparisons" if row.n_family > 1 else ""


def _more(row: Compared) -> Html | None:
    more = more_samples(row)
    if more is None:
        return None
    return el("small", more if row.n_needed is None else f"{more} would tell")


def _changes(changes: Sequence[Change]) -> Html:
    if not changes:
        return el("p", "Nothing else differs: same samples, prompts, backends and metrics.", class_="quiet legend")
    shown = [el("li", change.message, _names(change)) for change in changes]
    more = shown[_MANY_CHANGES:]
    fold = el("details", el("summary", f"{len(more):,} more"), el("ul", more)) if more else None
    return el("div", el("h4", "What else is not the same"), el("ul", shown[:_MANY_CHANGES]), fold, class_="changes")


def _names(change: Change) -> Html | None:
    """All samples, where the message names only some."""
    if all(name in change.message for name in change.names):
        return None
    shown = ", ".join(change.names[:_MOST_NAMES])
    more = len(change.names) - _MOST_NAMES
    listed = f"{shown} and {more:,} more" if more > 0 else shown
    return el("details", el("summary", f"all {counted(len(change.names), 'sample')}"), el("p", listed, class_="names"))


def _legend() -> Html:
    lines = (
        "A pair is the same sample in the same repeat on both sides; both means are over pairs only.",
        "In each drawing the upright line is no change, the grey band what is tolerated, the dot the difference seen,",
        "and the line through it where the true one lies with the confidence said above.",
        "p is how often chance alone would make so large a difference, corrected for all comparisons made together.",
        "Regressed and improved are shown; unchanged means that any true change is smaller than what is tolerated;",
        "inconclusive means that these samples do not tell.",
    )
    return el("p", " ".join(lines), class_="quiet legend")
