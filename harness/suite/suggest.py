"""Names in messages: what is allowed, and what was probably meant."""

from __future__ import annotations

import difflib
import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

_MOST_NAMES = 24
"""Names listed in one message; the rest is counted."""
_NEEDS_QUOTES = re.compile(r"[{}\[\]#|\\]|: ")
_MOST_CHARACTERS = 60
"""Characters of a user's value shown in one message."""


def listed(names: Iterable[str]) -> str:
    """The names, separated by commas; `none` when there are none.

    >>> listed(["b", "a"])
    'b, a'
    """
    every = list(names)
    shown = ", ".join(every[:_MOST_NAMES])
    more = len(every) - _MOST_NAMES
    return (f"{shown}, … ({more} more)" if more > 0 else shown) or "none"


def did_you_mean(word: str, names: Iterable[str]) -> str:
    """A sentence that names the nearest of the names, with a leading space; empty when none is near.

    >>> did_you_mean("rogue", ["bleu", "rouge"])
    " Did you mean 'rouge'?"
    >>> did_you_mean("xyz", ["bleu", "rouge"])
    ''
    """
    near = nearest(word, names)
    return f" Did you mean '{near}'?" if near is not None else ""


def nearest(word: str, names: Iterable[str]) -> str | None:
    """The name that is most like the word, or None when none is like it."""
    by_folded = {name.casefold(): name for name in names}
    near = difflib.get_close_matches(word.casefold()[:200], by_folded, n=1, cutoff=0.6)
    return by_folded[near[0]] if near else None


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

    >>> flow("zero_shot"), flow(["zero_shot"]), flow("a: {b}")
    ('zero_shot', '["zero_shot"]', '"a: {b}"')
    """
    is_plain = isinstance(value, str) and not _NEEDS_QUOTES.search(value)
    return str(value) if is_plain else json.dumps(value, ensure_ascii=False)
