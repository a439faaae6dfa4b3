"""Tables as the terminal shows them."""

from __future__ import annotations

from rich import box
from rich.table import Table

_MILLISECONDS_BELOW_S = 0.1
"""Times below it are shown in milliseconds."""
NARROW = 100
"""Columns of a terminal below which tables that name backends leave out what the report has."""


def make_table(*columns: str) -> Table:
    """A table with these headings; `>` before one aligns its column right. Nothing in it is folded or cut."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1), show_edge=False, header_style="dim")
    for title in columns:
        right = title.startswith(">")
        table.add_column(title.removeprefix(">"), justify="right" if right else "left", no_wrap=True)
    return table


def seconds(value: float) -> str:
    """A time with its unit: `0.9 ms`, `12.3 ms`, `1.5 s`."""
    return f"{1000 * value:.3g} ms" if value < _MILLISECONDS_BELOW_S else f"{value:.3g} s"
