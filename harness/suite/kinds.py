"""What a value of a file may be: read strictly, with every mistake noted at its place.

The kinds are those of a form's annotations. A value that is wrong is read as None; whoever asked looks at the notes
before the value.
"""

from __future__ import annotations

from functools import cache
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Annotated, Any, Literal, Protocol, TypeVar, Union, get_args, get_origin

from msgspec import Struct
from msgspec.structs import fields

from harness.suite.document import WrittenFloat, WrittenInt, plain
from harness.suite.faults import Notes
from harness.suite.form import Form, Says
from harness.suite.values import described

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from harness.suite.document import Place

F = TypeVar("F", bound=Form)


class Kind(Protocol):
    """What a value may be."""

    def read(self, value: Any, place: Place, notes: Notes) -> Any:
        """The value as its form wants it; None when something was noted."""
        ...


class AnyKind(Struct, frozen=True):
    """Whatever another room checks."""

    def read(self, value: Any, _place: Place, _notes: Notes) -> Any:
        """The value made of builtin types."""
        return plain(value)


class TextKind(Struct, frozen=True):
    """A text, or a number as it is written: `1.10` stays `1.10`."""

    def read(self, value: Any, place: Place, notes: Notes) -> Any:
        """The text."""
        if isinstance(value, str):
            if "\0" not in value:
                return value
            return notes.told(place, "holds a NUL character; printable text is allowed; remove it")
        if isinstance(value, (WrittenInt, WrittenFloat)):
            return value.source
        hint = (
            "write the text" if value is None else "put it in quotes" if isinstance(value, bool) else "write one value"
        )
        return notes.told(place, f"is {described(value)}; text is allowed; {hint}")


class SwitchKind(Struct, frozen=True):
    """True or false."""

    def read(self, value: Any, place: Place, notes: Notes) -> Any:
        """The switch."""
        return value if isinstance(value, bool) else notes.unwanted(place, value, "true or false")


class NumberKind(Struct, frozen=True):
    """A number, perhaps a whole one, perhaps with bounds."""

    is_whole: bool
    at_least: float | None = None
    more_than: float | None = None
    less_than: float | None = None

    def read(self, value: Any, place: Place, notes: Notes) -> Any:
        """The number: an int when it is to be whole, else a float."""
        wanted = int if self.is_whole else (int, float)
        if isinstance(value, bool) or not isinstance(value, wanted):
            return notes.unwanted(place, value, "a whole number" if self.is_whole else "a number")
        try:
            number = int(value) if self.is_whole else float(value)
        except OverflowError:  # of a whole number that is written in base 16
            return notes.unwanted(place, value, "a number")
        if self.at_least is not None and number < self.at_least:
            return notes.unwanted(place, value, f"at least {self.at_least:g}")
        if self.more_than is not None and number <= self.more_than:
            return notes.unwanted(place, value, f"more than {self.more_than:g}")
        if self.less_than is not None and number >= self.less_than:
            return notes.unwanted(place, value, f"less than {self.less_than:g}")
        return number


class NamesKind(Struct, frozen=True):
    """One of some names."""

    names: tuple[str, ...]

    def read(self, value: Any, place: Place, notes: Notes) -> Any:
        """The name."""
        return value if value in self.names else notes.unlisted(place, value, self.names)


class ListKind(Struct, frozen=True):
    """A list, of which one entry may stand alone."""

    entry: Kind
    least: int = 0
    is_one_enough: bool = False

    def read(self, value: Any, place: Place, notes: Notes) -> Any:
        """The entries."""
        if isinstance(value, list):
            if len(value) < self.least:
                return notes.unwanted(place, value, "at least one entry")
            return [self.entry.read(entry, (*place, index), notes) for index, entry in enumerate(value)]
        return [self.entry.read(value, place, notes)] if self.is_one_enough else notes.unwanted(place, value, "a list")


class MappingKind(Struct, frozen=True):
    """A mapping whose keys are free."""

    entry: Kind
    least: int = 0
    most: int | None = None

    def read(self, value: Any, place: Place, notes: Notes) -> Any:
        """The mapping."""
        if not isinstance(value, dict):
            return notes.unwanted(place, value, "a mapping")
        if len(value) < self.least:
            return notes.unwanted(place, value, "at least one entry")
        before, entries, n_right = len(notes.faults), {}, 0
        for key, entry in value.items():
            n_known = len(notes.faults)
            entries[key] = self.entry.read(entry, (*place, key), notes)
            n_right += len(notes.faults) == n_known
        if self.most is not None and n_right > self.most:  # what is no entry may be a part of one, indented too little
            del notes.faults[before:]
            return notes.unwanted(place, value, "one name with its options")
        return entries


