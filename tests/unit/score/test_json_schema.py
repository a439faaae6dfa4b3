from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from harness.errors import OptionError
from harness.schema import Answer, MetricSpec
from harness.score import create, measures_of

if TYPE_CHECKING:
    from harness.schema import Score

TICKET = {
    "type": "object",
    "properties": {"title": {"type": "string"}, "priority": {"enum": ["low", "high"]}},
    "required": ["title"],
    "additionalProperties": False,
}
FORMS = "allowed: a mapping, or the path of a JSON file, relative to the suite file"
REST = "schemas; a draft 2020-12 schema is allowed; mend it"
MODEL = """
from pydantic import BaseModel, field_validator

class Ticket(BaseModel):
    title: str
    hours: int = 0

    @field_validator("title")
    @classmethod
    def _not_blank(cls, title: str) -> str:
        if not title.strip():
            raise ValueError("a title says something")
        return title

class Plain:
    pass

NOT_A_MODEL = 3
"""


def _score(output: str, folder: Path = Path(), **options: Any) -> Score:
    return create(MetricSpec("json_schema", options, folder)).score([Answer(output, (), {}, None)])[0][0]


def _refused(folder: Path = Path(), **options: Any) -> str:
    with pytest.raises(OptionError) as raised:
        create(MetricSpec("json_schema", options, folder))
    return str(raised.value)


@pytest.mark.parametrize(
    ("output", "reason"),
    [
        ('{"title": "a"}', None),
        (' {"title": "a", "priority": "low"}\n', None),
        ("", "not JSON: line 1, column 1: Expecting value"),
        ('Sure: {"title": "a"}', "not JSON: line 1, column 1: Expecting value"),
        ('{"title": 3}', "at $.title: 3 is not of type 'string'"),
        ("{}", "at $: 'title' is a required property"),
        ('{"title": "a", "priority": "urgent"}', "at $.priority: 'urgent' is not one of ['low', 'high']"),
        ("null", "at $: None is not of type 'object'"),
        ("NaN", "not JSON that can be read: NaN is no JSON value"),
        ("[" * 100_000, "nested more than 100 levels deep"),
        ("[" * 101 + "]" * 101, "nested more than 100 levels deep"),
    ],
)
def test_the_whole_answer_satisfies_the_schema_or_says_where_not(output: str, reason: str | None) -> None:
    score = _score(output, schema=TICKET)
    assert (score.value, score.status, score.reason) == (float(reason is None), "scored", reason)


def test_a_schema_may_lie_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "ticket.json").write_text(json.dumps(TICKET))
    assert _score('{"title": "a"}', tmp_path, schema="ticket.json").value == 1
    assert _score("{}", tmp_path, schema="ticket.json").value == 0


def test_a_pydantic_model_holds_by_its_schema_and_its_validators(tmp_path: Path) -> None:
    (tmp_path / "forms.py").write_text(MODEL)
    name = "forms.py:Ticket"
    assert _score('{"title": "a", "hours": 2}', tmp_path, model=name).value == 1
    assert (
        _score('{"title": "a", "hours": "2"}', tmp_path, model=name).reason
        == "at $.hours: '2' is not of type 'integer'"
    )
    assert _score('{"title": " "}', tmp_path, model=name).reason == "at $.title: Value error, a title says something"


def test_a_changed_model_is_another_signature(tmp_path: Path) -> None:
    spec = MetricSpec("json_schema", {"model": "forms.py:Ticket"}, tmp_path)
    (tmp_path / "forms.py").write_text(MODEL)
    before = measures_of(spec)[0].signature
    (tmp_path / "forms.py").write_text(MODEL.replace("title.strip()", "title"))
    assert measures_of(spec)[0].signature != before


def test_another_schema_or_formats_checked_is_another_signature() -> None:
    signatures = {
        measures_of(MetricSpec("json_schema", options, Path()))[0].signature
        for options in ({"schema": TICKET}, {"schema": True}, {"schema": TICKET, "formats": True})
    }
    assert len(signatures) == 3


def test_formats_are_checked_only_when_asked_for() -> None:
    schema = {"type": "string", "format": "ipv4"}
    assert _score('"999.1.1.1"', schema=schema).value == 1
    assert _score('"999.1.1.1"', schema=schema, formats=True).value == 0


def test_a_reference_to_elsewhere_is_refused_and_opens_no_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("urllib.request.urlopen", lambda *_args, **_named: pytest.fail("a connection was opened"))
    assert _refused(schema={"$ref": "http://127.0.0.1:9/schema.json"}) == (
        "metric 'json_schema': the schema is wrong at $.$ref: $ref 'http://127.0.0.1:9/schema.json' leaves the schema, "
        "and is not followed; a draft 2020-12 schema is allowed; mend it"
    )


