"""Comparisons as a terminal shows them: what is new in a table, the rest counted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.padding import Padding
from rich.text import Text

from harness.report.changed_answers import are_all_listed, changed_answers
from harness.report.findings import (
    MARKS,
    by_weight,
    cost_text,
    counts_of,
    ends_text,
    findings_text,
    level,
)
from harness.report.numbers import in_unit, signed
from harness.report.tables import NARROW, Column, fitted_table, printed
from harness.wording import escaped, level_text, listed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rich.console import RenderableType
    from rich.table import Table

    from harness.schema import Change, Compared, Comparison, Finding

_STYLES: Mapping[Finding, str] = {
    "regressed": "red", "improved": "green", "inconclusive": "yellow", "not compared": "yellow", "unchanged": ""
}  # fmt: skip
_NEWS: tuple[Finding, ...] = ("regressed", "improved", "inconclusive")
"""What the table shows."""
_WORST_FIRST: tuple[Finding, ...] = ("regressed", "not compared", "inconclusive", "improved")
_MOST_ROWS = 40
_MOST_CHANGES = 8
_WORST = 3


def comparison_lines(comparisons: Sequence[Comparison], *, width: int, color: bool) -> str:
    """All of it as one text of at most `width` columns, where its tables need no more."""
    if not comparisons:
        return "nothing to compare: no suite is in both"
    return printed(comparison_parts(comparisons, width=width, named=True), width=width, color=color)


def comparison_parts(comparisons: Sequence[Comparison], *, width: int, named: bool) -> Iterator[RenderableType]:
    """By suite: counts, what is new, what else is not the same; `named`: with the names of the suite and its run."""
    for each in comparisons:
        yield Text()
        if named:
            yield Text(escaped(each.suite), style="bold").append(f"  {_sides(each)}", style="not bold")
            yield _counts(each)
        else:
            yield Text(f"beside {escaped(each.baseline)}: ").append_text(_counts(each))
        rows = [row for row in by_weight(each.rows) if row.is_weighty]
        news = [row for row in rows if row.finding in _NEWS]
        if news:
            yield Text()
            backends = {row.backend for row in each.rows}
            yield _table(news[:_MOST_ROWS], width, one_backend=len(backends) == 1)
            yield Text()
        for line in _rest(each, rows, width):
            yield Text(escaped(line))
        yield from _changes(each.changes)


def comparison_head(comparison: Comparison) -> Text:
    """`feedback beside BASELINE: 1 regressed, 3 unchanged`."""
    text = Text(f"{escaped(comparison.suite)} beside {escaped(comparison.baseline)}: ")
    return text.append_text(_counts(comparison))


def _sides(comparison: Comparison) -> str:
    return f"{escaped(comparison.current)} beside {escaped(comparison.baseline)}"


def _counts(comparison: Comparison) -> Text:
    counts = counts_of(row for row in comparison.rows if row.is_weighty)
    worst: Finding = next((finding for finding in _WORST_FIRST if counts[finding]), "unchanged")
    return Text(findings_text(counts), style=f"bold {_STYLES[worst]}")


def _table(rows: Sequence[Compared], width: int, *, one_backend: bool) -> Table:
    needs = width >= NARROW and any(row.n_needed for row in rows)
    names = ["variant"] if one_backend else ["variant", "backend"]
    title = level(rows)
    columns = [
        Column("verdict"),
        Column("metric", folds=True),
        *(Column(name, folds=True) for name in names),
        Column("baseline", is_right=True, leaves=2),
        Column("now", is_right=True),
        Column("change", is_right=True),
        Column(title, is_right=True, leaves=1),
        *([Column("needs", is_right=True)] if needs else []),
    ]
    shown = []
    for row in rows:
        cells = [
            Text(f"{MARKS[row.finding]} {row.finding}", style=_STYLES[row.finding]),
            Text(f"{escaped(row.metric)} {'↑' if row.higher_is_better else '↓'}"),
            *(Text(escaped(getattr(row, name))) for name in names),
            Text(in_unit(row.mean_baseline, row.unit)),
            Text(in_unit(row.mean, row.unit)),
            Text(signed(row.difference, row.unit), style="bold"),
            Text(_ends(row, is_mixed=title == "interval"), style="dim"),
            *([Text(f"{row.n_needed:,} more" if row.n_needed else "")] if needs else []),
        ]
        shown.append(cells)
    return fitted_table(columns, shown, width)


def _ends(row: Compared, *, is_mixed: bool) -> str:
    """The interval, with its level where those of the table differ."""
    ends = ends_text(row)
    if ends is None:
        return "none"
    return f"{level_text(row.confidence)}: {ends}" if is_mixed else ends


def _rest(comparison: Comparison, rows: Sequence[Compared], width: int) -> Iterator[str]:
    """What the table does not say, a line each."""
    news = [row for row in rows if row.finding in _NEWS]
    if len(news) > _MOST_ROWS:
        yield f"{len(news) - _MOST_ROWS:,} more rows: see the report"
    if width < NARROW:
        yield from _needs(news)
    if rest := _counted([row for row in rows if row.finding not in _NEWS], with_unchanged=bool(news)):
        yield rest
    amounts = [row for row in comparison.rows if not row.is_weighty]
    if amounts:
        yield f"time, tokens and cost: {findings_text(counts_of(amounts))}"
    cost = cost_text([comparison])
    if cost is not None:
        yield f"cost: {cost}"
    yield from _answers(comparison)


def _needs(rows: Sequence[Compared]) -> Iterator[str]:
    numbers = sorted(row.n_needed for row in rows if row.n_needed)
    if numbers:
        least, most = f"{numbers[0]:,}", f"{numbers[-1]:,}"
        yield f"inconclusive: about {least if least == most else f'{least} to {most}'} more samples would tell"


def _counted(rows: Sequence[Compared], *, with_unchanged: bool) -> str:
    """`unchanged: 14; not compared: 2 (why)`; without a table the head has said how much is unchanged."""
    same = sum(row.finding == "unchanged" for row in rows) if with_unchanged else 0
    lost = [row for row in rows if row.finding == "not compared"]
    parts = [f"unchanged: {same:,}"] if same else []
    if lost:
        parts.append(f"not compared: {len(lost):,} ({'; '.join(dict.fromkeys(row.reason for row in lost[:3]))})")
    return "; ".join(parts)


def _answers(comparison: Comparison) -> Iterator[str]:
    changed = changed_answers(comparison)
    if changed:
        worse = [one for one in changed if one.first.is_worse]
        least = "" if are_all_listed(comparison) else "at least "
        names = listed(dict.fromkeys(one.first.sample for one in worse[:_WORST]))
        worst = f"; the worst: {names}" if worse else ""
        yield f"answers: {least}{len(worse):,} worse, {len(changed) - len(worse):,} better{worst}"


def _changes(changes: Sequence[Change]) -> Iterator[RenderableType]:
    if changes:
        yield Text("not the same as in the baseline:")
    for change in changes[:_MOST_CHANGES]:
        yield Padding(Text(escaped(change.message)), (0, 0, 0, 2))
    if len(changes) > _MOST_CHANGES:
        yield Text(f"  {len(changes) - _MOST_CHANGES:,} more: see the report")
