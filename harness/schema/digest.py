"""How recorded content is told apart."""

from __future__ import annotations

import hashlib
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
