"""Text of samples and models, made fit to stand in a message."""

from __future__ import annotations

from harness.wording import escaped

_LENGTH = 80


def shown(text: str, length: int = _LENGTH) -> str:
    r"""The first `length` characters on one line, control, format and surrogate characters escaped, `…` when cut.

    >>> shown("a\x1b[31m\nb")
    'a\\x1b[31m\\nb'
    """
    return escaped(text[:length]) + ("…" if len(text) > length else "")
