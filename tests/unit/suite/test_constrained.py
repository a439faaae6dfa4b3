"""Variants whose answers are held to a form."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

if TYPE_CHECKING:
    from harness.schema import Variant
    from tests.unit.suite.conftest import Project

HEAD = "dataset: {path: ../../datasets/demo.jsonl, reference: label}\n"
PROMPT = "inputs: {text: str}\ntemplate: '{{ text }}'\n"
SCHEMA = {"type": "object", "required": ["label"]}
ALLOWED = (
    "allowed: output (the prompt's own json_schema), json (any object), the path of a JSON Schema, relative to this "
    "file, or a mapping with 'type', which is sent as it is"
)


def _variants(project: Project, response_format: str) -> list[Variant]:
    entry = f"{{prompt: zero_shot, name: held, response_format: {response_format}}}"
    project.suite(f"{HEAD}prompts: [zero_shot, {entry}]\n")
    return list(project.load().variants)


def _mistakes(project: Project, response_format: str) -> str:
    entry = f"{{prompt: zero_shot, name: held, response_format: {response_format}}}"
    project.suite(f"{HEAD}prompts: [{entry}]\nmetrics: [exact_match]\n")
    return project.mistakes()


def test_any_object_and_a_mapping_go_as_they_are(project: Project) -> None:
    assert _variants(project, "json")[1].params == {"response_format": {"type": "json_object"}}
    written = {"type": "json_schema", "json_schema": {"name": "a", "strict": True, "schema": {"type": "object"}}}
    assert _variants(project, json.dumps(written))[1].params == {"response_format": written}


def test_the_prompts_own_schema_is_named_output(project: Project) -> None:
    project.prompt(f"{PROMPT}output: {{json_schema: {json.dumps(SCHEMA)}}}\n")
    sent = {"type": "json_schema", "json_schema": {"name": "zero_shot", "schema": SCHEMA}}
    assert _variants(project, "output")[1].params == {"response_format": sent}


def test_a_schema_may_lie_in_a_file_beside_the_suite(project: Project) -> None:
    project.write("suites/demo/forms/my ticket.schema.json", json.dumps(SCHEMA))
    sent = {"type": "json_schema", "json_schema": {"name": "my_ticket", "schema": SCHEMA}}
    assert _variants(project, "forms/my ticket.schema.json")[1].params == {"response_format": sent}


def test_the_prompts_hash_says_that_the_answers_are_held(project: Project) -> None:
    free, held = _variants(project, "json")
    assert free.params == {}
    assert free.prompt.content_hash != held.prompt.content_hash
    assert replace(held.prompt, content_hash=free.prompt.content_hash) == free.prompt


@pytest.mark.parametrize(
    ("written", "message"),
    [
        (
            "output",
            "response_format is 'output', and prompt 'zero_shot' has no 'output: {json_schema: ...}'; " + ALLOWED,
        ),
        ("none.json", "response_format 'none.json' cannot be read (No such file or directory); " + ALLOWED),
        ("{schema: {}}", "response_format has no 'type'; " + ALLOWED),
        ("{type: 3}", "response_format has no 'type'; " + ALLOWED),
        ("list.json", "response_format 'list.json' holds no object; " + ALLOWED),
        (
            "bad.json",
            (
                "response_format 'bad.json' is no JSON Schema: it is wrong at $.properties.a.$ref: $ref '#/$defs/none' "
                "points nowhere; draft 2020-12 is allowed; mend the schema"
            ),
        ),
        (
            "{type: json_schema, json_schema: {schema: {type: objekt, required: 3}}}",
            (
                "the schema in response_format is no JSON Schema: it is wrong at $.required: 3 is not of type 'array'; "
                "at $.type: 'objekt' is not valid under any of the given schemas; draft 2020-12 is allowed; mend the "
                "schema"
            ),
        ),
        (
            "{type: json_object, schema: {type: objekt}}",
            (
                "the schema in response_format is no JSON Schema: it is wrong at $.type: 'objekt' is not valid under "
                "any of the given schemas; draft 2020-12 is allowed; mend the schema"
            ),
        ),
    ],
)
def test_what_is_no_form_is_told_where_it_is_written(project: Project, written: str, message: str) -> None:
    project.write("suites/demo/list.json", "[]")
    project.write("suites/demo/bad.json", '{"properties": {"a": {"$ref": "#/$defs/none"}}}')
    assert _mistakes(project, written) == f"suites/demo/suite.yaml:2:60: {message}"


def test_a_backend_that_would_not_be_told_is_a_mistake(project: Project) -> None:
    project.catalogue = replace(project.catalogue, takes_params=lambda spec: spec.name != "smollm2")
    assert _mistakes(project, "json") == (
        "suites/demo/suite.yaml:2:10: variant 'held' has a response_format, and backend 'smollm2' (provider llamacpp) "
        "takes none; backends of the providers llamacpp, openai and replay are allowed; give it a suite of its own"
    )
    project.suite(f"{HEAD}prompts: [zero_shot]\nmetrics: [exact_match]\n")
    project.load()
