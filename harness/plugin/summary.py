"""The end of the terminal output: result tables, gates, what was slow or failed, totals."""

from __future__ import annotations

from collections import Counter
from io import StringIO
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from harness.plugin.failure import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import RenderableType

    from harness.schema import Aggregate, Cell, Measure, RunRecord, Suite, TrialResult, Verdict

_PLOT = 21
"""Characters of an interval's drawing."""
_MEASURED = {"latency_s", "input_tokens", "output_tokens", "cached_input_tokens", "cost_usd"}
"""Measures of every trial: they are in the table of costs, not in the table of scores."""
_SLOWEST = 3
"""Slow trials that are named."""


def summary_lines(record: RunRecord, *, width: int, color: bool, brief: bool) -> str:
    """All of it as one text of at most `width` columns; `brief` leaves the tables out."""
    out = StringIO()
    console = Console(file=out, width=width, force_terminal=color, no_color=not color, highlight=False, emoji=False)
    for suite in record.suites:
        cells = [cell for cell in record.cells if cell.suite == suite.name]
        if not brief:
            console.print(Group(*_suite(suite, cells)))
    for part in _end(record):
        console.print(part)
    return "\n".join(line.rstrip() for line in out.getvalue().rstrip().splitlines())


def _suite(suite: Suite, cells: Sequence[Cell]) -> Iterator[RenderableType]:
    variants = len({cell.variant for cell in cells})
    backends = sorted({cell.backend for cell in cells})
    head = Text(printable(suite.name), style="bold")
    head.append(
        f"  {_count(len(suite.samples), 'sample')}, {_count(variants, 'variant')} on {printable(', '.join(backends))}"
        + (f", {suite.repeats} repeats" if suite.repeats > 1 else ""),
        style="not bold",
    )
    yield Text()
    yield head
    measures = [measure for measure in suite.measures if measure.name not in _MEASURED]
    if measures:
        yield _scores(measures, cells)
    yield _costs(cells)


def _table(*columns: tuple[str, str]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1), show_edge=False, header_style="dim")
    for title, justify in columns:
        table.add_column(title, justify=justify, no_wrap=justify == "right")  # type: ignore[arg-type]
    return table


def _scores(measures: Sequence[Measure], cells: Sequence[Cell]) -> Table:
    table = _table(
        ("metric", "left"), ("variant", "left"), ("backend", "left"), ("mean", "right"), ("95 % interval", "right"),
        ("n", "right"), ("", "left"),
    )  # fmt: skip
    for measure in measures:
        arrow = "↑" if measure.higher_is_better else "↓"
        label = f"{measure.name} {arrow}"
        for cell in cells:
            for aggregate in cell.aggregates:
                if aggregate.metric == measure.name:
                    name = label if aggregate.aggregation == "mean" else f"  over the {aggregate.aggregation}"
                    table.add_row(Text(name), *_cell_names(cell), *_numbers(aggregate, measure))
                    label = ""
    return table


def _numbers(aggregate: Aggregate, measure: Measure) -> tuple[Text, Text, Text, Text]:
    n = Text(str(aggregate.n_scored))
    if aggregate.n_failed or aggregate.n_unscored:
        missing = ((aggregate.n_unscored, "unscored"), (aggregate.n_failed, "failed"))
        n.append(" (" + ", ".join(f"{count} {what}" for count, what in missing if count) + ")", style="yellow")
    if aggregate.value is None:
        return Text("none", style="yellow"), Text(), n, Text()
    digits = 1 if measure.unit == "percent" else 3
    value = Text(f"{aggregate.value:.{digits}f}", style="bold")
    if aggregate.ci_low is None or aggregate.ci_high is None:
        return value, Text("none" if aggregate.aggregation == "mean" else "", style="dim"), n, Text()
    interval = Text(f"{aggregate.ci_low:.{digits}f} to {aggregate.ci_high:.{digits}f}", style="dim")
    return value, interval, n, _plot(aggregate, measure)


def _plot(aggregate: Aggregate, measure: Measure) -> Text:
    """The interval on the measure's own range, the mean as a dot: `    ├──●───┤      `."""
    if measure.high is None or aggregate.value is None or aggregate.ci_low is None or aggregate.ci_high is None:
        return Text()
    low, high = measure.low, measure.high
    if not low <= aggregate.value <= high:
        return Text()

    def place(value: float) -> int:
        return round((min(max(value, low), high) - low) / (high - low) * (_PLOT - 1))

    cells = ["·"] * _PLOT
    left, right = place(aggregate.ci_low), place(aggregate.ci_high)
    cells[left : right + 1] = "─" * (right - left + 1)
    cells[left], cells[right] = "├", "┤"
    cells[place(aggregate.value)] = "●"
    return Text("".join(cells), style="cyan")


