"""Recorded samples with their results under both prompts, and the same in columns."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    import numpy as np
    from numpy.typing import NDArray

    from harness.comparison.one_sided import PValue

    Numbers = NDArray[np.float64]
    Rows = NDArray[np.intp]

ERRORS = "errors"
"""The share of samples without an answer, watched like a metric."""


class Served(Struct, frozen=True, kw_only=True):
    """One recorded sample under both prompts."""

    sample_id: str
    values: Mapping[str, tuple[float | None, float | None]]
    """Metric → its value under OLD and under NEW; None where it has none."""
    tier: str | None = None
    """Whose request it is, such as `free`; None where that is not recorded."""
    cluster: str | None = None
    """Samples of one cluster are not independent; None for a sample of its own. Repeats of a sample are a cluster."""
    errors: tuple[bool, bool] = (False, False)
    """Whether OLD and NEW failed to answer."""


class Watched(Struct, frozen=True):
    """A metric that NEW must not worsen."""

    metric: str
    higher_is_better: bool = True
    margin: float = 0.0
    """How much worse NEW may be, in the metric's unit, 0 or more."""
    span: float = 1.0
    """Width of the metric's range: 100 for BLEU; 1 where it has none."""


class Column(Struct, frozen=True):
    """The pairs of one metric."""

    watched: Watched
    rows: Rows
    """Numbers of the samples that have both values."""
    old: Numbers
    new: Numbers
    clusters: Rows | None

    def p_worse(self, test: PValue, seen: NDArray[np.bool_]) -> float:
        """The test's p-value over the pairs that were seen, differences turned so that above 0 is better."""
        import numpy as np

        sign = 1.0 if self.watched.higher_is_better else -1.0
        differences = sign * (self.new[seen] - self.old[seen]) / self.watched.span
        clusters = None
        if self.clusters is not None:
            clusters = np.unique(self.clusters[seen], return_inverse=True)[1]
        return test(differences, -self.watched.margin / self.watched.span, clusters)


class Table(Struct, frozen=True):
    """Served samples in columns."""

    n: int
    tiers: NDArray[Any] | None
    """None where no sample has one."""
    columns: tuple[Column, ...]


def served_table(served: Sequence[Served], watched: Sequence[Watched]) -> Table:
    """The watched metrics in columns, errors last.

    Raises:
        ValueError: nothing was served, a metric has no pair, is named twice or has a margin below 0 or a span of 0, or
            a value is not finite.

    """
    import numpy as np

    if not served:
        raise ValueError("no recorded samples; allowed: at least one")
    _check(watched)
    clusters = _clusters(served)
    columns = [_column(served, each, clusters) for each in watched]
    columns.append(_errors(served, clusters))
    tiers = np.array([each.tier for each in served], dtype=object)
    return Table(len(served), None if all(each.tier is None for each in served) else tiers, tuple(columns))


def _clusters(served: Sequence[Served]) -> Rows | None:
    """The number of each sample's cluster; None where each is one of its own."""
    import numpy as np

    names = [("", each.sample_id) if each.cluster is None else ("cluster", each.cluster) for each in served]
    numbers = {name: number for number, name in enumerate(dict.fromkeys(names))}
    return None if len(numbers) == len(served) else np.array([numbers[name] for name in names])


def _column(served: Sequence[Served], watched: Watched, clusters: Rows | None) -> Column:
    import numpy as np

    rows, old, new = [], [], []
    for row, each in enumerate(served):
        one, two = each.values.get(watched.metric, (None, None))
        if one is None or two is None:
            continue
        if not (math.isfinite(one) and math.isfinite(two)):
            raise ValueError(
                f"sample '{each.sample_id}': {watched.metric} is {one} and {two}; allowed: finite numbers or None"
            )
        rows.append(row)
        old.append(one)
        new.append(two)
    if not rows:
        raise ValueError(f"metric '{watched.metric}': no sample has it under both prompts; watch another one")
    at = np.array(rows, dtype=np.intp)
    return Column(watched, at, np.array(old, dtype=float), np.array(new, dtype=float), _of(clusters, at))


def _errors(served: Sequence[Served], clusters: Rows | None) -> Column:
    import numpy as np

    old, new = (np.array([each.errors[side] for each in served], dtype=float) for side in (0, 1))
    return Column(Watched(ERRORS, higher_is_better=False), np.arange(len(served)), old, new, clusters)


def _of(clusters: Rows | None, rows: Rows) -> Rows | None:
    return None if clusters is None else clusters[rows]


def _check(watched: Sequence[Watched]) -> None:
    names = [each.metric for each in watched]
    for each in watched:
        if names.count(each.metric) > 1 or each.metric == ERRORS:
            raise ValueError(f"metric '{each.metric}' is watched twice; allowed: once ('{ERRORS}' always is)")
        if not each.margin >= 0:
            raise ValueError(f"metric '{each.metric}': margin is {each.margin}; allowed: 0 or more")
        if not each.span > 0:
            raise ValueError(f"metric '{each.metric}': span is {each.span}; allowed: above 0")
