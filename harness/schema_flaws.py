"""What is wrong with a JSON Schema that a user wrote, told when it is read and not by each answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from referencing import Resource
    from referencing._core import Resolver

_SHOWN = 200
_MOST = 5
"""Flaws that are named in one message."""
_REFERENCES = ("$ref", "$dynamicRef")
_Place = tuple[str | int, ...]


class SchemaFlaw(Struct, frozen=True):
    """One thing that is wrong."""

    place: _Place
    """Where in the schema."""
    what: str
    """What, on one line."""

    def __str__(self) -> str:
        """Both, the place as a JSON path."""
        steps = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in self.place)
        return f"at ${''.join(steps)}: {self.what}"


def schema_flaws(schema: Any) -> list[SchemaFlaw]:
    """Everything that is no draft 2020-12, by its place; where nothing is, each reference that leads to no schema.

    Nothing is fetched: a reference leads into the schema itself, or to a metaschema of JSON Schema.

    Raises:
        RecursionError: the schema nests too deeply.

    """
    from jsonschema import Draft202012Validator

    meta = Draft202012Validator(
        Draft202012Validator.META_SCHEMA, format_checker=Draft202012Validator.FORMAT_CHECKER
    )  # formats, so that a pattern which is no regular expression is found
    found = {(tuple(error.absolute_path), _cut(error.message)) for error in meta.iter_errors(schema)}
    ordered = sorted(found, key=lambda each: ([str(step) for step in each[0]], each[1]))
    return [SchemaFlaw(*each) for each in ordered] or list(_References(schema).flaws())


def named_flaws(flaws: Sequence[SchemaFlaw]) -> str:
    """The first few in words, the rest counted."""
    more = f", and {len(flaws) - _MOST} more" if len(flaws) > _MOST else ""
    return "; ".join(map(str, flaws[:_MOST])) + more


class _References:
    """Follows the references of a schema that is valid by itself."""

    def __init__(self, schema: Any) -> None:
        from jsonschema_specifications import REGISTRY
        from referencing.jsonschema import DRAFT202012

        self._root: Resource[Any] = DRAFT202012.create_resource(schema)
        self._resolver: Resolver[Any] = REGISTRY.resolver_with_root(self._root)
        self._places = dict(reversed(list(_places(schema, ()))))
        self._seen: set[int] = set()

    def flaws(self) -> Iterator[SchemaFlaw]:
        """Each reference that leads to no schema, once."""
        yield from self._below(self._root, self._resolver)

    def _below(self, resource: Resource[Any], resolver: Resolver[Any]) -> Iterator[SchemaFlaw]:
        schema = resource.contents
        if not isinstance(schema, dict) or id(schema) in self._seen:
            return
        self._seen.add(id(schema))
        for key in _REFERENCES:
            if isinstance(schema.get(key), str):
                yield from self._followed(schema, key, resolver)
        for below in resource.subresources():
            yield from self._below(below, resolver.in_subresource(below))

    def _followed(self, schema: dict[str, Any], key: str, resolver: Resolver[Any]) -> Iterator[SchemaFlaw]:
        from referencing.jsonschema import DRAFT202012

        reference = schema[key]
        place = (*self._places.get(id(schema), ()), key)
        try:
            found = resolver.lookup(reference)
        except Exception:  # noqa: BLE001 - besides its own errors the library raises those of lists, texts and addresses
            where = "points nowhere" if reference.startswith("#") else "leaves the schema, and is not followed"
            yield SchemaFlaw(place, f"{key} {_cut(repr(reference))} {where}")
            return
        if not isinstance(found.contents, dict | bool):
            yield SchemaFlaw(place, f"{key} {_cut(repr(reference))} leads to what is no schema")
        elif id(found.contents) in self._places:  # a metaschema is in order
            yield from self._below(DRAFT202012.create_resource(found.contents), found.resolver)


def _places(value: Any, place: _Place) -> Iterator[tuple[int, _Place]]:
    """By identity, where each mapping stands."""
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from _places(item, (*place, index))
    if isinstance(value, dict):
        yield id(value), place
        for key, item in value.items():
            yield from _places(item, (*place, key))


def _cut(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _SHOWN else line[: _SHOWN - 1] + "…"
