"""The backends that a suite's metrics ask."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.errors import OptionError
from harness.schema import canonical_json
from harness.suite.values import quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from harness.schema import BackendSpec
    from harness.suite.backends import BackendReader
    from harness.suite.document import Document, Place

_SHOWN = 16
"""Hex digits of a hash in a signature."""


class Judges:
    """Resolves the names by which metrics call the backends that they ask, as those under `backends:`."""

    def __init__(self, reader: BackendReader, listed: Sequence[BackendSpec], document: Document) -> None:
        """`listed` are the suite's own backends, which a metric may ask as well."""
        self._reader = reader
        self._listed = {spec.name: spec for spec in listed}
        self._inline: dict[str, BackendSpec | None] = {}
        self._document = document
        self._asked: dict[str, BackendSpec] = {}

    @property
    def asked(self) -> tuple[BackendSpec, ...]:
        """Those that metrics ask, in the order in which they were found."""
        return tuple(self._asked.values())

    def define(self, place: Place) -> str:
        """The name of the backend that a metric's option defines at this place; its mistakes are logged there.

        Raises OptionError when another backend of the suite has the name.
        """
        name, spec = self._reader.inline(self._document, place)
        others = {**self._listed, **self._inline}
        if name in others and spec is not None and others[name] != spec:
            raise OptionError(
                f"backend {quoted(name)} is defined twice, each time differently; once is allowed; rename one, or "
                "write its name only",
                "backend",
            )
        self._inline[name] = spec
        return name

    def find(self, name: str) -> BackendSpec | None:
        """The backend of this name; None when its definition is broken, as is logged; OptionError without one."""
        if name in self._inline:
            spec = self._inline[name]
        else:
            spec = self._listed.get(name) or self._reader.judge(name, list(self._listed))
        if spec is not None:
            self._asked[name] = spec
        return spec


def signed(
    signature: str, judges: Sequence[BackendSpec], fingerprint: Callable[[BackendSpec], Mapping[str, str]]
) -> str:
    """A measure's signature with who is asked for it: provider, model, address, parameters, and what of it lies here.

    OptionError when that cannot be read.
    """
    for judge in judges:
        address = f"@{judge.base_url}" if judge.base_url else ""
        signature += f"|asks:{judge.provider} {judge.model}{address} {canonical_json(judge.params)}"
        signature += "".join(f" {word}:{digest[:_SHOWN]}" for word, digest in fingerprint(judge).items())
    return signature
