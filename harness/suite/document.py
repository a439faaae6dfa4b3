"""YAML text → plain values, each with its position.

Scalars follow the core schema of YAML 1.2.2 (10.3.2): `no`, `on` and dates stay text. Numbers remember how they were
written, so that `version: 1.10` can be read as text.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import yaml
from msgspec import Struct, field

from harness.errors import FilesError, Mistake
from harness.suite.mistakes import Mark
from harness.suite.values import quoted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Place = tuple[str | int, ...]

MOST_DEPTH = 60
"""Deepest nesting; libyaml itself needs gigabytes from some ten thousand levels on."""
_NESTED = f"is nested too deeply; {MOST_DEPTH} levels are allowed; make it flatter"
MOST_ALIASED = 100_000
"""Most values that aliases may add to a file."""
_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_TRUE = frozenset({"true", "True", "TRUE"})
_FALSE = frozenset({"false", "False", "FALSE"})
_INT = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_TOO_DEEP = "exceeded maximum nesting depth"
"""What libyaml (0.2.6) says of 1,000 levels of flow style, which it reads ahead before it tells of the first."""
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_MOST_DIGITS = 300
"""Longest number; beyond it a float overflows and an int is certainly an id that wants quotes."""


class WrittenInt(int):
    """A whole number that knows its source text."""

    source: str


class WrittenFloat(float):
    """A number that knows its source text."""

    source: str


class Document(Struct, frozen=True):
    """A YAML file's content with the position of everything in it."""

    shown: str
    """The path as users see it."""
    value: Any
    """Mappings, lists and scalars; numbers are WrittenInt and WrittenFloat."""
    marks: Mapping[Place, Mark]
    """Where each value starts."""
    key_marks: Mapping[Place, Mark]
    """Where each mapping key starts."""
    text_lines: Mapping[Place, int]
    """For texts in literal style (`|`): the line on which the text starts."""

    def mark(self, place: Place) -> Mark:
        """Position of a value, or of the nearest thing around it."""
        while place and place not in self.marks:
            place = place[:-1]
        return self.marks.get(place, Mark(1, 1))

    def key_mark(self, place: Place) -> Mark:
        """Position of a key, or of the nearest thing around it."""
        return self.key_marks.get(place) or self.mark(place)

    def value_at(self, place: Place) -> Any:
        """The value at a place that there is."""
        value = self.value
        for part in place:
            value = value[part]
        return value

    def within(self, place: Place) -> Document:
        """The part at a place, as a document of its own whose positions are those of the file."""
        value, depth = self.value_at(place), len(place)
        inside = ({at[depth:]: mark for at, mark in marks.items() if at[:depth] == place} for marks in self._positions)
        return Document(self.shown, value, *inside)

    @property
    def _positions(self) -> tuple[Mapping[Place, Any], ...]:
        return self.marks, self.key_marks, self.text_lines

    def without(self, place: Place) -> Document:
        """The same without one value; later entries of a list move up, and their positions with them."""
        return Document(
            self.shown,
            _removed(self.value, place),
            dict(_moved(self.marks, place)),
            dict(_moved(self.key_marks, place)),
            dict(_moved(self.text_lines, place)),
        )


