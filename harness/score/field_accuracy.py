"""field_accuracy: how many fields of a JSON answer are those of a reference object."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, ClassVar

from harness.schema import ColumnUse, Measure, content_hash
from harness.score.field_compare import Comparison, Rules
from harness.score.json_text import read_json_value
from harness.score.metric import NO_REFERENCE, scored, unscored
from harness.score.options import Option, read_options

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from harness.schema import Answer, Score
    from harness.score.field_compare import Tally

_NO_OBJECT = "no reference is JSON"
_SHOWN = 5
"""Fields of a kind that a reason names."""


class FieldAccuracy:
    """Right fields of the answer over all fields, compared with the reference where that is best.

    A field is a path, such as `a.b[0].c`, that ends in a text, number, true, false, null or an empty object or list.
    Each field of the reference is right, wrong (another value or type) or missing; each field of the answer that the
    reference does not have is extra. The score is right / (right + wrong + missing + extra): every field counts the
    same, and there is no credit for a value that is nearly right.

    Range: 0 to 1.
    Higher is better: yes.
    Empty input: an empty answer is not JSON: 0; without references, or when none is JSON, the answer is unscored.
    Source: none; the Jaccard index of (path, value) pairs with each wrong value counted once.
    Deviations: numbers compare as numbers, 1 is 1.0; a text is never a number unless `types: loose` says so.
    """

    OPTIONS: ClassVar[tuple[Option, ...]] = (
        Option(
            "types",
            "choice",
            default="strict",
            choices=("loose", "strict"),
            meaning='`loose`: texts that read as numbers or booleans are those: `"2021"` is 2021.',
        ),
        Option(
            "ignore_case", "bool", default=False, meaning="Compare texts case-folded, and without blanks at the ends."
        ),
        Option(
            "lists",
            "choice",
            default="ordered",
            choices=("any_order", "ordered"),
            meaning="`any_order`: each item of the reference's list takes the item of the answer's that fits best.",
        ),
        Option("extra", "choice", default="count", choices=("count", "ignore"), meaning="Whether extra fields cost."),
        Option("tolerance", "float", default=0.0, low=0, meaning="Most that two equal numbers may differ."),
        Option("column", "str", default=None, meaning="Column with the reference object, instead of the references."),
    )

    def __init__(self, options: Mapping[str, Any]) -> None:
        """OptionError for an option it does not have."""
        chosen = read_options("field_accuracy", self.OPTIONS, options)
        self._column: str | None = chosen["column"]
        self._counts_extra = chosen["extra"] == "count"
        self.needs_references = self._column is None
        self.columns = () if self._column is None else (ColumnUse(self._column, "column"),)
        self._comparison = Comparison(
            Rules(
                is_loose=chosen["types"] == "loose",
                ignores_case=chosen["ignore_case"],
                in_any_order=chosen["lists"] == "any_order",
                tolerance=chosen["tolerance"],
            )
        )
        case = "folded" if chosen["ignore_case"] else "kept"
        kept = f"types:{chosen['types']}|case:{case}|lists:{chosen['lists']}|extra:{chosen['extra']}"
        where = "references:best" if self._column is None else f"column:{content_hash([self._column])}"
        signature = f"field_accuracy|{kept}|tolerance:{chosen['tolerance']:g}|{where}|version:1"
        self.measures = (Measure("field_accuracy", "score", 0.0, 1.0, higher_is_better=True, signature=signature),)

    def score(self, answers: Sequence[Answer]) -> list[tuple[Score, ...]]:
        """One score an answer."""
        return [self._one(answer) for answer in answers]

    def _one(self, answer: Answer) -> tuple[Score, ...]:
        given = self._given(answer)
        if not given:
            lacking = f"the sample has no column '{self._column}'"
            return unscored(self.measures, NO_REFERENCE if self._column is None else lacking)
        references = [read.value for each in given if (read := _read(each)).flaw is None]
        if not references:
            return unscored(self.measures, _NO_OBJECT)
        read = read_json_value(answer.output)
        if read.flaw is not None:
            return (scored(self.measures[0], 0, read.flaw),)
        tallies = [self._comparison.of(reference, read.value) for reference in references]
        best = max(tallies, key=self._value)
        value = self._value(best)
        return (scored(self.measures[0], value, None if value == 1 else self._remark(best)),)

    def _given(self, answer: Answer) -> Sequence[object]:
        if self._column is None:
            return answer.references
        return [answer.variables[self._column]] if self._column in answer.variables else []

    def _value(self, tally: Tally) -> float:
        extra = len(tally.extra) if self._counts_extra else 0
        return tally.n_right / (tally.n_right + len(tally.wrong) + len(tally.missing) + extra or 1)

    def _remark(self, tally: Tally) -> str:
        kinds = {"wrong": tally.wrong, "missing": tally.missing, "extra": tally.extra if self._counts_extra else []}
        n = tally.n_right + sum(map(len, kinds.values()))
        named = [f"{kind}: {_listed(paths)}" for kind, paths in kinds.items() if paths]
        return "; ".join([f"{tally.n_right} of {n} fields", *named])


def _read(reference: object) -> Any:
    """A reference's value: texts are JSON, and what a column holds as an object is that."""
    if isinstance(reference, str):
        return read_json_value(reference)
    try:
        return read_json_value(json.dumps(reference))
    except (TypeError, ValueError, RecursionError):
        return read_json_value("")


def _listed(paths: Sequence[str]) -> str:
    more = f" and {len(paths) - _SHOWN} more" if len(paths) > _SHOWN else ""
    return ", ".join(paths[:_SHOWN]) + more
