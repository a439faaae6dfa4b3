"""The end of the terminal output: result tables, gates, what was slow or failed, totals."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from rich.text import Text

from harness.plan import item_name
from harness.plugin.chance import chance_parts
from harness.plugin.failure import AMOUNTS, printable
from harness.plugin.gate_table import gate_table
from harness.plugin.reasons import not_run_reasons, unknown_spending
from harness.report.comparison_table import comparison_head, comparison_parts
from harness.report.headline import unguarded
from harness.report.quarantine import held_text, held_trials
from harness.report.tables import Column, fitted_table, printed, seconds
from harness.wording import counted, usd

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import RenderableType
    from rich.table import Table

    from harness.schema import Aggregate, Cell, Measure, RunRecord, Suite, TrialResult

_PLOTS = ((110, 25), (90, 13))
"""Least width of the terminal, and characters of an interval's drawing; none below."""
_HELD = 3
"""Trials in quarantine that are named; the rest is counted."""
_SLOWEST = 3
"""Slow trials that are named."""


def summary_lines(record: RunRecord, *, width: int, color: bool, brief: bool) -> str:
    """All of it as one text of at most `width` columns; `brief` leaves the tables out."""
    parts: list[RenderableType] = []
    for suite in [] if brief else record.suites:
        parts.extend(_suite(suite, [cell for cell in record.cells if cell.suite == suite.name], width))
        own = [each for each in record.comparisons if each.suite == suite.name]
        parts.extend(comparison_parts(own, width=width, named=False))
        parts.extend(chance_parts(suite.name, record))
        if held := held_text(held_trials(suite, record), most=_HELD):
            parts.extend((Text(), Text(printable(held), style="yellow")))
    parts.extend(_end(record, width=width, brief=brief))
    return printed(parts, width=width, color=color)


def _suite(suite: Suite, cells: Sequence[Cell], width: int) -> Iterator[RenderableType]:
    variants = len({cell.variant for cell in cells})
    backends = list(dict.fromkeys(cell.backend for cell in cells))
    head = Text(printable(suite.name), style="bold")
    head.append(
        f"  {counted(len(suite.samples), 'sample')}, {counted(variants, 'variant')} on {printable(', '.join(backends))}"
        + (f", {suite.repeats} repeats" if suite.repeats > 1 else ""),
        style="not bold",
    )
    yield Text()
    yield head
    measures = [measure for measure in suite.measures if measure.name not in AMOUNTS]  # those are in the table of costs
    if measures:
        yield Text()
        yield _scores(measures, cells, width)
    yield Text()
    yield _costs(cells, width)


def _scores(measures: Sequence[Measure], cells: Sequence[Cell], width: int) -> Table:
    one_backend = _one_backend(cells)
    plot = next((size for least, size in _PLOTS if width >= least), 0)
    columns = [
        Column("metric", folds=True),
        *_cell_columns(one_backend=one_backend),
        Column("mean", is_right=True),
        Column("95 % interval", is_right=True),
        Column("n", is_right=True, folds=True),
        *([Column("", leaves=1)] if plot else []),
    ]
    shown: list[list[Text]] = []
    for measure in measures:
        arrow = "↑" if measure.higher_is_better else "↓"
        for aggregation, label in (("mean", f"{measure.name} {arrow}"), ("corpus", "  over the corpus")):
            rows = [(cell, found) for cell in cells if (found := _find(cell, measure.name, aggregation)) is not None]
            for index, (cell, aggregate) in enumerate(rows):
                names = _cell_names(cell, one_backend=one_backend)
                shown.append([Text("" if index else label), *names, *_numbers(aggregate, measure, plot)])
    return fitted_table(columns, shown, width)


def _numbers(aggregate: Aggregate, measure: Measure, plot: int) -> list[Text]:
    n = Text(str(aggregate.n_scored))
    if aggregate.n_failed or aggregate.n_unscored:
        missing = ((aggregate.n_unscored, "unscored"), (aggregate.n_failed, "failed"))
        n.append(" (" + ", ".join(f"{count} {what}" for count, what in missing if count) + ")", style="yellow")
    drawing = [_plot(aggregate, measure, plot)] if plot else []
    if aggregate.value is None:
        return [Text("none", style="yellow"), Text(), n, *drawing]
    digits = 1 if measure.unit == "percent" else 3
    value = Text(f"{aggregate.value:.{digits}f}", style="bold")
    if aggregate.ci_low is None or aggregate.ci_high is None:
        return [value, Text("none", style="dim"), n, *drawing]
    return [value, Text(f"{aggregate.ci_low:.{digits}f} to {aggregate.ci_high:.{digits}f}", style="dim"), n, *drawing]


def _plot(aggregate: Aggregate, measure: Measure, size: int) -> Text:
    """The interval on the measure's own range, the mean as a dot: `····├──●───┤······`."""
    if measure.high is None or aggregate.value is None or aggregate.ci_low is None or aggregate.ci_high is None:
        return Text()
    low, high = measure.low, measure.high

    def place(value: float) -> int:
        return round((min(max(value, low), high) - low) / (high - low) * (size - 1))

    cells = ["·"] * size
    left, right = place(aggregate.ci_low), place(aggregate.ci_high)
    cells[left : right + 1] = "─" * (right - left + 1)
    cells[left], cells[right] = "├", "┤"
    cells[place(aggregate.value)] = "●"
    return Text("".join(cells), style="cyan", no_wrap=True)


