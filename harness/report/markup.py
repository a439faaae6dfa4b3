"""HTML elements whose text is escaped unless it was made here: model text is untrusted."""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import TypeAlias

    Child: TypeAlias = "str | Iterable[Child] | None"

INVISIBLE = (
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u115f\u1160\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f"
    r"\u3164\ud800-\udfff\ufeff\uffa0\ufff9-\uffff\U000e0000-\U000e007f\U000e0100-\U000e01ef]"
)
"""Characters that steer a terminal, turn or hide text, or break UTF-8: shown by their number, as in page/dom.js.

Tab, line feed, the joiners of scripts and emoji (U+200C, U+200D) and their variation selectors stay as they are.
"""

_INVISIBLE = re.compile(INVISIBLE)
_VOID = frozenset({"meta", "link", "br", "col"})


class Html(str):
    """Text that is HTML already."""

    __slots__ = ()


def code_point(character: str) -> str:
    """`U+202E` for the one character given."""
    return f"U+{ord(character):04X}"


def plain(text: str) -> str:
    """Text with every invisible character written as `<U+202E>`, for places that hold no elements."""
    return _INVISIBLE.sub(lambda found: f"<{code_point(found[0])}>", text)


def show(text: str) -> Html:
    """Escaped text; every invisible character becomes a marked `U+202E`."""
    return Html(_INVISIBLE.sub(lambda found: f'<span class="ctl">{code_point(found[0])}</span>', escape(text)))


def el(name: str, *children: Child, **attributes: str | float | bool | None) -> Html:
    """One element: children are escaped unless Html; `class_`, `data_x` lose or turn their underscore.

    An attribute that is None or False is left out, one that is True stands alone.
    """
    start = f"<{name}{''.join(_attribute(key, value) for key, value in attributes.items())}>"
    return Html(start) if name in _VOID else Html(f"{start}{join(*children)}</{name}>")


def join(*children: Child) -> Html:
    """The children one after the other, each escaped unless it is Html."""
    return Html("".join(_child(child) for child in children))


def _child(child: Child) -> str:
    if child is None:
        return ""
    if isinstance(child, Html):
        return child
    return show(child) if isinstance(child, str) else join(*child)


def _attribute(key: str, value: str | float | bool | None) -> str:  # noqa: FBT001 - an attribute may be a bool
    if value is None or value is False:
        return ""
    name = key.rstrip("_").replace("_", "-")
    return f" {name}" if value is True else f' {name}="{escape(plain(str(value)))}"'
