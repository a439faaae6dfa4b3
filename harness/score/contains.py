"""contains: whether a reference occurs in the answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from harness.schema import Measure
from harness.score.metric import score_with_references
from harness.score.options import Option, read_options

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from harness.schema import Answer, Score


class Contains:
    """1 when a reference occurs in the answer, else 0.

    Range: 0 or 1.
    Higher is better: yes.
    Empty input: a blank reference occurs only in a blank answer; without references the answer is unscored.
    Source: substring search.
    Deviations: blanks at the ends of a reference do not count, and a blank text does not occur in every text.
    """

    OPTIONS: ClassVar[tuple[Option, ...]] = (
        Option("ignore_case", "bool", default=True, meaning="Compare case-folded texts."),
        Option("all", "bool", default=False, meaning="Every reference must occur, not just one."),
    )
    needs_references = True

    def __init__(self, options: Mapping[str, Any]) -> None:
        """OptionError for an option it does not have."""
        chosen = read_options("contains", self.OPTIONS, options)
        self._ignore_case: bool = chosen["ignore_case"]
        self._all: bool = chosen["all"]
        signature = f"contains|case:{'folded' if self._ignore_case else 'kept'}|of:{self._of}|version:1"
        self.measures = (Measure("contains", "score", 0.0, 1.0, higher_is_better=True, signature=signature),)

    @property
    def _of(self) -> str:
        return "all" if self._all else "any"

    def score(self, answers: Sequence[Answer]) -> list[tuple[Score, ...]]:
        """One score an answer."""
        return score_with_references(self.measures[0], answers, self._value)

    def _value(self, answer: Answer) -> float:
        output = self._normal(answer.output)
        found = (self._occurs(self._normal(reference), output) for reference in answer.references)
        return float(all(found) if self._all else any(found))

    def _normal(self, text: str) -> str:
        return (text.casefold() if self._ignore_case else text).strip()

    @staticmethod
    def _occurs(reference: str, output: str) -> bool:
        return reference in output if reference else not output
