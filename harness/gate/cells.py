"""Trial results → the result table: one cell a suite, variant and backend, with its aggregates."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from harness.gate.aggregate import Column, aggregate, error_rate, pass_at
from harness.schema import Cell, Scores
from harness.stats import total

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from harness.schema import (
        Aggregate,
        Aggregation,
        CellKey,
        GateSpec,
        Measure,
        Suite,
        TrialResult,
    )


def cell_aggregate(
    gate: GateSpec, suite: Suite, results: Sequence[TrialResult], *, corpus: Mapping[str, float]
) -> Aggregate:
    """The number that a gate is judged by, over one cell's results; `corpus` holds the cell's corpus-level values."""
    if gate.metric is None:
        return _error_rate(suite, results)
    measure = next(measure for measure in suite.measures if measure.name == gate.metric)
    if gate.k is not None:
        return _pass_at(gate.k, measure, suite, results=results)
    return _aggregate(measure, suite, results, aggregation=gate.aggregation, corpus=corpus)


def make_cell(suite: Suite, key: CellKey, results: Sequence[TrialResult], *, corpus: Mapping[str, float]) -> Cell:
    """The cell's row of the result table: means of every measure, corpus values, error rate."""
    variant = next(variant for variant in suite.variants if variant.name == key[1])
    backend = next(backend for backend in suite.backends if backend.name == key[2])

    def over(measure: Measure, aggregation: Aggregation) -> Aggregate:
        return _aggregate(measure, suite, results, aggregation=aggregation, corpus=corpus)

    outcomes = Counter(result.outcome for result in results)
    means = [over(measure, "mean") for measure in suite.measures]
    whole = [over(measure, "corpus") for measure in suite.measures if measure.name in corpus]
    latency = next(measure for measure in suite.measures if measure.name == "latency_s")
    return Cell(
        suite=suite.name,
        variant=variant.name,
        backend=backend.name,
        model=backend.model,
        prompt=variant.prompt.name,
        prompt_version=variant.prompt.version,
        n_trials=len(results),
        n_passed=outcomes["passed"],
        n_failed=outcomes["failed"],
        n_errors=outcomes["error"],
        n_not_run=outcomes["not_run"],
        aggregates=(*means, *whole, _error_rate(suite, results)),
        latency_p95=over(latency, "p95"),
        cost_usd=total(result.generation.cost_usd for result in results if result.generation is not None),
        n_unreadable=sum(result.error is not None and result.error.kind == "output" for result in results),
    )


def _error_rate(suite: Suite, results: Sequence[TrialResult]) -> Aggregate:
    ran = [result for result in results if result.outcome != "not_run"]
    return error_rate([result.outcome == "error" for result in ran], _clusters(suite, ran))


def _clusters(suite: Suite, results: Sequence[TrialResult]) -> list[str] | None:
    """Each trial's cluster: its group, else its sample when trials are repeated; None when each is one of its own."""
    if suite.repeats == 1 and not any(result.trial.sample.group for result in results):
        return None
    return [result.trial.sample.group or result.trial.sample.sample_id for result in results]


def _pass_at(k: int, measure: Measure, suite: Suite, *, results: Sequence[TrialResult]) -> Aggregate:
    scored = [result for result in results if result.scores]
    samples = [result.trial.sample for result in scored]
    return pass_at(
        _column(measure, suite, scored),
        k,
        samples=[sample.sample_id for sample in samples],
        groups=[sample.group for sample in samples],
        measure=measure,
    )


def _column(measure: Measure, suite: Suite, scored: Sequence[TrialResult]) -> Column:
    place = next(index for index, known in enumerate(suite.measures) if known.name == measure.name)
    scores = [Scores.of(result.scores) for result in scored]
    values = [each.value(place) for each in scores]
    notes = [each.note(place) for each, value in zip(scores, values, strict=True) if value is None]
    return Column(measure.name, values, notes)


def _aggregate(
    measure: Measure,
    suite: Suite,
    results: Sequence[TrialResult],
    *,
    aggregation: Aggregation,
    corpus: Mapping[str, float],
) -> Aggregate:
    scored = [result for result in results if result.scores]
    return aggregate(
        _column(measure, suite, scored),
        aggregation,
        measure=measure,
        clusters=_clusters(suite, scored),
        corpus=corpus.get(measure.name),
    )
