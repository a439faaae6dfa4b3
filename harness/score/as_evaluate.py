"""A metric of the harness as a metric of the `evaluate` library."""

from __future__ import annotations

import uuid
from collections import Counter
from importlib import import_module
from importlib.util import find_spec
from statistics import fmean
from typing import TYPE_CHECKING, Any, Protocol

from harness.errors import MissingExtraError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from harness.schema import Measure


class Table(Protocol):
    """What scores columns of texts: `harness.metric(…)`."""

    @property
    def measures(self) -> tuple[Measure, ...]:
        """The columns."""
        ...

    def score(self, outputs: Sequence[str], references: Sequence[Any]) -> pd.DataFrame:
        """A row an output, a column a measure; `attrs["missing"]` says what has no value."""
        ...

    def corpus(self, outputs: Sequence[str], references: Sequence[Any]) -> dict[str, float]:
        """Values over all outputs at once."""
        ...


def as_evaluate(table: Table) -> Any:
    """An `evaluate.Metric`: `compute`, `add`, `add_batch`, `evaluate.combine`; MissingExtraError without the library.

    `references` holds one text or one list of texts a prediction. The result has for each measure the mean of its
    scores (None when there is none), `<measure>.n_scored` and, for metrics that have one, `<measure>.corpus`.
    """
    if find_spec("evaluate") is None or find_spec("datasets") is None:
        raise MissingExtraError("a metric in the form of the `evaluate` library", "evaluate")
    import evaluate

    datasets: Any = import_module("datasets")  # a folder of the checkout has the name too

    text = datasets.Value("string")
    one = datasets.Features({"predictions": text, "references": text})
    several = datasets.Features({"predictions": text, "references": datasets.Sequence(text)})
    description = "; ".join(measure.signature for measure in table.measures)
    about = evaluate.MetricInfo(
        description=description, citation="", inputs_description="texts", features=[several, one]
    )

    class HarnessMetric(evaluate.Metric):  # type: ignore[misc]  # the library has no annotations
        """The metric in the library's form."""

        def _info(self) -> Any:
            return about

        def _compute(self, predictions: Sequence[str], references: Sequence[Any]) -> dict[str, Any]:
            return _result(table, predictions, references)

    return HarnessMetric(keep_in_memory=True, experiment_id=uuid.uuid4().hex)


def _result(table: Table, predictions: Sequence[str], references: Sequence[Any]) -> dict[str, Any]:
    scores = table.score(predictions, references)
    missing = Counter(name for _, name, _, _ in scores.attrs["missing"])
    result: dict[str, Any] = {}
    for measure in table.measures:
        values = scores[measure.name].dropna()
        result[measure.name] = fmean(values) if len(values) else None
        result[f"{measure.name}.n_scored"] = len(predictions) - missing[measure.name]
    return {**result, **{f"{name}.corpus": value for name, value in table.corpus(predictions, references).items()}}