def plain(value: Any) -> Any:
    """The same value made of builtin types only."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, WrittenInt):
        return int(value)
    return float(value) if isinstance(value, WrittenFloat) else value


def parse(text: str, shown: str) -> Document:
    """The document in a YAML text; raises FilesError with the mistakes of its syntax."""
    loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
    try:
        root = _Composer(yaml.parse(text, Loader=loader), shown).document()
    except yaml.YAMLError as error:
        raise FilesError([_syntax_mistake(error, text, shown)]) from None
    converter = _Converter(shown)
    value = converter.convert(root, ()) if root is not None else None
    if converter.mistakes:
        raise FilesError(converter.mistakes)
    return Document(shown, value, converter.marks, converter.key_marks, converter.text_lines)


class _Node(Struct):
    """A value before it is converted; aliases share one."""

    mark: Mark
    content: str | list[_Node] | list[tuple[_Node, _Node]]
    is_mapping: bool = False
    is_plain: bool = False
    is_literal: bool = False
    is_tagged: str | None = None
    is_open: bool = field(default=True)


class _Composer:
    """Events → nodes. Composed here, not by the library, so that depth and cycles are bounded while reading."""

    def __init__(self, events: Iterator[Any], shown: str) -> None:
        self._events = events
        self._shown = shown
        self._anchors: dict[str, _Node] = {}

    def document(self) -> _Node | None:
        """The root of the only document; None when there is none."""
        root = None
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                if root is not None:
                    raise self._fatal(event, "a second document starts here; one is allowed; remove the line '---'")
                root = self._node(next(self._events), 0)
        return root

    def _node(self, event: Any, depth: int) -> _Node:
        if isinstance(event, yaml.AliasEvent):
            return self._aliased(event)
        if depth > MOST_DEPTH:
            raise self._fatal(event, _NESTED)
        node = _Node(_mark(event), [], is_tagged=_tag(event))
        if event.anchor is not None:
            self._anchors[event.anchor] = node
        if isinstance(event, yaml.ScalarEvent):
            node.content = event.value
            node.is_plain = not event.style and event.implicit[0]
            node.is_literal = event.style == "|"
        elif isinstance(event, yaml.SequenceStartEvent):
            node.content = list(self._children(yaml.SequenceEndEvent, depth))
        else:
            node.is_mapping = True
            flat = list(self._children(yaml.MappingEndEvent, depth))
            node.content = list(zip(flat[::2], flat[1::2], strict=True))
        node.is_open = False
        return node

    def _children(self, end: type, depth: int) -> Iterator[_Node]:
        for event in self._events:
            if isinstance(event, end):
                return
            yield self._node(event, depth + 1)

    def _aliased(self, event: Any) -> _Node:
        node = self._anchors.get(event.anchor)
        if node is None:
            raise self._fatal(event, f"alias '*{event.anchor}' has no anchor; define '&{event.anchor}' before it")
        if node.is_open:
            message = f"alias '*{event.anchor}' lies inside its own anchor; cycles are not allowed; write the value out"
            raise self._fatal(event, message)
        return node

    def _fatal(self, event: Any, message: str) -> FilesError:
        mark = _mark(event)
        return FilesError([Mistake(self._shown, mark.line, mark.column, message)])


class _Converter:
    """Nodes → values and their positions; notes every mistake it can go on after."""

    def __init__(self, shown: str) -> None:
        self.mistakes: list[Mistake] = []
        self.marks: dict[Place, Mark] = {}
        self.key_marks: dict[Place, Mark] = {}
        self.text_lines: dict[Place, int] = {}
        self._shown = shown
        self._seen: set[int] = set()
        self._aliased = 0

    def convert(self, node: _Node, place: Place) -> Any:
        """The node's value."""
        self._count(node)
        self.marks[place] = node.mark
        if node.is_tagged is not None:
            message = f"tag {quoted(node.is_tagged)} is not allowed; plain YAML is; remove the tag"
            self._note(node.mark, message)
        if isinstance(node.content, str):
            if node.is_literal:
                self.text_lines[place] = node.mark.line + 1
            return self._scalar(node.content, node) if node.is_plain else node.content
        if node.is_mapping:
            return self._mapping(node, place)
        items: Any = node.content
        return [self.convert(item, (*place, index)) for index, item in enumerate(items)]

    def _mapping(self, node: _Node, place: Place) -> dict[str, Any]:
        value: dict[str, Any] = {}
        pairs: Any = node.content
        for key_node, value_node in pairs:
            key = key_node.content
            if not isinstance(key, str):
                self._note(
                    key_node.mark, "a list or mapping is no key; keys are text; put a text with {{ … }} in quotes"
                )
                continue
            if key == "<<" and key_node.is_plain:
                self._note(key_node.mark, "merge key '<<' is not allowed (YAML 1.2 has none); write the keys out")
                continue
            if key in value:
                first = self.key_marks[*place, key].line
                message = f"key {quoted(key)} is given twice, first on line {first}; once is allowed; remove one"
                self._note(key_node.mark, message)
                continue
            self.key_marks[*place, key] = key_node.mark
            value[key] = self.convert(value_node, (*place, key))
        return value

    def _scalar(self, text: str, node: _Node) -> Any:
        if text in _NULL:
            return None
        if text in _TRUE or text in _FALSE:
            return text in _TRUE
        is_int = _INT.fullmatch(text) is not None
        if not is_int and not _FLOAT.fullmatch(text):
            if _NOT_FINITE.fullmatch(text):
                self._note(node.mark, f"the number {text} is not finite; finite numbers are allowed; quote it as text")
            return text
        if len(text) > _MOST_DIGITS or abs(float(text) if not is_int else 0) == float("inf"):
            self._note(node.mark, f"the number {text[:20]}… is too big; put it in quotes when it is text")
            return text
        return _number(text, is_int=is_int)

    def _count(self, node: _Node) -> None:
        if id(node) not in self._seen:
            self._seen.add(id(node))
            return
        self._aliased += 1
        if self._aliased > MOST_ALIASED:
            message = f"aliases add more than {MOST_ALIASED:,} values from here on; fewer are allowed; write them out"
            raise FilesError([Mistake(self._shown, node.mark.line, node.mark.column, message)])

    def _note(self, mark: Mark, message: str) -> None:
        self.mistakes.append(Mistake(self._shown, mark.line, mark.column, message))


