"""Runs as the report gets them: 3 variants x 2 backends, with cells and verdicts made from their trials."""

from __future__ import annotations

import math
import random
from collections import Counter
from statistics import mean, stdev
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from harness.schema import (
    Aggregate,
    CallError,
    Cell,
    Generation,
    Quarantine,
    RunManifest,
    RunRecord,
    Verdict,
)
from tests.unit.report.trial_records import HOSTILE, MEASURES, Shape, not_run, results_of, suite_of, with_failed_metric

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.schema import (
        Aggregation,
        BackendSpec,
        GateSpec,
        Outcome,
        Suite,
        TrialResult,
    )


__all__ = ["HOSTILE", "Shape", "build_manifest", "build_record", "in_quarantine", "stopped_early", "with_output"]


def build_record(shape: Shape | None = None) -> RunRecord:
    shape = shape or Shape()
    chance = random.Random(0)  # noqa: S311 - a reproducible run, not a secret
    suites = tuple(suite_of(name, shape) for name in shape.suites)
    results = tuple(result for suite in suites for result in results_of(suite, shape, chance))
    if shape.failing_metric:
        results = (with_failed_metric(results[0]), *results[1:])
    if not shape.complete:
        stop = len(results) * 3 // 4
        results = results[:stop] + tuple(not_run(result) for result in results[stop:])
    cells = tuple(
        _cell(suite, variant.name, backend, results=results)
        for suite in suites
        for variant in suite.variants
        for backend in suite.backends
    )
    verdicts = tuple(
        _verdict(gate, cell)
        for suite in suites
        for gate in suite.gates
        for cell in cells
        if cell.suite == suite.name and (gate.variants is None or cell.variant in gate.variants)
    )
    manifest = build_manifest(suites, results, verdicts, complete=shape.complete)
    return RunRecord(manifest, suites, results, cells, verdicts)


def build_manifest(
    suites: Sequence[Suite], results: Sequence[TrialResult], verdicts: Sequence[Verdict], *, complete: bool = True
) -> RunManifest:
    outcomes = Counter(result.outcome for result in results)
    answers = [result.generation for result in results if result.generation is not None]
    totals: dict[str, Any] = {
        "trials": len(results),
        **{name: outcomes[name] for name in ("passed", "failed", "error", "not_run")},
        "from_cache": sum(answer.from_cache for answer in answers),
        "calls": sum(not answer.from_cache for answer in answers),
        "retries": 7,
        "input_tokens": sum(answer.input_tokens or 0 for answer in answers),
        "output_tokens": sum(answer.output_tokens or 0 for answer in answers),
        "cost_usd": None,
        "spent_usd": 0.0124,
    }
    return RunManifest(
        schema_version=1,
        run_id="20261122T201849.042Z-3f9a",
        started_at="2026-11-22T20:18:49Z",
        wall_s=133.4,
        complete=complete,
        versions={
            "harness": "0.1.0",
            "python": "3.11.2",
            "pytest": "9.2.0",
            "sacrebleu": "2.6.0",
            "xllamacpp": "2026.10.11549",
        },
        git_commit="76e7105d2c1f+",
        suites=tuple({"name": suite.name, "path": suite.path, "n_samples": len(suite.samples)} for suite in suites),
        totals=totals,
        verdicts=tuple({"suite": one.suite, "gate": one.gate.text, "passed": one.passed} for one in verdicts),
        cells=(),
    )


def with_output(record: RunRecord, at: int, text: str) -> RunRecord:
    """The record with that trial's answer replaced."""
    results = list(record.results)
    old = results[at]
    generation = replace(old.generation or Generation(""), text=text)
    results[at] = replace(old, output=text, generation=generation, error=None, outcome="passed")
    return replace(record, results=tuple(results))


def in_quarantine(record: RunRecord, at: int, reason: str = "label is wrong, #12") -> RunRecord:
    """The record with that trial answered in quarantine, where it failed, and its cell counting it so."""
    results = list(record.results)
    trial = results[at].trial
    held = Quarantine(trial.sample.sample_id, reason, "2999-12-31")
    results[at] = replace(with_output(record, at, "no").results[at], trial=replace(trial, quarantine=held),
                          outcome="failed", missed=("exact_match == 1: it is 0",))  # fmt: skip
    suites = tuple(
        replace(suite, quarantine=(held,)) if suite.name == trial.suite else suite for suite in record.suites
    )
    cells = []
    for cell in record.cells:
        own = [one for one in results if one.trial.cell == (cell.suite, cell.variant, cell.backend)]
        outcomes = Counter(one.outcome for one in own if not one.is_held_back)
        n_held = sum(one.is_held_back for one in own)
        cells.append(replace(cell, n_passed=outcomes["passed"], n_failed=outcomes["failed"],
                             n_errors=outcomes["error"], n_quarantined=n_held))  # fmt: skip
    return replace(record, results=tuple(results), suites=suites, cells=tuple(cells))


