"""ter: edits that make the answer a reference, as sacrebleu counts them."""

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

    from sacrebleu.metrics.ter import TER

    from harness.schema import Answer, Score


class Ter:
    """Edits (words inserted, deleted, replaced, runs of words moved) a hundred words of the references.

    Counted is the least number of edits to any reference, divided by the references' mean length; `corpus` is TER over
    all answers at once.

    Range: 0 to unbounded; 100 means as many edits as a reference has words.
    Higher is better: no.
    Empty input: an empty answer needs every word: 100; an empty reference and an answer of any words is 100, two
        empty texts are 0; without references the answer is unscored.
    Source: sacrebleu's `sentence_ter` and `corpus_ter` (Snover et al. 2006, AMTA; Tercom's algorithm), its edit
        distances computed in a quicker way.
    Deviations: answers without references are left out of the corpus.
    """

    OPTIONS: ClassVar[tuple[Option, ...]] = (
        Option("normalized", "bool", default=False, meaning="Normalise and split off punctuation, as Tercom does."),
        Option("no_punct", "bool", default=False, meaning="Drop punctuation."),
        Option("asian_support", "bool", default=False, meaning="With one of those: treat CJK characters one by one."),
        Option("case_sensitive", "bool", default=False, meaning="Tell upper from lower case."),
    )
    needs_references = True
    is_heavy = True

    def __init__(self, options: Mapping[str, Any]) -> None:
        """OptionError for an option it does not have."""
        self._options = read_options("ter", self.OPTIONS, options)
        self.measures = (Measure("ter", "percent", 0.0, None, higher_is_better=False, signature=self._signature()),)

    def _signature(self) -> str:
        chosen = {name: "yes" if on else "no" for name, on in self._options.items()}
        case = "mixed" if self._options["case_sensitive"] else "lc"
        punct = "no" if self._options["no_punct"] else "yes"
        kept = f"norm:{chosen['normalized']}|punct:{punct}|asian:{chosen['asian_support']}"
        return f"ter|nrefs:all|case:{case}|tok:tercom|{kept}|version:{library_version('sacrebleu')}"

    @cached_property
    def _ter(self) -> TER:
        from harness.score.ter_edits import QuickTer

        return QuickTer(**self._options)

    def score(self, answers: Sequence[Answer]) -> list[tuple[Score, ...]]:
        """One score an answer."""
        return score_with_references(self.measures[0], answers, self._value)

    def _value(self, answer: Answer) -> float:
        return float(self._ter.sentence_score(answer.output, answer.references).score)

    def corpus(self, answers: Sequence[Answer]) -> dict[str, float]:
        """TER over all answers that have references; empty when none has."""
        hypotheses, streams = hypotheses_and_streams(answers)
        if not hypotheses:
            return {}
        return {"ter": float(self._ter.corpus_score(hypotheses, streams).score)}
