"""What is no run.json, and in which words."""

from __future__ import annotations

import json
from typing import Any

import pytest
from msgspec import to_builtins

from harness.record.manifest_form import flaw_of
from tests.unit.record.measured_runs import run_of

MEASURE = {"name": "f1", "unit": "score", "low": 0, "high": 1, "higher_is_better": True, "signature": "f1|v1"}
CONTENT = json.loads(json.dumps(to_builtins(run_of().manifest)))


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"started_at": None}, "started_at is null, not text"),
        ({"wall_s": "1"}, "wall_s is text, not a number"),
        ({"wall_s": float("nan")}, "wall_s is no finite number"),
        ({"wall_s": 10**400}, "wall_s: number out of range"),
        ({"complete": "yes"}, "complete is text, not true or false"),
        ({"versions": []}, "versions is a list, not a mapping"),
        ({"git_commit": 7}, "git_commit is a whole number, not text or null"),
        ({"suites": {}}, "suites is a mapping, not a list"),
        ({"suites": [7]}, "suites[0] is a whole number, not a mapping"),
        ({"suites": [{}]}, "suites[0].name is missing"),
        ({"suites": [{"name": "../../x"}]}, "suites[0].name is no name of a suite"),
        ({"suites": [{"name": "s"}, {"name": "s"}]}, "suite 's' is in it twice"),
        ({"suites": [{"name": "s", "prompts": {"p": None}}]}, "suites[0].prompts[...] is null, not a mapping"),
        (
            {"suites": [{"name": "s", "backends": {"b": {"provider": "p"}}}]},
            "suites[0].backends[...].model is missing",
        ),
        ({"suites": [{"name": "s", "n_samples": -1}]}, "suites[0].n_samples is no whole number from 0"),
        ({"suites": [{"name": "s", "repeats": 2**60}]}, "suites[0].repeats is too large a number"),
        ({"suites": [{"name": "s", "measures": [None]}]}, "suites[0].measures[0] is null, not a mapping"),
        (
            {"suites": [{"name": "s", "measures": [{**MEASURE, "unit": "apples"}]}]},
            "suites[0].measures[0].unit: invalid enum value 'apples'",
        ),
        (
            {"suites": [{"name": "s", "measures": [{**MEASURE, "low": 2}]}]},
            "suites[0].measures[0]: low is 2 and high 1",
        ),
        ({"suites": [{"name": "s", "measures": [MEASURE] * 2}]}, "suites[0]: measure 'f1' is in it twice"),
        ({"totals": None}, "totals is null, not a mapping"),
        ({"totals": {"trials": "many"}}, "totals.trials is text, not a whole number or null"),
        ({"verdicts": None}, "verdicts is null, not a list"),
        ({"verdicts": [{"suite": "s", "gate": "g"}]}, "verdicts[0].passed is missing"),
        ({"cells": "x"}, "cells is text, not a list"),
        ({"cells": [None]}, "cells[0] is null, not a mapping"),
        ({"backends": [3]}, "backends[0] is a whole number, not a mapping"),
        (
            {"comparisons": [{"suite": "s", "baseline": "b", "findings": {"worse": 1}}]},
            "comparisons[0].findings: invalid enum value 'worse'",
        ),
        (
            {"comparisons": [{"suite": "s", "baseline": "b", "findings": {"\ud800": 1}}]},
            "half of a surrogate pair stands where a word of the harness's own should",
        ),
    ],
)
def test_part_that_is_not_as_recorded_is_named_with_what_it_is(fields: dict[str, Any], why: str) -> None:
    assert flaw_of({**CONTENT, **fields}) == why


def test_what_a_run_writes_is_in_the_form() -> None:
    assert flaw_of(CONTENT) is None


def test_bound_that_is_no_number_of_json_is_read_as_it_was_written() -> None:
    assert flaw_of({**CONTENT, "suites": [{"name": "s", "measures": [{**MEASURE, "low": float("-inf")}]}]}) is None


def test_names_of_several_lines_are_told_on_one() -> None:
    flaw = flaw_of({**CONTENT, "verdicts": [{"suite": "s", "gate": "g", "passed": True, "finding": "a\nb\x1b[31m"}]})
    assert flaw == "verdicts[0].finding: invalid enum value 'a\\nb\\x1b[31m'"
