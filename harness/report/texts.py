"""Texts of a run, each stored once, in pieces that the page unpacks when it needs them."""

from __future__ import annotations

import base64
import json
import re
import zlib
from typing import TYPE_CHECKING, Any

import orjson

from harness.report.markup import INVISIBLE, Html, el

if TYPE_CHECKING:
    from collections.abc import Sequence

_PIECE_CHARACTERS = 400_000
"""Texts are cut into pieces of about this many characters: a page of trials needs one or a few of them."""

_NOT_IN_SCRIPT = re.compile(f"[<>&]|{INVISIBLE}")
"""`<` could end the script element; the others are hidden from whoever reads the page's source."""


class Texts:
    """A growing table of distinct texts."""

    def __init__(self) -> None:
        """Start empty."""
        self._numbers: dict[str, int] = {}

    def number(self, text: str | None) -> int:
        """The text's number, a new one at its first appearance; -1 for None."""
        return -1 if text is None else self._numbers.setdefault(text, len(self._numbers))

    def pieces(self) -> list[list[str]]:
        """The texts in the order of their numbers, cut into pieces."""
        pieces: list[list[str]] = []
        room = 0
        for text in self._numbers:
            if room <= 0:
                pieces.append([])
                room = _PIECE_CHARACTERS
            pieces[-1].append(text)
            room -= len(text) + 3
        return pieces


def as_json(content: Any) -> str:
    """Compact JSON that may stand inside a script element, in ASCII where a character could mislead."""
    try:
        text = orjson.dumps(content, option=orjson.OPT_NON_STR_KEYS).decode()
    except TypeError:  # half a surrogate pair
        text = json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return _NOT_IN_SCRIPT.sub(_escaped, text)


def script(content: str, name: str, *, packed: bool) -> Html:
    """A script element that holds JSON: as it is, or deflated and in base 64."""
    body = base64.b64encode(zlib.compress(content.encode(), 6)).decode("ascii") if packed else content
    form = "deflate" if packed else "json"
    return el("script", Html(body), type="application/json", class_=name, data_form=form)


def starts_of(pieces: Sequence[Sequence[str]]) -> list[int]:
    """The number of the first text of each piece."""
    starts, at = [], 0
    for piece in pieces:
        starts.append(at)
        at += len(piece)
    return starts


def _escaped(found: re.Match[str]) -> str:
    units = found[0].encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))
