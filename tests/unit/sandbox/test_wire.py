"""Plain data between processes that do not trust each other."""

from __future__ import annotations

import datetime as dt
import math
from collections import Counter, OrderedDict, deque
from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.sandbox.guest import wire


class Point(NamedTuple):
    x: int
    y: int


numbers = st.integers() | st.floats(allow_nan=False) | st.complex_numbers(allow_nan=False) | st.fractions()
scalars = numbers | st.none() | st.booleans() | st.text() | st.binary() | st.dates() | st.timedeltas()
plain = st.recursive(
    scalars | st.decimals(allow_nan=False),
    lambda inner: st.lists(inner) | st.lists(inner).map(tuple) | st.dictionaries(st.text(), inner),
    max_leaves=12,
)


def there_and_back(value: Any) -> Any:
    return wire.unpack(wire.pack(value)[4:])


@given(plain)
def test_plain_data_comes_back_equal_and_of_its_type(value: Any) -> None:
    back = there_and_back(value)
    assert back == value
    assert type(back) is type(value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({1, 2}, {1, 2}),
        (frozenset({1}), frozenset({1})),
        (range(1, 9, 2), range(1, 9, 2)),
        (deque([1, 2]), deque([1, 2])),
        (bytearray(b"x"), bytearray(b"x")),
        (Counter("aab"), {"a": 2, "b": 1}),
        (OrderedDict(a=1), {"a": 1}),
        (Point(1, 2), (1, 2)),
        ({"a": 1}.keys(), {"a"}),
        (Decimal("1.10"), Decimal("1.10")),
        (Fraction(1, 3), Fraction(1, 3)),
        (dt.datetime(2026, 1, 2, 3), dt.datetime(2026, 1, 2, 3)),  # noqa: DTZ001 - as programs have them
        (int, int),
        ("\ud800", "\ud800"),
    ],
)
def test_what_is_nearly_plain_becomes_plain(value: Any, expected: Any) -> None:
    assert there_and_back(value) == expected


def test_number_too_long_to_be_written_crosses() -> None:
    assert there_and_back(1 << 100_000) == 1 << 100_000


def test_not_a_number_stays_one() -> None:
    assert math.isnan(there_and_back(math.nan))


def test_iterators_are_drawn() -> None:
    assert list(there_and_back(number for number in range(3))) == [0, 1, 2]
    assert list(there_and_back(map(str, [1, 2]))) == ["1", "2"]


def nested(depth: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (object(), "a object is no plain data"),
        (len, "a builtin_function_or_method is no plain data"),
        (nested(100), "it is more than 60 levels deep"),
        (bytes(wire.LONGEST + 1), "it is larger than 16,777,216 bytes"),
        ((number for number in iter(int, 1)), "it yields more than 100,000 values"),
    ],
)
def test_what_cannot_cross_says_why(value: Any, why: str) -> None:
    with pytest.raises(wire.NotPlainError) as raised:
        wire.pack(value)
    assert str(raised.value) == why


@given(st.binary(max_size=80))
def test_any_bytes_are_a_value_or_no_message(message: bytes) -> None:
    try:
        wire.unpack(message)
    except wire.MessageError:
        return


@given(plain, st.data())
def test_damaged_message_makes_no_other_error(value: Any, data: st.DataObject) -> None:
    message = bytearray(wire.pack(value)[4:])
    message[data.draw(st.integers(0, len(message) - 1))] = data.draw(st.integers(0, 255))
    try:
        wire.unpack(bytes(message))
    except wire.MessageError:
        return


def test_subclass_that_says_it_is_equal_to_all_becomes_what_it_is() -> None:
    class Liar(int):
        def __eq__(self, other: object) -> bool:
            return True

        __hash__ = int.__hash__

    back = there_and_back(Liar(41))
    assert type(back) is int
    assert back != 42
