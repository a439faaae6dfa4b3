"""Backends of a suite: embedded ones by name, inline definitions, and those of backends.yaml."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from msgspec import Struct

from harness.errors import FilesError, OptionError, UsageError
from harness.schema import BackendSpec, Price
from harness.suite.document import parse
from harness.suite.explain import read_form
from harness.suite.suite_form import BackendForm, BackendsForm
from harness.suite.text_file import read_yaml_text
from harness.suite.values import quoted
from harness.wording import did_you_mean, listed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from harness.suite.catalogue import Catalogue
    from harness.suite.document import Document, Place
    from harness.suite.mistakes import MistakeLog

NAME = re.compile(r"\w[\w.@+-]{0,99}")
"""Names that can stand in an item id, a file name and a `-k` expression."""
NAME_RULE = "up to 100 letters, digits and . _ - + @ are allowed"
_DEFAULT = "smollm2"
"""What a suite without `backends:` runs on: the embedded model."""


class Definitions(Struct, frozen=True):
    """What backends.yaml defines."""

    document: Document
    """The file."""
    forms: Mapping[str, tuple[BackendForm, int]]
    """Name → definition and its place in the list."""


class BackendReader:
    """Resolves backend names and definitions to specs, logging mistakes where they are written."""

    def __init__(self, catalogue: Catalogue, suite_folder: Path, log: MistakeLog) -> None:
        """Reads `backends.yaml` beside the suite's folder when there is one."""
        self._catalogue = catalogue
        self._folder = suite_folder
        self._log = log
        self._broken: set[str] = set()
        before = len(log)
        self._defined = _definitions(suite_folder.parent / "backends.yaml", log)
        self._is_file_broken = len(log) > before

    def read(self, entries: Sequence[str | BackendForm] | None, document: Document) -> tuple[BackendSpec, ...]:
        """The suite's backends, in the file's order; broken ones are left out."""
        specs: dict[str, BackendSpec] = {}
        for index, entry in enumerate(entries if entries is not None else [_DEFAULT]):
            place: Place = ("backends", index)
            name = entry if isinstance(entry, str) else entry.name
            if name in specs:
                message = f"backend {quoted(name)} is listed twice; once is allowed; rename or remove one"
                self._log.add(document.shown, document.mark(place), message)
                continue
            spec = self._named(entry, document, place) if isinstance(entry, str) else None
            if isinstance(entry, BackendForm):
                spec = self._defined_here(entry, document, place, folder=self._folder)
            if spec is None:
                self._broken.add(name)
            else:
                specs[name] = spec
        return tuple(specs.values())

    def chosen(self, names: Sequence[str], specs: Sequence[BackendSpec]) -> tuple[BackendSpec, ...]:
        """The backends that the command line names; raises UsageError when one is unknown."""
        by_name = {spec.name: spec for spec in specs}
        defined = self._defined.forms if self._defined is not None else {}
        chosen = []
        for name in dict.fromkeys(names):
            before = len(self._log)
            spec = by_name.get(name) or (self._from_file(name) if name in defined else self._embedded_chosen(name))
            is_told = len(self._log) > before or name in self._broken or self._is_file_broken
            if spec is None and not is_told:
                known = self._known([*by_name])
                meant = did_you_mean(name, known)
                tail = f".{meant}" if meant else "; name one of them, or define it in backends.yaml"
                raise UsageError(
                    f"--prompt-backend: backend {quoted(name)} is unknown; available: {listed(known)}{tail}"
                )
            chosen.extend([spec] if spec is not None else [])
        return tuple(chosen)

    def judge(self, name: str, known: Sequence[str]) -> BackendSpec | None:
        """A backend that a metric asks, and that is none of the suite's; None when its definition is broken.

        Raises OptionError, of the option `backend`, when there is none of this name; `known` are the suite's.
        """
        if name in self._broken:
            return None
        try:
            return self._known_as(name, known)
        except OptionError as error:
            if self._is_file_broken:
                return None
            raise OptionError(str(error), "backend") from None

    def inline(self, document: Document, place: Place) -> tuple[str, BackendSpec | None]:
        """Name and spec of the backend that is defined at a place of the suite file; None when that is broken."""
        part = document.within(place)
        read = read_form(BackendForm, part, self._log)
        if read is None or read.broken:
            return str(part.value.get("name", "")), None
        return read.form.name, self._defined_here(read.form, part, (), folder=self._folder)

    def _named(self, name: str, document: Document, place: Place) -> BackendSpec | None:
        try:
            return self._known_as(name, [])
        except OptionError as error:
            self._log.add(document.shown, document.mark(place), str(error))
            return None

    def _known_as(self, name: str, names: Sequence[str]) -> BackendSpec | None:
        """The backend of backends.yaml or the embedded one; None when its definition is broken, OptionError without."""
        if self._defined is not None and name in self._defined.forms:
            return self._from_file(name)
        spec = self._catalogue.embedded(name, self._folder)
        if spec is None:
            known = self._known(names)
            meant = did_you_mean(name, known)
            tail = f".{meant}" if meant else "; define it in backends.yaml, or here with name and provider"
            raise OptionError(f"backend {quoted(name)} is unknown; available: {listed(known)}{tail}")
        return spec

    def _from_file(self, name: str) -> BackendSpec | None:
        if self._defined is None or name not in self._defined.forms:
            return None
        form, index = self._defined.forms[name]
        return self._defined_here(form, self._defined.document, ("backends", index), folder=self._folder.parent)

    def _embedded_chosen(self, name: str) -> BackendSpec | None:
        try:
            return self._catalogue.embedded(name, self._folder)
        except OptionError as error:
            raise UsageError(f"--prompt-backend: {error}") from None

    def _defined_here(self, form: BackendForm, document: Document, place: Place, *, folder: Path) -> BackendSpec | None:
        if not NAME.fullmatch(form.name):
            message = f"backend name {quoted(form.name)} cannot stand in an item id; {NAME_RULE}; rename it"
            self._log.add(document.shown, document.mark((*place, "name")), message)
            return None
        if "api_key" in form.params:
            message = BackendForm.refused["api_key"]
            self._log.add(document.shown, document.key_mark((*place, "params", "api_key")), message)
            return None
        spec = _spec(form, folder)
        try:
            self._catalogue.check_backend(spec)
        except OptionError as error:
            at = (*place, error.key) if error.key is not None else place
            self._log.add(document.shown, document.mark(at), str(error))
            return None
        except FilesError as error:
            self._log.absorb(error.mistakes)
            return None
        return spec

    def _known(self, names: Sequence[str]) -> list[str]:
        defined = list(self._defined.forms) if self._defined is not None else []
        return list(dict.fromkeys([*names, *defined, *self._catalogue.embedded_names]))


