"""The attributes that a template may read, by the type of the value; all others are refused."""

from __future__ import annotations

import datetime as dt

from jinja2.runtime import LoopContext, Macro
from jinja2.utils import Cycler, Namespace

# One word a line would fill two screens.
# fmt: off
STR_ATTRIBUTES = frozenset({
    "capitalize", "casefold", "center", "count", "endswith", "find", "index", "isalnum", "isalpha", "isascii",
    "isdecimal", "isdigit", "isidentifier", "islower", "isnumeric", "isprintable", "isspace", "istitle",
    "isupper", "join", "ljust", "lower", "lstrip", "partition", "removeprefix", "removesuffix", "replace",
    "rfind", "rindex", "rjust", "rpartition", "rsplit", "rstrip", "split", "splitlines", "startswith", "strip",
    "swapcase", "title", "upper", "zfill",
})
DATE_ATTRIBUTES = frozenset({
    "year", "month", "day", "hour", "minute", "second", "microsecond", "date", "time", "days", "seconds",
    "isoformat", "weekday", "isoweekday", "total_seconds",
})
_LOOP = frozenset({
    "index", "index0", "revindex", "revindex0", "first", "last", "length", "depth", "depth0", "previtem",
    "nextitem", "cycle", "changed",
})
# fmt: on
_ALLOWED: tuple[tuple[type | tuple[type, ...], frozenset[str]], ...] = (
    (str, STR_ATTRIBUTES),
    (dict, frozenset({"get", "items", "keys", "values"})),
    ((list, tuple), frozenset({"count", "index", "grouper", "list"})),  # the last two: what groupby yields
    (LoopContext, _LOOP),
    (Macro, frozenset({"name", "arguments"})),
    (Cycler, frozenset({"next", "reset", "current"})),
    ((dt.date, dt.time, dt.timedelta), DATE_ATTRIBUTES),
)


def is_allowed(value: object, attribute: str) -> bool:
    """Whether a template may read `value.attribute`: what is listed for its type, and a namespace's own."""
    if isinstance(value, Namespace):
        return not attribute.startswith("_")
    return any(attribute in names for kind, names in _ALLOWED if isinstance(value, kind))
