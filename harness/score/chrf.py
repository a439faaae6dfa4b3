"""chrf: overlap of character sequences, as sacrebleu counts it."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from harness.schema import Measure
from harness.score.metric import score_with_references
from harness.score.options import Option, read_options
from harness.score.streams import hypotheses_and_streams
from harness.score.versions import library_version

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sacrebleu.metrics.chrf import CHRF

    from harness.schema import Answer, Score

_MOST = 100.0


class Chrf:
    """chrF of each answer against its best reference, by sacrebleu; `corpus` is chrF over all answers at once.

    Range: 0 to 100.
    Higher is better: yes.
    Empty input: an empty answer scores 0, also against an empty reference; without references it is unscored.
    Source: sacrebleu's `sentence_chrf` and `corpus_chrf` (Popović 2015, W15-3049; chrF++: 2017, W17-4770).
    Deviations: values above 100 by a rounding error are 100; answers without references are left out of the corpus.
    """

    OPTIONS: ClassVar[tuple[Option, ...]] = (
        Option("char_order", "int", default=6, low=1, meaning="Longest sequence of characters that counts."),
        Option("word_order", "int", default=0, low=0, meaning="Longest sequence of words; 2 makes it chrF++."),
        Option("beta", "int", default=2, low=1, meaning="How much more recall weighs than precision."),
        Option("lowercase", "bool", default=False, meaning="Lower both texts first."),
        Option("whitespace", "bool", default=False, meaning="Count white space as characters."),
        Option("eps_smoothing", "bool", default=False, meaning="Smooth as chrF++.py, NLTK and Moses do."),
    )
    needs_references = True
    is_heavy = True

    def __init__(self, options: Mapping[str, Any]) -> None:
        """OptionError for an option it does not have."""
        self._options = read_options("chrf", self.OPTIONS, options)
        self.measures = (Measure("chrf", "percent", 0.0, _MOST, higher_is_better=True, signature=self._signature()),)

    def _signature(self) -> str:
        chosen = self._options
        case = "lc" if chosen["lowercase"] else "mixed"
        effective = "no" if chosen["eps_smoothing"] else "yes"
        orders = f"nc:{chosen['char_order']}|nw:{chosen['word_order']}|beta:{chosen['beta']}"
        space = "yes" if chosen["whitespace"] else "no"
        version = library_version("sacrebleu")
        return f"chrf|nrefs:all|case:{case}|eff:{effective}|{orders}|space:{space}|version:{version}"

    @cached_property
    def _chrf(self) -> CHRF:
        from sacrebleu.metrics.chrf import CHRF

        return CHRF(**self._options)

    def score(self, answers: Sequence[Answer]) -> list[tuple[Score, ...]]:
        """One score an answer."""
        return score_with_references(self.measures[0], answers, self._value)

    def _value(self, answer: Answer) -> float:
        return min(_MOST, float(self._chrf.sentence_score(answer.output, answer.references).score))

    def corpus(self, answers: Sequence[Answer]) -> dict[str, float]:
        """ChrF over all answers that have references; empty when none has."""
        hypotheses, streams = hypotheses_and_streams(answers)
        if not hypotheses:
            return {}
        return {"chrf": min(_MOST, self._chrf.corpus_score(hypotheses, streams).score)}
