"""regex: whether a pattern matches somewhere in the answer."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, ClassVar

from harness.errors import OptionError
from harness.schema import Measure, content_hash
from harness.score.metric import scored
from harness.score.options import REQUIRED, Option, read_options

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from harness.schema import Answer, Score


class Regex:
    """1 when the pattern matches anywhere in the answer, else 0.

    Range: 0 or 1.
    Higher is better: yes.
    Empty input: an empty answer is searched like any other; references are not looked at.
    Source: Python's `re.search`; flags go into the pattern: `(?i)`, `(?m)`, `(?s)`.
    Deviations: none.
    """

    OPTIONS: ClassVar[tuple[Option, ...]] = (
        Option("pattern", "str", default=REQUIRED, meaning="A Python regular expression."),
    )
    needs_references = False

    def __init__(self, options: Mapping[str, Any]) -> None:
        """OptionError for a missing pattern or one that is no regular expression."""
        pattern: str = read_options("regex", self.OPTIONS, options)["pattern"]
        try:
            self._pattern = re.compile(pattern)
        except (re.error, OverflowError, RecursionError) as error:
            raise OptionError(
                f"metric 'regex': option 'pattern' is no regular expression: {error}; allowed: Python's `re` syntax",
                "pattern",
            ) from None
        signature = f"regex|pattern:{content_hash([pattern])}|version:1"
        self.measures = (Measure("regex", "score", 0.0, 1.0, higher_is_better=True, signature=signature),)

    def score(self, answers: Sequence[Answer]) -> list[tuple[Score, ...]]:
        """One score an answer."""
        found = (self._pattern.search(answer.output) is not None for answer in answers)
        return [(scored(self.measures[0], is_found),) for is_found in found]
