"""What counts as a number of tokens or an amount, wherever an answer comes from."""

from __future__ import annotations

from typing import TypeGuard

_MOST = 2**63 - 1
"""Greatest number of tokens: what a recorded run holds (Parquet's int64)."""
_MOST_AMOUNT = 1e12
"""Greatest amount, in USD or seconds: far above any, and a run's sum of it is still a number JSON has."""


def is_count(number: object) -> TypeGuard[int]:
    """Whether it is a whole number from 0; true and false are none.

    >>> is_count(0), is_count(-1), is_count(1.0), is_count(True), is_count(2**63)
    (True, False, False, False, False)
    """
    return isinstance(number, int) and not isinstance(number, bool) and 0 <= number <= _MOST


def is_amount(number: object) -> TypeGuard[float]:
    """Whether it is a finite number from 0 whose sums stay finite; true and false are none.

    >>> is_amount(0), is_amount(0.5), is_amount(float("nan")), is_amount(10**400), is_amount(True)
    (True, True, False, False, False)
    """
    return isinstance(number, int | float) and not isinstance(number, bool) and 0 <= number <= _MOST_AMOUNT
