from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from harness.score.exact_match import as_number

if TYPE_CHECKING:
    from collections.abc import Callable

    Value = Callable[..., float | None]


@pytest.mark.parametrize(
    ("output", "reference", "expected"),
    [
        ("positive", "positive", 1.0),
        ("  positive\n", "positive", 1.0),
        ("Positive", "positive", 0.0),
        ("positive.", "positive", 0.0),
        ("very  good", "very good", 0.0),
        ("", "", 1.0),
        ("", "positive", 0.0),
        ("positive", "", 0.0),
    ],
)
def test_only_blanks_at_the_ends_are_ignored_by_default(
    value_of: Value, *, output: str, reference: str, expected: float
) -> None:
    assert value_of("exact_match", output, (reference,)) == expected


def test_one_matching_reference_is_enough(value_of: Value) -> None:
    assert value_of("exact_match", "b", ("a", "b")) == 1.0
    assert value_of("exact_match", "c", ("a", "b")) == 0.0


@pytest.mark.parametrize(
    ("option", "output", "reference"),
    [
        ("ignore_case", "STRASSE", "Straße"),
        ("ignore_punctuation", "It's “good”!", "Its good"),
        ("ignore_punctuation", "a$b", "ab"),
        ("ignore_whitespace", "very \t\n good", "very good"),
        ("ignore_articles", "The cat on a mat", "cat on mat"),
        ("numeric", "1,000.0", "1e3"),
        ("numeric", "$42.", "42"),
        ("numeric", "-.5", "-0.50"),
    ],
)
def test_each_option_makes_two_texts_equal_that_differ_without_it(
    value_of: Value, *, option: str, output: str, reference: str
) -> None:
    assert value_of("exact_match", output, (reference,)) == 0.0
    assert value_of("exact_match", output, (reference,), **{option: True}) == 1.0


def test_words_that_only_begin_like_an_article_are_kept(value_of: Value) -> None:
    assert value_of("exact_match", "theatre", ("atre",), ignore_articles=True) == 0.0
    assert value_of("exact_match", "another", ("other",), ignore_articles=True) == 0.0


def test_numeric_compares_texts_where_one_is_no_number(value_of: Value) -> None:
    assert value_of("exact_match", "42 apples", ("42 apples",), numeric=True) == 1.0
    assert value_of("exact_match", "42 apples", ("42",), numeric=True) == 0.0


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("7", Decimal(7)),
        ("+7", Decimal(7)),
        ("€ 7", None),
        ("1,234,567.89", Decimal("1234567.89")),
        ("1,23", None),
        ("1.2.3", None),
        ("", None),
        (".", None),
        ("-", None),
        ("e5", None),
        ("nan", None),
        ("inf", None),
        ("٣", None),
        ("²", None),
        ("1e400", Decimal("1e400")),
        ("1e9999999", None),
    ],
)
def test_a_number_is_digits_with_commas_point_sign_and_exponent(text: str, number: Decimal | None) -> None:
    assert as_number(text) == number


def test_numbers_too_great_for_a_float_are_still_told_apart(value_of: Value) -> None:
    assert value_of("exact_match", "1e400", ("1e401",), numeric=True) == 0.0


def test_without_a_reference_it_is_unscored(value_of: Value) -> None:
    assert value_of("exact_match", "a", ()) is None