@pytest.mark.parametrize(
    ("schema", "flaws"),
    [
        ({"$ref": "#/$defs/none"}, "at $.$ref: $ref '#/$defs/none' points nowhere"),
        ({"items": {"$ref": "#gone"}}, "at $.items.$ref: $ref '#gone' points nowhere"),
        ({"allOf": [{"$dynamicRef": "#gone"}]}, "at $.allOf[0].$dynamicRef: $dynamicRef '#gone' points nowhere"),
        (
            {"$ref": "other.json", "properties": {"a": {"$ref": "#/title"}}, "title": "x"},
            (
                "at $.$ref: $ref 'other.json' leaves the schema, and is not followed; "
                "at $.properties.a.$ref: $ref '#/title' leads to what is no schema"
            ),
        ),
        (
            {"definitions": {"a": {"$ref": "#/definitions/b"}}, "$ref": "#/definitions/a"},
            "at $.definitions.a.$ref: $ref '#/definitions/b' points nowhere",
        ),
        (
            {"type": "objekt", "properties": {"a": {"minimum": "1"}, "b": {"pattern": "("}}},
            (
                "at $.properties.a.minimum: '1' is not of type 'number'; at $.properties.b.pattern: '(' is not a "
                "'regex'; at $.type: 'objekt' is not valid under any of the given schemas"
            ),
        ),
        (
            {"properties": {f"p{n}": {"minLength": -1} for n in range(8)}},
            "; ".join(f"at $.properties.p{n}.minLength: -1 is less than the minimum of 0" for n in range(5))
            + ", and 3 more",
        ),
    ],
)
def test_every_flaw_of_a_schema_is_told_when_it_is_read(schema: dict[str, Any], flaws: str) -> None:
    assert _refused(schema=schema) == (
        f"metric 'json_schema': the schema is wrong {flaws}; a draft 2020-12 schema is allowed; mend it"
    )


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#/$defs/a", "$defs": {"a": {"$anchor": "here", "items": {"$ref": "#here"}}}},
        {"$id": "https://example.com/a", "$ref": "b", "$defs": {"b": {"$id": "b", "type": "string"}}},
        {"$ref": "https://json-schema.org/draft/2020-12/schema"},
        {"enum": [{"$ref": "other.json"}], "examples": [{"$ref": "#/none"}]},
        {"properties": {"$ref": {"type": "string"}}, "additionalProperties": {"$ref": "#"}},
    ],
)
def test_references_that_lead_into_the_schema_are_followed(schema: dict[str, Any]) -> None:
    assert _score("3", schema=schema).status == "scored"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "metric 'json_schema' needs a 'schema' or a 'model'; one of the two is allowed"),
        (
            {"schema": {}, "model": "a:B"},
            "metric 'json_schema' has a 'schema' and a 'model'; one of the two is allowed",
        ),
        (
            {"schema": 3},
            f"metric 'json_schema': option 'schema' is 3; {FORMS}",
        ),
        (
            {"schema": "none.json"},
            f"metric 'json_schema': none.json cannot be read (No such file or directory); {FORMS}",
        ),
        (
            {"schema": {"type": "objekt"}},
            f"metric 'json_schema': the schema is wrong at $.type: 'objekt' is not valid under any of the given {REST}",
        ),
    ],
)
def test_what_is_no_schema_is_refused(tmp_path: Path, options: dict[str, Any], message: str) -> None:
    assert _refused(tmp_path, **options) == message


def test_what_is_no_model_is_refused(tmp_path: Path) -> None:
    (tmp_path / "forms.py").write_text(MODEL)
    assert _refused(tmp_path, model="forms.py:Plain") == (
        "metric 'json_schema': model 'forms.py:Plain' is the class Plain; allowed: a class made from pydantic's "
        "BaseModel"
    )
    assert _refused(tmp_path, model="forms.py") == (
        "metric 'json_schema': model 'forms.py' names no class; allowed: file.py:Class, relative to the file that "
        "names it, or package.module:Class"
    )
    assert _refused(tmp_path, model="forms.py:Tickets") == (
        "metric 'json_schema': model 'forms.py:Tickets': forms.py has no 'Tickets'; allowed: file.py:Class, relative "
        "to the file that names it, or package.module:Class. Did you mean 'Ticket'?"
    )
    assert _refused(tmp_path, model="forms.py:NOT_A_MODEL") == (
        "metric 'json_schema': model 'forms.py:NOT_A_MODEL' is 3; allowed: a class made from pydantic's BaseModel"
    )
    assert "has no 'Tiket'" in _refused(tmp_path, model="forms.py:Tiket")


def test_a_class_where_there_is_no_pydantic_is_no_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "own.py").write_text("class Ticket: ...\n")
    monkeypatch.setitem(sys.modules, "pydantic", None)
    assert _refused(tmp_path, model="own.py:Ticket").endswith("; allowed: a class made from pydantic's BaseModel")


def test_schema_that_is_no_json_is_refused() -> None:
    nested: dict[str, Any] = {}
    for _ in range(10_000):
        nested = {"properties": {"a": nested}}
    for schema in (nested, {"const": object()}):
        with pytest.raises(OptionError, match=r"metric 'json_schema': the schema is no JSON \(.+\); a draft 2020-12"):
            create(MetricSpec("json_schema", {"schema": schema}, Path()))
