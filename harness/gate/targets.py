"""A target and the values of one cell → a verdict: shown, missed, or not shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.gate.aggregate import PERCENTILES, as_aggregate
from harness.gate.judge_gate import judge, not_scored
from harness.gate.target_words import bound_of, target_message
from harness.schema import COMPARISONS, Verdict
from harness.stats import Interval, mean_evidence, percentile_evidence

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.gate.aggregate import Column
    from harness.schema import Aggregate, CellKey, GateSpec, Measure, Showing
    from harness.stats import Evidence


def judge_target(
    gate: GateSpec,
    cell: CellKey,
    column: Column,
    *,
    measure: Measure | None,
    clusters: Sequence[str] | None,
    unit: str,
) -> Verdict:
    """The answer of a gate that holds only where its interval shows it.

    *Shown*: the one-sided 95 % bound lies on the target's right side. *Missed*: the value itself does not. *Not shown*:
    the value does, and the bound does not, or there is none; the gate does not hold then either. `measure` is None for
    the error rate, `clusters` names the cluster of each place of the column, `unit` is what a cluster is: a sample, a
    group. Fails closed: without a value it does not hold.
    """
    found = _evidence(gate, column, measure=measure, clusters=clusters)
    aggregate = _aggregate(gate, column, found)
    if found is None:
        return judge(gate, cell, aggregate)
    showing = _showing(gate, found)
    suite, variant, backend = cell
    return Verdict(
        suite,
        gate,
        variant,
        backend,
        passed=showing == "shown",
        aggregate=aggregate,
        message=target_message(gate, found, showing, lacking=_lacking(aggregate), unit=unit),
        showing=showing,
    )


def _evidence(
    gate: GateSpec, column: Column, *, measure: Measure | None, clusters: Sequence[str] | None
) -> Evidence | None:
    values = [value for value in column.values if value is not None]
    kept = clusters
    if clusters is not None:
        kept = [one for one, value in zip(clusters, column.values, strict=True) if value is not None]
    if gate.aggregation in PERCENTILES:
        return percentile_evidence(values, PERCENTILES[gate.aggregation], gate.threshold, clusters=kept)
    bounds = (0.0, 1.0) if measure is None else (measure.low, measure.high)
    return mean_evidence(values, gate.threshold, kept, wants_more=gate.operator == ">", bounds=bounds)


def _showing(gate: GateSpec, found: Evidence) -> Showing:
    holds = COMPARISONS[gate.operator]
    if not holds(found.value, gate.threshold):
        return "missed"
    bound = bound_of(gate, found)
    return "shown" if bound is not None and holds(bound, gate.threshold) else "not shown"


def _lacking(aggregate: Aggregate) -> str:
    held = f"{aggregate.n_quarantined:,} in quarantine" if aggregate.n_quarantined else ""
    return ", ".join(part for part in (held, not_scored(aggregate)) if part)


def _aggregate(gate: GateSpec, column: Column, found: Evidence | None) -> Aggregate:
    """The value with its interval: one-sided, from the bound on."""
    metric = gate.metric or "error_rate"
    if found is None:
        return as_aggregate(None, column, gate.aggregation, metric=metric)
    low, high = (found.low, None) if gate.operator == ">" else (None, found.high)
    interval = Interval(found.value, low, high, found.method, found.n, found.n_clusters)
    return as_aggregate(interval, column, gate.aggregation, metric=metric)
