"""comparison.parquet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import pandas as pd

    from harness.record.parquet import Group
    from harness.schema import Compared, Comparison

COMPARISON_COLUMNS = {
    "suite": "string",
    "variant": "string",
    "backend": "string",
    "metric": "string",
    "n_paired": "int64",
    "n_new": "int64",
    "n_gone": "int64",
    "mean": "double",
    "mean_baseline": "double",
    "difference": "double",
    "ci_low": "double",
    "ci_high": "double",
    "p_value": "double",
    "p_adjusted": "double",
    "verdict": "string",
    "n_needed": "int64",
    "baseline": "string",
    "reason": "string",
    "n_changed": "int64",
    "n_lost": "int64",
    "n_quarantined": "int64",
    "n_not_run": "int64",
    "n_up": "int64",
    "n_down": "int64",
    "effect": "double",
    "method": "string",
    "test": "string",
    "n_family": "int64",
    "margin": "double",
    "is_gated": "bool",
    "is_not_worse": "bool",
}
"""comparison.parquet: first the columns of the interface, in its order."""
_CALLED = {"verdict": "finding"}
"""Where the column is called otherwise than the field."""


def comparison_groups(comparisons: Iterable[Comparison]) -> Iterator[Group]:
    """One row a suite, variant, backend and measure."""
    lines = [orjson.dumps(row) for row in _rows(comparisons)]
    if lines:
        yield "lines", b"\n".join(lines)


def comparison_frame(comparisons: Iterable[Comparison]) -> pd.DataFrame:
    """The same rows as a DataFrame, with the columns of comparison.parquet."""
    import pandas as pd

    kinds = {"int64": "Int64", "double": "float64", "bool": "bool", "string": "string"}
    frame = pd.DataFrame(list(_rows(comparisons)), columns=list(COMPARISON_COLUMNS))
    return frame.astype({name: kinds[kind] for name, kind in COMPARISON_COLUMNS.items()})


def _rows(comparisons: Iterable[Comparison]) -> Iterator[dict[str, Any]]:
    for comparison in comparisons:
        for row in comparison.rows:
            yield {name: _value(row, comparison, name) for name in COMPARISON_COLUMNS}


def _value(row: Compared, comparison: Comparison, column: str) -> Any:
    return comparison.baseline if column == "baseline" else getattr(row, _CALLED.get(column, column))
