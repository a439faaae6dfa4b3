"""json_schema: whether the answer is JSON that satisfies a schema."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any, ClassVar

from harness.errors import OptionError
from harness.own_code import load_object, source_sha256
from harness.schema import Measure, canonical_json, content_hash
from harness.schema_flaws import named_flaws, schema_flaws
from harness.score.json_text import read_json_value
from harness.score.metric import failed, scored
from harness.score.options import Option, read_options, shown
from harness.wording import described_error

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from jsonschema.protocols import Validator
    from pydantic import BaseModel

    from harness.schema import Answer, MetricSpec, Score

_SHOWN = 200


class JsonSchema:
    r"""1 when the whole answer is one JSON value that satisfies the schema, else 0 with what does not fit.

    The schema is written in the suite, lies in a file, or is that of a pydantic model, whose validators hold too.

    Range: 0 or 1.
    Higher is better: yes.
    Empty input: an empty answer is not JSON: 0; references are not looked at.
    Source: JSON Schema draft 2020-12, by the `jsonschema` library; checked against the official test suite.
    Deviations: a `$ref` to somewhere else is not followed, no connection is opened: such a schema is refused;
        patterns are Python's, without `\p{…}`; metaschemas of one's own are not known; NaN and Infinity are not JSON,
        and more than 100 levels of nesting are 0.
    """

    OPTIONS: ClassVar[tuple[Option, ...]] = (
        Option(
            "schema", "free", default=None, meaning="The schema, or the path of its file, relative to the suite file."
        ),
        Option(
            "model",
            "str",
            default=None,
            meaning="Instead of a schema, a pydantic model: `file.py:Class` or `package.module:Class`.",
        ),
        Option("formats", "bool", default=False, meaning="Check `format` too, which by itself only describes."),
    )
    needs_references = False

    def __init__(self, spec: MetricSpec) -> None:
        """OptionError for an option it does not have, or a schema or model that there is not or that is none."""
        chosen = read_options("json_schema", self.OPTIONS, spec.options)
        self._model: type[BaseModel] | None = None
        self._formats: bool = chosen["formats"]
        given = [name for name in ("schema", "model") if chosen[name] is not None]
        if len(given) != 1:
            what = "needs a 'schema' or a 'model'" if not given else "has a 'schema' and a 'model'"
            raise OptionError(f"metric 'json_schema' {what}; one of the two is allowed", given[-1] if given else None)
        if chosen["model"] is not None:
            self._model = _loaded_model(chosen["model"], spec.folder)
            self._schema: Any = self._model.model_json_schema()
        else:
            self._schema = _read_schema(chosen["schema"], spec.folder)
        _check_schema(self._schema, given[0])
        self.measures = (self._measure(spec, chosen["model"]),)
        self._made: Validator | None = None

    def _measure(self, spec: MetricSpec, model: str | None) -> Measure:
        source = ""
        if model is not None:
            digest = source_sha256(model, spec.folder, kind="model")
            source = f"|model:{model.rpartition(':')[2]}#{digest[:16]}"
        formats = "checked" if self._formats else "ignored"
        schema = content_hash([canonical_json(self._schema)])
        signature = f"json_schema|draft:2020-12|schema:{schema}{source}|formats:{formats}|version:1"
        return Measure("json_schema", "score", 0.0, 1.0, higher_is_better=True, signature=signature)

    @property
    def _validator(self) -> Validator:
        """With a registry of its own: a `$ref` to elsewhere opens no connection."""
        from jsonschema import Draft202012Validator
        from referencing import Registry

        if self._made is None:
            checker = Draft202012Validator.FORMAT_CHECKER if self._formats else None
            self._made = Draft202012Validator(self._schema, registry=Registry(), format_checker=checker)
        return self._made

    def score(self, answers: Sequence[Answer]) -> list[tuple[Score, ...]]:
        """One score an answer."""
        return [self._one(answer.output) for answer in answers]

    def _one(self, text: str) -> tuple[Score, ...]:
        from jsonschema.exceptions import best_match

        read = read_json_value(text)
        if read.flaw is not None:
            return (scored(self.measures[0], 0, read.flaw),)
        try:
            error = best_match(self._validator.iter_errors(read.value))
        except Exception as broken:  # noqa: BLE001 - a wrong schema fails in many ways: references, patterns, types
            return failed(self.measures, f"the schema itself fails: {_cut(described_error(broken))}; mend it")
        if error is not None:
            return (scored(self.measures[0], 0, f"at {error.json_path}: {_cut(error.message)}"),)
        flaw = None if self._model is None else _refused(self._model, text)
        return (scored(self.measures[0], flaw is None, flaw),)


def _read_schema(given: object, folder: Path) -> object:
    if isinstance(given, dict | bool):
        return given
    allowed = "allowed: a mapping, or the path of a JSON file, relative to the suite file"
    if not isinstance(given, str) or not given:
        raise OptionError(f"metric 'json_schema': option 'schema' is {shown(given)}; {allowed}", "schema")
    path = folder / given
    try:
        return json.loads(path.read_text("utf-8"))
    except OSError as error:
        what = f"{given} cannot be read ({error.strerror})"
    except (ValueError, RecursionError) as error:
        what = f"{given} is not JSON: {error}"
    raise OptionError(f"metric 'json_schema': {what}; {allowed}", "schema")


def _check_schema(schema: Any, key: str) -> None:
    try:
        canonical_json(schema)
        flaws = schema_flaws(schema)
    except (TypeError, ValueError, RecursionError) as error:
        raise OptionError(
            f"metric 'json_schema': the schema is no JSON ({_cut(str(error))}); a draft 2020-12 schema is allowed; "
            "mend it",
            key,
        ) from None
    if flaws:
        raise OptionError(
            f"metric 'json_schema': the schema is wrong {named_flaws(flaws)}; a draft 2020-12 schema is allowed; "
            "mend it",
            key,
        )


def _loaded_model(name: str, folder: Path) -> type[BaseModel]:
    try:
        found = load_object(name, folder, kind="model")
    except OptionError as error:
        raise OptionError(f"metric 'json_schema': {error}", "model") from None
    pydantic = sys.modules.get("pydantic")  # whoever made a model has imported it; it is no dependency of the harness
    if pydantic is None or not isinstance(found, type) or not issubclass(found, pydantic.BaseModel):
        what = f"the class {found.__qualname__}" if isinstance(found, type) else shown(found)
        raise OptionError(
            f"metric 'json_schema': model '{name}' is {what}; allowed: a class made from pydantic's BaseModel",
            "model",
        )
    return found


def _refused(model: type[BaseModel], text: str) -> str | None:
    """What the model's own validators say against the text; None when nothing."""
    from pydantic import ValidationError

    try:
        model.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = "".join(f".{part}" if isinstance(part, str) else f"[{part}]" for part in first["loc"])
        return f"at ${place}: {_cut(first['msg'])}"
    return None


def _cut(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _SHOWN else line[: _SHOWN - 1] + "…"
