"""f1: overlap of words, as SQuAD counts it."""

from __future__ import annotations

import re
import string
from collections import Counter
from typing import TYPE_CHECKING, Any, ClassVar

from harness.schema import Measure
from harness.score.metric import score_with_references
from harness.score.options import read_options

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from harness.schema import Answer, Score
    from harness.score.options import Option

_ARTICLES = frozenset({"a", "an", "the"})
_ARTICLE = re.compile(r"\b(a|an|the)\b")
_NO_PUNCTUATION = str.maketrans("", "", string.punctuation)


class F1:
    """Harmonic mean of precision and recall over the words of answer and reference, the best of the references.

    Texts are lowered, stripped of ASCII punctuation and of the words a, an, the, and split at white space.

    Range: 0 to 1.
    Higher is better: yes.
    Empty input: two texts without words score 1, one without words 0; without references the answer is unscored.
    Source: SQuAD's evaluate-v1.1.py (Rajpurkar et al. 2016, arXiv:1606.05250).
    Deviations: two texts without words score 1, as in SQuAD 2.0's script; version 1.1 gives 0.
    """

    OPTIONS: ClassVar[tuple[Option, ...]] = ()
    needs_references = True

    def __init__(self, options: Mapping[str, Any]) -> None:
        """OptionError for any option: it takes none."""
        read_options("f1", self.OPTIONS, options)
        signature = "f1|normalisation:squad-1.1|empty:squad-2.0|references:best|version:1"
        self.measures = (Measure("f1", "score", 0.0, 1.0, higher_is_better=True, signature=signature),)

    def score(self, answers: Sequence[Answer]) -> list[tuple[Score, ...]]:
        """One score an answer."""
        return score_with_references(self.measures[0], answers, _best_f1)


def _best_f1(answer: Answer) -> float:
    words = squad_words(answer.output)
    return max(word_f1(words, squad_words(reference)) for reference in answer.references)


def squad_words(text: str) -> list[str]:
    """The words that SQuAD compares."""
    words: list[str] = []
    for word in text.lower().translate(_NO_PUNCTUATION).split():
        if not word.isalnum():  # “the”: an article may stand beside punctuation that is not ASCII's
            words.extend(_ARTICLE.sub(" ", word).split())
        elif word not in _ARTICLES:
            words.append(word)
    return words


def word_f1(words: Sequence[str], reference: Sequence[str]) -> float:
    """F1 over two bags of words; 1 when both are empty."""
    if not words or not reference:
        return float(words == reference)
    n_same = (Counter(words) & Counter(reference)).total()
    if n_same == 0:
        return 0.0
    precision, recall = n_same / len(words), n_same / len(reference)
    return 2 * precision * recall / (precision + recall)
