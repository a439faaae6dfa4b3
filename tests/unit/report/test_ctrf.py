"""CTRF JSON: its form, and that it holds what the run holds.

The form below is written after the published one: `schema/ctrf.schema.json` of github.com/ctrf-io/ctrf, specification
0.0.0 (required keys, types, allowed values, and that no other key is allowed), as far as we write it. Against the
published text itself (npm ctrf 0.3.0, `dist/ctrf-schema-0.0.json`) these documents were valid when this was written.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft7Validator
from msgspec.structs import replace

from harness.plan import gate_name, item_name
from harness.report.ctrf import Names, render_ctrf
from tests.unit.report.run_records import HOSTILE, Shape, build_record

if TYPE_CHECKING:
    from harness.schema import RunRecord

STATUS = ("passed", "failed", "skipped", "pending", "other")
TEXT, COUNT, TEXTS = {"type": "string"}, {"type": "integer"}, {"type": "array", "items": {"type": "string"}}


def closed(required: dict[str, Any], optional: dict[str, Any] | None = None) -> dict[str, Any]:
    """An object with these keys and no other; `extra` is allowed everywhere."""
    return {
        "type": "object",
        "required": list(required),
        "properties": {**required, **(optional or {}), "extra": {"type": "object"}},
        "additionalProperties": False,
    }


TEST = closed(
    {"name": {"type": "string", "minLength": 1}, "status": {"enum": list(STATUS)}, "duration": COUNT},
    {
        "id": {"type": "string", "format": "uuid"},
        "start": COUNT,
        "stop": COUNT,
        "suite": {**TEXTS, "minItems": 1},
        "message": TEXT,
        "trace": TEXT,
        "line": COUNT,
        "rawStatus": TEXT,
        "tags": TEXTS,
        "filePath": TEXT,
        "retries": COUNT,
        "flaky": {"type": "boolean"},
    },
)
SUMMARY = closed(
    dict.fromkeys(("tests", *STATUS, "start", "stop"), COUNT),
    {"flaky": COUNT, "suites": COUNT, "duration": COUNT},
)
FORM = {
    **closed(
        {
            "results": closed(
                {
                    "tool": closed({"name": {"type": "string", "minLength": 1}}, {"version": TEXT}),
                    "summary": SUMMARY,
                    "tests": {"type": "array", "items": TEST},
                },
                {"environment": closed({}, {"commit": TEXT, "branchName": TEXT, "buildName": TEXT})},
            ),
            "reportFormat": {"const": "CTRF"},
            "specVersion": {"type": "string", "pattern": r"^[0-9]+\.[0-9]+\.[0-9]+$"},
        },
        {
            "reportId": {"type": "string", "format": "uuid"},
            "timestamp": {"type": "string", "format": "date-time"},
            "generatedBy": TEXT,
        },
    )
}
VALIDATOR = Draft7Validator(FORM, format_checker=Draft7Validator.FORMAT_CHECKER)


def document(record: RunRecord) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(render_ctrf(record, Names(item_name, gate_name)))
    return found


@pytest.mark.parametrize(
    "shape",
    [
        Shape(),
        Shape(hostile=True),
        Shape(complete=False),
        Shape(failing_metric=True, repeats=2),
        Shape(suites=("feedback", "other")),
    ],
)
def test_form_is_the_published_one(shape: Shape) -> None:
    found = document(build_record(shape))
    assert [error.message for error in VALIDATOR.iter_errors(found)] == []


def test_form_refuses_what_the_published_one_refuses() -> None:
    found = document(build_record())
    found["results"]["tests"][0]["status"] = "not_run"
    found["results"]["tool"]["colour"] = "blue"
    del found["results"]["summary"]["stop"]
    assert len(list(VALIDATOR.iter_errors(found))) == 3


def test_each_trial_and_each_gate_is_a_test_and_they_are_counted() -> None:
    record = build_record(Shape(complete=False))
    found = document(record)
    tests, summary = found["results"]["tests"], found["results"]["summary"]
    assert len(tests) == summary["tests"] == len(record.results) + len(record.verdicts)
    assert sum(summary[status] for status in STATUS) == len(tests)
    outcomes = [result.outcome for result in record.results]
    trials = tests[: len(outcomes)]
    assert [test["rawStatus"] for test in trials] == outcomes
    wanted = {"passed": "passed", "failed": "failed", "error": "failed", "not_run": "pending"}
    assert [test["status"] for test in trials] == [wanted[outcome] for outcome in outcomes]
    assert len({test["id"] for test in tests}) == len(tests)


def test_trial_has_name_duration_scores_and_why_it_failed() -> None:
    record = build_record()
    at = next(at for at, result in enumerate(record.results) if result.missed)
    result, test = record.results[at], document(record)["results"]["tests"][at]
    assert test["name"] == item_name(result.trial)
    assert result.generation is not None
    assert test["duration"] == round(1000 * (result.generation.latency_s or 0))
    assert test["message"] == f"missed check: {result.missed[0]}"
    assert test["extra"]["scores"] == {score.metric: score.value for score in result.scores if score.value is not None}
    assert (test["suite"], test["filePath"]) == (["feedback"], "suites/feedback/suite.yaml")


def test_gate_has_its_value_interval_and_place() -> None:
    record = build_record()
    first = record.verdicts[0]
    gate = replace(first.gate, path="suites/feedback/suite.yaml", line=21)
    record = replace(record, verdicts=(replace(first, gate=gate), *record.verdicts[1:]))
    test = document(record)["results"]["tests"][len(record.results)]
    assert test["name"] == gate_name(gate, first.variant, first.backend)
    assert (test["suite"], test["filePath"], test["line"]) == (["feedback", "gates"], gate.path, 21)
    assert test["message"] == first.message
    values = {name: test["extra"][name] for name in ("value", "ci_low", "ci_high", "n")}
    aggregate = first.aggregate
    assert test["extra"]["confidence"] == (None if aggregate.ci_low is None else 0.95)
    assert list(values.values()) == [aggregate.value, aggregate.ci_low, aggregate.ci_high, aggregate.n_scored]


@pytest.mark.parametrize(
    ("changed", "status", "raw"),
    [
        ({"passed": True}, "passed", "holds"),
        ({"passed": True, "warns": True}, "passed", "warns"),
        ({"passed": False}, "failed", "does not hold"),
        ({"passed": False, "judged": False}, "pending", "not judged"),
        ({"passed": False, "judged": False, "by_choice": True}, "skipped", "not judged"),
    ],
)
def test_status_of_a_gate(changed: dict[str, Any], status: str, raw: str) -> None:
    record = build_record()
    record = replace(record, verdicts=(replace(record.verdicts[0], **changed),))
    test = document(record)["results"]["tests"][-1]
    assert (test["status"], test["rawStatus"]) == (status, raw)


def test_times_are_milliseconds() -> None:
    record = build_record()
    manifest = replace(record.manifest, started_at="2026-11-22T20:18:49+00:00", wall_s=61.5)
    found = document(replace(record, manifest=manifest))["results"]["summary"]
    assert (found["start"], found["stop"], found["duration"]) == (1795378729000, 1795378790500, 61500)


def test_hostile_texts_are_printable() -> None:
    record = build_record()
    error = next(result for result in record.results if result.error is not None)
    assert error.error is not None
    hostile = replace(error, error=replace(error.error, message="\n".join(HOSTILE)))
    record = replace(record, results=(hostile,))
    message = document(record)["results"]["tests"][0]["message"]
    assert message.replace("\n", "").isprintable()
    assert "\\ud800" in message


def test_a_trial_keeps_its_id_from_run_to_run() -> None:
    first, second = build_record(), build_record(Shape(failing_metric=True))
    second = replace(second, manifest=replace(second.manifest, run_id="20261122T201849Z-ffff"))
    ids = [[test["id"] for test in document(record)["results"]["tests"]] for record in (first, second)]
    assert ids[0] == ids[1]
    assert document(first)["reportId"] != document(second)["reportId"]