def _number(text: str, *, is_int: bool) -> WrittenInt | WrittenFloat:
    value: WrittenInt | WrittenFloat
    if is_int:
        base = {"0o": 8, "0x": 16}.get(text[:2], 10)
        value = WrittenInt(int(text[2:] if base != 10 else text, base))  # noqa: PLR2004 - ten is the usual base
    else:
        value = WrittenFloat(text)
    value.source = text
    return value


def _mark(event: Any) -> Mark:
    return Mark(event.start_mark.line + 1, event.start_mark.column + 1)


def _tag(event: Any) -> str | None:
    """An explicit tag that changes the meaning of a value; `!!str` and `!` only say that it is text."""
    tag = event.tag
    return None if tag in (None, "!", "tag:yaml.org,2002:str") else str(tag)


def _syntax_mistake(error: yaml.YAMLError, text: str, shown: str) -> Mistake:
    mark = getattr(error, "problem_mark", None)
    if mark is None:
        return Mistake(shown, None, None, "is not valid YAML; plain YAML 1.2 is allowed; check the file in an editor")
    line, column = mark.line + 1, mark.column + 1
    lines = text.split("\n")
    row = lines[mark.line] if mark.line < len(lines) else ""
    indentation = row[: len(row) - len(row.lstrip(" \t"))]
    if "\t" in indentation and mark.column <= len(indentation):
        message = "a tab in the indentation; YAML allows spaces only; replace the tab by spaces"
        return Mistake(shown, line, indentation.index("\t") + 1, message)
    context = getattr(error, "context", None)
    problem = getattr(error, "problem", None) or "unreadable"
    if problem == _TOO_DEEP:
        return Mistake(shown, line, column, _NESTED)
    what = f"{problem} {context}" if context else problem
    return Mistake(shown, line, column, f"is not valid YAML: {what}; check quotes, brackets and indentation here")


def _removed(value: Any, place: Place) -> Any:
    """A copy of the value without what is at the place."""
    head, rest = place[0], place[1:]
    if isinstance(value, dict):
        kept = {key: item for key, item in value.items() if rest or key != head}
        return {**kept, head: _removed(value[head], rest)} if rest else kept
    index = int(head)
    middle = [_removed(value[index], rest)] if rest else []
    return [*value[:index], *middle, *value[index + 1 :]]


def _moved(by_place: Mapping[Place, Any], removed: Place) -> Iterator[tuple[Place, Any]]:
    """The entries without those at the removed place; a list's later entries one index lower."""
    depth = len(removed) - 1
    index = removed[depth]
    for place, entry in by_place.items():
        if place[: depth + 1] == removed:
            continue
        position = place[depth] if len(place) > depth and place[:depth] == removed[:depth] else None
        if isinstance(position, int) and isinstance(index, int) and position > index:
            yield (*place[:depth], position - 1, *place[depth + 1 :]), entry
        else:
            yield place, entry
