"""`prompt-suite history`: a metric over runs, and whether it drifts."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.wording import counted, escaped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from rich.console import RenderableType

    from harness.series import Point, Series

    Say = Callable[[str], None]

_EXIT_DRIFT = 1
_WIDEST = 160
_PLOT, _LEAST_PLOT = 31, 15
"""Characters of an interval's drawing, and where there is little room."""
_LAST = 20


def add_history(commands: argparse._SubParsersAction[Any], say: Say) -> None:
    """Add the command; what it has to say goes to `say`."""
    command = commands.add_parser("history", help="a metric over runs, and whether it drifts")
    command.add_argument(
        "--metric", metavar="NAME", help="such as exact_match, latency_s.p95; default: each suite's first"
    )
    command.add_argument("--suite", metavar="NAME", help="default: all")
    command.add_argument("--variant", metavar="NAME", help="default: all")
    command.add_argument("--backend", metavar="NAME", help="default: all")
    command.add_argument(
        "--last", type=_count, default=_LAST, metavar="N", help=f"runs that are shown; default: {_LAST}"
    )
    command.add_argument("--format", choices=("text", "markdown", "json"), default="text", help="default: text")
    command.add_argument("--fail-on-drift", action="store_true", help="exit with 1 where one drifts to the worse")
    command.add_argument("--reports", type=Path, default=Path("reports"), metavar="DIR", help="default: reports")
    command.set_defaults(run=lambda options: _history(options, say))


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 1; write for example 20")
    return int(text)


def _history(options: argparse.Namespace, say: Say) -> int:
    from harness.series import Wanted, follow, unreadable

    wanted = Wanted(options.metric, options.suite, options.variant, options.backend)
    found = follow(options.reports, wanted)
    for line in unreadable(options.reports):
        sys.stderr.write(f"note: {escaped(line)}\n")
    shown = {"text": _text, "markdown": _markdown, "json": _json}[options.format]
    if found or options.format == "json":
        say(shown(found, options.last))
    else:
        say(f"{options.reports}: no history yet; every run adds to it; record one with: pytest --prompt-suite")
    return _EXIT_DRIFT if options.fail_on_drift and any(each.is_drifting for each in found) else 0


def _text(found: Sequence[Series], last: int) -> str:
    from rich.text import Text

    from harness.report.tables import printed

    width = min(shutil.get_terminal_size().columns, _WIDEST)
    parts: list[RenderableType] = []
    for each in found:
        parts += [*([Text()] if parts else []), *_parts(each, last, width)]
    return printed(parts, width=width, color=sys.stdout.isatty() and "NO_COLOR" not in os.environ)


def _parts(series: Series, last: int, width: int) -> Iterator[RenderableType]:
    from rich.text import Text

    yield Text(_title(series), style="bold")
    if series.points:
        yield Text()
        yield _table(series, series.points[-last:], width)
        yield Text()
    if len(series.points) > last:
        yield Text(f"{counted(len(series.points) - last, 'older run')} not shown (--last N)")
    yield Text(series.words, style="red" if series.is_drifting else "")
    for point in series.incomplete[-last:]:
        yield Text(f"incomplete, not counted: {point.date}  {point.run_id}  {_value(series, point)}, n {point.n:,}")


