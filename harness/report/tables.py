"""Tables as the terminal shows them."""

from __future__ import annotations

from io import StringIO
from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import RenderableType

_MILLISECONDS_BELOW_S = 0.1
"""Times below it are shown in milliseconds."""
NARROW = 100
"""Columns of a terminal below which tables that name backends leave out what the report has."""

_WIDEST = 10_000
"""More columns than any table has."""


def make_table(*columns: str, is_tight: bool = False) -> Table:
    """A table with these headings; `>` before one aligns its column right. Nothing in it is folded or cut.

    Between columns are three spaces, or two where it `is_tight`.
    """
    padding = (0, 1, 0, 0) if is_tight else (0, 1)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=padding, show_edge=False, header_style="dim")
    for title in columns:
        right = title.startswith(">")
        table.add_column(title.removeprefix(">"), justify="right" if right else "left", no_wrap=True)
    return table


def seconds(value: float) -> str:
    """A time with its unit: `0.9 ms`, `12.3 ms`, `1.5 s`."""
    return f"{1000 * value:.3g} ms" if value < _MILLISECONDS_BELOW_S else f"{value:.3g} s"


def printed(parts: Iterable[RenderableType], *, width: int, color: bool) -> str:
    """The parts as lines of at most `width` columns; a table that needs more has them."""
    out = StringIO()
    settings: dict[str, Any] = {"force_terminal": color, "no_color": not color, "highlight": False, "emoji": False}
    ruler = Console(width=_WIDEST, **settings)
    for part in parts:
        Console(file=out, width=_fitting(part, width, ruler), **settings).print(part)
    return "\n".join(line.rstrip() for line in out.getvalue().rstrip().splitlines())


def _fitting(part: RenderableType, width: int, ruler: Console) -> int:
    """The width, or the table's own where that is more: rich would else cut the last digits of its numbers.

    What rich measures leaves some of the padding out, up to a column each: hence the margin.
    """
    if not isinstance(part, Table):
        return width
    return max(width, Measurement.get(ruler, ruler.options, part).maximum + len(part.columns))
