"""What a metric is: a batch of answers in, one tuple of scores an answer out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from harness.schema import Score

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from harness.schema import Answer, Ask, ColumnUse, Measure, Others

NO_REFERENCE = "the sample has no reference"


@runtime_checkable
class Metric(Protocol):
    """Measures answers; never judges whether a value is good enough (checks and gates do)."""

    @property
    def measures(self) -> tuple[Measure, ...]:
        """The numbers it yields, in the order of its scores; a plain attribute will do."""
        ...

    @property
    def needs_references(self) -> bool:
        """Whether an answer without references cannot be scored; a plain attribute will do."""
        ...

    def score(self, answers: Sequence[Answer]) -> Sequence[tuple[Score, ...]]:
        """One tuple an answer, in it one Score a measure, both in order.

        May raise anything: the Scorer turns that into failed scores of this metric.
        """
        ...


@runtime_checkable
class AskingMetric(Metric, Protocol):
    """A metric that asks models about an answer; `score` is for texts that are scored outside of a run."""

    @property
    def backends(self) -> tuple[str, ...]:
        """Names of the backends that it asks, resolved as under `backends:`; a plain attribute will do."""
        ...

    async def score_asking(self, answer: Answer, ask: Ask) -> tuple[Score, ...]:
        """One Score a measure, in order, of one answer; many are scored side by side, in one event loop.

        `ask` gives a CallError, and raises nothing, when there is no answer; what was asked is recorded, limited and
        paid for as any call. May raise anything else: that makes failed scores of this metric.
        """
        ...


@runtime_checkable
class TellingMetric(Protocol):
    """A metric that knows more of its measures when the run is over than before it."""

    def told(self) -> Mapping[str, str]:
        """By measure: what it means now, for `Measure.about`."""
        ...


@runtime_checkable
class ComparingMetric(Metric, Protocol):
    """A metric that asks models to compare an answer with those of other variants of the run."""

    @property
    def backends(self) -> tuple[str, ...]:
        """As in AskingMetric."""
        ...

    async def score_comparing(self, answer: Answer, others: Others, ask: Ask) -> tuple[Score, ...]:
        """As `score_asking`, once the others have an answer or never will."""
        ...


@runtime_checkable
class ReadingMetric(Protocol):
    """A metric that reads columns of the dataset beside references."""

    @property
    def columns(self) -> Sequence[ColumnUse | str]:
        """Those columns; a name alone is one that some row must have. A plain attribute will do."""
        ...


@runtime_checkable
class CorpusMetric(Protocol):
    """A metric whose value over all answers is not the mean of its scores."""

    def corpus(self, answers: Sequence[Answer]) -> Mapping[str, float]:
        """Value by measure over all answers that have references; empty when none has."""
        ...


@runtime_checkable
class DatasetMetric(Protocol):
    """A metric whose scores depend on the references of the whole dataset."""

    def prepare(self, references: Iterable[Sequence[str]]) -> None:
        """Take the references of each sample, before the first score of a run.

        OptionError: the metric cannot work here; nothing has been called yet.
        """
        ...


@runtime_checkable
class SampleMetric(Protocol):
    """A metric that knows of a sample alone that no answer to it can be scored."""

    def flaw_of_sample(self, variables: Mapping[str, Any]) -> str | None:
        """Why not, with the column at fault; None when answers can be scored."""
        ...


def scored(measure: Measure, value: float, reason: str | None = None) -> Score:
    """A value, with what the metric has to say about it."""
    return Score(measure.name, float(value), "scored", reason)


def unscored(measures: Sequence[Measure], reason: str) -> tuple[Score, ...]:
    """One Score a measure: the metric does not apply, for this reason."""
    return tuple(Score(measure.name, None, "unscored", reason) for measure in measures)


def failed(measures: Sequence[Measure], reason: str) -> tuple[Score, ...]:
    """One Score a measure: the metric could not do its work, for this reason."""
    return tuple(Score(measure.name, None, "failed", reason) for measure in measures)


def score_with_references(
    measure: Measure, answers: Sequence[Answer], value_of: Callable[[Answer], float]
) -> list[tuple[Score, ...]]:
    """One score an answer by `value_of`; unscored where the sample has no reference."""
    return [
        (scored(measure, value_of(answer)),) if answer.references else unscored((measure,), NO_REFERENCE)
        for answer in answers
    ]
