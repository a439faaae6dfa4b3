"""What tracing costs a trial: seen in the engine, made into spans and written."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from msgspec.structs import replace

from benchmarks.figures import Figure
from harness.schema import Score
from harness.trace import MetricTime
from tests.unit.trace.traced import GENERATION, MEASURES, SPEC, SUITE, answered, make_tracer, make_trial

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_TRIALS = 2_000
_BATCH = 64
"""Trials delivered at once."""
_TEXT = "Classify the following customer feedback as positive or negative. " * 8
_METRICS = {"exact_match": ("exact_match",), "contains": ("contains",), "rouge": ("rouge1", "rouge2", "rougeL")}


def cost(folder: Path) -> Iterator[Figure]:
    """CPU a trial with one call and three metrics, texts included; the best of five rounds, as others are at work."""
    rounds = sorted(_round(folder / str(number)) for number in range(5))
    yield Figure("tracing, CPU a trial of 5 spans", 1e6 * rounds[0], 60, "µs", f"(worst of 5: {1e6 * rounds[-1]:.0f})")


def _round(folder: Path) -> float:
    scores = tuple(Score(name, 0.5, "scored") for names in _METRICS.values() for name in names)
    trials = [make_trial(number, _TEXT) for number in range(1, _TRIALS + 1)]
    results = [answered(trial, scores=scores) for trial in trials]
    times = [MetricTime(metric, names, 1_000, 2_000, _BATCH) for metric, names in _METRICS.items()]
    measures = tuple(replace(MEASURES[0], name=score.metric) for score in scores)
    tracer = make_tracer(folder, suite=replace(SUITE, measures=measures))
    began_s = time.process_time()
    for start in range(0, _TRIALS, _BATCH):
        for trial in trials[start : start + _BATCH]:
            call = tracer.trial(trial).call(SPEC, trial.messages)
            call.begin()
            call.end(GENERATION)
        tracer.scored(results[start : start + _BATCH], times)
    tracer.close({})
    return (time.process_time() - began_s) / _TRIALS
