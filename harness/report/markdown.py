"""GitHub-flavoured Markdown whose untrusted texts stay texts: no markup, no mention, no link, no broken table."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from harness.report.markup import plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_SIMPLE = re.compile(r"[A-Za-z0-9 ,.:;=<>+*/@_#%()\[\]{}&!?'\"^~-]+\Z")
"""What may stand between backticks as it is: no backtick, pipe, backslash, dollar or line break."""

_TAG = re.compile(r"<[A-Za-z/!?]")

_ACTIVE = re.compile(r"[\\`*\[\]<|~&@#$^{}]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])|:(?=\S)|(?<=GH)-(?=\d)", re.IGNORECASE)
"""What could start markup, a mention, a link, an emoji or a formula within a line."""

_WORD_JOINER = "\u2060"


def code(text: str, limit: int = 200) -> str:
    """The text in code type: mentions, links and emphasis do not work there."""
    shown = _one_line(text, limit)
    if _SIMPLE.match(shown) and not _TAG.search(shown):
        return f"`{shown}`"
    return f"<code>{''.join(map(_entity, shown))}</code>"


def prose(text: str, limit: int = 400) -> str:
    """The text in ordinary type; what could be markup is an entity, what could be a mention or a link is parted."""
    shown = _ACTIVE.sub(lambda found: _entity(found[0]), _one_line(text, limit))
    parted = re.sub(r"(&#(?:64|35|45);)(?=\w)", rf"\1{_WORD_JOINER}", shown)
    return re.sub(r"(?i)\b(www)\.", r"\1&#46;", parted)


def table(head: Sequence[str], rows: Iterable[Sequence[str]], *, right: int = 0) -> list[str]:
    """Lines of a table; its cells are Markdown already. The last `right` columns are set to the right."""
    rule = ["---"] * (len(head) - right) + ["---:"] * right
    return [f"| {' | '.join(cells)} |" for cells in (head, rule, *rows)]


def _one_line(text: str, limit: int) -> str:
    line = " ".join(plain(text).split())
    return f"{line[: limit - 1]}…" if len(line) > limit else line or "(empty)"


def _entity(character: str) -> str:
    return character if character.isalnum() or character == " " else f"&#{ord(character)};"
