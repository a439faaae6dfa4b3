"""Cells beside a number that was promised of them → rows: a baseline that has no samples."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from harness.comparison.differences import Found, values_of
from harness.comparison.pairing import clusters_of
from harness.comparison.rows import Row, not_compared
from harness.stats import one_sample
from harness.wording import counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from harness.comparison.rows import RowKey
    from harness.schema import Measured, RegressionSpec

_SEED = 0
"""The same values give the same intervals, whenever they are compared."""


class Promised(Struct, frozen=True):
    """What somebody promised of a suite's means, such as a prompt's performance_baseline."""

    current: Measured
    """What was measured."""
    baseline: str
    """How the promise is called."""
    specs: Mapping[RowKey, RegressionSpec]
    """How each mean is judged; every one has its `target`."""


def promised_rows(promised: Promised) -> Iterator[Row]:
    """A row a promise, in the order of its keys; without a value it is not compared."""
    import numpy as np

    for key, spec in promised.specs.items():
        assert spec.target is not None
        rows, measure = promised.current.cells[key[1], key[2]], promised.current.measures[key[3]]
        every = values_of(measure.name, rows, np.arange(len(rows.samples)))
        is_held = np.array(rows.quarantined, dtype=bool) if rows.quarantined else np.zeros(len(every), dtype=bool)
        (places,) = np.nonzero(~np.isnan(every) & ~is_held)
        n_held = int(is_held.sum())
        n_not_run = sum(each == "not_run" for each, held in zip(rows.outcomes, is_held, strict=True) if not held)
        found = one_sample(
            every[places],
            spec.target,
            clusters_of(rows, places.tolist()),
            bounds=(measure.low, measure.high),
            confidence=1 - spec.alpha,
            seed=_SEED,
        )
        row = replace(
            not_compared(key, f"none of {counted(len(every) - n_held, 'trial')} has a value", spec, measure=measure),
            n_paired=len(places),
            n_lost=len(every) - len(places) - n_held - n_not_run,
            n_not_run=n_not_run,
            n_quarantined=n_held,
        )
        if found is None:
            yield Row(row, None, spec, measure)
        else:
            mean = float(every[places].mean())
            yield Row(row, Found(found.difference, found.test, mean, spec.target), spec, measure)
