"""Texts as the tables hold them."""

from __future__ import annotations


def utf8(text: str | None) -> str | None:
    """The text with lone surrogates replaced: Arrow holds UTF-8 only."""
    return text if text is None or text.isascii() else text.encode("utf-8", "replace").decode()
