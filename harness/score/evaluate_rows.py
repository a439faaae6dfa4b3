"""Answers as the inputs of an `evaluate` module: each of the type that the module declares."""

from __future__ import annotations

import numbers
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.schema import Answer

Call = dict[str, Any]
"""One row of inputs, by name."""


class UnreadableError(ValueError):
    """An answer, reference or column is not what the module takes."""


def calls_of(
    answer: Answer, features: Mapping[str, Any], columns: Mapping[str, str], *, with_references: bool
) -> list[Call]:
    """The rows that an answer makes: one, or one a reference where the module takes a single reference.

    Raises UnreadableError when a text is no number and the module wants numbers, or a column is missing.
    """
    call: Call = {"predictions": _typed(answer.output, features.get("predictions"), "the answer")}
    for name, column in columns.items():
        if column not in answer.variables:
            raise UnreadableError(f"the sample has no column '{column}', which the module gets as '{name}'")
        call[name] = answer.variables[column]
    if not with_references:
        return [call]
    feature = features.get("references")
    if _is_list(feature):
        inner = _inner(feature)
        return [{**call, "references": [_typed(each, inner, "a reference") for each in answer.references]}]
    return [{**call, "references": _typed(each, feature, "a reference")} for each in answer.references]


def one_number(value: object, key: str) -> float:
    """The module's value as a number; UnreadableError when it is none."""
    while isinstance(value, list | tuple) and len(value) == 1:
        value = value[0]
    if isinstance(value, numbers.Real) or hasattr(value, "__float__"):
        return float(value)
    raise UnreadableError(f"the module's '{key}' is of type {type(value).__name__}; a number is needed")


def _typed(text: str, feature: Any, what: str) -> Any:
    """The text as the declared type: a number where that is one."""
    kind = str(getattr(feature, "dtype", "string"))
    if not kind.startswith(("int", "uint", "float")):
        return text
    try:
        return float(text) if kind.startswith("float") else int(text)
    except ValueError:
        raise UnreadableError(
            f"the module takes {kind}, and {what} is {text[:40]!r}; let the prompt's 'output:' read the number"
        ) from None


def _is_list(feature: Any) -> bool:
    return isinstance(feature, list) or _inner(feature) is not None


def _inner(feature: Any) -> Any:
    """What the list holds; None when it is no list."""
    if isinstance(feature, list):
        return feature[0] if feature else None
    return getattr(feature, "feature", None)
