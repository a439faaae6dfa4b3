"""A rubric file that a metric names → its content."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.errors import FilesError
from harness.suite.dataset import named_file
from harness.suite.document import parse, plain
from harness.suite.explain import read_form
from harness.suite.kinds import keys_of
from harness.suite.rubric_form import RubricForm
from harness.suite.text_file import read_yaml_text
from harness.suite.values import flow

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from harness.suite.catalogue import Catalogue
    from harness.suite.document import Document, Place
    from harness.suite.explain import Read
    from harness.suite.mistakes import MistakeLog


class RubricReader:
    """Reads rubric files, logging every mistake where it is written."""

    def __init__(self, folder: Path, catalogue: Catalogue, log: MistakeLog) -> None:
        """`folder` is the suite's folder, which paths are relative to."""
        self._folder = folder
        self._catalogue = catalogue
        self._log = log

    def read(self, path: str, document: Document, place: Place) -> Mapping[str, Any] | None:
        """Name, version, criteria and scale (None: the usual one); None when there are mistakes.

        `document` names the file at `place`.
        """
        before = len(self._log)
        full = named_file(path, self._folder, self._log, at=(document, place))
        content = None if full is None else self._content(full)
        return content if len(self._log) == before else None

    def _content(self, path: Path) -> Mapping[str, Any] | None:
        shown = self._log.shown(path)
        try:
            read = read_form(RubricForm, parse(read_yaml_text(path, shown), shown), self._log)
        except FilesError as error:
            self._log.absorb(error.mistakes)
            return None
        if read is None:
            return None
        form, document = read.form, read.document
        self._check_demanded(read)
        criteria = plain(document.value.get("criteria") or {})  # as written: a number is no description
        content = {"name": form.name, "version": form.version, "criteria": criteria, "scale": form.scale}
        for place, message in self._catalogue.check_rubric(content):
            mark = document.mark(place) if place == ("scale",) else document.key_mark(place)
            self._log.add(shown, mark, message)
        return content

    def _check_demanded(self, read: Read[RubricForm]) -> None:
        for key in RubricForm.demanded:
            if getattr(read.form, key) is None and key not in read.broken:
                example = flow(keys_of(RubricForm)[key].says.examples[0])
                message = f"key '{key}' is missing; it is required; write for example '{key}: {example}'"
                self._log.add(read.document.shown, read.document.mark((key,)), message)
