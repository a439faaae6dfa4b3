"""Texts of a run, each stored once, in pieces that the page unpacks when it needs them."""

from __future__ import annotations

import base64
import json
import re
import zlib
from array import array
from typing import TYPE_CHECKING, Any

import orjson

from harness.report.markup import INVISIBLE, Html, el

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

_PIECE_CHARACTERS = 400_000
"""Texts are cut into pieces of about this many characters: a page of trials needs one or a few of them."""

_ENTRIES = 1_000
"""Of a list that are made text at once."""

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

    @property
    def size(self) -> int:
        """About how many characters they are as JSON."""
        return sum(len(text) + 3 for text in self._numbers)

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


class Block:
    """A script element that holds JSON, made part by part: as it is while it is small, else deflated and in base 64."""

    def __init__(self, name: str, room: int) -> None:
        """Empty; `room` is how many characters may stay readable in the page's source."""
        self._name = name
        self._room = room
        self._parts: list[str] = []
        self._packer = zlib.compressobj(6)
        self._packed: list[bytes] = []

    @property
    def is_packed(self) -> bool:
        """Whether it has become too large to be readable."""
        return self._room < 0

    def add(self, text: str) -> None:
        """Append a part of the JSON; what is packed already is not kept in plain."""
        self._room -= len(text)
        self._parts.append(text)
        if self.is_packed:
            self._packed += [self._packer.compress(part.encode()) for part in self._parts]
            self._parts.clear()

    def html(self) -> Html:
        """The element."""
        if self.is_packed:
            self._packed.append(self._packer.flush())
            body, form = base64.b64encode(b"".join(self._packed)).decode("ascii"), "deflate"
        else:
            body, form = "".join(self._parts), "json"
        return el("script", Html(body), type="application/json", class_=self._name, data_form=form)


def add_mapping(block: Block, content: Mapping[str, Any], *, deep: Collection[str] = ()) -> None:
    """Append a mapping bit by bit, those in `deep` one level further: little of it is text at one time."""
    sign = "{"
    for key, value in content.items():
        block.add(f"{sign}{as_json(key)}:")
        if key in deep:
            add_mapping(block, value)
        elif isinstance(value, list | array):
            _add_list(block, value)
        else:
            block.add(as_json(value))
        sign = ","
    block.add("}" if content else "{}")


def _add_list(block: Block, content: Sequence[Any]) -> None:
    for at in range(0, len(content), _ENTRIES):
        block.add(("," if at else "[") + as_json(list(content[at : at + _ENTRIES]))[1:-1])
    block.add("]" if content else "[]")


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
