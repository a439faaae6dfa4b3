"""A prompt file's text with a label more or less: all else stays as it was written, byte for byte.

No YAML library writes a file back as it found it (quotes, widths, comments in flow lists); so the text is edited at the
positions of its nodes, and what comes out is read again.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import yaml
from msgspec import Struct

from harness.errors import FilesError, Mistake
from harness.suite.document import parse, plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_GAP = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_SPACES = re.compile(r"[ \t]*")
_PLAIN = re.compile(r"[A-Za-z_][\w.+-]*")
_OTHER_WORDS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})
"""What some readers of YAML take for something else than text."""


class _Change(Struct, frozen=True):
    """A part of the text, and what takes its place."""

    start: int
    end: int
    text: str


class _CannotEditError(Exception):
    """The file is written in a way that this room does not edit."""


def with_label(text: str, label: str, shown: str) -> str:
    """The text with the label as the last one of `metadata.labels`, which is made where it is missing.

    Raises:
        FilesError: the file is not valid YAML, or is written in a way that cannot be edited.

    """
    return _edited(text, shown, change=_Labels.added, label=label)


def without_label(text: str, label: str, shown: str) -> str:
    """The text without the label, which it has; raises FilesError as `with_label`."""
    return _edited(text, shown, change=_Labels.removed, label=label)


def _edited(text: str, shown: str, *, change: Callable[[_Labels, str], Iterable[_Change]], label: str) -> str:
    before = plain(parse(text, shown).value)
    wanted = _labels_of(before)
    wanted = [each for each in wanted if each != label] if change is _Labels.removed else [*wanted, label]
    try:
        edited = _applied(text, change(_Labels(text), label))
        after = plain(parse(edited, shown).value)
    except (_CannotEditError, FilesError, yaml.YAMLError):
        after = None
    if after is None or _labels_of(after) != wanted or _rest(after) != _rest(before):
        raise FilesError([Mistake(shown, None, None, _by_hand(wanted))])
    return edited


def _by_hand(wanted: list[str]) -> str:
    return (
        f"its labels cannot be edited without rewriting more; a list in brackets or one label a line is allowed; "
        f"write by hand: labels: [{', '.join(wanted)}]"
    )


def _labels_of(value: Any) -> list[str]:
    metadata = value.get("metadata") if isinstance(value, dict) else None
    return list(metadata.get("labels") or []) if isinstance(metadata, dict) else []


def _rest(value: Any) -> Any:
    """All but the labels; metadata that holds nothing else is as none."""
    metadata = {key: item for key, item in (value.get("metadata") or {}).items() if key != "labels"}
    return [(key, item) for key, item in value.items() if key != "metadata"], list(metadata.items())


def _applied(text: str, changes: Iterable[_Change]) -> str:
    for change in sorted(changes, key=lambda each: each.start, reverse=True):
        text = text[: change.start] + change.text + text[change.end :]
    return text


class _Labels:
    """Where a file's labels are, or would be."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._newline = "\r\n" if "\r\n" in text else "\n"
        self._root: Any = yaml.compose(text, Loader=getattr(yaml, "CBaseLoader", yaml.BaseLoader))
        self._metadata = _entry(self._root, "metadata")
        self._entry = _entry(self._metadata[1], "labels") if self._metadata else None
        if any(found and _is_alias(found) for found in (self._metadata, self._entry)):
            raise _CannotEditError

    def added(self, label: str) -> list[_Change]:
        if self._entry is not None:
            node = self._entry[1]
            word = _scalar(label, next((item.style for item in node.value), None))
            return self._in_flow(node, word) if node.flow_style else self._in_block(node, word)
        written = f"labels: [{_scalar(label, None)}]"
        if self._metadata is not None:
            return self._in_mapping(self._metadata[1], written)
        first = self._root.value[0][0].start_mark
        if self._root.flow_style:
            return [_insertion(first.index, f"metadata: {{{written}}}, ")]
        indent = " " * first.column
        lines = ("metadata:", f"{indent}  {written}", indent)
        return [_insertion(first.index, self._newline.join(lines))]

    def removed(self, label: str) -> list[_Change]:
        if self._entry is None:
            raise _CannotEditError
        key, node = self._entry
        at = [item.value for item in node.value].index(label)
        return self._out_of_flow(node.value, at) if node.flow_style else self._out_of_block(key, node.value, at)

    def _in_flow(self, node: Any, word: str) -> list[_Change]:
        if node.value:
            return [_insertion(_end(node.value[-1]), f", {word}")]
        return [_insertion(node.end_mark.index - 1, word)]

    def _in_block(self, node: Any, word: str) -> list[_Change]:
        last = node.value[-1]
        dash = self._dash(last)
        begin = self._text.rfind("\n", 0, dash) + 1
        lead = self._text[begin : last.start_mark.index]
        if lead.strip(" ") != "-":
            raise _CannotEditError
        return [_insertion(self._line_end(_end(last)), f"{self._newline}{lead}{word}")]

    def _in_mapping(self, node: Any, written: str) -> list[_Change]:
        """After the last entry that ends on the line on which it begins; before the first where there is none."""
        if node.flow_style:
            if not node.value:
                return [_insertion(node.end_mark.index - 1, written)]
            key, value = node.value[-1]
            return [_insertion(max(key.end_mark.index, _end(value)), f", {written}")]
        first = node.value[0][0].start_mark
        indent = " " * first.column
        for entry in reversed(node.value):
            key, value = entry
            is_short = key.start_mark.line == value.end_mark.line and not _is_alias(entry)
            if is_short and value.style not in {"|", ">"}:
                end = self._line_end(max(key.end_mark.index, value.end_mark.index))
                return [_insertion(end, f"{self._newline}{indent}{written}")]
        return [_insertion(first.index, f"{written}{self._newline}{indent}")]

    def _out_of_flow(self, items: list[Any], at: int) -> list[_Change]:
        """With the comma before it where that is on its line, else with the one after it, if there is one."""
        start, end = items[at].start_mark.index, _end(items[at])
        before = self._next(_end(items[at - 1])) if at else None
        after = self._next(end)
        if before is not None and (self._text[after] != "," or self._spaces_end(before + 1) == start):
            return [_Change(before, self._spaces_end(before + 1), ""), _Change(start, end, "")]
        if self._text[after] == ",":
            return [_Change(start, end, ""), _Change(after, self._spaces_end(after + 1), "")]
        return [_Change(start, end, "")]

    def _out_of_block(self, key: Any, items: list[Any], at: int) -> list[_Change]:
        dash, end = self._dash(items[at]), _end(items[at])
        stop = self._spaces_end(end)
        begin, line_end = self._text.rfind("\n", 0, dash) + 1, self._line_end(end)
        gone = _Change(dash, stop, "")
        if stop == line_end and not self._text[begin:dash].strip():
            gone = _Change(begin, min(len(self._text), self._text.find("\n", line_end) + 1 or len(self._text)), "")
        if len(items) > 1:
            return [gone]
        colon = self._next(key.end_mark.index)
        if self._text[colon] != ":" or self._next(colon + 1) != dash:
            raise _CannotEditError
        return [_insertion(colon + 1, " []"), gone]

    def _dash(self, item: Any) -> int:
        """Where the item's dash is."""
        dash = len(self._text[: item.start_mark.index].rstrip(" \t\r\n")) - 1
        if self._text[dash] != "-":
            raise _CannotEditError
        return dash

    def _spaces_end(self, at: int) -> int:
        """The next place that is no space."""
        found = _SPACES.match(self._text, at)
        assert found is not None
        return found.end()

    def _next(self, at: int) -> int:
        """The next place that is neither white nor in a comment."""
        found = _GAP.match(self._text, at)
        assert found is not None
        return found.end()

    def _line_end(self, at: int) -> int:
        end = self._text.find("\n", at)
        end = len(self._text) if end < 0 else end
        return end - 1 if self._text[at:end].endswith("\r") else end


def _entry(node: Any, name: str) -> tuple[Any, Any] | None:
    return next((pair for pair in node.value if pair[0].value == name), None)


def _is_alias(entry: tuple[Any, Any]) -> bool:
    """Whether the value is written elsewhere, before its key."""
    return bool(entry[1].start_mark.index < entry[0].end_mark.index)


def _end(node: Any) -> int:
    if node.style in {"|", ">"}:
        raise _CannotEditError
    return int(node.end_mark.index)


def _insertion(at: int, text: str) -> _Change:
    return _Change(at, at, text)


def _scalar(label: str, style: str | None) -> str:
    """The label as YAML, in the quotes of its neighbours; in double ones where a reader may take it for no text."""
    if style == "'":
        return f"'{label}'"
    is_plain = style is None and _PLAIN.fullmatch(label) and label.lower() not in _OTHER_WORDS
    return label if is_plain else json.dumps(label, ensure_ascii=False)
