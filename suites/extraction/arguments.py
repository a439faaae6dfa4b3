"""A metric of this suite's own: whether an answer holds the values that are asked for."""

from __future__ import annotations

import json
from typing import Any


def same_values(output: str, references: tuple[str, ...]) -> tuple[bool, str | None]:
    """Whether the first JSON value of the answer equals one of the references, as (value, reason).

    Upper and lower case, the order of keys, spaces and the difference between 5 and 5.0 do not count, nor do code
    fences and words around the JSON: `json_valid` counts those.
    """
    found = _first_object(output)
    if found is None:
        return False, "no JSON object in the answer"
    return any(_folded(found) == _folded(json.loads(reference)) for reference in references), None


def _first_object(text: str) -> Any:
    start = text.find("{")
    if start < 0:
        return None
    try:
        return json.JSONDecoder().raw_decode(text, start)[0]
    except ValueError:
        return None


def _folded(value: Any) -> Any:
    if isinstance(value, str):
        return value.casefold().strip()
    if isinstance(value, dict):
        return {key: _folded(item) for key, item in value.items()}
    return [_folded(item) for item in value] if isinstance(value, list) else value
