"""Trial results → the result table: one cell a suite, variant and backend, with its aggregates."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from msgspec.structs import replace

from harness.gate.aggregate import Column, aggregate, error_rate, pass_at
from harness.gate.targets import judge_target
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
        Verdict,
    )


def cell_aggregate(
    gate: GateSpec, suite: Suite, results: Sequence[TrialResult], *, corpus: Mapping[str, float]
) -> Aggregate:
    """The number that a gate is judged by, over one cell's results; `corpus` holds the cell's corpus-level values.

    Trials in quarantine are left out.
    """
    counting = counting_results(results)
    return replace(_judged_by(gate, suite, counting, corpus=corpus), n_quarantined=len(results) - len(counting))


def counting_results(results: Sequence[TrialResult]) -> Sequence[TrialResult]:
    """Those that are not in quarantine."""
    if all(result.trial.quarantine is None for result in results):
        return results
    return [result for result in results if result.trial.quarantine is None]


def _judged_by(
    gate: GateSpec, suite: Suite, results: Sequence[TrialResult], *, corpus: Mapping[str, float]
) -> Aggregate:
    if gate.metric is None:
        return _error_rate(suite, results)
    measure = next(measure for measure in suite.measures if measure.name == gate.metric)
    scored = _Scored(suite, results)
    if gate.k is not None:
        return scored.pass_at(gate.k, measure)
    return scored.aggregate(measure, gate.aggregation, corpus=corpus)


def target_verdict(gate: GateSpec, suite: Suite, results: Sequence[TrialResult], *, cell: CellKey) -> Verdict:
    """The answer of a gate that is judged by its interval, over one cell's results, without those in quarantine."""
    counting = counting_results(results)
    n_held, results = len(results) - len(counting), counting
    unit = "group" if any(result.trial.sample.group for result in results) else "sample"
    if gate.metric is None:
        ran = [result for result in results if result.outcome != "not_run"]
        column = Column("error_rate", [float(result.outcome == "error") for result in ran], [], n_held)
        return judge_target(gate, cell, column, measure=None, clusters=_clusters(suite, ran), unit=unit)
    measure = next(measure for measure in suite.measures if measure.name == gate.metric)
    scored = _Scored(suite, results)
    column = replace(scored.column(measure), n_quarantined=n_held)
    return judge_target(gate, cell, column, measure=measure, clusters=scored.clusters, unit=unit)


def make_cell(suite: Suite, key: CellKey, results: Sequence[TrialResult], *, corpus: Mapping[str, float]) -> Cell:
    """The cell's row of the result table: means of every measure, corpus values, error rate, without quarantine."""
    variant = next(variant for variant in suite.variants if variant.name == key[1])
    backend = next(backend for backend in suite.backends if backend.name == key[2])
    counting = counting_results(results)
    scored = _Scored(suite, counting)
    outcomes = Counter(result.outcome for result in results if not result.is_held_back)
    means = [scored.aggregate(measure, "mean", corpus=corpus) for measure in suite.measures]
    whole = [scored.aggregate(each, "corpus", corpus=corpus) for each in suite.measures if each.name in corpus]
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
        aggregates=(*means, *whole, _error_rate(suite, counting)),
        latency_p95=scored.aggregate(latency, "p95", corpus=corpus),
        cost_usd=total(result.generation.cost_usd for result in results if result.generation is not None),
        n_unreadable=sum(result.error is not None and result.error.kind == "output" for result in results),
        n_quarantined=sum(result.is_held_back for result in results),
    )


def _error_rate(suite: Suite, results: Sequence[TrialResult]) -> Aggregate:
    ran = [result for result in results if result.outcome != "not_run"]
    return error_rate([result.outcome == "error" for result in ran], _clusters(suite, ran))


def _clusters(suite: Suite, results: Sequence[TrialResult]) -> list[str] | None:
    """Each trial's cluster: its group, else its sample when trials are repeated; None when each is one of its own."""
    if suite.repeats == 1 and not any(result.trial.sample.group for result in results):
        return None
    return [result.trial.sample.group or result.trial.sample.sample_id for result in results]


class _Scored:
    """The scores of one cell, a column a measure."""

    def __init__(self, suite: Suite, results: Sequence[TrialResult]) -> None:
        scored = [result for result in results if result.scores]
        self._scores = [Scores.of(result.scores) for result in scored]
        self._samples = [result.trial.sample for result in scored]
        self.clusters = _clusters(suite, scored)
        names = [measure.name for measure in suite.measures]
        columns = zip(*(scores.values() for scores in self._scores), strict=True) if scored else [()] * len(names)
        self._places = {name: place for place, name in enumerate(names)}
        self._values = dict(zip(names, columns, strict=True))

    def aggregate(self, measure: Measure, aggregation: Aggregation, *, corpus: Mapping[str, float]) -> Aggregate:
        """One number over a measure's scores."""
        return aggregate(
            self.column(measure),
            aggregation,
            measure=measure,
            clusters=self.clusters,
            corpus=corpus.get(measure.name),
        )

    def pass_at(self, k: int, measure: Measure) -> Aggregate:
        """The chance that one of k answers has the highest score."""
        return pass_at(
            self.column(measure),
            k,
            samples=[sample.sample_id for sample in self._samples],
            groups=[sample.group for sample in self._samples],
            measure=measure,
        )

    def column(self, measure: Measure) -> Column:
        """A measure's scores."""
        values, place = self._values[measure.name], self._places[measure.name]
        lacking = (scores.note(place) for scores, value in zip(self._scores, values, strict=True) if value is None)
        return Column(measure.name, values, list(lacking) if None in values else [])
