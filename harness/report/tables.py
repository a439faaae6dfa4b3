"""Tables as the terminal shows them."""

from __future__ import annotations

from io import StringIO
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from rich.console import RenderableType
    from rich.text import Text

_MILLISECONDS_BELOW_S = 0.1
"""Times below it are shown in milliseconds."""
NARROW = 100
"""Columns of a terminal below which tables that name backends leave out what the report has."""

_WIDEST = 10_000
"""More columns than any table has."""
_GAPS = (3, 2)
"""Blanks between two columns where there is room, and where there is not."""
_LONG_WORD = 20
"""Characters beyond which a word is folded, too."""


class Column(Struct, frozen=True):
    """A column of a table that fits its terminal."""

    title: str
    """Its heading."""
    is_right: bool = False
    """Whether it is set to the right, as numbers are."""
    folds: bool = False
    """Whether its texts may go on in a further line; numbers may not."""
    leaves: int = 0
    """Its turn to be left out where there is no room, 1 first; 0: it stays."""


def fitted_table(columns: Sequence[Column], rows: Sequence[Sequence[Text]], width: int) -> Table:
    """The table in at most `width` columns of a terminal, if that can be.

    Where there is no room the blanks between columns become fewer, then columns are left out, then texts are folded;
    numbers are never cut.
    """
    sizes = [
        max([len(column.title), *(row[at].cell_len for row in rows)], default=0) for at, column in enumerate(columns)
    ]
    kept = list(range(len(columns)))
    for at in sorted((at for at in kept if columns[at].leaves), key=lambda at: columns[at].leaves):
        if _total(sizes, kept, _GAPS[-1]) > width:
            kept.remove(at)
    gap = next((gap for gap in _GAPS if _total(sizes, kept, gap) <= width), _GAPS[-1])
    folding = [at for at in kept if columns[at].folds]
    least = {at: min(_LONG_WORD, _longest_word(columns[at].title, (row[at] for row in rows))) for at in folding}
    shown = _folded(sizes, least, _total(sizes, kept, gap) - width)
    table = _empty_table(gap)
    for at in kept:
        is_folded = shown[at] < sizes[at]
        table.add_column(
            columns[at].title,
            justify="right" if columns[at].is_right else "left",
            no_wrap=not is_folded,
            overflow="fold",
            width=shown[at] if is_folded else None,
        )
    for row in rows:
        table.add_row(*(row[at] for at in kept))
    return table


def _total(sizes: Sequence[int], kept: Sequence[int], gap: int) -> int:
    return sum(sizes[at] for at in kept) + gap * (len(kept) - 1)


def _longest_word(title: str, texts: Iterable[Text]) -> int:
    return max(
        (cell_len(word) for text in (title, *(text.plain for text in texts)) for word in text.split()), default=0
    )


def _folded(sizes: Sequence[int], least: Mapping[int, int], excess: int) -> list[int]:
    """The widths of the columns: those that may be folded give way as far as they may, the widest first."""
    shown = list(sizes)
    for _ in range(excess):
        giving = [at for at in least if shown[at] > least[at]]
        if not giving:
            break
        shown[max(giving, key=lambda at: shown[at])] -= 1
    return shown


def _empty_table(gap: int) -> Table:
    padding = (0, 1, 0, gap - 2)
    return Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=padding, show_edge=False, header_style="dim")


def make_table(*columns: str, is_tight: bool = False) -> Table:
    """A table with these headings; `>` before one aligns its column right. Nothing in it is folded or cut.

    Between columns are three spaces, or two where it `is_tight`.
    """
    table = _empty_table(_GAPS[1] if is_tight else _GAPS[0])
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
