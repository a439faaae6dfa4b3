"""What the end of the terminal output says of chance: noise, samples that pass sometimes, what gates can see."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from harness.plugin.failure import printable
from harness.report.noise import flaky_text, remedy_text, share
from harness.report.tables import make_table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import RenderableType
    from rich.table import Table

    from harness.schema import Noise, RunRecord

_MOST = 3
"""Samples that pass sometimes that are named; the rest is counted."""


def chance_parts(suite: str, record: RunRecord) -> Iterator[RenderableType]:
    """Of one suite; nothing where nothing was repeated and no regression gate asks."""
    noises = [each for each in record.chance.noises if each.suite == suite]
    if noises:
        yield Text()
        yield _noise(noises)
    told = flaky_text([each for each in record.chance.flaky if each.suite == suite], most=_MOST)
    sights = [each for each in record.chance.sights if each.suite == suite]
    if told or sights:
        yield Text()
    if told:
        yield Text(printable(told), style="yellow")
    for sight in sights:
        yield Text(printable(sight.message), style="yellow" if sight.warns else "dim")


def _noise(noises: Sequence[Noise]) -> Table:
    """Shares of the variance, and what halves the error of the mean; verdicts only where judges gave several."""
    judged = any(each.ratings is not None for each in noises)
    verdicts = (">verdicts",) if judged else ()
    table = make_table("noise between", ">samples", ">answers", *verdicts, "half the error of the mean takes")
    for each in noises:
        levels = (each.samples, each.generations, *((each.ratings,) if judged else ()))
        table.add_row(Text(printable(each.metric)), *(Text(share(level, each)) for level in levels),
                      Text(remedy_text(each)))  # fmt: skip
    return table
