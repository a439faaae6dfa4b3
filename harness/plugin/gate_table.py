"""The gates at the end of the terminal output."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from harness.gate.numbers import number, told_apart
from harness.plugin.failure import printable
from harness.report.tables import NARROW, make_table

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
    roomy = one_backend or width >= NARROW
    table = make_table("", "gate", *names, ">value", *([">95 % interval"] if roomy else []), ">n", "")
    for suite in suites:
        own = [verdict for verdict in verdicts if verdict.suite == suite]
        rows = list(_gate_rows(own, names, roomy=roomy, brief=brief))
        if rows and len(suites) > 1:
            table.add_row("", Text(printable(suite), style="bold"))
        for row in rows:
            table.add_row(*row)
    if table.row_count:
        yield table
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


def _gate_rows(verdicts: Sequence[Verdict], names: Sequence[str], *, roomy: bool, brief: bool) -> Iterator[list[Text]]:
    held: dict[str, list[Verdict]] = {}
    for verdict in verdicts:
        if _warns(verdict):
            yield [Text("!", style="yellow"), *_gate(verdict, names, roomy=roomy), Text()]
        elif verdict.passed:
            held.setdefault(verdict.gate.text, []).append(verdict)
        elif verdict.judged:
            mark = "?" if verdict.showing == "not shown" else "✗"
            yield [Text(mark, style="red"), *_gate(verdict, names, roomy=roomy), Text()]
        else:
            yield [Text("…", style="yellow"), *_gate(verdict, names, roomy=roomy), Text()]
    for group in [] if brief else held.values():
        others = Text(f"+{len(group) - 1}" if len(group) > 1 else "", style="dim")
        yield [Text("✓", style="green"), *_gate(min(group, key=_distance), names, roomy=roomy), others]


def _distance(verdict: Verdict) -> float:
    value = verdict.aggregate.value
    return abs((value if value is not None else 0.0) - verdict.gate.threshold)


def _gate(verdict: Verdict, names: Sequence[str], *, roomy: bool) -> list[Text]:
    """Gate, the named parts of its cell, value, interval and n."""
    aggregate = verdict.aggregate
    held = verdict.passed and not verdict.warns
    style = "" if held else "yellow" if verdict.passed or not verdict.judged else "red"
    value = "none" if aggregate.value is None else told_apart(aggregate.value, verdict.gate.threshold)
    if verdict.gate.aggregation == "difference":
        value = f"{_plus(aggregate.value)}{value}"
    where = [verdict.gate.text, *(getattr(verdict, name) for name in names)]
    cells = [Text(printable(text), style=style) for text in where]
    drawn = [Text(_interval(verdict), style="dim")] if roomy else []
    return [*cells, Text(value, style=style), *drawn, Text(str(aggregate.n_scored))]


def _plus(difference: float | None) -> str:
    return "+" if difference is not None and difference > 0 else ""


def _interval(verdict: Verdict) -> str:
    """Both ends, or the one there is: few values bound a percentile on one side only."""
    low, high = verdict.aggregate.ci_low, verdict.aggregate.ci_high
    if verdict.gate.aggregation == "difference" and low is not None and high is not None:
        return f"{_plus(low)}{number(low)} to {_plus(high)}{number(high)}"
    if low is None:
        return "" if high is None else f"up to {number(high)}"
    return f"from {number(low)}" if high is None else f"{number(low)} to {number(high)}"
