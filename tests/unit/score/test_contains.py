from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    Value = Callable[..., float | None]


@pytest.mark.parametrize(
    ("output", "references", "expected"),
    [
        ("The answer is Paris.", ("paris",), 1.0),
        ("The answer is Paris.", (" Paris\n",), 1.0),
        ("The answer is Rome.", ("Paris",), 0.0),
        ("The answer is Rome.", ("Paris", "Rome"), 1.0),
        ("", ("Paris",), 0.0),
        ("Paris", ("",), 0.0),
        (" ", ("",), 1.0),
    ],
)
def test_a_reference_occurs_in_the_answer(
    value_of: Value, *, output: str, references: tuple[str, ...], expected: float
) -> None:
    assert value_of("contains", output, references) == expected


def test_case_counts_when_asked_for(value_of: Value) -> None:
    assert value_of("contains", "PARIS", ("Paris",), ignore_case=False) == 0.0
    assert value_of("contains", "in Paris", ("Paris",), ignore_case=False) == 1.0


def test_all_wants_every_reference(value_of: Value) -> None:
    assert value_of("contains", "Paris and Rome", ("Paris", "Rome"), all=True) == 1.0
    assert value_of("contains", "Paris", ("Paris", "Rome"), all=True) == 0.0


def test_all_over_no_reference_is_unscored_not_true(value_of: Value) -> None:
    assert value_of("contains", "Paris", (), all=True) is None
