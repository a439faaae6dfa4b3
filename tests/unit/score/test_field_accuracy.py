from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from harness.schema import Answer, MetricSpec
from harness.score import create, needs_references

if TYPE_CHECKING:
    from harness.schema import Score

CAR = {"make": "Ford", "year": 2021, "owner": {"name": "Ann", "tags": ["a", "b"]}}


def _score(answer: Any, *references: Any, variables: dict[str, Any] | None = None, **options: Any) -> Score:
    texts = tuple(each if isinstance(each, str) else json.dumps(each) for each in references)
    output = answer if isinstance(answer, str) else json.dumps(answer)
    metric = create(MetricSpec("field_accuracy", options, Path()))
    return metric.score([Answer(output, texts, variables or {}, None)])[0][0]


@pytest.mark.parametrize(
    ("answer", "value", "reason"),
    [
        (CAR, 1, None),
        ({**CAR, "year": 2021.0}, 1, None),
        ({**CAR, "year": "2021"}, 4 / 5, "4 of 5 fields; wrong: year"),
        ({**CAR, "year": True}, 4 / 5, "4 of 5 fields; wrong: year"),
        ({**CAR, "make": "ford"}, 4 / 5, "4 of 5 fields; wrong: make"),
        ({**CAR, "colour": None}, 5 / 6, "5 of 6 fields; extra: colour"),
        ({"make": "Ford"}, 1 / 5, "1 of 5 fields; missing: year, owner.name, owner.tags[0], owner.tags[1]"),
        (
            {**CAR, "owner": "Ann"},
            2 / 6,
            "2 of 6 fields; missing: owner.name, owner.tags[0], owner.tags[1]; extra: owner",
        ),
        (
            {**CAR, "owner": {"name": "Ann", "tags": ["b", "a", "c"]}},
            3 / 6,
            "3 of 6 fields; wrong: owner.tags[0], owner.tags[1]; extra: owner.tags[2]",
        ),
        ([CAR], 0, None),
        ("", 0, "not JSON: line 1, column 1: Expecting value"),
        ("Sure: {}", 0, "not JSON: line 1, column 1: Expecting value"),
        ({}, 0, None),
    ],
)
def test_fields_are_right_wrong_missing_or_extra(answer: Any, value: float, reason: str | None) -> None:
    score = _score(answer, CAR)
    assert score.value == pytest.approx(value)
    assert reason is None or score.reason == reason


def test_empty_objects_and_lists_are_fields() -> None:
    assert _score({"a": {}, "b": []}, {"a": {}, "b": []}).value == 1
    assert _score({"a": [], "b": []}, {"a": {}, "b": []}).value == 0.5
    assert _score({}, {}).value == 1
    assert _score("3", "3").value == 1
    assert _score("[]", "{}").reason == "0 of 1 fields; wrong: $"


def test_the_reference_where_it_is_best_counts() -> None:
    assert _score({"a": 1}, {"a": 2}, {"a": 1}).value == 1


@pytest.mark.parametrize(
    ("one", "other", "is_equal"),
    [
        ("2021", 2021, True),
        ("1.50", 1.5, True),
        ("true", True, True),
        ("null", None, True),
        ("1", True, False),
        ("nan", 0, False),
    ],
)
def test_loose_types_read_texts(one: Any, other: Any, *, is_equal: bool) -> None:
    assert _score({"a": one}, {"a": other}, types="loose").value == float(is_equal)
    assert _score({"a": other}, {"a": one}, types="loose").value == float(is_equal)
    assert _score({"a": one}, {"a": other}).value == 0


def test_case_and_tolerance() -> None:
    assert _score({"a": " FORD"}, {"a": "Ford"}, ignore_case=True).value == 1
    assert _score({"a": 1.05}, {"a": 1}, tolerance=0.1).value == 1
    assert _score({"a": 1.2}, {"a": 1}, tolerance=0.1).value == 0
    assert _score('{"a": 1' + "0" * 400 + "}", {"a": 1}, tolerance=0.1).value == 0


def test_extra_fields_may_be_ignored() -> None:
    assert _score({"a": 1, "b": 2}, {"a": 1}).value == 0.5
    assert _score({"a": 1, "b": 2}, {"a": 1}, extra="ignore").value == 1


def test_lists_in_any_order_match_the_items_that_fit_best() -> None:
    people = [{"name": "Ann", "age": 3}, {"name": "Bo", "age": 4}]
    turned = [{"name": "Bo", "age": 5}, {"name": "Ann", "age": 3}]
    score = _score(turned, people, lists="any_order")
    assert (score.value, score.reason) == (0.75, "3 of 4 fields; wrong: [1].age")
    assert _score(turned, people).value == 0.0
    assert _score([2, 1, 1], [1, 2, 1], lists="any_order").value == 1
    assert _score([1, 1], [1, 2], lists="any_order").value == 0.5


def test_a_column_may_hold_the_reference() -> None:
    options: dict[str, Any] = {"column": "fields"}
    assert not needs_references(MetricSpec("field_accuracy", options, Path()))
    assert _score({"a": 1}, variables={"fields": {"a": 1}}, **options).value == 1
    assert _score({"a": 1}, variables={"fields": '{"a": 1}'}, **options).value == 1
    assert _score({"a": 1}, **options).reason == "the sample has no column 'fields'"


def test_without_a_reference_that_is_json_there_is_no_value() -> None:
    assert (_score({"a": 1}).status, _score({"a": 1}).reason) == ("unscored", "the sample has no reference")
    assert (_score({"a": 1}, "Ann").status, _score({"a": 1}, "Ann").reason) == ("unscored", "no reference is JSON")
    assert _score({"a": 1}, "Ann", {"a": 1}).value == 1


def test_deep_and_wide_answers_end_soon() -> None:
    deep = "[" * 99 + "1" + "]" * 99
    began = time.perf_counter()
    assert _score(deep, deep, lists="any_order").value == 1
    assert _score([[1] * 300] * 300, [[1] * 199] * 199, lists="any_order").value == pytest.approx(199 * 199 / 90_000)
    assert time.perf_counter() - began < 10


def test_a_reason_names_five_fields_of_a_kind() -> None:
    reference = dict.fromkeys("abcdefg", 1)
    assert _score({}, reference).value == 0
    assert _score({"a": 1}, reference).reason == "1 of 7 fields; missing: b, c, d, e, f and 1 more"
