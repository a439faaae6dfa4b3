"""A user's values in messages: quoted, described, written as YAML."""

from __future__ import annotations

import json
import re
from typing import Any

_NEEDS_QUOTES = re.compile(r"[{}\[\]#|\\]|: |:$")
_MOST_CHARACTERS = 60
"""Characters of a user's value shown in one message."""


def quoted(text: str) -> str:
    r"""The text in quotes, on one line and cut to a readable length.

    >>> quoted("two\\nlines")
    "'two\\\\nlines'"
    """
    shown = repr(text if len(text) <= _MOST_CHARACTERS else text[:_MOST_CHARACTERS])
    return shown if len(text) <= _MOST_CHARACTERS else f"{shown}…"


def described(value: object) -> str:
    """What a value is, in words, with the value.

    >>> described("x"), described(3), described(True), described(None), described([1])
    ("the text 'x'", 'the number 3', 'the truth value true', 'empty', 'a list')
    """
    if value is None:
        return "empty"
    if isinstance(value, bool):
        return f"the truth value {str(value).lower()}"
    if isinstance(value, (int, float)):
        return f"the number {value!r}"[:_MOST_CHARACTERS]
    if isinstance(value, str):
        return f"the text {quoted(value)}"
    kind = "list" if isinstance(value, (list, tuple)) else "mapping"
    return f"a {kind}" if value else f"an empty {kind}"


def flow(value: Any) -> str:
    """A value as one would write it on one line of YAML.

    >>> flow("zero_shot"), flow(["zero_shot"]), flow("a: {b}"), flow("Answer:")
    ('zero_shot', '["zero_shot"]', '"a: {b}"', '"Answer:"')
    """
    is_plain = isinstance(value, str) and not _NEEDS_QUOTES.search(value)
    return str(value) if is_plain else json.dumps(value, ensure_ascii=False)
