"""Variants whose answers are held to a form: `response_format`."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from harness.errors import OptionError
from harness.schema_flaws import SchemaFlaw, named_flaws, schema_flaws
from harness.suite.document import plain
from harness.suite.values import quoted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from harness.schema import BackendSpec, PromptVersion, Variant
    from harness.suite.catalogue import Catalogue
    from harness.suite.document import Document
    from harness.suite.mistakes import MistakeLog

_ALLOWED = (
    "allowed: output (the prompt's own json_schema), json (any object), the path of a JSON Schema, relative to this "
    "file, or a mapping with 'type', which is sent as it is"
)
_NO_NAME = re.compile(r"[^A-Za-z0-9_-]")


def response_format(written: object, version: PromptVersion, folder: Path) -> Mapping[str, Any]:
    """What is sent as `response_format`, in OpenAI's form; OptionError when it is none."""
    if isinstance(written, str):
        if written == "json":
            return {"type": "json_object"}
        if written == "output":
            return _of_schema(version.name, _own_schema(version))
        return _of_schema(written.rpartition("/")[2].partition(".")[0], _read(folder / written, written))
    given: dict[str, Any] = plain(written)
    if not isinstance(given.get("type"), str):
        raise OptionError(f"response_format has no 'type'; {_ALLOWED}")
    for holder in (given, given.get("json_schema")):
        if isinstance(holder, dict) and isinstance(holder.get("schema"), dict):
            _check(holder["schema"], "the schema in response_format")
    return given


def _of_schema(name: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    named = _NO_NAME.sub("_", name)[:64] or "answer"
    return {"type": "json_schema", "json_schema": {"name": named, "schema": dict(schema)}}


def _own_schema(version: PromptVersion) -> Mapping[str, Any]:
    schema = version.output.json_schema
    if schema is None:
        raise OptionError(
            f"response_format is 'output', and prompt {quoted(version.name)} has no 'output: {{json_schema: ...}}'; "
            f"{_ALLOWED}"
        )
    return schema


def _read(path: Path, written: str) -> Mapping[str, Any]:
    try:
        schema = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise OptionError(f"response_format {quoted(written)} cannot be read ({error.strerror}); {_ALLOWED}") from None
    except (ValueError, RecursionError) as error:
        raise OptionError(f"response_format {quoted(written)} is not JSON ({error}); {_ALLOWED}") from None
    if not isinstance(schema, dict):
        raise OptionError(f"response_format {quoted(written)} holds no object; {_ALLOWED}")
    _check(schema, f"response_format {quoted(written)}")
    return schema


def _check(schema: Mapping[str, Any], what: str) -> None:
    """OptionError when it is no JSON Schema: a backend would refuse each call."""
    try:
        flaws = schema_flaws(schema)
    except RecursionError:
        flaws = [SchemaFlaw((), "it nests too deeply")]
    if flaws:
        raise OptionError(
            f"{what} is no JSON Schema: it is wrong {named_flaws(flaws)}; draft 2020-12 is allowed; mend the schema"
        )


def check_takers(
    variants: Sequence[Variant],
    backends: Sequence[BackendSpec],
    document: Document,
    *,
    catalogue: Catalogue,
    log: MistakeLog,
) -> None:
    """Log a variant that is held to a form on a backend that would not be told of it."""
    deaf = [spec for spec in backends if not catalogue.takes_params(spec)]
    held = [variant.name for variant in variants if variant.params]
    if deaf and held:
        spec = deaf[0]
        message = (
            f"variant {quoted(held[0])} has a response_format, and backend {quoted(spec.name)} (provider "
            f"{spec.provider}) takes none; backends of the providers llamacpp, openai and replay are allowed; "
            "give it a suite of its own"
        )
        log.add(document.shown, document.mark(("prompts",)), message)
