"""The gates at the end of the terminal output."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from harness.gate.numbers import number, told_apart
from harness.plugin.failure import printable
from harness.report.findings import level_of_gates
from harness.report.tables import Column, fitted_table
from harness.wording import change_range, change_text, level_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import RenderableType

    from harness.schema import Verdict

_MOST_WARNINGS = 5
"""Warnings that are told in full."""


def gate_table(verdicts: Sequence[Verdict], *, width: int, brief: bool) -> Iterator[RenderableType]:
    """By suite: gates that do not hold or warn, then a row a gate that holds, its value closest to the threshold."""
    yield _headline(verdicts)
    suites = list(dict.fromkeys(verdict.suite for verdict in verdicts))
    one_backend = len({verdict.backend for verdict in verdicts}) == 1
    names = ["variant"] if one_backend else ["variant", "backend"]
    title = level_of_gates(verdicts)
    columns = _columns(names, title)
    rows: list[list[Text]] = []
    for suite in suites:
        own = [verdict for verdict in verdicts if verdict.suite == suite]
        found = list(_gate_rows(own, names, is_mixed=title == "interval", brief=brief))
        if found and len(suites) > 1:
            rows.append([Text(), Text(printable(suite), style="bold"), *[Text()] * (len(columns) - 2)])
        rows.extend(found)
    if rows:
        yield fitted_table(columns, rows, width)
    warned = [verdict for verdict in verdicts if _warns(verdict)]
    for verdict in warned[:_MOST_WARNINGS]:
        where = f"{verdict.gate.text}, {verdict.variant} on {verdict.backend}"
        yield Text(printable(f"! {where}: {verdict.message}"), style="yellow")
    if len(warned) > _MOST_WARNINGS:
        yield Text(f"! {len(warned) - _MOST_WARNINGS} more gates warn: see the report", style="yellow")


def _warns(verdict: Verdict) -> bool:
    return verdict.passed and verdict.warns


def _headline(verdicts: Sequence[Verdict]) -> Text:
    judged = [verdict for verdict in verdicts if verdict.judged]
    unjudged = [verdict for verdict in verdicts if not verdict.judged]
    missed, warned = sum(not verdict.passed for verdict in judged), sum(map(_warns, verdicts))
    parts = [_judged(len(judged), missed)] if judged else []
    uncompared = sum(verdict.finding is not None for verdict in unjudged)
    if len(unjudged) > uncompared:
        parts.append(f"{len(unjudged) - uncompared} could not be judged, because trials were not run")
    if uncompared:
        parts.append(f"{uncompared} not judged, because nothing was compared")
    if warned:
        parts.append(f"{warned} {'warns' if warned == 1 else 'warn'}")
    style = "bold red" if missed else "bold yellow" if unjudged or warned else "bold green"
    return Text(f"gates: {'; '.join(parts)}", style=style)


def _judged(gates: int, missed: int) -> str:
    if gates == 1:
        return "the only one does not hold" if missed else "the only one holds"
    if missed in {0, gates}:
        return f"none of {gates} holds" if missed else f"all {gates} hold"
    return f"{missed} of {gates} {'does' if missed == 1 else 'do'} not hold"


def _columns(names: Sequence[str], title: str) -> list[Column]:
    """Mark, gate, parts of the cell, value, interval, n, and how many gates more hold."""
    return [
        Column(""),
        Column("gate", folds=True),
        *(Column(name, folds=True) for name in names),
        Column("value", is_right=True),
        Column(title, is_right=True, leaves=1),
        Column("n", is_right=True),
        Column(""),
    ]


def _gate_rows(
    verdicts: Sequence[Verdict], names: Sequence[str], *, is_mixed: bool, brief: bool
) -> Iterator[list[Text]]:
    held: dict[str, list[Verdict]] = {}
    for verdict in verdicts:
        if _warns(verdict):
            yield [Text("!", style="yellow"), *_gate(verdict, names, is_mixed=is_mixed), Text()]
        elif verdict.passed:
            held.setdefault(verdict.gate.text, []).append(verdict)
        elif verdict.judged:
            mark = "?" if verdict.showing == "not shown" else "✗"
            yield [Text(mark, style="red"), *_gate(verdict, names, is_mixed=is_mixed), Text()]
        else:
            yield [Text("…", style="yellow"), *_gate(verdict, names, is_mixed=is_mixed), Text()]
    for group in [] if brief else held.values():
        others = Text(f"+{len(group) - 1}" if len(group) > 1 else "", style="dim")
        yield [Text("✓", style="green"), *_gate(min(group, key=_distance), names, is_mixed=is_mixed), others]


def _distance(verdict: Verdict) -> float:
    value = verdict.aggregate.value
    return abs((value if value is not None else 0.0) - verdict.gate.threshold)


def _gate(verdict: Verdict, names: Sequence[str], *, is_mixed: bool) -> list[Text]:
    """Gate, the named parts of its cell, value, interval (`is_mixed`: with its level) and n."""
    aggregate = verdict.aggregate
    held = verdict.passed and not verdict.warns
    style = "" if held else "yellow" if verdict.passed or not verdict.judged else "red"
    where = [verdict.gate.text, *(getattr(verdict, name) for name in names)]
    cells = [Text(printable(text), style=style) for text in where]
    interval = _interval(verdict)
    if interval and is_mixed:
        interval = f"{level_text(verdict.gate.confidence)}: {interval}"
    return [*cells, Text(_value(verdict), style=style), Text(interval, style="dim"), Text(str(aggregate.n_scored))]


def _value(verdict: Verdict) -> str:
    """The number that was judged; of a regression gate the change, `0.120 lower`."""
    value, threshold = verdict.aggregate.value, verdict.gate.threshold
    if value is None:
        return "none"
    if verdict.gate.aggregation == "difference":
        return change_text(value, lambda _size: told_apart(value, threshold).removeprefix("-"))
    return told_apart(value, threshold)


def _interval(verdict: Verdict) -> str:
    """Both ends, or the one there is: few values bound a percentile on one side only."""
    low, high = verdict.aggregate.ci_low, verdict.aggregate.ci_high
    if verdict.gate.aggregation == "difference" and low is not None and high is not None:
        return change_range(low, high, number)
    if low is None:
        return "" if high is None else f"up to {number(high)}"
    return f"from {number(low)}" if high is None else f"{number(low)} to {number(high)}"
