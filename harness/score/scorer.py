"""All metrics of a suite over a batch of answers."""

from __future__ import annotations

import math
import sys
import threading
import time
from itertools import chain
from typing import TYPE_CHECKING

from harness.errors import OptionError
from harness.schema import Score
from harness.score.metric import CorpusMetric, failed
from harness.score.registry import always_measured_specs, create
from harness.trace import MetricTime
from harness.wording import described_error

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from harness.schema import Answer, Measure, MetricSpec, Note
    from harness.score.metric import Metric

_LARGEST = sys.float_info.max
"""Only infinity lies above it."""


class Scorer:
    """The metrics of a suite, and what is always measured."""

    def __init__(self, specs: Sequence[MetricSpec]) -> None:
        """OptionError for a metric that cannot be made, or two that yield the same measure differently."""
        self._metrics: list[tuple[str, Metric]] = []
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
                self._metrics.append((spec.name, metric))
            known.update((measure.name, measure) for measure in metric.measures)
        self.known_notes: dict[object, Mapping[int, Note]] = {}
        """What is said beside the scores: most trials have it in common, and share it."""
        self.measures: tuple[Measure, ...] = tuple(known.values())
        """Every number an answer gets, in the order of its scores."""

    def score(self, answers: Sequence[Answer], timed: list[MetricTime] | None = None) -> list[tuple[Score, ...]]:
        """One tuple an answer, in it one Score a measure, in the order of `measures`; `timed` gets when each was made.

        A metric that raises, or answers in another shape, yields failed scores for itself alone; when it failed on the
        batch it is asked again answer by answer, so that one bad answer costs only its own score.
        """
        columns: dict[str, list[Score]] = {}
        for name, metric in self._metrics:
            began_ns = time.time_ns()
            rows = score_safely(metric, answers)
            if timed is not None and answers:
                measures = tuple(measure.name for measure in metric.measures)
                timed.append(MetricTime(name, measures, began_ns, time.time_ns(), len(answers)))
            for index, measure in enumerate(metric.measures):
                columns[measure.name] = [row[index] for row in rows]
        ordered = [columns[measure.name] for measure in self.measures]
        return list(zip(*ordered, strict=True))

    def corpus(self, answers: Sequence[Answer]) -> dict[str, float]:
        """Corpus-level values by measure, of the metrics that have one; what raises or is not finite is left out."""
        values: dict[str, float] = {}
        for _, metric in self._metrics:
            if isinstance(metric, CorpusMetric):
                values.update(_corpus_safely(metric, answers))
        return values


def score_safely(metric: Metric, answers: Sequence[Answer]) -> list[tuple[Score, ...]]:
    """The metric's scores, each checked; where it raises or answers in another shape, failed ones with the reason."""
    if not answers:
        return []
    try:
        rows = [tuple(row) for row in metric.score(answers)]
        _check_shape(metric, rows, len(answers))
    except BaseException as error:  # a metric may be the user's own and raise anything, also what ends interpreters
        if isinstance(error, KeyboardInterrupt) and threading.current_thread() is threading.main_thread():
            raise  # Ctrl-C is heard there alone
        if len(answers) > 1:
            return [row for answer in answers for row in score_safely(metric, [answer])]
        return [failed(metric.measures, described_error(error))]
    bounds = [(measure.low, _LARGEST if measure.high is None else measure.high) for measure in metric.measures]
    return [row if _is_sound(row, bounds) else tuple(map(_checked, row, metric.measures)) for row in rows]


def _is_sound(row: Sequence[Score], bounds: Sequence[tuple[float, float]]) -> bool:
    """Whether nothing is wrong with the scores, found out sooner than what is."""
    for score, (low, high) in zip(row, bounds, strict=True):
        value = score.value
        if (value is None) is (score.status == "scored"):
            return False
        if value is not None and not low <= value <= high:
            return False
    return True


def _check_shape(metric: Metric, rows: Sequence[Sequence[Score]], n_answers: int) -> None:
    if len(rows) != n_answers:
        raise ValueError(f"gave {len(rows)} scores for {n_answers} answers")
    names = [measure.name for measure in metric.measures]
    for row in rows:
        given = [score.metric for score in row]
        if given != names:
            raise ValueError(f"gave scores of {given} where its measures are {names}")


def _checked(score: Score, measure: Measure) -> Score:
    if score.status != "scored":
        return score if score.value is None else Score(score.metric, None, score.status, score.reason)
    flaw = _flaw(score.value, measure)
    return score if flaw is None else Score(score.metric, None, "failed", flaw)


def _flaw(value: float | None, measure: Measure) -> str | None:
    if value is None or not math.isfinite(value):
        return f"the value is {value}; allowed: a finite number"
    if value < measure.low or (measure.high is not None and value > measure.high):
        high = "" if measure.high is None else f" to {measure.high:g}"
        return f"the value is {value:g}; allowed: from {measure.low:g}{high}"
    return None


def _corpus_safely(metric: CorpusMetric, answers: Sequence[Answer]) -> dict[str, float]:
    try:
        values = {name: float(value) for name, value in dict(metric.corpus(answers)).items()}
    except (Exception, SystemExit):  # noqa: BLE001 - a metric may be the user's own and raise anything
        return {}
    return {name: value for name, value in values.items() if math.isfinite(value)}
