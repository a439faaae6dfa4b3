"""rouge: overlap of words, word pairs and common subsequences, as Google's rouge-score counts it."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from harness.errors import OptionError
from harness.schema import Measure
from harness.score.metric import NO_REFERENCE, scored, unscored
from harness.score.nltk_data import check_nltk, has_nltk_data
from harness.score.options import Option, read_options
from harness.score.versions import library_version

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from harness.schema import Answer, Score

_TYPES = (*(f"rouge{n}" for n in range(1, 10)), "rougeL", "rougeLsum")
_NO_TOKENS = "no reference has a token of a-z or 0-9; for other scripts use the option `tokenizer`"


class Rouge:
    """F-measure of each type of ROUGE, against the reference where that type is best.

    `rouge1` counts words, `rouge2` word pairs, `rougeL` the longest common subsequence, `rougeLsum` the same by
    line: put each sentence on a line of its own, or let NLTK find them.

    Range: 0 to 1.
    Higher is better: yes.
    Empty input: a text without tokens scores 0, also against itself; without references the answer is unscored.
    Source: rouge-score 0.1.2 (Lin 2004, W04-1013), computed by rouge-score-rs.
    Deviations: none by default; `tokenizer: unicode` and `character` are rouge-score-rs's own.
    """

    OPTIONS: ClassVar[tuple[Option, ...]] = (
        Option(
            "types",
            "choices",
            default=("rouge1", "rouge2", "rougeL", "rougeLsum"),
            choices=_TYPES,
            meaning="Which types, each a measure.",
        ),
        Option("stemmer", "bool", default=False, meaning="Cut English endings first (Porter), as papers usually do."),
        Option(
            "tokenizer",
            "choice",
            default="default",
            choices=("character", "default", "unicode"),
            meaning="`default` knows a-z and 0-9 only; `unicode` words of every script; `character` single characters.",
        ),
        Option(
            "split_summaries",
            "bool",
            default=False,
            meaning="rougeLsum takes sentences as NLTK finds them, not lines; needs NLTK and its data `punkt_tab`.",
        ),
    )
    needs_references = True

    def __init__(self, options: Mapping[str, Any]) -> None:
        """OptionError for an option it does not have, or a stemmer with another tokenizer than the default."""
        self._options = read_options("rouge", self.OPTIONS, options)
        self._tokenizer: str = self._options["tokenizer"]
        self._stemmer: bool = self._options["stemmer"]
        if self._stemmer and self._tokenizer != "default":
            raise OptionError(
                f"metric 'rouge': option 'stemmer' is true with tokenizer '{self._tokenizer}'; "
                f"allowed with the default tokenizer; remove one of the two",
                "stemmer",
            )
        self._splits: bool = self._options["split_summaries"]
        if self._splits:
            _check_sentences()
        self._types: tuple[str, ...] = self._options["types"]
        stem = "yes" if self._stemmer else "no"
        split = f"|sentences:{library_version('nltk')}" if self._splits else ""
        rest = f"f-measure|stem:{stem}|tok:{self._tokenizer}|references:best{split}|{library_version('rouge-score-rs')}"
        self.measures = tuple(
            Measure(name, "score", 0.0, 1.0, higher_is_better=True, signature=f"{name}|{rest}") for name in self._types
        )

    @cached_property
    def _scorer(self) -> Any:
        import rouge_score_rs
        from rouge_score_rs import tokenizers

        made = {"character": tokenizers.CharacterTokenizer, "unicode": tokenizers.UnicodeTokenizer}
        tokenizer = made[self._tokenizer]() if self._tokenizer in made else None
        make: Any = rouge_score_rs.RougeScorer  # it has no annotations
        return make(list(self._types), use_stemmer=self._stemmer, split_summaries=self._splits, tokenizer=tokenizer)

    def score(self, answers: Sequence[Answer]) -> list[tuple[Score, ...]]:
        """One tuple an answer; every pair of answer and reference is scored in one batch, on all cores."""
        targets = [reference for answer in answers for reference in answer.references]
        outputs = [answer.output for answer in answers for _ in answer.references]
        pairs = iter(self._scorer.score_batch(targets, outputs))
        return [self._best(answer, [next(pairs) for _ in answer.references]) for answer in answers]

    def _best(self, answer: Answer, pairs: Sequence[Mapping[str, Any]]) -> tuple[Score, ...]:
        if not pairs:
            return unscored(self.measures, NO_REFERENCE)
        values = [max(pair[name].fmeasure for pair in pairs) for name in self._types]
        remark = self._remark(answer) if not any(values) else None
        return tuple(scored(measure, value, remark) for measure, value in zip(self.measures, values, strict=True))

    def _remark(self, answer: Answer) -> str | None:
        if self._tokenizer != "default" or not any(reference.strip() for reference in answer.references):
            return None
        characters = (character for reference in answer.references for character in reference.lower())
        has_token = any(character.isascii() and character.isalnum() for character in characters)
        return None if has_token else _NO_TOKENS


def _check_sentences() -> None:
    what = "metric 'rouge': option 'split_summaries'"
    check_nltk(what)
    if not has_nltk_data("tokenizers/punkt_tab"):
        raise OptionError(
            f"{what} needs NLTK's data 'punkt_tab', which is not installed; allowed: texts with a line a sentence, "
            "without this option; where there is a network, run: python -m nltk.downloader punkt_tab",
            "split_summaries",
        )
