"""Comparisons in Markdown and as plain values: for pull requests, and for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from harness.report.changed_answers import are_all_listed, changed_answers, move_text
from harness.report.findings import (
    MARKS,
    by_weight,
    cost_text,
    counts_of,
    ends_text,
    findings_text,
    margin_text,
    moved,
    needs_text,
    p_text,
    weighty,
)
from harness.report.markdown import code, prose, table
from harness.report.numbers import in_unit, signed
from harness.wording import counted, level_text

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from harness.report.changed_answers import ChangedAnswer
    from harness.schema import Change, Compared, Comparison

_MOST_ROWS = 60
_MOST_CHANGES = 20
_WORST = 5
_LONGEST_ANSWER = 80


def comparison_json(comparisons: Sequence[Comparison]) -> list[dict[str, Any]]:
    """A mapping a suite with suite, current, baseline, rows, changes and flips, their fields as in the structs."""
    plain: list[dict[str, Any]] = msgspec.to_builtins(comparisons)
    return plain


def comparison_markdown(comparisons: Sequence[Comparison], margin_origin: str = "") -> str:
    """Every row that says something, what else changed, and the answers that became worst; ends with a line break.

    With `margin_origin` (see `margin_text`) it says which drops were tolerated.
    """
    if not comparisons:
        return "## Comparison\n\nNothing to compare: no suite is in both.\n"
    lines = [f"## {_heading(comparisons)}"]
    for each in comparisons:
        lines += ["", f"### {code(each.suite, 80)}: {code(each.current, 120)} beside {code(each.baseline, 120)}"]
        margins = margin_text([row for row in each.rows if row.is_weighty], margin_origin) if margin_origin else ""
        lines += ["", *([prose(f"{margins}."), ""] if margins else [])]
        lines += [*_all_rows(each), *_changes(each.changes), *_flips([each])]
    cost = cost_text(comparisons)
    return "\n".join([*lines, *(["", prose(f"Cost: {cost}")] if cost else [])]) + "\n"


def what_changed(comparisons: Sequence[Comparison], small: Collection[tuple[str, str]] = ()) -> list[str]:
    """Lines of a run's summary: counts, rows with news, what else is not the same, the worst answers, cost.

    `small`: suite and backend of small models, which are marked.
    """
    if not comparisons:
        return []
    rows = by_weight(weighty(comparisons))
    news = [
        row
        for row in rows
        if row.finding in ("regressed", "improved") or (row.finding == "not compared" and row.is_gated)
    ]
    beside = ", ".join(dict.fromkeys(code(each.baseline, 120) for each in comparisons))
    lines = ["### What changed", "", f"**{findings_text(counts_of(rows))}**, beside {beside}."]
    if news:
        lines += ["", *_table(news, small, with_suite=len(comparisons) > 1)]
    lines += [*_changes([change for each in comparisons for change in each.changes]), *_flips(comparisons)]
    cost = cost_text(comparisons)
    return [*lines, *(["", prose(f"Cost: {cost}")] if cost else [])]


def _heading(comparisons: Sequence[Comparison]) -> str:
    return f"Comparison: {findings_text(counts_of(weighty(comparisons)))}"


def _all_rows(comparison: Comparison) -> list[str]:
    quality = by_weight(row for row in comparison.rows if row.is_weighty)
    amounts = by_weight(row for row in comparison.rows if not row.is_weighty)
    lines = _table(quality, with_suite=False) if quality else ["No score could be compared."]
    if not quality and any(row.n_paired for row in amounts):
        return _table(amounts, with_suite=False)
    if amounts:
        title = f"Time, tokens and cost: {findings_text(counts_of(amounts))}"
        fold = [f"<details><summary>{title}</summary>", "", *_table(amounts, with_suite=False), "", "</details>"]
        lines += ["", *fold]
    return lines


def _table(rows: Sequence[Compared], small: Collection[tuple[str, str]] = (), *, with_suite: bool) -> list[str]:
    head = ["Verdict", *(["Suite"] if with_suite else []), "Metric", "Where", "Why", "Baseline", "Now", "Difference"]
    cells = [
        _row(row, dagger=" †" if (row.suite, row.backend) in small else "", with_suite=with_suite)
        for row in rows[:_MOST_ROWS]
    ]
    more = [] if len(rows) <= _MOST_ROWS else ["", f"{len(rows) - _MOST_ROWS:,} more rows."]
    return [*table(head, cells, right=3), *more]


def _row(row: Compared, *, dagger: str, with_suite: bool) -> list[str]:
    more = needs_text(row)
    worse, better = moved(row)
    noun = "trial" if row.is_against_number else "pair"
    behind = f"{counted(row.n_paired, noun)}, {worse:,} worse, {better:,} better" if row.n_paired else f"no {noun}s"
    why = f"{prose(row.reason)}{f'; {more}' if more else ''}<br><sub>{behind}, p {_p(row)}</sub>"
    ends = ends_text(row)
    drawn = signed(row.difference, row.unit) + (
        f"<br><sub>{level_text(row.confidence)} interval {ends}</sub>" if ends else ""
    )
    return [
        _verdict(row),
        *([code(row.suite, 80)] if with_suite else []),
        code(row.metric, 80),
        f"{code(row.variant, 80)} on {code(row.backend, 80)}{dagger}",
        why,
        in_unit(row.mean_baseline, row.unit),
        in_unit(row.mean, row.unit),
        drawn,
    ]


def _verdict(row: Compared) -> str:
    shown = f"{MARKS[row.finding]} {row.finding}"
    return f"**{shown}**" if row.finding == "regressed" else shown


def _p(row: Compared) -> str:
    return p_text(row).replace("<", "&lt;")


def _changes(changes: Sequence[Change]) -> list[str]:
    if not changes:
        return []
    lines = ["", "**What else is not the same**", ""]
    lines += [f"- {prose(change.message)}" for change in changes[:_MOST_CHANGES]]
    more = len(changes) - _MOST_CHANGES
    return lines if more <= 0 else [*lines, f"- and {more:,} more"]


def _flips(comparisons: Sequence[Comparison]) -> list[str]:
    """The worst answers of all suites."""
    changed = [answer for each in comparisons for answer in changed_answers(each)]
    worse = sorted((one for one in changed if one.first.is_worse), key=lambda one: -one.size)
    if not changed:
        return []
    least = "" if all(map(are_all_listed, comparisons)) else "at least "
    counts = f"{least}{len(worse):,} worse, {len(changed) - len(worse):,} better"
    if not worse:
        return ["", f"**Answers that changed:** {counts}."]
    rows = [_flip(one) for one in worse[:_WORST]]
    title = f"**Answers that changed:** {counts}" + (f"; the worst {len(rows)}:" if len(worse) > len(rows) else ":")
    return ["", title, "", *table(["Where", "Change", "Baseline", "Now"], rows)]


def _flip(one: ChangedAnswer) -> list[str]:
    first = one.first
    return [
        f"{code(first.sample, 80)}<br><sub>{prose(one.where, 160)}</sub>",
        prose(move_text(first), 120),
        _answer(first.output_before, "not recorded"),
        _answer(first.output_after, "no answer"),
    ]


def _answer(text: str | None, missing: str) -> str:
    return f"*{missing}*" if text is None else code(text, _LONGEST_ANSWER)
