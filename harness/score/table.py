"""A metric over plain texts, as a DataFrame: for notebooks and own tests."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.errors import OptionError
from harness.schema import Answer, MetricSpec
from harness.score.metric import CorpusMetric
from harness.score.options import shown
from harness.score.registry import create
from harness.score.scorer import score_safely

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

    from harness.schema import Measure


def metric(name: str, /, **options: Any) -> MetricTable:
    """The metric `name` with its options; OptionError as for a suite file.

    An own metric `file.py:function` is sought from the current folder.

    >>> metric("exact_match", ignore_case=True).score(["Yes"], [["yes", "y"]])["exact_match"].tolist()
    [1.0]
    """
    return MetricTable(MetricSpec(name, options, Path.cwd()))


class MetricTable:
    """One metric, ready to score texts."""

    def __init__(self, spec: MetricSpec) -> None:
        """OptionError when the metric or an option is wrong."""
        self._spec = spec
        self._metric = create(spec)

    @property
    def measures(self) -> tuple[Measure, ...]:
        """The columns of `score`, with range, direction and signature."""
        return self._metric.measures

    def score(self, outputs: Iterable[str], references: Iterable[str | Iterable[str]] | None = None) -> pd.DataFrame:
        """A row an output, a column a measure; NaN where there is no value.

        `references` holds one list a row; a text alone is one reference, None leaves them all empty. `attrs` of the
        table hold the `signatures` by column and, for every missing value, (row, column, status, reason) in `missing`.

        Raises:
            OptionError: outputs and references differ in length or are no texts.

        """
        import pandas as pd

        rows = score_safely(self._metric, self._answers(outputs, references))
        names = [measure.name for measure in self.measures]
        values = [[score.value for score in row] for row in rows]
        table = pd.DataFrame(values, columns=pd.Index(names), dtype="float64")
        table.attrs["signatures"] = {measure.name: measure.signature for measure in self.measures}
        table.attrs["missing"] = [
            (number, score.metric, score.status, score.reason)
            for number, row in enumerate(rows)
            for score in row
            if score.value is None
        ]
        return table

    def corpus(
        self, outputs: Iterable[str], references: Iterable[str | Iterable[str]] | None = None
    ) -> dict[str, float]:
        """Values over all outputs at once, for metrics that have them (bleu, chrf); else empty. Raises as `score`."""
        answers = self._answers(outputs, references)
        return dict(self._metric.corpus(answers)) if isinstance(self._metric, CorpusMetric) else {}

    def as_evaluate(self) -> Any:
        """This metric as an `evaluate.Metric`: `compute`, `add_batch`; MissingExtraError without that library."""
        from harness.score.as_evaluate import as_evaluate

        return as_evaluate(self)

    def _answers(self, outputs: Iterable[str], references: Iterable[str | Iterable[str]] | None) -> list[Answer]:
        texts = self._rows("outputs", outputs)
        for row, text in enumerate(texts):
            if not isinstance(text, str):
                raise self._error("outputs", f"row {row} is {shown(text)}", "texts")
        lists = [()] * len(texts) if references is None else self._rows("references", references)
        if len(lists) != len(texts):
            raise self._error(
                "references",
                f"{len(texts)} outputs but references for {len(lists)} rows",
                "one list of references a row",
            )
        accepted = [self._references(row, value) for row, value in enumerate(lists)]
        return [Answer(text, own, {}, None) for text, own in zip(texts, accepted, strict=True)]

    def _rows(self, what: str, given: Iterable[Any]) -> list[Any]:
        if isinstance(given, str | bytes) or not hasattr(given, "__iter__"):
            raise self._error(what, f"{what} are {shown(given)}", "a list, one entry a row")
        return list(given)

    def _references(self, row: int, value: Any) -> tuple[str, ...]:
        if isinstance(value, str):
            return (value,)
        references = tuple(value) if hasattr(value, "__iter__") and not isinstance(value, bytes) else (value,)
        for reference in references:
            if not isinstance(reference, str):
                raise self._error(
                    "references", f"row {row} holds {shown(reference)}", "a text or a list of texts a row"
                )
        return references

    def _error(self, key: str, what: str, allowed: str) -> OptionError:
        return OptionError(f"harness.metric('{self._spec.name}'): {what}; allowed: {allowed}", key)
