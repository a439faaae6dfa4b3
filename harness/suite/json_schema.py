"""JSON Schemas of the files, for editors: written from the same kinds by which the files are read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import NODEFAULT, to_builtins
from msgspec.structs import fields

from harness.suite.kinds import (
    EitherKind,
    FormKind,
    ListKind,
    MappingKind,
    NamesKind,
    NumberKind,
    OptionalKind,
    SwitchKind,
    TextKind,
    keys_of,
)
from harness.suite.prompt_form import PromptForm
from harness.suite.suite_form import SuiteForm

if TYPE_CHECKING:
    from msgspec.structs import FieldInfo

    from harness.suite.form import Form
    from harness.suite.kinds import Key, Kind

_DRAFT = "https://json-schema.org/draft/2020-12/schema"


def suite_schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of suite.yaml."""
    return _schema(SuiteForm, "suite.yaml of pytest-prompt-suite")


def prompt_schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of prompts/<name>/v<version>.yaml."""
    return _schema(PromptForm, "prompt file of pytest-prompt-suite")


def _schema(form: type[Form], title: str) -> dict[str, Any]:
    writer = _Writer()
    body = writer.form(form)
    return {"$schema": _DRAFT, "$defs": writer.definitions, "title": title, **body}


class _Writer:
    """Kinds → their schemas; forms other than the file's own are definitions, each written once."""

    def __init__(self) -> None:
        self.definitions: dict[str, Any] = {}

    def form(self, form: type[Form]) -> dict[str, Any]:
        """The schema of a mapping of this form."""
        keys = keys_of(form)
        defaults = {field.name: field for field in fields(form)}
        required = [name for name, key in keys.items() if key.is_required or name in form.demanded]
        return {
            "description": form.__doc__ or "",
            "type": "object",
            "properties": {name: self._key(key) | _default(defaults[name]) for name, key in keys.items()},
            "additionalProperties": False,
            **({"required": required} if required else {}),
        }

    def _key(self, key: Key) -> dict[str, Any]:
        return {**self._kind(key.kind), "description": key.says.description, "examples": list(key.says.examples)}

    def _kind(self, kind: Kind) -> dict[str, Any]:
        if isinstance(kind, FormKind):
            return self._reference(kind.form)
        if isinstance(kind, OptionalKind):
            inner = self._kind(kind.kind)
            return {"anyOf": [*inner.get("anyOf", [inner]), {"type": "null"}]}
        if isinstance(kind, EitherKind):
            return {"oneOf": [self._kind(each) for each in kind.kinds]}
        if isinstance(kind, ListKind):
            return self._list(kind)
        return self._mapping(kind) if isinstance(kind, MappingKind) else _scalar(kind)

    def _reference(self, form: type[Form]) -> dict[str, Any]:
        if form.__name__ not in self.definitions:
            self.definitions[form.__name__] = {}  # its place, also for a form that holds itself
            self.definitions[form.__name__] = self.form(form)
        return {"$ref": f"#/$defs/{form.__name__}"}

    def _list(self, kind: ListKind) -> dict[str, Any]:
        if kind.is_one_enough:  # names of columns: an editor wants them as texts
            text = {"type": "string"}
            return {"anyOf": [text, {"type": "array", "items": text, "minItems": 1}]}
        return {"type": "array", "items": self._kind(kind.entry), **_limits(minItems=kind.least or None)}

    def _mapping(self, kind: MappingKind) -> dict[str, Any]:
        entry = self._kind(kind.entry) or True
        limits = _limits(minProperties=kind.least or None, maxProperties=kind.most)
        return {"type": "object", "additionalProperties": entry, **limits}


def _scalar(kind: Kind) -> dict[str, Any]:
    if isinstance(kind, NumberKind):
        name = "integer" if kind.is_whole else "number"
        limits = _limits(minimum=kind.at_least, exclusiveMinimum=kind.more_than, exclusiveMaximum=kind.less_than)
        return {"type": name, **limits}
    if isinstance(kind, NamesKind):
        return {"type": "string", "enum": list(kind.names)}
    if isinstance(kind, TextKind):
        return {"type": ["string", "number"]}
    return {"type": "boolean"} if isinstance(kind, SwitchKind) else {}


def _limits(**limits: float | None) -> dict[str, float]:
    return {name: limit for name, limit in limits.items() if limit is not None}


def _default(field: FieldInfo) -> dict[str, Any]:
    """What a key is when it is left out."""
    if field.required:
        return {}
    value = field.default if field.default_factory is NODEFAULT else field.default_factory()
    return {"default": to_builtins(value)}