def _costs(cells: Sequence[Cell]) -> Table:
    table = _table(
        ("variant", "left"), ("backend", "left"), ("trials", "right"), ("failed", "right"), ("errors", "right"),
        ("unreadable", "right"), ("p95 latency", "right"), ("tokens in/out", "right"), ("cost", "right"),
    )  # fmt: skip
    for cell in cells:
        table.add_row(
            *_cell_names(cell),
            Text(str(cell.n_trials - cell.n_not_run) + (f" of {cell.n_trials}" if cell.n_not_run else "")),
            _alarming(cell.n_failed),
            _alarming(cell.n_errors),
            _alarming(cell.n_unreadable, "yellow"),
            Text(
                "none"
                if cell.latency_p95 is None or cell.latency_p95.value is None
                else f"{cell.latency_p95.value:.3g} s"
            ),
            Text(f"{_mean(cell, 'input_tokens')}/{_mean(cell, 'output_tokens')}"),
            Text("unknown", style="yellow") if cell.cost_usd is None else Text(f"${cell.cost_usd:.4g}"),
        )
    return table


def _cell_names(cell: Cell) -> tuple[Text, Text]:
    return Text(printable(cell.variant)), Text(printable(cell.backend))


def _alarming(count: int, style: str = "red") -> Text:
    return Text(str(count), style=style if count else "")


def _mean(cell: Cell, metric: str) -> str:
    for aggregate in cell.aggregates:
        if aggregate.metric == metric and aggregate.value is not None:
            return f"{aggregate.value:.0f}"
    return "?"


def _end(record: RunRecord) -> Iterator[RenderableType]:
    if record.verdicts:
        yield Text()
        yield from _gates(record.verdicts)
    yield Text()
    errors = Counter(
        result.error.kind for result in record.results if result.outcome == "error" and result.error is not None
    )
    if errors:
        kinds = ", ".join(f"{count} {kind}" for kind, count in errors.most_common())
        yield Text(f"errors: {kinds}", style="red")
    slow = _slow(record.results)
    if slow:
        yield Text("slowest: " + ", ".join(slow), style="dim")
    yield _totals(record)


def _gates(verdicts: Sequence[Verdict]) -> Iterator[RenderableType]:
    missed = [verdict for verdict in verdicts if not verdict.passed]
    yield Text(
        f"gates: all {len(verdicts)} hold" if not missed else f"gates: {len(missed)} of {len(verdicts)} do not hold",
        style="bold green" if not missed else "bold red",
    )
    for verdict in [*missed, *(verdict for verdict in verdicts if verdict.passed)]:
        line = Text("  ✓ " if verdict.passed else "  ✗ ", style="green" if verdict.passed else "red")
        scope = printable(f"{verdict.suite}, {verdict.variant} on {verdict.backend}: ")
        line.append(scope, style="dim")
        line.append(printable(verdict.message), style="" if verdict.passed else "red")
        yield line


def _slow(results: Sequence[TrialResult]) -> list[str]:
    called = [result for result in results if result.generation is not None and not result.generation.from_cache]
    called.sort(key=lambda result: -(result.generation.latency_s if result.generation else 0))
    return [
        printable(f"{result.trial.variant}[{result.trial.backend}-{result.trial.sample.sample_id}] ")
        + f"{result.generation.latency_s:.3g} s"
        for result in called[:_SLOWEST]
        if result.generation is not None
    ]


def _totals(record: RunRecord) -> Text:
    totals = record.manifest.totals
    spent = "unknown (a backend has no price)" if totals["spent_usd"] is None else f"${totals['spent_usd']:.4g}"
    parts = [
        _count(totals["trials"], "trial"),
        f"{totals['from_cache']} from the cache",
        _count(totals["calls"], "call"),
        f"cost {spent}",
        f"{record.manifest.wall_s:.1f} s",
    ]
    text = Text(", ".join(parts))
    if not record.manifest.complete:
        text.append("  INCOMPLETE", style="bold red")
    return text


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"
