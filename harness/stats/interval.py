"""A number with its uncertainty."""

from __future__ import annotations

from msgspec import Struct


class Interval(Struct, frozen=True):
    """An estimate with a two-sided confidence interval."""

    value: float
    """The estimate itself."""
    low: float | None
    """Lower end; None where none is defined."""
    high: float | None
    """Upper end; None where none is defined."""
    method: str
    """`wilson`, `t`, `equal` and `order statistics`, alone or with `cluster-`, `bootstrap`, or `none` without one."""
    n: int
    """Values behind it."""
    n_clusters: int | None
    """Independent units behind it; None when each value is one."""
