"""The gates at the end of the terminal output."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from harness.gate.numbers import number, told_apart
from harness.plugin.failure import printable
from harness.plugin.layout import NARROW, make_table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import RenderableType

    from harness.schema import Aggregate, Verdict


def gate_table(verdicts: Sequence[Verdict], *, width: int, brief: bool) -> Iterator[RenderableType]:
    """By suite: each gate that does not hold, then a row a gate that holds, its value closest to the threshold."""
    judged = [verdict for verdict in verdicts if verdict.judged]
    missed = sum(not verdict.passed for verdict in judged)
    style = "bold red" if missed else "bold green" if len(judged) == len(verdicts) else "bold yellow"
    yield Text(_headline(len(judged), missed, unjudged=len(verdicts) - len(judged)), style=style)
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


def _headline(gates: int, missed: int, *, unjudged: int) -> str:
    if unjudged:
        begin = f"{_headline(gates, missed, unjudged=0)}; " if gates else "gates: "
        return f"{begin}{unjudged} could not be judged, because trials were not run"
    if gates == 1:
        return "gates: the only one does not hold" if missed else "gates: the only one holds"
    if missed in {0, gates}:
        return f"gates: none of {gates} holds" if missed else f"gates: all {gates} hold"
    return f"gates: {missed} of {gates} {'does' if missed == 1 else 'do'} not hold"


def _gate_rows(verdicts: Sequence[Verdict], names: Sequence[str], *, roomy: bool, brief: bool) -> Iterator[list[Text]]:
    held: dict[str, list[Verdict]] = {}
    for verdict in verdicts:
        if verdict.passed:
            held.setdefault(verdict.gate.text, []).append(verdict)
        elif verdict.judged:
            yield [Text("✗", style="red"), *_gate(verdict, names, roomy=roomy), Text()]
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
    style = "" if verdict.passed else "red" if verdict.judged else "yellow"
    value = "none" if aggregate.value is None else told_apart(aggregate.value, verdict.gate.threshold)
    where = [verdict.gate.text, *(getattr(verdict, name) for name in names)]
    cells = [Text(printable(text), style=style) for text in where]
    drawn = [Text(_interval(aggregate), style="dim")] if roomy else []
    return [*cells, Text(value, style=style), *drawn, Text(str(aggregate.n_scored))]


def _interval(aggregate: Aggregate) -> str:
    """Both ends, or the one there is: few values bound a percentile on one side only."""
    low, high = aggregate.ci_low, aggregate.ci_high
    if low is None:
        return "" if high is None else f"up to {number(high)}"
    return f"from {number(low)}" if high is None else f"{number(low)} to {number(high)}"
