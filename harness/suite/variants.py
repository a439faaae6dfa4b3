"""The entries under `prompts:` → variants."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from harness.errors import FilesError, OptionError
from harness.schema import Variant, content_hash
from harness.suite.backends import NAME, NAME_RULE
from harness.suite.constrained import response_format
from harness.suite.prompt_file import build_version, demand_of, own_layer, with_techniques
from harness.suite.prompt_folder import PromptFolder
from harness.suite.suite_form import VariantForm
from harness.suite.table import canonical_json
from harness.suite.techniques import Layer, lay_over
from harness.suite.values import quoted

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from harness.schema import PromptVersion
    from harness.suite.catalogue import Catalogue
    from harness.suite.document import Document, Place
    from harness.suite.mistakes import MistakeLog
    from harness.suite.prompt_file import VersionFile


class Variants(Struct, frozen=True):
    """What the entries amount to."""

    variants: tuple[Variant, ...]
    """Those without mistakes, in the file's order."""
    names: tuple[tuple[str, str], ...]
    """(variant's name, prompt's name) of every entry, broken ones included."""
    by_file: tuple[tuple[VersionFile, tuple[str, ...]], ...]
    """Each version file that could be read, with the names of its variants."""
    is_complete: bool
    """Whether every entry's file could be read."""


class VariantReader:
    """Resolves entries to variants, logging mistakes where they are written."""

    def __init__(self, folder: Path, catalogue: Catalogue, log: MistakeLog) -> None:
        """`folder` is the suite's folder."""
        self._folder = folder
        self._catalogue = catalogue
        self._log = log
        self._prompts = PromptFolder(folder / "prompts", log)
        self._versions: dict[str, PromptVersion | None] = {}

    def read(self, entries: Sequence[str | VariantForm], document: Document) -> Variants:
        """The variants in the file's order."""
        variants: list[Variant] = []
        names: dict[str, str] = {}
        files: dict[str, tuple[VersionFile, list[str]]] = {}
        is_complete = True
        for index, entry in enumerate(entries):
            form = entry if isinstance(entry, VariantForm) else VariantForm(prompt=entry)
            name = form.name if form.name is not None else form.prompt
            if not self._is_usable(name, names, at=(document, ("prompts", index))):
                is_complete = False
                continue
            names[name] = form.prompt.partition("@")[0]
            file = self._file(form, document, ("prompts", index), is_mapping=form is entry)
            if file is None:
                is_complete = False
                continue
            is_complete = is_complete and file.are_inputs_known
            files.setdefault(file.reference, (file, []))[1].append(name)
            variant = self._variant(name, form, file, at=(document, ("prompts", index, "techniques")))
            if variant is not None and form.response_format is not None:
                variant = self._held(variant, form.response_format, (document, ("prompts", index, "response_format")))
            variants.extend([variant] if variant is not None else [])
        by_file = tuple((file, tuple(users)) for file, users in files.values())
        return Variants(tuple(variants), tuple(names.items()), by_file, is_complete)

    def _is_usable(self, name: str, names: dict[str, str], *, at: tuple[Document, Place]) -> bool:
        if not NAME.fullmatch(name):
            message = f"variant name {quoted(name)} cannot stand in an item id; {NAME_RULE}; rename it"
        elif name in names:
            message = f"variant {quoted(name)} is listed twice; each has a name of its own; add 'name:' or remove one"
        else:
            return True
        document, place = at
        named = (*place, "name")
        self._log.add(document.shown, document.mark(named if named in document.marks else place), message)
        return False

    def _file(self, form: VariantForm, document: Document, place: Place, *, is_mapping: bool) -> VersionFile | None:
        try:
            return self._prompts.find(form.prompt)
        except OptionError as error:
            at = (*place, "prompt") if is_mapping else place
            self._log.add(document.shown, document.mark(at), str(error))
        except FilesError as error:
            self._log.absorb(error.mistakes)
        return None

    def _held(self, variant: Variant, written: object, at: tuple[Document, Place]) -> Variant | None:
        """The variant with its answers held to a form: another content hash, as with other techniques."""
        try:
            params = {"response_format": response_format(written, variant.prompt, self._folder)}
        except OptionError as error:
            document, place = at
            self._log.add(document.shown, document.mark(place), str(error))
            return None
        changed = content_hash([variant.prompt.content_hash, "\0", canonical_json(params)])
        return replace(variant, prompt=replace(variant.prompt, content_hash=changed), params=params)

    def _variant(
        self, name: str, form: VariantForm, file: VersionFile, *, at: tuple[Document, Place]
    ) -> Variant | None:
        if file.reference not in self._versions:
            self._versions[file.reference] = build_version(file, self._catalogue, self._log)
        version = self._versions[file.reference]
        if version is None:
            return None
        document, place = at
        if place not in document.marks:
            return Variant(name, version, version.techniques)
        before = len(self._log)
        own, laid = own_layer(file), Layer(form.techniques, document, place, self._folder)
        techniques = lay_over([own, laid], demand_of(file), self._log)
        if len(self._log) > before:
            return None
        return Variant(name, with_techniques(version, techniques, file), techniques)
