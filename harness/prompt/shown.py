"""Text of samples and models, made fit to stand in a message."""

from __future__ import annotations

_LENGTH = 80


def shown(text: str, length: int = _LENGTH) -> str:
    r"""The first `length` characters on one line, control, format and surrogate characters escaped, `…` when cut.

    >>> shown("a\x1b[31m\nb")
    'a\\x1b[31m\\nb'
    """
    cut = text[:length]
    safe = "".join(ch if ch.isprintable() else ch.encode("unicode_escape").decode("ascii") for ch in cut)
    return safe + ("…" if len(text) > length else "")
