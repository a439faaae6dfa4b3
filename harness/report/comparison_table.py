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
    margin_text,
    not_worse,
    p_note,
    p_text,
)
from harness.report.numbers import in_unit, signed
from harness.report.tables import NARROW, Column, fitted_table, printed
from harness.wording import escaped, level_text, listed

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

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
_MOST_NAMES = 5
"""Rows that are named in one line."""


def comparison_lines(
    comparisons: Sequence[Comparison],
    *,
    width: int,
    color: bool,
    asked: Collection[str] = (),
    margin_origin: str = "",
) -> str:
    """All of it as one text of at most `width` columns, where its tables need no more.

    `asked`: metrics that are shown though they are amounts, since they were named. With `margin_origin` (see
    `margin_text`) it says which drops were tolerated.
    """
    if not comparisons:
        return "nothing to compare: no suite is in both"
    parts = comparison_parts(comparisons, width=width, named=True, asked=asked, margin_origin=margin_origin)
    return printed(parts, width=width, color=color)


def comparison_parts(
    comparisons: Sequence[Comparison],
    *,
    width: int,
    named: bool,
    asked: Collection[str] = (),
    margin_origin: str = "",
) -> Iterator[RenderableType]:
    """By suite: counts, what is new, what else is not the same; `named`: with the names of the suite and its run."""
    for each in comparisons:
        rows = [row for row in by_weight(each.rows) if row.is_weighty or row.metric in asked]
        yield Text()
        if named:
            yield Text(escaped(each.suite), style="bold").append(f"  {_sides(each)}", style="not bold")
            yield _counts(rows)
        else:
            yield Text(f"beside {escaped(each.baseline)}: ").append_text(_counts(rows))
        if margin_origin and rows:
            yield Text(escaped(margin_text(rows, margin_origin)))
        yield from _news(each, rows, width)
        yield from _changes(each.changes)


def _news(comparison: Comparison, rows: Sequence[Compared], width: int) -> Iterator[RenderableType]:
    """The table of what is new, and the lines below it."""
    news = [row for row in rows if row.finding in _NEWS]
    if news:
        backends = {row.backend for row in comparison.rows}
        yield Text()
        yield _table(news[:_MOST_ROWS], width, one_backend=len(backends) == 1)
        yield Text()
    for line in _rest(comparison, rows, width):
        yield Text(escaped(line))


def comparison_head(comparison: Comparison) -> Text:
    """`feedback beside BASELINE: 1 regressed, 3 unchanged`."""
    text = Text(f"{escaped(comparison.suite)} beside {escaped(comparison.baseline)}: ")
    return text.append_text(_counts([row for row in comparison.rows if row.is_weighty]))


def _sides(comparison: Comparison) -> str:
    return f"{escaped(comparison.current)} beside {escaped(comparison.baseline)}"


def _counts(rows: Sequence[Compared]) -> Text:
    counts = counts_of(rows)
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
        Column("before", is_right=True, leaves=2),
        Column("now", is_right=True),
        Column("change", is_right=True),
        Column(title, is_right=True, leaves=1),
        Column("n", is_right=True),
        Column("p", is_right=True),
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
            Text(f"{row.n_paired:,}"),
            Text(p_text(row).replace(" ", "")),
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
    if news:
        yield p_note(news)
    if width < NARROW:
        yield from _needs(news)
    yield from _not_worse(news)
    if rest := _counted([row for row in rows if row.finding not in _NEWS], with_unchanged=bool(news)):
        yield rest
    known = set(rows)
    amounts = [row for row in comparison.rows if row not in known]
    if any(row.n_paired for row in amounts):
        yield f"time, tokens and cost: {findings_text(counts_of(amounts))}"
    elif amounts:
        yield "time, tokens and cost: not compared, since no pair has them on both sides"
    cost = cost_text([comparison])
    if cost is not None:
        yield f"cost: {cost}"
    yield from _answers(comparison)


def _needs(rows: Sequence[Compared]) -> Iterator[str]:
    numbers = sorted(row.n_needed for row in rows if row.n_needed)
    if numbers:
        least, most = f"{numbers[0]:,}", f"{numbers[-1]:,}"
        yield f"inconclusive: about {least if least == most else f'{least} to {most}'} more samples would tell"


def _not_worse(rows: Sequence[Compared]) -> Iterator[str]:
    """Inconclusive, but no regression for all that."""
    by_margin: dict[float, list[str]] = {}
    for row in not_worse(rows):
        by_margin.setdefault(row.margin, []).append(f"{row.metric} of {row.variant} on {row.backend}")
    for margin, names in by_margin.items():
        yield f"not worse{f' by more than {margin:.12g}' if margin else ''}: {listed(names[:_MOST_NAMES])}" + (
            f" and {len(names) - _MOST_NAMES:,} more" if len(names) > _MOST_NAMES else ""
        )


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