def _table(series: Series, points: Sequence[Point], width: int) -> RenderableType:
    """Where there is little room it goes without the date, which the run's id begins with, and draws smaller.

    The interval is then drawn only, if need be.
    """
    from rich.text import Text

    from harness.report.tables import make_table

    titles = ["date (UTC)", "run", f">{series.name}", ">95 % interval", ">n"]
    rows = [
        [point.date, point.run_id, _value(series, point), _interval(series, point), f"{point.n:,}"] for point in points
    ]
    noted = max(len(point.note) for point in points)
    plot, is_tight = _PLOT, _width(titles, rows, 3) + _PLOT + 3 + noted > width
    if is_tight:
        titles, rows = titles[1:], [row[1:] for row in rows]
        if _width(titles, rows, 2) + _LEAST_PLOT + 2 + noted > width:
            titles, rows = [*titles[:2], titles[3]], [[*row[:2], row[3]] for row in rows]
        plot = min(_PLOT, max(_LEAST_PLOT, width - _width(titles, rows, 2) - noted - (2 if noted else 0)))
    low, high = _range(points)
    table = make_table(*titles, f"{low:.3g} to {high:.3g}", *([""] if noted else []), is_tight=is_tight)
    for point, cells in zip(points, rows, strict=True):
        drawn = Text(_drawing(point, (low, high), plot), style="cyan" if point.is_comparable else "dim")
        table.add_row(*map(Text, cells), drawn, *([Text(point.note)] if noted else []))
    return table


def _width(titles: Sequence[str], rows: Sequence[Sequence[str]], gap: int) -> int:
    """Columns of the terminal that these take, each with a gap behind it."""
    columns = zip(*([title.removeprefix(">") for title in titles], *rows), strict=True)
    return sum(max(map(len, column)) + gap for column in columns)


def _title(series: Series) -> str:
    arrow = {True: " ↑", False: " ↓", None: ""}[series.higher_is_better]
    return f"{series.suite}: {series.name}{arrow} of {series.variant} on {series.backend}"


def _range(points: Sequence[Point]) -> tuple[float, float]:
    """What the drawing spans: all values and ends that are shown."""
    ends = [end for each in points for end in (each.value, each.ci_low, each.ci_high) if end is not None]
    low, high = min(ends, default=0.0), max(ends, default=1.0)
    return (low, high) if high > low else (low - 0.5, high + 0.5)


def _drawing(point: Point, ends: tuple[float, float], width: int) -> str:
    """The interval, the value as a dot: `···├──●───┤····`."""
    low, high = ends
    cells = ["·"] * width

    def place(value: float) -> int:
        return round((value - low) / (high - low) * (width - 1))

    if point.ci_low is not None and point.ci_high is not None:
        left, right = place(point.ci_low), place(point.ci_high)
        cells[left : right + 1] = "─" * (right - left + 1)
        cells[left], cells[right] = "├", "┤"
    if point.value is not None:
        cells[place(point.value)] = "●"
    return "".join(cells)


def _value(series: Series, point: Point) -> str:
    from harness.report.numbers import in_unit

    return in_unit(point.value, series.unit)


def _interval(series: Series, point: Point) -> str:
    from harness.report.numbers import in_unit

    if point.ci_low is None or point.ci_high is None:
        return "none"
    return f"{in_unit(point.ci_low, series.unit)} to {in_unit(point.ci_high, series.unit)}"


def _markdown(found: Sequence[Series], last: int) -> str:
    from harness.report.markdown import code, prose, table

    lines = []
    for series in found:
        rows = [
            [each.date, code(each.run_id), _value(series, each), _interval(series, each), f"{each.n:,}", each.note]
            for each in series.points[-last:]
        ]
        lines += [
            f"### {prose(_title(series))}",
            "",
            *table(["Date (UTC)", "Run", "Value", "95 % interval", "n", ""], rows),
        ]
        words = prose(series.words.replace("\n", "; "))
        lines += ["", f"**{words}**" if series.is_drifting else words, ""]
        lines += [f"- incomplete, not counted: {each.date}, {code(each.run_id)}" for each in series.incomplete[-last:]]
    return "\n".join(lines).rstrip()


def _json(found: Sequence[Series], last: int) -> str:
    from msgspec import to_builtins
    from msgspec.structs import replace

    shown = [replace(each, points=each.points[-last:], incomplete=each.incomplete[-last:]) for each in found]
    content = [{**to_builtins(each), "is_drifting": each.is_drifting} for each in shown]
    return json.dumps(content, indent=1, ensure_ascii=False)
