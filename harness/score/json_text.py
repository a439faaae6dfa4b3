"""The value that the whole answer is, as JSON."""

from __future__ import annotations

import json
from typing import Any, NoReturn

from msgspec import Struct

MAX_DEPTH = 100
"""Levels of nesting: far below what makes validators recurse too deeply."""


class JsonValue(Struct, frozen=True):
    """A value, or why there is none."""

    value: Any = None
    """The value; None may be one, too."""
    flaw: str | None = None
    """Why the text is not JSON, with the place; None when it is."""


def read_json_value(text: str) -> JsonValue:
    """The one JSON value that the text is (RFC 8259): no NaN, no Infinity, at most MAX_DEPTH levels."""
    try:
        value = json.loads(text, parse_constant=_reject)
    except json.JSONDecodeError as error:
        return JsonValue(flaw=f"not JSON: line {error.lineno}, column {error.colno}: {error.msg}")
    except ValueError as error:
        return JsonValue(flaw=f"not JSON that can be read: {error}")
    except RecursionError:
        return JsonValue(flaw=f"nested more than {MAX_DEPTH} levels deep")
    return JsonValue(flaw=f"nested more than {MAX_DEPTH} levels deep") if _is_too_deep(value) else JsonValue(value)


def _reject(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON value")


def _is_too_deep(value: object) -> bool:
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [
            child
            for parent in level
            if isinstance(parent, dict | list)
            for child in (parent.values() if isinstance(parent, dict) else parent)
        ]
        if not level:
            return False
    return True
