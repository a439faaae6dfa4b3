"""Tables as the terminal shows them."""

from __future__ import annotations

from rich import box
from rich.table import Table


def make_table(*columns: str) -> Table:
    """A table with these headings; `>` before a heading aligns its column right."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1), show_edge=False, header_style="dim")
    for title in columns:
        right = title.startswith(">")
        table.add_column(title.removeprefix(">"), justify="right" if right else "left", no_wrap=right)
    return table
