"""exact_match: whether the answer is a reference."""

from __future__ import annotations

import re
import string
import unicodedata
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, ClassVar

from harness.schema import Measure
from harness.score.metric import score_with_references
from harness.score.options import Option, read_options

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from harness.schema import Answer, Score

_ARTICLE = re.compile(r"\b(?:a|an|the)\b\s*", re.IGNORECASE)
_SYMBOL = re.compile(r"[^\w\s]|_")
_NUMBER = re.compile(r"[-+]?(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)?(?:\.[0-9]+)?(?:[eE][-+]?[0-9]{1,6})?")


class ExactMatch:
    """1 when the answer equals one of the references, else 0.

    Blanks at both ends never count; every other difference does unless an option says otherwise.

    Range: 0 or 1.
    Higher is better: yes.
    Empty input: an empty answer equals an empty reference; without references the answer is unscored.
    Source: string equality; `ignore_articles` and `ignore_punctuation` as in SQuAD's evaluate-v1.1.py.
    Deviations: punctuation is every Unicode punctuation character and ASCII's `string.punctuation`, not ASCII's alone.
    """

    OPTIONS: ClassVar[tuple[Option, ...]] = (
        Option("ignore_case", "bool", default=False, meaning="Compare case-folded texts."),
        Option("ignore_punctuation", "bool", default=False, meaning="Drop punctuation: `it's.` equals `its`."),
        Option("ignore_whitespace", "bool", default=False, meaning="Make every run of white space one blank."),
        Option("ignore_articles", "bool", default=False, meaning="Drop the words a, an and the."),
        Option(
            "numeric",
            "bool",
            default=False,
            meaning="Where both texts are numbers compare the numbers: `1,000.0` equals `1e3`.",
        ),
    )
    needs_references = True

    def __init__(self, options: Mapping[str, Any]) -> None:
        """OptionError for an option it does not have."""
        self._options = read_options("exact_match", self.OPTIONS, options)
        chosen = "|".join(f"{name}:{'yes' if on else 'no'}" for name, on in self._options.items())
        self.measures = (Measure("exact_match", "score", 0.0, 1.0, True, f"exact_match|{chosen}|version:1"),)  # noqa: FBT003 - the field is named in Measure

    def score(self, answers: Sequence[Answer]) -> list[tuple[Score, ...]]:
        """One score an answer."""
        return score_with_references(self.measures[0], answers, self._value)

    def _value(self, answer: Answer) -> float:
        output = self._normal(answer.output)
        return float(any(self._normal(reference) == output for reference in answer.references))

    def _normal(self, text: str) -> str | Decimal:
        number = as_number(text) if self._options["numeric"] else None
        return text_normalised(text, self._options) if number is None else number


def text_normalised(text: str, options: Mapping[str, bool]) -> str:
    """The text as it is compared: case, punctuation, articles, white space, in SQuAD's order."""
    if options["ignore_case"]:
        text = text.casefold()
    if options["ignore_punctuation"]:
        text = _SYMBOL.sub(_kept, text)
    if options["ignore_articles"]:
        text = _ARTICLE.sub("", text)
    if options["ignore_whitespace"]:
        text = " ".join(text.split())
    return text.strip()


def as_number(text: str) -> Decimal | None:
    """The number that the whole text is, with thousands commas, currency sign and final full stop ignored, or None."""
    text = text.strip().removesuffix(".").lstrip("$€£¥")
    if not any(character.isdigit() for character in text) or not _NUMBER.fullmatch(text):
        return None
    try:
        return Decimal(text.replace(",", ""))
    except InvalidOperation:
        return None


def _kept(symbol: re.Match[str]) -> str:
    """Nothing for punctuation, other symbols (€, emoji) as they are."""
    character = symbol[0]
    is_punctuation = character in string.punctuation or unicodedata.category(character).startswith("P")
    return "" if is_punctuation else character
