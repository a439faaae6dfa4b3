"""bleu: overlap of word sequences, as sacrebleu counts it."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from harness.errors import OptionError
from harness.schema import Measure
from harness.score.metric import score_with_references
from harness.score.options import Option, read_options
from harness.score.streams import hypotheses_and_streams
from harness.score.versions import library_version

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sacrebleu.metrics.bleu import BLEU

    from harness.schema import Answer, Score

_MOST = 100.0
_SMOOTH_VALUES = {"floor": 0.1, "add-k": 1.0}
"""sacrebleu's defaults of the methods that take a value (Chen and Cherry 2014)."""


class Bleu:
    """BLEU of each answer against all its references, by sacrebleu; `corpus` is BLEU over all answers at once.

    Range: 0 to 100.
    Higher is better: yes.
    Empty input: an empty answer scores 0, also against an empty reference; without references it is unscored.
    Source: sacrebleu's `sentence_bleu` and `corpus_bleu` (Papineni et al. 2002; Post 2018, arXiv:1804.08771).
    Deviations: values above 100 by a rounding error are 100; answers without references are left out of the corpus.
    """

    OPTIONS: ClassVar[tuple[Option, ...]] = (
        Option(
            "tokenize",
            "choice",
            default="13a",
            choices=("13a", "char", "intl", "none", "zh"),
            meaning="How text becomes tokens; `intl` knows Unicode punctuation, `zh` and `char` need no blanks.",
        ),
        Option("lowercase", "bool", default=False, meaning="Lower both texts first."),
        Option(
            "smooth_method",
            "choice",
            default="exp",
            choices=("add-k", "exp", "floor", "none"),
            meaning="What an order without a match counts.",
        ),
        Option("smooth_value", "float", default=None, low=0, meaning="Value of `floor` (0.1) and `add-k` (1)."),
        Option("max_ngram_order", "int", default=4, low=1, meaning="Longest sequence of tokens that counts."),
    )
    needs_references = True
    is_heavy = True

    def __init__(self, options: Mapping[str, Any]) -> None:
        """OptionError for an option it does not have, or a smooth_value for a method that takes none."""
        self._options = read_options("bleu", self.OPTIONS, options)
        method, value = self._options["smooth_method"], self._options["smooth_value"]
        if value is not None and method not in _SMOOTH_VALUES:
            raise OptionError(
                f"metric 'bleu': option 'smooth_value' has no meaning with smooth_method '{method}'; "
                f"allowed with add-k and floor; remove it",
                "smooth_value",
            )
        self.measures = (Measure("bleu", "percent", 0.0, _MOST, higher_is_better=True, signature=self._signature()),)

    def _signature(self) -> str:
        chosen = self._options
        smooth = chosen["smooth_method"]
        if smooth in _SMOOTH_VALUES:
            value = _SMOOTH_VALUES[smooth] if chosen["smooth_value"] is None else chosen["smooth_value"]
            smooth += f"[{value:.2f}]"
        case = "lc" if chosen["lowercase"] else "mixed"
        order = f"order:{chosen['max_ngram_order']}"
        rest = f"tok:{chosen['tokenize']}|smooth:{smooth}|{order}|version:{library_version('sacrebleu')}"
        return f"bleu|nrefs:all|case:{case}|eff:yes, corpus no|{rest}"

    @cached_property
    def _sentence(self) -> BLEU:
        from sacrebleu.metrics.bleu import BLEU

        return BLEU(effective_order=True, force=True, **self._options)

    @cached_property
    def _corpus(self) -> BLEU:
        from sacrebleu.metrics.bleu import BLEU

        return BLEU(effective_order=False, force=True, **self._options)

    def score(self, answers: Sequence[Answer]) -> list[tuple[Score, ...]]:
        """One score an answer."""
        return score_with_references(self.measures[0], answers, self._value)

    def _value(self, answer: Answer) -> float:
        return min(_MOST, self._sentence.sentence_score(answer.output, answer.references).score)

    def corpus(self, answers: Sequence[Answer]) -> dict[str, float]:
        """BLEU over all answers that have references; empty when none has."""
        hypotheses, streams = hypotheses_and_streams(answers)
        if not hypotheses:
            return {}
        return {"bleu": min(_MOST, self._corpus.corpus_score(hypotheses, streams).score)}
