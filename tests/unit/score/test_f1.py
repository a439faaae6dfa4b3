from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from harness.score.f1 import squad_words

if TYPE_CHECKING:
    from collections.abc import Callable

    Value = Callable[..., float | None]


def test_words_are_lowered_and_lose_punctuation_and_articles() -> None:
    assert squad_words("The U.S. president's  an  idea, a-b") == ["us", "presidents", "idea", "ab"]


def test_articles_beside_foreign_punctuation_are_dropped() -> None:
    assert squad_words("“The” cat¿s a—b") == ["“", "”", "cat¿s", "—b"]


def test_articles_inside_words_are_kept() -> None:
    assert squad_words("theatre another a") == ["theatre", "another"]


@pytest.mark.parametrize(
    ("output", "references", "expected"),
    [
        ("the cat sat", ("a cat sat",), 1.0),
        ("cat", ("cat sat",), 2 / 3),
        ("cat cat", ("cat sat",), 0.5),
        ("dog", ("cat",), 0.0),
        ("dog", ("cat", "dog", "bird"), 1.0),
        ("", ("cat",), 0.0),
        ("cat", ("",), 0.0),
        ("", ("",), 1.0),
        ("the", ("!?",), 1.0),
    ],
)
def test_f1_counts_shared_words_against_the_best_reference(
    value_of: Value, *, output: str, references: tuple[str, ...], expected: float
) -> None:
    assert value_of("f1", output, references) == pytest.approx(expected, abs=1e-15)


def test_without_a_reference_it_is_unscored(value_of: Value) -> None:
    assert value_of("f1", "a", ()) is None
