from __future__ import annotations

from typing import Any

import pytest

from harness.errors import FilesError
from harness.suite.document import parse, plain
from harness.suite.mistakes import Mark


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("no", "no"), ("yes", "yes"), ("on", "on"), ("true", True), ("False", False), ("~", None), ("", None),
        ("null", None), ("12", 12), ("-3", -3), ("010", 10), ("0o17", 15), ("0x1F", 31), ("1_000", "1_000"),
        ("1.10", 1.1), (".5", 0.5), ("1e3", 1000.0), ("12:30:45", "12:30:45"), ("2026-11-22", "2026-11-22"),
        ("'12'", "12"), ('"true"', "true"), ("!!str 12", "12"), ("=", "="), ("1.2.3", "1.2.3"),
    ],
)  # fmt: skip
def test_scalars_follow_yaml_1_2(text: str, expected: Any) -> None:
    value = plain(parse(f"key: {text}\n", "a.yaml").value)["key"]
    assert (value, type(value)) == (expected, type(expected))


def test_keys_are_text() -> None:
    assert parse("{1.10: a, no: b, true: c, ~: d}", "a.yaml").value == {"1.10": "a", "no": "b", "true": "c", "~": "d"}


def test_every_value_and_key_has_its_position() -> None:
    document = parse("a:\n  - x\n  - é: [1,  2]\n", "a.yaml")
    assert document.mark(("a", 1, "é", 1)) == Mark(3, 13)
    assert document.key_mark(("a", 1, "é")) == Mark(3, 5)
    assert document.mark(("a", 1, "nothing")) == Mark(3, 5)


def test_aliases_repeat_a_value() -> None:
    assert parse("a: &x {b: [1]}\nc: *x\n", "a.yaml").value == {"a": {"b": [1]}, "c": {"b": [1]}}


def test_what_is_left_keeps_its_position_when_something_is_removed() -> None:
    document = parse("a:\n- x\n- y\n- {b: 1}\n", "a.yaml").without(("a", 1))
    assert document.value == {"a": ["x", {"b": 1}]}
    assert document.mark(("a", 1)) == Mark(4, 3)
    assert document.key_mark(("a", 1, "b")) == Mark(4, 4)
    assert ("a", 2) not in document.marks


def test_a_number_of_many_digits_is_a_mistake() -> None:
    with pytest.raises(FilesError) as caught:
        parse("a: " + "9" * 400, "a.yaml")
    assert str(caught.value) == (
        "a.yaml:1:4: the number 99999999999999999999… is too big; put it in quotes when it is text"
    )
