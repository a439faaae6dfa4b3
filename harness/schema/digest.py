"""How recorded content is told apart."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_DIGITS = 16
"""64 bits: two of a million contents are the same with a probability of 3e-8."""


def content_hash(pieces: Iterable[str]) -> str:
    """First 16 hex digits of the SHA-256 of the pieces, one after the other, as UTF-8; lone surrogates are allowed.

    >>> content_hash(["a", "bc"]) == content_hash(["abc"])
    True
    """
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(piece.encode("utf-8", "surrogatepass"))
    return digest.hexdigest()[:_DIGITS]


def canonical_json(content: object) -> str:
    """One text for all equal contents: keys sorted, nothing between tokens, ASCII, so that lone surrogates survive.

    >>> canonical_json({"b": [1, 0.5], "a": None})
    '{"a":null,"b":[1,0.5]}'
    """
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def content_key(text: str) -> str:
    """SHA-256 (64 hex digits) of a text, as UTF-8: the key of an answer is that of its canonical content.

    >>> content_key("")[:8]
    'e3b0c442'
    """
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
