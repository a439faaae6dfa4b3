"""The names that a text in Python binds at its outermost level, by its tokens: text of models is not compiled here."""

from __future__ import annotations

import io
import keyword
import re
import tokenize
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_SKIPPED = (tokenize.COMMENT, tokenize.NL, tokenize.ENCODING, tokenize.ENDMARKER)
_LITERAL = "0"
"""Stands for texts and numbers: what a text says binds nothing."""
_BLOCKS = ("if", "elif", "else", "for", "while", "with", "try", "except", "finally", "match", "case")
_BETWEEN_TARGETS = re.compile(r"[,()\[\]*]+")
_SUBSCRIPT = re.compile(r"[\w)\]] [(\[]")


def bound_names(code: str) -> tuple[set[str], bool]:
    """The names that its statements bind outside of functions and classes, and whether all of it could be read.

    A `*` among them stands for all that a module has, `return` for a statement that only a function may hold.
    """
    names: set[str] = set()
    try:
        for statement in _statements(code):
            names |= _bound_by(statement)
    except (tokenize.TokenError, SyntaxError, ValueError):  # an IndentationError is a SyntaxError
        return names, False
    return names, True


def _statements(code: str) -> Iterator[list[str]]:
    """The tokens of each statement outside of functions and classes; blocks of `if` and the like are looked into."""
    scopes: list[bool] = []
    statement: list[str] = []
    depth, opens_scope = 0, False
    for token in tokenize.generate_tokens(io.StringIO(code).readline):
        if token.type == tokenize.INDENT:
            scopes.append(opens_scope)
        elif token.type == tokenize.DEDENT:
            scopes.pop()
        elif token.type == tokenize.NEWLINE or (token.string == ";" and not depth and not _opens_scope(statement)):
            opens_scope = _opens_scope(statement)
            if not any(scopes):
                yield statement
            statement = []
        elif token.type not in _SKIPPED:
            word = token.string if token.type in (tokenize.NAME, tokenize.OP) else _LITERAL
            depth += (word in "([{") - (word in ")]}")
            statement.append(word)


def _opens_scope(statement: Sequence[str]) -> bool:
    return bool(statement) and (statement[0] in ("def", "class") or statement[:2] == ["async", "def"])


def _bound_by(statement: Sequence[str]) -> set[str]:
    words = list(statement[1:] if statement[:1] == ["async"] else statement)
    first = words[0] if words else ""
    if first in ("def", "class"):
        return set(words[1:2])
    if first == "return":
        return {"return"}
    if first in ("import", "from") and "import" in words:
        return set(_imported(words[words.index("import") + 1 :]))
    if first in _BLOCKS and ":" in words:
        colon = _first_at_top(words, ":")
        names = _aliases(words[:colon]) if first != "for" else _targets(words[1 : _first_at_top(words, "in")])
        return names | _bound_by(words[colon + 1 :])
    return _assigned(words)


def _imported(words: Sequence[str]) -> Iterator[str]:
    for part in " ".join(word for word in words if word not in "()").split(","):
        names = part.split()
        if names:
            yield names[-1] if "as" in names else names[0]


def _aliases(words: Sequence[str]) -> set[str]:
    """What `with … as name` and `except … as name` bind."""
    return {after for word, after in pairwise(words) if word == "as" and after.isidentifier()}


def _assigned(words: Sequence[str]) -> set[str]:
    names: set[str] = set()
    start = 0
    for end in _all_at_top(words, "="):
        target = list(words[start:end])
        found = _targets(target[: _first_at_top(target, ":")])
        if not found:
            break
        names |= found
        start = end + 1
    return names


def _targets(words: Sequence[str]) -> set[str]:
    """The names of `a`, `a, b` or `(a, *b)`; none for `a.b`, `a[b]`, and for what is no target."""
    text = " ".join(words)
    if _SUBSCRIPT.search(text):
        return set()
    parts = {part.strip() for part in _BETWEEN_TARGETS.split(text)} - {""}
    return {part for part in parts if part.isidentifier() and not keyword.iskeyword(part)}


def _all_at_top(words: Sequence[str], wanted: str) -> list[int]:
    found, depth = [], 0
    for index, word in enumerate(words):
        depth += (word in "([{") - (word in ")]}")
        if word == wanted and not depth:
            found.append(index)
    return found


def _first_at_top(words: Sequence[str], wanted: str) -> int:
    return next(iter(_all_at_top(words, wanted)), len(words))
