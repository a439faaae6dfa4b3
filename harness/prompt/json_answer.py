"""The first JSON value in a model's text, checked against a schema, as canonical JSON."""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, Any, NoReturn

from harness.errors import OutputError
from harness.prompt.shown import shown

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_TEXT = 1_000_000
"""Characters of the text that are looked at."""
MAX_DEPTH = 100
"""Levels of nesting: far below what makes validators and writers recurse too deeply."""
_MAX_WORK = 1_000_000_000
"""About a second of reading in vain: each `[` is a new start, and a broken text can have nothing else."""
_MAX_DIGITS = 308
_CONTAINER = re.compile(r'{\s*["}]|\[\s*[]"\-\d[{tfnNI]')
_SCALAR = re.compile(r'"|-?\d|\b(?:true|false|null)\b')
_SCALAR_TYPES = frozenset({"string", "number", "integer", "boolean", "null"})


class _UnreadableValueError(ValueError):
    """A number that is no JSON or too large."""


def read_json(schema: Mapping[str, Any], text: str, where: str) -> str:
    """The first JSON value of `text` with sorted keys and no spaces; raises OutputError.

    Values are objects and arrays; single strings, numbers, true, false and null count when they are the whole text or
    when the schema's `type` asks for one. NaN, Infinity, numbers beyond a float's range and lone surrogates are
    refused.
    """
    ending = f'text: "{shown(text)}"'
    try:
        value = _first_value(text[:MAX_TEXT], schema)
        _check_depth(value)
    except (_UnreadableValueError, RecursionError) as error:
        what = "the JSON nests too deeply" if isinstance(error, RecursionError) else str(error)
        raise OutputError(f"{where}: output.json_schema: {what}; JSON within limits is expected; {ending}") from None
    except LookupError:
        what = "no JSON value in the text; a value that satisfies the schema is expected"
        raise OutputError(f"{where}: output.json_schema: {what}; {ending}") from None
    _validate(schema, value, (where, ending))
    return _written(value, where, ending)


def _written(value: object, where: str, ending: str) -> str:
    written = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    try:
        written.encode()
    except UnicodeEncodeError:
        what = "half a surrogate pair in a string"
        raise OutputError(f"{where}: output.json_schema: {what}; whole characters are expected; {ending}") from None
    return written


def _first_value(text: str, schema: Mapping[str, Any]) -> Any:
    """Raises LookupError when there is none, _UnreadableValueError for numbers, RecursionError for depth."""
    decoder = json.JSONDecoder(parse_int=_integer, parse_float=_number, parse_constant=_constant)
    try:
        return decoder.decode(text)
    except json.JSONDecodeError:
        pass
    starts = _SCALAR if _is_scalar(schema) else _CONTAINER
    work = 0
    for start in starts.finditer(text):
        try:
            return decoder.raw_decode(text, start.start())[0]
        except json.JSONDecodeError as error:
            work += _cost(start.start(), error.pos)
        if work > _MAX_WORK:
            break
    raise LookupError


def _cost(start: int, end: int) -> int:
    """Nanoseconds, roughly, that a failed try takes: Python's error counts the lines of the text before it, too."""
    return 1000 + 100 * (end - start) + end // 3


def _is_scalar(schema: Mapping[str, Any]) -> bool:
    kinds = schema.get("type")
    wanted = {kinds} if isinstance(kinds, str) else set(kinds or ())
    return bool(wanted) and wanted <= _SCALAR_TYPES


def _integer(digits: str) -> int:
    if len(digits) > _MAX_DIGITS:
        raise _UnreadableValueError(f"a number of {len(digits)} digits")
    return int(digits)


def _number(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise _UnreadableValueError(f"the number {shown(digits, 40)} is beyond a float's range")
    return value


def _constant(name: str) -> NoReturn:
    raise _UnreadableValueError(f"{name} is no JSON value")


def _check_depth(value: object) -> None:
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [
            child
            for parent in level
            if isinstance(parent, (dict, list))
            for child in (parent.values() if isinstance(parent, dict) else parent)
        ]
        if not level:
            return
    raise _UnreadableValueError(f"the JSON nests more than {MAX_DEPTH} levels deep")


def _validate(schema: Mapping[str, Any], value: object, texts: tuple[str, str]) -> None:
    """With a registry of its own, a `$ref` to elsewhere never opens a connection."""
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import best_match
    from referencing import Registry

    where, ending = texts
    try:
        error = best_match(Draft202012Validator(dict(schema), registry=Registry()).iter_errors(value))
    except Exception as broken:  # noqa: BLE001 - a wrong schema fails in many ways: references, patterns, types
        what = f"the schema itself fails: {shown(' '.join(str(broken).split()), 200)}"
        raise OutputError(f"{where}: output.json_schema: {what}; a draft 2020-12 schema is expected; mend it") from None
    if error is not None:
        what = f"at {error.json_path}: {shown(error.message, 200)}"
        raise OutputError(f"{where}: output.json_schema: {what}; the schema must be satisfied; {ending}")
