"""Sums of what may be unknown."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def total(amounts: Iterable[float | None]) -> float | None:
    """The sum, 0 for no amounts; None when one is unknown: a partial sum would look like the whole.

    >>> total([1, 2]), total([1, None]), total([])
    (3, None, 0)
    """
    whole: float = 0
    for amount in amounts:
        if amount is None:
            return None
        whole += amount
    return whole