class FormKind(Struct, frozen=True):
    """A mapping with keys of its own."""

    form: type[Form]

    def read(self, value: Any, place: Place, notes: Notes) -> Any:
        """The form; notes which form the mapping was read as."""
        if not isinstance(value, dict):
            return notes.unwanted(place, value, "a mapping")
        notes.forms[place] = self.form
        before, keys, given = len(notes.faults), keys_of(self.form), {}
        for name, key in keys.items():
            if name in value:
                given[name] = key.kind.read(value[name], (*place, name), notes)
            elif key.is_required:
                notes.missing((*place, name))
        for name in value:
            if name not in keys:
                notes.unknown((*place, name))
        return self.form(**given) if len(notes.faults) == before else None


class EitherKind(Struct, frozen=True):
    """One of several kinds, told apart by the shape of the value alone, so that its mistakes are those of one kind."""

    kinds: tuple[Kind, ...]

    def read(self, value: Any, place: Place, notes: Notes) -> Any:
        """The value as the first kind whose shape it has."""
        for kind in self.kinds:
            if _has_shape(value, kind):
                return kind.read(value, place, notes)
        words: dict[type, str] = {TextKind: "a name", NamesKind: "a name", SwitchKind: "true or false"}
        allowed = dict.fromkeys(words.get(type(kind), "a mapping") for kind in self.kinds)
        return notes.unwanted(place, value, " or ".join(allowed))


class OptionalKind(Struct, frozen=True):
    """A value that may be left empty."""

    kind: Kind

    def read(self, value: Any, place: Place, notes: Notes) -> Any:
        """The value; None when it is empty."""
        return None if value is None else self.kind.read(value, place, notes)


class Key(Struct, frozen=True):
    """One key of a form."""

    kind: Kind
    says: Says
    is_required: bool


def read_as(form: type[F], value: Any) -> tuple[F | None, Notes]:
    """The form of a document's value, and what was noted; None when there are faults."""
    notes = Notes()
    read: Any = FormKind(form).read(value, (), notes)
    return read, notes


@cache
def keys_of(form: type[Form]) -> Mapping[str, Key]:
    """The keys of a form in the order of its fields; worked out when a form is first read."""
    return {field.name: _key(field.type, is_required=field.required) for field in fields(form)}


def _key(hint: Any, *, is_required: bool) -> Key:
    return Key(_kind(hint, Says()), hint.__metadata__[-1], is_required)


def _kind(hint: Any, says: Says) -> Kind:
    """The kind that an annotation stands for, with what is said around it."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return _kind(arguments[0], arguments[-1])
    if NoneType in arguments:
        return OptionalKind(_either([each for each in arguments if each is not NoneType], says))
    if origin in (Union, UnionType):
        return _either(arguments, says)
    if origin is list:
        return ListKind(_kind(arguments[0], Says()), says.least, says.is_one_enough)
    if origin is dict:
        return MappingKind(_kind(arguments[1], Says()), says.least, says.most)
    return NamesKind(arguments) if origin is Literal else _simple(hint, says)


def _either(hints: Sequence[Any], says: Says) -> Kind:
    return EitherKind(tuple(_kind(hint, Says()) for hint in hints)) if len(hints) > 1 else _kind(hints[0], says)


def _simple(hint: Any, says: Says) -> Kind:
    if hint in (int, float):
        return NumberKind(hint is int, says.at_least, says.more_than, says.less_than)
    known: dict[Any, Kind] = {Any: AnyKind(), bool: SwitchKind(), str: TextKind()}
    return known[hint] if hint in known else FormKind(hint)


def _has_shape(value: Any, kind: Kind) -> bool:
    """Whether a value is meant as this kind, right or wrong."""
    if isinstance(kind, FormKind):
        return isinstance(value, dict) and kind.form.is_meant_by(value)
    if isinstance(kind, MappingKind):
        return isinstance(value, dict)
    if isinstance(kind, SwitchKind):
        return isinstance(value, bool)
    return isinstance(value, (str, WrittenInt, WrittenFloat))
