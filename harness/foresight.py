"""What the gates of suites can see with their samples: before anything is run, and of what was run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from harness import plan, record
from harness.baselines import read_baselines
from harness.schema import Scores

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from harness.schema import CellKey, Measured, Plan, Settings, Sight, Suite, TrialResult


def foresight(plans: Sequence[Plan], settings: Settings) -> list[Sight]:
    """What the gates of suites that run together can see with their samples; nothing is called.

    Raises:
        RecordError: the baseline of a suite with regression gates cannot be read.

    """
    from harness import comparison

    asking = [each for each in plans if any(gate.regression is not None for gate, _ in each.gates)]
    baselines = read_baselines([each.suite.name for each in asking], settings)
    found = comparison.regression_sights(
        [(each.suite, each.gates) for each in asking], baselines, content_of=record.sample_hash
    )
    for each in plans:
        found += comparison.threshold_sights(each.suite, each.gates, baselines.get(each.suite.name))
    return found


def sights_of(
    results: Sequence[TrialResult], suites: Iterable[Suite], baselines: Mapping[str, Measured]
) -> list[Sight]:
    """What the regression gates of what was run can see: with the samples that were, as far as they have values."""
    asking = [suite for suite in suites if any(gate.regression for gate in suite.gates)]
    if not asking:
        return []
    from harness import comparison

    ran = {(result.trial.suite, result.trial.sample.sample_id) for result in results}
    cells = {result.trial.cell for result in results}
    plans = [
        (
            replace(suite, samples=tuple(each for each in suite.samples if (suite.name, each.sample_id) in ran)),
            [(gate, cell) for gate, cell in plan.plan_gates(suite) if cell in cells],
        )
        for suite in asking
    ]
    metrics = {gate.metric for _, gates in plans for gate, _ in gates if gate.regression is not None}
    lost = _lost(results, [metric for metric in metrics if metric is not None])
    return comparison.regression_sights(plans, baselines, content_of=record.sample_hash, lost=lost)


def _lost(results: Sequence[TrialResult], metrics: Sequence[str]) -> dict[tuple[CellKey, str], set[str]]:
    """By cell and metric the samples whose trials were run, and none of which has a value of the metric."""
    lost: dict[tuple[CellKey, str], set[str]] = {}
    there: dict[tuple[CellKey, str], set[str]] = {}
    for result in results:
        if result.outcome == "not_run":
            continue
        scores = Scores.of(result.scores)
        for metric in metrics:
            is_scored = metric in scores.names and scores.value(scores.names.index(metric)) is not None
            side = there if is_scored else lost
            side.setdefault((result.trial.cell, metric), set()).add(result.trial.sample.sample_id)
    return {key: found - there.get(key, set()) for key, found in lost.items()}
