"""`prompt-suite metrics`: what can be measured, and what it needs."""

from __future__ import annotations

import json
import shutil
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Sequence

    from harness.schema import Measure
    from harness.score import Description

    Say = Callable[[str], None]

_HEAD = ("metric", "measures", "range", "better", "needs", "what")


def add_metrics(commands: argparse._SubParsersAction[Any], say: Say) -> None:
    """Add the command; what it has to say goes to `say`."""
    metrics = commands.add_parser("metrics", help="list the metrics: range, direction, what they need")
    metrics.add_argument("--json", action="store_true", help="as JSON, with signatures and options")

    def run(options: argparse.Namespace) -> int:
        from harness.score import described

        say(_as_json(described()) if options.json else _as_table(described()))
        return 0

    metrics.set_defaults(run=run)


def _as_json(metrics: Sequence[Description]) -> str:
    from msgspec import to_builtins

    return json.dumps([to_builtins(each) for each in metrics], indent=2)


def _as_table(metrics: Sequence[Description]) -> str:
    """One line a metric; cut at the terminal's width, if there is one."""
    rows = [_HEAD, *(_row(metric) for metric in metrics)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEAD))]
    lines = ["  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    if sys.stdout.isatty():
        columns = shutil.get_terminal_size().columns
        lines = [line if len(line) <= columns else line[: columns - 1] + "…" for line in lines]
    return "\n".join(lines)


def _row(metric: Description) -> tuple[str, ...]:
    if metric.unavailable is not None:
        return metric.name, "", "", "", "", f"not here: {metric.unavailable}"
    needs = [*metric.needs, *(f"option {name}" for name in metric.options)]
    what = metric.summary + (" (measured without being listed)" if metric.is_always else "")
    names = " ".join(measure.name for measure in metric.measures)
    first = metric.measures[0]
    return metric.name, names, _range(first), "higher" if first.higher_is_better else "lower", ", ".join(needs), what


def _range(measure: Measure) -> str:
    return f"{measure.low:g} to {'…' if measure.high is None else f'{measure.high:g}'}"
