"""All metrics of a suite over a batch of answers."""

from __future__ import annotations

import math
import threading
import time
from itertools import chain
from typing import TYPE_CHECKING

from harness.errors import OptionError
from harness.score.asked import find_out
from harness.score.checked import checked_rows
from harness.score.metric import (
    AskingMetric,
    ComparingMetric,
    CorpusMetric,
    DatasetMetric,
    TellingMetric,
    failed,
    unscored,
)
from harness.score.registry import always_measured_specs, create
from harness.score.workers import is_heavy
from harness.trace import MetricTime
from harness.wording import described_own_error

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from harness.schema import Answer, AskFor, Measure, MetricSpec, Note, Others, Score
    from harness.score.asked import Findings
    from harness.score.metric import Metric
    from harness.score.workers import Handed, Workers

_NOT_ASKED = "no model was asked: that is done in a run of a suite"


class Scorer:
    """The metrics of a suite, and what is always measured."""

    def __init__(self, specs: Sequence[MetricSpec], workers: Workers | None = None) -> None:
        """Heavy metrics are computed by the workers where that is worth it.

        OptionError for a metric that cannot be made, or two that yield the same measure differently.
        """
        self._workers = workers
        self._heavy: list[tuple[MetricSpec, Metric]] = []
        self._metrics: list[tuple[str, Metric]] = []
        self._asking: list[tuple[str, AskingMetric | ComparingMetric]] = []
        known: dict[str, Measure] = {}
        for spec in chain(specs, always_measured_specs()):
            metric = create(spec)
            twice = [measure for measure in metric.measures if measure.name in known]
            for measure in twice:
                if known[measure.name] != measure:
                    raise OptionError(
                        f"metric '{spec.name}' yields '{measure.name}', as one above does with other options; "
                        f"allowed: each measure once; remove one of the two"
                    )
            if len(twice) < len(metric.measures):
                if isinstance(metric, AskingMetric | ComparingMetric):
                    self._asking.append((spec.name, metric))
                else:
                    self._metrics.append((spec.name, metric))
                    self._heavy += [(spec, metric)] if is_heavy(metric) else []
            known.update((measure.name, measure) for measure in metric.measures)
        self._metrics.sort(key=lambda each: is_heavy(each[1]))  # workers are waited for last
        self.known_notes: dict[object, Mapping[int, Note]] = {}
        """What is said beside the scores: most trials have it in common, and share it."""
        self.measures: tuple[Measure, ...] = tuple(known.values())
        """Every number an answer gets, in the order of its scores."""
        self.has_corpus = any(isinstance(metric, CorpusMetric) for _, metric in (*self._metrics, *self._asking))
        """Whether any metric has a corpus-level value."""

    def prepare(self, references: Sequence[Sequence[str]]) -> None:
        """Tell the metrics that depend on them the references of each sample of the dataset."""
        for _, metric in self._metrics:
            if isinstance(metric, DatasetMetric):
                metric.prepare(references)

    @property
    def asks(self) -> bool:
        """Whether there are metrics that ask models."""
        return bool(self._asking)

    @property
    def compares(self) -> bool:
        """Whether some of them compare answers."""
        return any(isinstance(metric, ComparingMetric) for _, metric in self._asking)

    async def ask(self, answer: Answer, ask: AskFor, others: Others) -> Findings:
        """What the metrics find out that ask models; `others` are answers to compare with."""
        return await find_out(self._asking, answer, ask, others=others)

    def score(
        self,
        answers: Sequence[Answer],
        timed: list[MetricTime] | None = None,
        *,
        found: Sequence[Findings | None] | None = None,
    ) -> list[tuple[Score, ...]]:
        """One tuple an answer, in it one Score a measure, in the order of `measures`; `timed` gets when each was made.

        `found` is what `ask` gave, one an answer; without it what asks models is unscored.

        A metric that raises, or answers in another shape, yields failed scores for itself alone; when it failed on the
        batch it is asked again answer by answer, so that one bad answer costs only its own score.
        """
        columns: dict[str, list[Score]] = {}
        handed = None if self._workers is None else self._workers.hand_out(self._heavy, answers)
        for name, metric in self._metrics:
            began_ns = time.time_ns()
            rows = self._rows(metric, answers, handed)
            if timed is not None and answers:
                measures = tuple(measure.name for measure in metric.measures)
                timed.append(MetricTime(name, measures, began_ns, time.time_ns(), len(answers)))
            for index, measure in enumerate(metric.measures):
                columns[measure.name] = [row[index] for row in rows]
        for _, asking in self._asking:
            rows = [_found(asking, each) for each in found or [None] * len(answers)]
            for index, measure in enumerate(asking.measures):
                columns[measure.name] = [row[index] for row in rows]
        ordered = [columns[measure.name] for measure in self.measures]
        return list(zip(*ordered, strict=True))

    def _rows(self, metric: Metric, answers: Sequence[Answer], handed: Handed | None) -> list[tuple[Score, ...]]:
        """The metric's scores: from the workers where they have them, else computed here."""
        rows = None if handed is None else handed.rows(metric)
        if rows is None:
            began = time.perf_counter()
            rows = score_safely(metric, answers)
            if self._workers is not None and is_heavy(metric):
                self._workers.took(time.perf_counter() - began)
        return rows

    def told(self) -> dict[str, str]:
        """By measure: what metrics have to say of it when the run is over."""
        every = (metric for _, metric in (*self._metrics, *self._asking))
        return {
            name: text for metric in every if isinstance(metric, TellingMetric) for name, text in metric.told().items()
        }

    def corpus(self, answers: Sequence[Answer]) -> dict[str, float]:
        """Corpus-level values by measure, of the metrics that have one; what raises or is not finite is left out."""
        values: dict[str, float] = {}
        for _, metric in (*self._metrics, *self._asking):
            if isinstance(metric, CorpusMetric):
                values.update(_corpus_safely(metric, answers))
        return values


def score_safely(metric: Metric, answers: Sequence[Answer]) -> list[tuple[Score, ...]]:
    """The metric's scores, each checked; where it raises or answers in another shape, failed ones with the reason."""
    if not answers:
        return []
    try:
        return checked_rows(metric, [tuple(row) for row in metric.score(answers)], len(answers))
    except BaseException as error:  # a metric may be the user's own and raise anything, also what ends interpreters
        if isinstance(error, KeyboardInterrupt) and threading.current_thread() is threading.main_thread():
            raise  # Ctrl-C is heard there alone
        if len(answers) > 1:
            return [row for answer in answers for row in score_safely(metric, [answer])]
        return [failed(metric.measures, described_own_error(error))]


def _found(metric: AskingMetric | ComparingMetric, findings: Findings | None) -> tuple[Score, ...]:
    if findings is None:
        return unscored(metric.measures, _NOT_ASKED)
    return tuple(findings.scores[measure.name] for measure in metric.measures)


def _corpus_safely(metric: CorpusMetric, answers: Sequence[Answer]) -> dict[str, float]:
    try:
        values = {name: float(value) for name, value in dict(metric.corpus(answers)).items()}
    except (Exception, SystemExit):  # noqa: BLE001 - a metric may be the user's own and raise anything
        return {}
    return {name: value for name, value in values.items() if math.isfinite(value)}