def stopped_early(record: RunRecord, variant: str, backend: str, *, after: int) -> RunRecord:
    """The record with the cell's trials from `after` on not run, since its verdict was clear."""
    error = CallError("stopped_early", f"not run: stopped early: exact_match regressed after {after} pairs")
    results, n = [], 0
    for result in record.results:
        is_meant = (result.trial.variant, result.trial.backend) == (variant, backend)
        n += is_meant
        gone = replace(result, outcome="not_run", output=None, generation=None, error=error, scores=(), missed=())
        results.append(gone if is_meant and n > after else result)
    return replace(record, results=tuple(results))


def _cell(suite: Suite, variant: str, backend: BackendSpec, *, results: Sequence[TrialResult]) -> Cell:
    own = [
        one
        for one in results
        if (one.trial.suite, one.trial.variant, one.trial.backend) == (suite.name, variant, backend.name)
    ]
    outcomes = Counter(one.outcome for one in own)
    aggregates = [_mean(measure.name, own) for measure in MEASURES]
    bleu = aggregates[2]
    aggregates.append(replace(bleu, aggregation="corpus", ci_low=None, ci_high=None, method="none"))
    aggregates.append(_error_rate(outcomes, len(own)))
    costs = [one.generation.cost_usd for one in own if one.generation is not None]
    known = [cost for cost in costs if cost is not None]
    prompt, _, version = variant.partition("@")
    return Cell(
        suite.name,
        variant,
        backend.name,
        backend.model,
        prompt,
        version or "1.0",
        len(own),
        outcomes["passed"],
        outcomes["failed"],
        outcomes["error"],
        outcomes["not_run"],
        tuple(aggregates),
        _p95(own),
        sum(known) if len(known) == len(costs) else None,
        sum(one.error is not None and one.error.kind == "output" for one in own),
    )


def _mean(metric: str, own: Sequence[TrialResult]) -> Aggregate:
    scores = [score for one in own for score in one.scores if score.metric == metric]
    values = [score.value for score in scores if score.value is not None]
    unscored = sum(score.status == "unscored" for score in scores)
    failed = sum(score.status == "failed" for score in scores)
    if len(values) < 2:
        reason = next((score.reason for score in scores if score.value is None), None)
        return Aggregate(metric, "mean", None, None, None, "none", len(values), unscored, failed, reason=reason)
    middle, half = mean(values), 2.0 * stdev(values) / math.sqrt(len(values))
    method = "wilson" if metric == "exact_match" else "cluster-t" if metric == "f1" else "t"
    low, high = max(0.0, middle - half), middle + half
    high = min({"exact_match": 1.0, "f1": 1.0, "bleu": 100.0}.get(metric, high), high)
    return Aggregate(
        metric, "mean", middle, low, high, method, len(values), unscored, failed, 7 if metric == "f1" else None
    )


def _error_rate(outcomes: Counter[Outcome], n: int) -> Aggregate:
    rate = outcomes["error"] / n if n else None
    low, high = (None, None) if rate is None else (max(0.0, rate - 0.04), min(1.0, rate + 0.08))
    return Aggregate("error_rate", "error_rate", rate, low, high, "wilson", n, 0, 0)


def _p95(own: Sequence[TrialResult]) -> Aggregate | None:
    values = sorted(one.generation.latency_s or 0.0 for one in own if one.generation is not None)
    if not values:
        return None
    at = min(len(values) - 1, math.ceil(0.95 * len(values)) - 1)
    return Aggregate(
        "latency_s", "p95", values[at], values[max(0, at - 3)], values[-1], "order statistics", len(values), 0, 0
    )


def _verdict(gate: GateSpec, cell: Cell) -> Verdict:
    found = [
        one
        for one in (*cell.aggregates, cell.latency_p95)
        if one is not None and _is_of(one, gate.metric, gate.aggregation)
    ]
    aggregate = (
        found[0]
        if found
        else Aggregate(gate.metric or "error_rate", gate.aggregation, None, None, None, "none", 0, 0, 0)
    )
    value = aggregate.value
    holds = value is not None and (value >= gate.threshold if gate.operator == ">=" else value <= gate.threshold)
    word = "holds" if holds else "does not hold"
    message = f"{gate.text} {word}: is {value if value is None else round(value, 3)} (n = {aggregate.n_scored})"
    return Verdict(cell.suite, gate, cell.variant, cell.backend, holds, aggregate, message)


def _is_of(one: Aggregate, metric: str | None, aggregation: Aggregation) -> bool:
    return one.metric == (metric or "error_rate") and one.aggregation == aggregation
