"""Comparisons as a terminal shows them: what is new in a table, the rest counted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct
from rich.cells import cell_len
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
    is_weighty,
    level,
    margin_text,
    not_worse,
    p_note,
    p_text,
)
from harness.report.numbers import in_unit, signed
from harness.report.tables import make_table, printed
from harness.wording import escaped, listed

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

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
_BEFORE, _NEEDS = ">before", ">needs"
"""Columns that may have to go."""


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
        rows = [row for row in by_weight(each.rows) if is_weighty(row) or row.metric in asked]
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
    columns = _columns(news, is_backend_known=len({row.backend for row in comparison.rows}) == 1)
    is_tight, columns = _fitting(columns, width)
    if news:
        yield Text()
        yield _table(news[:_MOST_ROWS], columns, is_tight=is_tight)
    for line in _rest(comparison, rows, are_needs_shown=any(column.title == _NEEDS for column in columns)):
        yield Text(escaped(line))


def comparison_head(comparison: Comparison) -> Text:
    """`feedback beside BASELINE: 1 regressed, 3 unchanged`."""
    text = Text(f"{escaped(comparison.suite)} beside {escaped(comparison.baseline)}: ")
    return text.append_text(_counts([row for row in comparison.rows if is_weighty(row)]))


def _sides(comparison: Comparison) -> str:
    return f"{escaped(comparison.current)} beside {escaped(comparison.baseline)}"


def _counts(rows: Sequence[Compared]) -> Text:
    counts = counts_of(rows)
    worst: Finding = next((finding for finding in _WORST_FIRST if counts[finding]), "unchanged")
    return Text(findings_text(counts), style=f"bold {_STYLES[worst]}")


class _Column(Struct, frozen=True):
    """A column of the table."""

    title: str
    """`>` before it: aligned right."""
    cells: tuple[str, ...]
    """What stands in it, a row each."""
    style: str = ""
    """Of all its cells."""

    @property
    def width(self) -> int:
        """Columns of the terminal that it takes."""
        return max(cell_len(text) for text in (self.title.removeprefix(">"), *self.cells))


def _columns(rows: Sequence[Compared], *, is_backend_known: bool) -> list[_Column]:
    """All that there may be, in order."""
    rows = rows[:_MOST_ROWS]

    def column(title: str, cell: Callable[[Compared], str], style: str = "") -> _Column:
        return _Column(title, tuple(escaped(cell(row)) for row in rows), style)

    found = [
        column("verdict", lambda row: f"{MARKS[row.finding]} {row.finding}"),
        column("metric", lambda row: f"{row.metric} {'↑' if row.higher_is_better else '↓'}"),
        column("variant", lambda row: row.variant),
        *([] if is_backend_known else [column("backend", lambda row: row.backend)]),
        column(_BEFORE, lambda row: in_unit(row.mean_baseline, row.unit)),
        column(">now", lambda row: in_unit(row.mean, row.unit)),
        column(">change", lambda row: signed(row.difference, row.unit), "bold"),
        column(f">{level(rows)}", lambda row: ends_text(row) or "none", "dim"),
        column(">n", lambda row: f"{row.n_paired:,}"),
        column(">p", lambda row: p_text(row).replace(" ", "")),
    ]
    if any(row.n_needed for row in rows):
        found.append(column(_NEEDS, lambda row: f"{row.n_needed:,} more" if row.n_needed else ""))
    return found


def _fitting(columns: list[_Column], width: int) -> tuple[bool, list[_Column]]:
    """The columns that fit, and whether close together: what the report has too is left out where there is no room."""
    gap, tight_gap = 3, 2
    if sum(column.width + gap for column in columns) - gap <= width:
        return False, columns
    for droppable in ((), (_NEEDS,), (_NEEDS, "interval"), (_NEEDS, "interval", _BEFORE)):
        kept = [column for column in columns if not column.title.endswith(droppable)] if droppable else columns
        if sum(column.width + tight_gap for column in kept) - tight_gap <= width:
            break
    return True, kept


def _table(rows: Sequence[Compared], columns: Sequence[_Column], *, is_tight: bool) -> Table:
    table = make_table(*(column.title for column in columns), is_tight=is_tight)
    for place, row in enumerate(rows):
        verdict, *others = columns
        shown = [Text(column.cells[place], style=column.style) for column in others]
        table.add_row(Text(verdict.cells[place], style=_STYLES[row.finding]), *shown)
    return table


def _rest(comparison: Comparison, rows: Sequence[Compared], *, are_needs_shown: bool) -> Iterator[str]:
    """What the table does not say, a line each."""
    news = [row for row in rows if row.finding in _NEWS]
    if len(news) > _MOST_ROWS:
        yield f"{len(news) - _MOST_ROWS:,} more rows: see the report"
    if news:
        yield p_note(news)
    if not are_needs_shown:
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
