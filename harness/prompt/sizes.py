"""How large the result of a filter, string method or operator is going to be, told before it is made.

Each function has the parameters of what it foresees and returns a size in characters (never too small); those that
cannot multiply have none.
"""

from __future__ import annotations

import re
from typing import Any

from harness.prompt.limits import MAX_BITS, MAX_SIZE, refuse

MAX_NUMBER = 100_000
"""Largest count or width that a filter or method takes."""
MAX_NEEDLE = 256
"""Longest text to look for or to strip: searching backwards and stripping cost text x needle."""
MAX_FORMAT = 10_000
"""Longest printf format."""
MAX_PRECISION = 100
"""Digits that `round` takes: more than a float has."""

_PRINTF = re.compile(r"%(?:\([^)]*\))?[#0\- +]*(?P<width>\d+|\*)?(?:\.(?P<precision>\d+|\*))?")
_WIDTH = frozenset({"batch", "center", "indent", "ljust", "rjust", "round", "slice", "truncate", "zfill"})
"""Filters and methods whose numbers are widths or counts of what they make."""
_NEEDLE = frozenset({"lstrip", "rfind", "rindex", "rpartition", "rsplit", "rstrip", "strip", "trim"})
"""Filters and methods that search without an index."""


def check_arguments(name: str, arguments: tuple[Any, ...]) -> None:
    """Raises LimitError for a width beyond MAX_NUMBER or a needle beyond MAX_NEEDLE."""
    for argument in arguments:
        if isinstance(argument, int) and abs(argument) > MAX_NUMBER and name in _WIDTH:
            refuse(f"gives {name} the number {argument:.6g}", f"numbers up to {MAX_NUMBER:,}")
        if isinstance(argument, str) and len(argument) > MAX_NEEDLE and name in _NEEDLE:
            refuse(f"gives {name} a text of {len(argument):,} characters", f"{MAX_NEEDLE} characters there")


def center(value: object, width: int = 80, fillchar: str = " ") -> int:
    """Size of `value|center(width)`, and of the methods center, ljust, rjust and zfill."""
    return len(str(value)) + width + len(fillchar)


def join(value: Any, d: object = "", attribute: object = None) -> int:
    """Size of the separators of `value|join(d)`; the items have been weighed."""
    del attribute
    return len(value) * len(str(d)) if hasattr(value, "__len__") else 0


def replace(s: object, old: object, new: object, count: int | None = None) -> int:  # noqa: PLR0917 - the filter's
    """Size of `s|replace(old, new)`."""
    text, gone, put = str(s), str(old), str(new)
    found = text.count(gone)
    if count is not None and count >= 0:
        found = min(found, count)
    return len(text) + found * (len(put) - len(gone))


def indent(s: object, width: int | str = 4, first: object = None, blank: object = None) -> int:  # noqa: PLR0917 - as above
    """Size of `s|indent(width)`."""
    del first, blank
    text = str(s)
    return len(text) + (len(text.splitlines()) + 1) * (len(width) if isinstance(width, str) else width)


def round_(value: object, precision: int = 0, method: str = "common") -> int:
    """Refuses the precisions for which Python would compute a power of ten with that many digits."""
    del value, method
    if abs(precision) > MAX_PRECISION:
        refuse(f"rounds to {precision} digits", f"{MAX_PRECISION} digits")
    return 1


def printf(value: object, *args: object, **kwargs: object) -> int:
    """Size of `value % args`, printf style."""
    text = str(value)
    if len(text) > MAX_FORMAT:
        refuse(f"formats with a text of {len(text):,} characters", f"{MAX_FORMAT:,} characters")
    widest = max((len(str(argument)) for argument in (*args, *kwargs.values())), default=0)
    total = len(text)
    for found in _PRINTF.finditer(text):
        for number in found.group("width", "precision"):
            if number == "*" or len(number or "") > len(str(MAX_SIZE)):
                refuse(f"formats with the width {number[:10]}", f"widths written out, up to {MAX_NUMBER:,}")
            total += int(number or 0)
        total += widest
    return total


def sum_(value: object, attribute: object = None, start: object = 0) -> int:
    """Refuses to add up anything but numbers: lists would be copied once an item."""
    del value, attribute
    if not isinstance(start, (int, float)):
        raise TypeError(f"sum adds numbers, start is a {type(start).__name__}")
    return 1


def power(left: object, right: object) -> None:
    """Refuses powers of integers with more than 308 digits."""
    if isinstance(left, int) and isinstance(right, int) and left.bit_length() * abs(right) > MAX_BITS:
        refuse("computes an integer of more than 308 digits", "308 digits")


FILTERS = {
    "center": center,
    "format": printf,
    "indent": indent,
    "join": join,
    "replace": replace,
    "round": round_,
    "sum": sum_,
}
"""Filter name → size of its result."""


def _method_width(text: str, width: int, fillchar: str = " ") -> int:
    return center(text, width, fillchar)


def _method_join(text: str, items: Any) -> int:
    return join(items, text)


def _method_replace(text: str, old: str, new: str, count: int = -1) -> int:  # noqa: PLR0917 - the method's
    return replace(text, old, new, count)


METHODS = {
    "center": _method_width,
    "join": _method_join,
    "ljust": _method_width,
    "replace": _method_replace,
    "rjust": _method_width,
    "zfill": _method_width,
}
"""Method of str → size of its result."""