def _costs(cells: Sequence[Cell], width: int) -> Table:
    one_backend = _one_backend(cells)
    is_held, is_unreadable = (
        any(counts) for counts in zip(*((one.n_quarantined, one.n_unreadable) for one in cells), strict=True)
    )
    counts = ("trials", "failed", *(("quarantine",) if is_held else ()), "errors")
    columns = [
        *_cell_columns(one_backend=one_backend),
        *(Column(name, is_right=True) for name in counts),
        Column("unreadable", is_right=True, leaves=0 if is_unreadable else 1),
        Column("p95", is_right=True, leaves=3),
        Column("tokens", is_right=True, leaves=2),
        Column("cost", is_right=True),
    ]
    rows = [
        [
            *_cell_names(cell, one_backend=one_backend),
            Text(str(cell.n_trials - cell.n_not_run) + (f" of {cell.n_trials}" if cell.n_not_run else "")),
            _alarming(cell.n_failed),
            *((_alarming(cell.n_quarantined, "yellow"),) if is_held else ()),
            _alarming(cell.n_errors),
            _alarming(cell.n_unreadable, "yellow"),
            *_speed(cell),
            Text(usd(cell.cost_usd), style="yellow" if cell.cost_usd is None else ""),
        ]
        for cell in cells
    ]
    return fitted_table(columns, rows, width)


def _speed(cell: Cell) -> tuple[Text, Text]:
    """95th percentile of the latency, and mean tokens in and out."""
    latency_s = None if cell.latency_p95 is None else cell.latency_p95.value
    tokens = f"{_mean(cell, 'input_tokens')}/{_mean(cell, 'output_tokens')}"
    return Text("none" if latency_s is None else seconds(latency_s)), Text(tokens)


def _one_backend(cells: Sequence[Cell]) -> bool:
    return len({cell.backend for cell in cells}) == 1


def _cell_columns(*, one_backend: bool) -> list[Column]:
    return [Column(name, folds=True) for name in (["variant"] if one_backend else ["variant", "backend"])]


def _cell_names(cell: Cell, *, one_backend: bool) -> list[Text]:
    names = [cell.variant] if one_backend else [cell.variant, cell.backend]
    return [Text(printable(name)) for name in names]


def _alarming(count: int, style: str = "red") -> Text:
    return Text(str(count), style=style if count else "")


def _find(cell: Cell, metric: str, aggregation: str) -> Aggregate | None:
    for aggregate in cell.aggregates:
        if (aggregate.metric, aggregate.aggregation) == (metric, aggregation):
            return aggregate
    return None


def _mean(cell: Cell, metric: str) -> str:
    found = _find(cell, metric, "mean")
    return "?" if found is None or found.value is None else f"{found.value:.0f}"


def _end(record: RunRecord, *, width: int, brief: bool) -> Iterator[RenderableType]:
    if brief and record.comparisons:
        yield Text()
        yield from map(comparison_head, record.comparisons)
    if record.verdicts:
        yield Text()
        yield from gate_table(record.verdicts, width=width, brief=brief)
    yield Text()
    for line in unguarded(record.suites):
        yield Text(printable(line), style="bold yellow")
    errors = Counter(
        result.error.kind for result in record.results if result.outcome == "error" and result.error is not None
    )
    if errors:
        kinds = ", ".join(f"{count} {kind}" for kind, count in errors.most_common())
        yield Text(f"errors: {kinds}", style="red")
    for is_early, style in ((True, "dim"), (False, "red")):
        for reason in not_run_reasons([one for one in record.results if one.is_stopped_early == is_early]):
            yield Text(printable(reason), style=style)
    slow = _slow(record.results)
    if slow:
        yield Text("slowest: " + ", ".join(slow), style="dim")
    for reason in unknown_spending(record):
        yield Text(printable(reason), style="yellow")
    yield _totals(record)


def _slow(results: Sequence[TrialResult]) -> list[str]:
    called = [
        (generation.latency_s, result.trial)
        for result in results
        if (generation := result.generation) is not None
        and not generation.from_cache
        and generation.latency_s is not None
    ]
    called.sort(key=lambda pair: -pair[0])
    return [printable(item_name(trial)) + f" {seconds(latency_s)}" for latency_s, trial in called[:_SLOWEST]]


def _totals(record: RunRecord) -> Text:
    totals = record.manifest.totals
    parts = [
        counted(totals["trials"], "trial"),
        f"{totals['from_cache']} from the cache",
        counted(totals["calls"], "call"),
        f"spent {usd(totals['spent_usd'])}",
        f"{record.manifest.wall_s:.1f} s",
    ]
    text = Text(", ".join(parts))
    if not record.manifest.complete:
        unrun = totals["not_run"]
        why = f": {counted(unrun, 'trial')} not run" if unrun else ": stopped before the end"
        text.append(f"  INCOMPLETE{why}", style="bold red")
    return text