def _definitions(path: Path, log: MistakeLog) -> Definitions | None:
    if not os.path.lexists(path):
        return None
    shown = log.shown(path)
    try:
        document = parse(read_yaml_text(path, shown), shown)
    except FilesError as error:
        log.absorb(error.mistakes)
        return None
    read = read_form(BackendsForm, document, log)
    if read is None:
        return None
    forms: dict[str, tuple[BackendForm, int]] = {}
    for index, form in enumerate(read.form.backends):
        if form.name in forms:
            message = f"backend {quoted(form.name)} is defined twice; once is allowed; rename or remove one"
            log.add(shown, read.document.mark(("backends", index)), message)
            continue
        forms[form.name] = (form, index)
    return Definitions(read.document, forms)


def _spec(form: BackendForm, folder: Path) -> BackendSpec:
    price = form.price
    return BackendSpec(
        name=form.name,
        provider=form.provider,
        model=form.model or form.function or form.column or form.path or "",
        params=form.params,
        folder=folder,
        base_url=form.base_url,
        api_key_env=form.api_key_env,
        max_concurrency=form.max_concurrency,
        timeout_s=float(form.timeout_s),
        connect_timeout_s=form.connect_timeout_s,
        read_timeout_s=form.read_timeout_s,
        requests_per_minute=form.requests_per_minute,
        tokens_per_minute=form.tokens_per_minute,
        price=Price(price.input, price.output, price.cached_input) if price is not None else None,
        column=form.column,
        path=form.path,
        function=form.function,
    )
