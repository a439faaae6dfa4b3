"""Numbers as people read them: three digits that mean something, and the unit."""

from __future__ import annotations

_UNITS = {"_s": " s", "_usd": " USD"}
_MANY = 1000
"""From here on a value needs no decimals."""
_DIGITS = 3
"""Significant digits of a value that need not be told apart from another."""
_MOST_DIGITS = 12
"""Digits beyond which a float's own rounding would show."""


def unit(metric: str) -> str:
    """What stands behind a value of this measure: its name ends with it; empty for scores and counts."""
    return next((text for ending, text in _UNITS.items() if metric.endswith(ending)), "")


def number(value: float, digits: int = _DIGITS) -> str:
    """`value` with `digits` significant digits and no exponent; whole numbers and thousands without decimals.

    >>> number(0.63333), number(12.0), number(1234.56), number(0.00001234)
    ('0.633', '12', '1,235', '0.0000123')
    """
    if value == int(value) or (abs(value) >= _MANY and digits == _DIGITS):
        return f"{value:,.0f}"
    exponent = int(f"{value:e}".partition("e")[2])
    return f"{value:,.{min(max(digits - 1 - exponent, 0), _MOST_DIGITS)}f}"


def told_apart(value: float, threshold: float, digits: int = _DIGITS) -> str:
    """`value` with as many digits, from `digits` on, as it takes to see on which side of `threshold` it lies.

    >>> told_apart(0.61, 0.6), told_apart(0.5996, 0.6), told_apart(0.6, 0.6)
    ('0.610', '0.5996', '0.600')
    >>> told_apart(1.4867, 0.1, 2), told_apart(0.0998, 0.1, 2)
    ('1.5', '0.0998')
    """
    for enough in range(digits, _MOST_DIGITS):
        text = number(value, enough)
        if _side(float(text.replace(",", "")), threshold) == _side(value, threshold):
            return text
    return repr(value)


def _side(value: float, threshold: float) -> int:
    return (value > threshold) - (value < threshold)
