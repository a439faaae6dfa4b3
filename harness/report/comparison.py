"""The run beside its baselines: verdicts with their evidence, what else is not the same, answers that changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.report.changed_answers import changed_answers
from harness.report.compared_table import Known, axes_of, compared_table, state
from harness.report.findings import FINDINGS, by_weight, cost_text, counts_of
from harness.report.flips import flips
from harness.report.headline import small_models
from harness.report.markup import Html, el, join
from harness.wording import counted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from harness.report.compared_table import SmallModels
    from harness.report.markup import Html
    from harness.schema import Change, Compared, Comparison, Finding, RunRecord

_MANY_UNCHANGED = 8
"""More unchanged rows than this are folded away."""
_MANY_CHANGES = 12
_MOST_NAMES = 1_000


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
    shown = [state(finding, f"{counts[finding]:,} {finding}") for finding in FINDINGS if counts.get(finding)]
    return el("span", *[join(one, " ") for one in shown], class_="found") if shown else el("span", "nothing compared")


def _suite(each: Comparison, record: RunRecord) -> Html:
    main = by_weight(row for row in each.rows if row.is_weighty)
    amounts = by_weight(row for row in each.rows if not row.is_weighty)
    small = small_models(record.suites)
    beside = el("p", "beside ", el("code", each.baseline), " ", found(counts_of(main)), class_="beside")
    tables = _tables(each.suite, main, small) if main else el("p", "No score could be compared.", class_="quiet")
    return join(
        el("h3", each.suite),
        beside,
        tables,
        _amounts(each.suite, amounts, small),
        None if any(row.is_against_number for row in each.rows) else _changes(each.changes),
        flips(each, changed_answers(each), next((one for one in record.suites if one.name == each.suite), None)),
    )


def _tables(suite: str, rows: Sequence[Compared], small: SmallModels) -> Html:
    """The table of what is new, and that of what is unchanged: folded away where it is long."""
    known = Known(axes_of(rows), small)
    same = [row for row in rows if row.finding == "unchanged"]
    news = [row for row in rows if row.finding != "unchanged"]
    if len(same) <= _MANY_UNCHANGED:
        return compared_table(rows, known, f"Comparison of {suite}")
    fold = el(
        "details",
        el("summary", f"{len(same):,} unchanged"),
        compared_table(same, known, f"Unchanged in {suite}"),
        open=not news,
    )
    return join(compared_table(news, known, f"Comparison of {suite}") if news else None, fold)


def _amounts(suite: str, rows: Sequence[Compared], small: SmallModels) -> Html | None:
    if not rows:
        return None
    table = compared_table(rows, Known(axes_of(rows), small), f"Time, tokens and cost of {suite}")
    return el("details", el("summary", "Time, tokens and cost: ", found(counts_of(rows))), table)


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
        "A pair is the same sample in the same repeat on both sides; both means are over pairs only, and a number that",
        "a prompt promises (performance_baseline) has no samples: all trials with a value are compared with it.",
        "In each drawing the upright line is no change, the grey band what is tolerated, the dot the difference seen,",
        "and the line through it where the true one lies with the confidence said above.",
        "p is how often chance alone would make so large a difference, corrected for all comparisons made together.",
        "Regressed and improved are shown; unchanged means that any true change is smaller than what is tolerated;",
        "inconclusive means that these samples do not tell.",
    )
    return el("p", " ".join(lines), class_="quiet legend")
