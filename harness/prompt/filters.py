"""The filters, tests and functions that a template may use, each metered; all others do not exist for it.

Left out on purpose: `attr` (a second way to attributes), `random` and `lipsum` (a prompt must be the same
tomorrow), `safe` `urlize` `xmlattr` `forceescape` `striptags` `pprint` (for web pages), `wordwrap` (its time has no
bound).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from jinja2 import pass_context
from jinja2.filters import FILTERS
from jinja2.runtime import Undefined
from jinja2.sandbox import safe_range
from jinja2.tests import TESTS
from jinja2.utils import Cycler, Joiner, Namespace
from markupsafe import escape

from harness.prompt import sizes
from harness.prompt.limits import MAX_SIZE, refuse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from jinja2.runtime import Context

    from harness.prompt.limits import Budget

BUDGET = " budget"
"""Where a context holds its Budget: no name in a template can have a space."""
EACH, WEIGH, SEEK, CONCAT = " each", " weigh", " seek", " concat"
"""Filters that the meter writes into a template; no template can name them."""

_FROM_JINJA = (  # noqa: SIM905 - a word a line says no more
    "abs batch capitalize center count d default dictsort first float format groupby indent int items join last "
    "length list lower map max min reject rejectattr replace reverse round select selectattr slice sort sum title "
    "trim truncate unique upper urlencode wordcount"
).split()
_TESTS = (  # noqa: SIM905 - as above
    "boolean defined divisibleby eq equalto even false float ge greaterthan gt in integer iterable le lessthan lower "
    "lt mapping ne none number odd sameas sequence string true undefined upper == != > >= < <="
).split()
_ITERATING = (  # noqa: SIM905 - as above
    "batch groupby join list map max min reject rejectattr select selectattr slice sort sum unique"
).split()
"""Filters that take a text character by character."""


def budget_of(context: Context) -> Budget:
    """The budget of the rendering that `context` belongs to."""
    budget: Budget = context.parent[BUDGET]
    return budget


def as_text(budget: Budget, value: object) -> str:
    """`value` as it is written into a message; raises TypeError for what is not data, such as a function."""
    if isinstance(value, str):
        return str(value)
    if isinstance(value, Undefined):
        return str(value)  # raises, as it is strict
    if callable(value) or type(value).__module__.startswith("jinja2"):
        name = getattr(value, "__name__", None) or getattr(value, "name", None) or type(value).__name__
        raise TypeError(f"{name!r} is not a value and cannot be written; call it with parentheses")
    budget.weigh(value)
    return str(value)


def globals_() -> dict[str, Any]:
    """The functions that every template has."""
    return {"range": safe_range, "dict": dict, "namespace": Namespace, "cycler": Cycler, "joiner": Joiner}


def tests() -> dict[str, Callable[..., bool]]:
    """The tests (`is …`) that a template may use, metered."""
    return {name: _metered(name, TESTS[name]) for name in _TESTS}


def filters() -> dict[str, Callable[..., Any]]:
    """The filters that a template may use, metered, and the meter's own three."""
    plain = {name: FILTERS[name] for name in _FROM_JINJA}
    own = {"tojson": _tojson, "escape": _escape, "e": _escape}
    metered = {name: _metered(name, function) for name, function in {**plain, **own}.items()}
    return metered | {"string": _string, EACH: _each, WEIGH: _weigh, SEEK: _seek, CONCAT: _concat}


def _metered(name: str, function: Any) -> Callable[..., Any]:
    """`function` behind the budget: arguments weighed, the result's size foreseen, the result weighed."""
    wants: str | None = getattr(getattr(function, "jinja_pass_arg", None), "name", None)
    foresee: Any = sizes.FILTERS.get(name)

    @pass_context
    def run(context: Context, value: Any, *args: Any, **kwargs: Any) -> Any:
        budget = budget_of(context)
        budget.weigh(value)
        if name in _ITERATING and isinstance(value, str):
            budget.spend(len(value))
        if args or kwargs:
            budget.weigh((args, kwargs))
            sizes.check_arguments(name, (*args, *kwargs.values()))
        if foresee is not None:
            budget.foresee(foresee(value, *args, **kwargs))
        if wants is None:
            return budget.admit(function(value, *args, **kwargs))
        lead = {"context": context, "eval_context": context.eval_ctx, "environment": context.environment}[wants]
        return budget.admit(function(lead, value, *args, **kwargs))

    return run


@pass_context
def _each(context: Context, value: Any) -> Iterator[Any]:
    """The iterable of a `for`, every turn counted."""
    return budget_of(context).each(value)


@pass_context
def _weigh(context: Context, value: Any) -> Any:
    """A list, dict, slice or operand, weighed."""
    return budget_of(context).admit(value)


@pass_context
def _seek(context: Context, value: Any) -> Any:
    """The right side of `in`: weighed, unless it is a mapping, in which looking up costs nothing."""
    return value if isinstance(value, dict) else budget_of(context).admit(value)


@pass_context
def _concat(context: Context, values: list[Any]) -> str:
    """`a ~ b ~ c`."""
    budget = budget_of(context)
    text = "".join([as_text(budget, value) for value in values])
    budget.weigh(text)
    return text


@pass_context
def _string(context: Context, value: Any) -> str:
    """`value|string`."""
    return as_text(budget_of(context), value)


def _escape(value: Any) -> str:
    """`&`, `<`, `>` and quotes as entities, as plain text: nothing else in a prompt is escaped on its own."""
    return str(escape(str(value)))


def _tojson(value: Any, indent: int | None = None) -> str:
    """JSON with the keys in the value's order, characters as they are (not escaped for web pages)."""
    if indent is not None and not 0 <= indent <= 16:  # noqa: PLR2004 - wider is a mistake, and depth multiplies it
        raise ValueError(f"indent is {indent}; allowed: 0 to 16")
    pieces, size = [], 0
    for piece in json.JSONEncoder(ensure_ascii=False, indent=indent, allow_nan=False).iterencode(value):
        size += len(piece)
        if size > MAX_SIZE:
            refuse("makes too long a JSON text", f"{MAX_SIZE:,} characters")
        pieces.append(piece)
    return "".join(pieces)
