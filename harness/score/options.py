"""Options of a metric: declared once, read with errors that say what is allowed."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final, Literal

from msgspec import Struct

from harness.errors import OptionError
from harness.wording import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

Kind = Literal["bool", "int", "float", "str", "choice", "choices", "free"]

REQUIRED: Final = object()
"""Default of an option that must be given."""


class Option(Struct, frozen=True):
    """One option of a metric."""

    name: str
    """As written in the suite file."""
    kind: Kind
    """`choice` is one of `choices`, `choices` a list of them; `float` takes whole numbers too; what is `free`
    the metric checks itself."""
    default: Any
    """Value when it is not given; REQUIRED when it must be."""
    meaning: str
    """What it does, for documentation."""
    choices: tuple[str, ...] = ()
    """Allowed values of `choice` and `choices`."""
    low: float | None = None
    """Least allowed number; None when there is none."""


def read_options(metric: str, declared: Sequence[Option], given: Mapping[str, Any]) -> dict[str, Any]:
    """Every declared option with its value or default; OptionError for an unknown, missing or ill-typed one."""
    known = {option.name: option for option in declared}
    for name in given:
        if name not in known:
            raise unknown_option(metric, name, known)
    return {option.name: _value(metric, option, given) for option in declared}


def unknown_option(metric: str, name: str, known: Iterable[str]) -> OptionError:
    """The error for an option that the metric does not have."""
    names = sorted(known)
    if not names:
        return OptionError(f"metric '{metric}' has no option '{name}'; it takes none; remove it", name)
    meant = did_you_mean(name, names)
    return OptionError(f"metric '{metric}' has no option '{name}'; available: {', '.join(names)}.{meant}", name)


def _value(metric: str, option: Option, given: Mapping[str, Any]) -> Any:
    if option.name not in given:
        if option.default is REQUIRED:
            raise OptionError(f"metric '{metric}' needs the option '{option.name}'; allowed: {_allowed(option)}", None)
        return option.default
    value = given[option.name]
    if option.kind != "free" and not _fits(option, value):
        raise OptionError(
            f"metric '{metric}': option '{option.name}' is {shown(value)}; allowed: {_allowed(option)}", option.name
        )
    if option.kind == "choices":
        return tuple(dict.fromkeys(value))
    return float(value) if option.kind == "float" else value


def shown(value: object) -> str:
    """A value as a user would recognise it, cut to 60 characters."""
    text = {True: "true", False: "false", None: "null"}.get(value) if isinstance(value, bool | None) else repr(value)
    text = text or repr(value)
    return text if len(text) <= 60 else text[:57] + "..."  # noqa: PLR2004 - about half a terminal's line


def _fits(option: Option, value: object) -> bool:
    match option.kind:
        case "bool":
            return isinstance(value, bool)
        case "int":
            return isinstance(value, int) and not isinstance(value, bool) and _in_range(option, value)
        case "float":
            return isinstance(value, int | float) and not isinstance(value, bool) and _in_range(option, value)
        case "str":
            return isinstance(value, str) and value != ""
        case "choice":
            return isinstance(value, str) and value in option.choices
        case _:
            return isinstance(value, list | tuple) and value != [] and all(item in option.choices for item in value)


def _in_range(option: Option, value: float) -> bool:
    return math.isfinite(value) and (option.low is None or value >= option.low)


def _allowed(option: Option) -> str:
    from_low = "" if option.low is None else f" from {option.low:g}"
    match option.kind:
        case "bool":
            return "true or false"
        case "int":
            return f"a whole number{from_low}"
        case "float":
            return f"a number{from_low}"
        case "str":
            return "a text that is not empty"
        case "choice":
            return ", ".join(option.choices)
        case _:
            return f"a list of {', '.join(option.choices)}"
