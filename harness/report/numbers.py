"""Numbers as people read them: by unit, with what is not known said in words."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from harness.wording import usd

if TYPE_CHECKING:
    from harness.schema import Aggregate

ABSENT = "\u2013"
"""What stands where there is no number: an en dash."""

_MINUTE_S = 60
_HOUR_S = 3600


def in_unit(value: float | None, unit: str) -> str:
    """The value without its unit, as many digits as the unit bears; ABSENT for None or what is not finite."""
    if value is None or not math.isfinite(value):
        return ABSENT
    if unit == "usd":
        return usd(value)
    if unit == "tokens":
        return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.1f}"
    if unit == "percent":
        return f"{value:.1f}"
    return f"{value:.2f}" if unit == "s" and abs(value) >= 1 else f"{value:.3f}"


def signed(value: float | None, unit: str) -> str:
    """A difference with its sign, rounded as the value is; ABSENT for None. What rounds to nothing has no sign.

    >>> signed(0.12, "score"), signed(-0.0401, "score"), signed(-0.00001, "score"), signed(0.00002, "usd")
    ('+0.120', '-0.040', '0.000', '+$0.00002')
    """
    text = in_unit(None if value is None else abs(value), unit)
    if value is None or not any(digit in text for digit in "123456789"):
        return text
    return f"{'-' if value < 0 else '+'}{text}"


def percent(share: float, digits: int = 0) -> str:
    """A share with so many digits: neither nothing nor everything where it is only nearly so.

    >>> [percent(share) for share in (0, 0.002, 0.034, 0.996, 1)], percent(0.0004, 1), percent(0.0342, 1)
    (['0 %', '<1 %', '3 %', '>99 %', '100 %'], '<0.1 %', '3.4 %')
    """
    least = 0.01 / 10**digits
    if 0 < share < least:
        return f"<{100 * least:.{digits}f} %"
    if 1 - least < share < 1:
        return f">{100 * (1 - least):.{digits}f} %"
    return f"{100 * share:.{0 if share in (0, 1) else digits}f} %"


def count(value: float | None) -> str:
    """`12,480`; None is `unknown`."""
    return "unknown" if value is None else f"{value:,.0f}"


def duration(seconds: float) -> str:
    """`0.4 s`, `42 s`, `3 min 05 s`, `2 h 04 min`."""
    if seconds < 10:  # noqa: PLR2004 - below ten seconds the tenth is worth showing
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < _MINUTE_S:
        return f"{whole} s"
    if whole < _HOUR_S:
        return f"{whole // _MINUTE_S} min {whole % _MINUTE_S:02d} s"
    return f"{whole // _HOUR_S} h {whole % _HOUR_S // _MINUTE_S:02d} min"


def moment(iso: str) -> str:
    """`2026-11-22 20:18 UTC` from an ISO 8601 time; anything else as it is."""
    date, mark, time = iso.partition("T")
    return f"{date} {time[:5]} UTC" if mark and len(time) >= len("20:18") else iso


def commit(name: str | None) -> str:
    """The first twelve digits of a commit, with the `+` of a checkout that is not clean; None is `unknown`."""
    if name is None:
        return "unknown"
    digits, unclean = name.rstrip("+"), name.endswith("+")
    return f"{digits[:12]}{'+' if unclean else ''}"


def interval(aggregate: Aggregate, unit: str) -> str:
    """`0.490 to 0.731`; `from 0.490` where so few values bound nothing above; or `no interval`."""
    if aggregate.ci_high is None:
        return "no interval" if aggregate.ci_low is None else f"from {in_unit(aggregate.ci_low, unit)}"
    if aggregate.ci_low is None:
        return f"up to {in_unit(aggregate.ci_high, unit)}"
    return f"{in_unit(aggregate.ci_low, unit)} to {in_unit(aggregate.ci_high, unit)}"


def sizes(aggregate: Aggregate) -> str:
    """`n 58 · 2 unscored · 1 failed`: how many stand behind a number, and how many do not."""
    return " · ".join(size_lines(aggregate))


def size_lines(aggregate: Aggregate) -> tuple[str, ...]:
    """The sizes in two parts: `n 58 · 20 clusters` and, where there are any, `2 unscored · 1 failed`."""
    behind = [f"n {aggregate.n_scored:,}"]
    if aggregate.n_clusters not in {None, aggregate.n_scored}:
        behind.append(f"{aggregate.n_clusters:,} clusters")
    lacking = []
    if aggregate.n_unscored:
        lacking.append(f"{aggregate.n_unscored:,} unscored")
    if aggregate.n_failed:
        lacking.append(f"{aggregate.n_failed:,} failed")
    return tuple(" · ".join(parts) for parts in (behind, lacking) if parts)
