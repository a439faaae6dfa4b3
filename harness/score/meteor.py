"""meteor: words aligned by form, stem and, where WordNet is installed, meaning, as NLTK counts it."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from harness.errors import OptionError
from harness.schema import Measure
from harness.score.metric import score_with_references
from harness.score.nltk_data import check_nltk, has_nltk_data
from harness.score.options import Option, read_options
from harness.score.versions import library_version

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from harness.schema import Answer, Score


class Meteor:
    """METEOR of each answer against its best reference, by NLTK.

    Words match by form, then by Porter stem, then, with `synonyms: wordnet`, by meaning; order counts a little.

    Range: 0 to 1.
    Higher is better: yes.
    Empty input: a text without words scores 0, also against itself; without references the answer is unscored.
    Source: NLTK's `meteor_score` (Lavie and Agarwal 2007, W07-0734; Banerjee and Lavie 2005, W05-0909).
    Deviations: words are split by NLTK's `wordpunct_tokenize`, which needs no data; a text against itself scores less
        than 1, as in the paper: one chunk costs gamma times the inverse of the number of words to the power of beta.
    """

    OPTIONS: ClassVar[tuple[Option, ...]] = (
        Option(
            "synonyms",
            "choice",
            default="wordnet",
            choices=("none", "wordnet"),
            meaning="Third step: words of one WordNet synset match, or none do.",
        ),
        Option("alpha", "float", default=0.9, low=0, meaning="Weight of recall against precision, 0 to 1."),
        Option("beta", "float", default=3.0, low=0, meaning="Shape of the penalty for words out of order."),
        Option("gamma", "float", default=0.5, low=0, meaning="Weight of that penalty, 0 to 1."),
    )
    NEEDS: ClassVar[tuple[str, ...]] = ("extra nltk",)
    needs_references = True
    is_heavy = True

    def __init__(self, options: Mapping[str, Any]) -> None:
        """OptionError for an option it does not have, or when NLTK, or WordNet that is asked for, is not installed."""
        self._options = read_options("meteor", self.OPTIONS, options)
        for name in ("alpha", "gamma"):
            if self._options[name] > 1:
                raise OptionError(
                    f"metric 'meteor': option '{name}' is {self._options[name]:g}; allowed: a number from 0 to 1", name
                )
        _check_installed(self._options["synonyms"])
        weights = "|".join(f"{name}:{self._options[name]:g}" for name in ("alpha", "beta", "gamma"))
        modules = "exact,porter" + (",wordnet" if self._options["synonyms"] == "wordnet" else "")
        signature = (
            f"meteor|modules:{modules}|tok:wordpunct|case:lc|{weights}|references:best|{library_version('nltk')}"
        )
        self.measures = (Measure("meteor", "score", 0.0, 1.0, higher_is_better=True, signature=signature),)

    @cached_property
    def _wordnet(self) -> Any:
        from nltk.corpus import wordnet

        return wordnet if self._options["synonyms"] == "wordnet" else _NoSynonyms()

    def score(self, answers: Sequence[Answer]) -> list[tuple[Score, ...]]:
        """One score an answer."""
        return score_with_references(self.measures[0], answers, self._value)

    def _value(self, answer: Answer) -> float:
        from nltk.tokenize import wordpunct_tokenize
        from nltk.translate.meteor_score import meteor_score

        references = [wordpunct_tokenize(reference) for reference in answer.references]
        weights = {name: self._options[name] for name in ("alpha", "beta", "gamma")}
        return float(meteor_score(references, wordpunct_tokenize(answer.output), wordnet=self._wordnet, **weights))


class _NoSynonyms:
    """A WordNet that knows no word."""

    def synsets(self, _word: str) -> tuple[()]:
        """Nothing."""
        return ()


def _check_installed(synonyms: str) -> None:
    check_nltk("metric 'meteor'")
    if synonyms == "wordnet" and not has_nltk_data("corpora/wordnet"):
        raise OptionError(
            "metric 'meteor' needs WordNet, which NLTK does not bring along; allowed: an installed WordNet, or "
            "'synonyms: none' (words match by form and stem alone); where there is a network, run: "
            "python -m nltk.downloader wordnet"
        )
