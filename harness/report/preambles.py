"""The preamble rate of each row: how many answers begin with talk, which `preamble_free` tells the other way round."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from harness.report.numbers import interval, sizes

if TYPE_CHECKING:
    from collections.abc import Iterable

    from harness.schema import Aggregate, Cell

_METRIC = "preamble_free"


def preamble_rates(cells: Iterable[Cell]) -> str | None:
    """`Preamble rate, …: zero_shot on app 44.0 % (31.2 to 57.7, n 50), …`; None where it is not measured."""
    shown = [
        f"{cell.variant} on {cell.backend} {_rate(aggregate)}"
        for cell in cells
        for aggregate in cell.aggregates
        if (aggregate.metric, aggregate.aggregation) == (_METRIC, "mean") and aggregate.value is not None
    ]
    lead = "Preamble rate (answers in which talk comes first, with 95 % interval)"
    return f"{lead}: {'; '.join(shown)}." if shown else None


def _rate(aggregate: Aggregate) -> str:
    turned = replace(
        aggregate,
        value=_percent(aggregate.value),
        ci_low=_percent(aggregate.ci_high),
        ci_high=_percent(aggregate.ci_low),
    )
    return f"{turned.value:.1f} % ({interval(turned, 'percent')}, {sizes(turned)})"


def _percent(share: float | None) -> float | None:
    return None if share is None else 100 * (1 - share)
