"""A document → its form, or every mistake in the user's words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar

from msgspec import Struct
from pydantic import ValidationError

from harness.suite.form import SHAPES, Form
from harness.suite.values import described, flow, quoted
from harness.wording import did_you_mean, listed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from harness.suite.document import Document, Place
    from harness.suite.mistakes import MistakeLog

F = TypeVar("F", bound=Form)
_MOST_REPAIRS = 200
"""Mistakes after which the rest of a file is no longer read."""
_WANTED = {
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "list_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "too_short": "at least one entry",
    "too_long": "one name with its options",
}
"""What pydantic's type errors (2.14) want, in words."""
_LIMITS = {"greater_than_equal": ("at least", "ge"), "greater_than": ("more than", "gt")}


class Read(Struct, Generic[F], frozen=True):
    """What could be read of a file."""

    form: F
    """The form without its broken parts."""
    document: Document
    """The document without its broken parts: positions of what the form holds."""
    broken: frozenset[str]
    """Top-level keys that had mistakes; what depends on them must not be judged."""


def read_form(form: type[F], document: Document, log: MistakeLog) -> Read[F] | None:
    """The document as a form; mistakes are logged, and broken parts left out. None when nothing can be made of it."""
    if not isinstance(document.value, dict):
        mark = document.mark(())
        wanted = f"a mapping with keys like {listed(form.model_fields)} is allowed"
        what = "is empty" if document.value is None else f"is {described(document.value)}"
        log.add(document.shown, mark, f"the file {what}; {wanted}; write for example '{_first_example(form)}'")
        return None
    broken: set[str] = set()
    while True:
        forms: dict[int, type[Form]] = {}
        try:
            return Read(form.read(document.value, forms), document, frozenset(broken))
        except ValidationError as error:
            errors = [(_place(item["loc"]), item) for item in error.errors(include_url=False)]
            for place, item in errors if not broken else ():  # what a repair leaves behind is no mistake of the user
                _Explanation(document, forms, place).log(item, log)
            wrong = {_wrong(place, item) for place, item in errors}
        broken |= {str(place[0]) for place in wrong if place}
        if () in wrong or len(wrong) > _MOST_REPAIRS:
            return None
        document = _repaired(document, wrong)


def _repaired(document: Document, wrong: set[Place]) -> Document:
    """The document without the wrong places; the last entries of lists go first."""
    kept = [place for place in wrong if not any(place[:n] in wrong for n in range(len(place)))]
    for place in sorted(kept, key=lambda place: [(isinstance(part, int), part) for part in place], reverse=True):
        document = document.without(place)
    return document


def _place(loc: tuple[int | str, ...]) -> Place:
    return tuple(part for part in loc if part not in SHAPES and part != "[key]")


def _wrong(place: Place, item: Any) -> Place:
    """What must go so that the rest can be read."""
    return place[:-1] if item["type"] == "missing" else place


class _Explanation:
    """One error of pydantic, told in terms of the file."""

    def __init__(self, document: Document, forms: Mapping[int, type[Form]], place: Place) -> None:
        self._document = document
        self._forms = forms
        self._place = place
        self._key = next((part for part in reversed(place) if isinstance(part, str)), "")

    def log(self, item: Any, log: MistakeLog) -> None:
        """Note the mistake where it is."""
        kind = item["type"]
        mark = self._document.mark(self._place)
        if kind == "extra_forbidden":
            log.add(self._document.shown, self._document.key_mark(self._place), self._unknown_key())
        elif kind == "missing":
            if not self._is_refused_form():
                log.add(self._document.shown, mark, f"key '{self._key}' is missing; it is required; {self._example()}")
        elif kind == "mistake":
            log.add(self._document.shown, mark, f"{self._name()} {item['ctx']['message']}")
        else:
            what = f"{self._name()} is {described(item['input'])}"
            log.add(self._document.shown, mark, f"{what}; {self._allowed(item)}")

    def _allowed(self, item: Any) -> str:
        """What is allowed and what to do."""
        if item["type"] == "literal_error":
            names = [part.strip(" '") for part in item["ctx"]["expected"].replace(" or ", ", ").split(",")]
            return f"allowed: {listed(names)}{_meant(str(item['input']), names) or '; ' + self._example()}"
        return f"{_wanted(item['type'], item.get('ctx', {}))} is allowed; {self._example()}"

    def _unknown_key(self) -> str:
        form = self._form_of(self._place[:-1])
        key = str(self._place[-1])
        if form is None:
            return f"key {quoted(key)} is unknown; remove it"
        if key in form.refused:
            return form.refused[key]
        allowed = list(form.model_fields)
        return f"key {quoted(key)} is unknown; allowed: {listed(allowed)}{_meant(key, allowed) or '; remove it'}"

    def _is_refused_form(self) -> bool:
        """Whether the mapping is one of a later version: then its missing keys say nothing."""
        form = self._form_of(self._place[:-1])
        value = self._value(self._place[:-1])
        return form is not None and isinstance(value, dict) and any(key in form.refused for key in value)

    def _name(self) -> str:
        entry = self._place[-1] if self._place and isinstance(self._place[-1], int) else None
        return f"'{self._key}'" if entry is None else f"entry {entry + 1} of '{self._key}'"

    def _example(self) -> str:
        """What to write instead, from the nearest key that has an example."""
        for depth in range(len(self._place), 0, -1):
            form, key = self._form_of(self._place[: depth - 1]), self._place[depth - 1]
            field = form.model_fields.get(str(key)) if form is not None else None
            if field is not None and field.examples:
                return f"write for example '{key}: {flow(field.examples[0])}'"
        return "see the schema of the file"

    def _form_of(self, place: Place) -> type[Form] | None:
        return self._forms.get(id(self._value(place)))

    def _value(self, place: Place) -> Any:
        value = self._document.value
        for part in place:
            value = value[part]
        return value


def _wanted(kind: str, context: Mapping[str, Any]) -> str:
    """What an error of pydantic (2.14) asks for."""
    if kind in _LIMITS:
        words, name = _LIMITS[kind]
        return f"{words} {context[name]:g}"
    if kind == "union_tag_invalid":
        shapes = {"(text)": "a name", "(switch)": "true or false", "(mapping)": "a mapping"}
        return " or ".join(words for tag, words in shapes.items() if tag in context["expected_tags"])
    return _WANTED.get(kind, "another value")


def _meant(word: str, names: Sequence[str]) -> str:
    meant = did_you_mean(word, names)
    return f".{meant}" if meant else ""


def _first_example(form: type[Form]) -> str:
    """A line that starts a file of this form."""
    name, field = next((name, field) for name, field in form.model_fields.items() if field.examples)
    return f"{name}: {flow((field.examples or [''])[0])}"
