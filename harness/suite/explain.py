"""A document → its form, or every mistake in the user's words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

from msgspec import Struct

from harness.suite.form import Form
from harness.suite.kinds import keys_of, read_as
from harness.suite.values import described, flow, quoted
from harness.wording import did_you_mean, listed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from harness.suite.document import Document, Place
    from harness.suite.faults import Fault
    from harness.suite.mistakes import MistakeLog

F = TypeVar("F", bound=Form)
_MOST_REPAIRS = 200
"""Mistakes after which the rest of a file is no longer read."""


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
        wanted = f"a mapping with keys like {listed(form.__struct_fields__)} is allowed"
        what = "is empty" if document.value is None else f"is {described(document.value)}"
        log.add(document.shown, mark, f"the file {what}; {wanted}; write for example '{_first_example(form)}'")
        return None
    broken: set[str] = set()
    while True:
        made, notes = read_as(form, document.value)
        if made is not None:
            return Read(made, document, frozenset(broken))
        for fault in notes.faults if not broken else ():  # what a repair leaves behind is no mistake of the user
            _Explanation(document, notes.forms, fault).log(log)
        wrong = {_wrong(fault) for fault in notes.faults}
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


def _wrong(fault: Fault) -> Place:
    """What must go so that the rest can be read."""
    return fault.place[:-1] if fault.kind == "missing" else fault.place


class _Explanation:
    """One fault, told in terms of the file."""

    def __init__(self, document: Document, forms: Mapping[Place, type[Form]], fault: Fault) -> None:
        self._document = document
        self._forms = forms
        self._fault = fault
        self._place = fault.place
        self._key = next((part for part in reversed(fault.place) if isinstance(part, str)), "")

    def log(self, log: MistakeLog) -> None:
        """Note the mistake where it is."""
        mark = self._document.mark(self._place)
        if self._fault.kind == "unknown":
            log.add(self._document.shown, self._document.key_mark(self._place), self._unknown_key())
        elif self._fault.kind != "missing":
            log.add(self._document.shown, mark, f"{self._name()} {self._what()}")
        elif not self._is_refused_form():
            log.add(self._document.shown, mark, f"key '{self._key}' is missing; it is required; {self._example()}")

    def _what(self) -> str:
        """What stands there, what is allowed and what to do."""
        fault = self._fault
        if fault.kind == "told":
            return fault.allowed
        what = f"is {described(fault.value)}"
        if fault.kind == "unlisted":
            meant = _meant(str(fault.value), fault.names) or f"; {self._example()}"
            return f"{what}; allowed: {listed(fault.names)}{meant}"
        return f"{what}; {fault.allowed} is allowed; {self._example()}"

    def _unknown_key(self) -> str:
        form = self._forms[self._place[:-1]]
        key = str(self._place[-1])
        if key in form.refused:
            return form.refused[key]
        allowed = form.__struct_fields__
        return f"key {quoted(key)} is unknown; allowed: {listed(allowed)}{_meant(key, allowed) or '; remove it'}"

    def _is_refused_form(self) -> bool:
        """Whether the mapping is one of a later version: then its missing keys say nothing."""
        place = self._place[:-1]
        return any(key in self._forms[place].refused for key in self._document.value_at(place))

    def _name(self) -> str:
        entry = self._place[-1] if self._place and isinstance(self._place[-1], int) else None
        return f"'{self._key}'" if entry is None else f"entry {entry + 1} of '{self._key}'"

    def _example(self) -> str:
        """What to write instead, of the innermost key around the place that a form has."""
        depth = max(depth for depth in range(len(self._place)) if self._place[:depth] in self._forms)
        key = str(self._place[depth])
        says = keys_of(self._forms[self._place[:depth]])[key].says
        return f"write for example '{key}: {flow(says.examples[0])}'"


def _meant(word: str, names: Sequence[str]) -> str:
    meant = did_you_mean(word, names)
    return f".{meant}" if meant else ""


def _first_example(form: type[Form]) -> str:
    """A line that starts a file of this form."""
    name, key = next(iter(keys_of(form).items()))
    return f"{name}: {flow(key.says.examples[0])}"
