"""What the regression gates of a run ask: which rows of a comparison, and how each is judged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness import plan

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from harness import comparison
    from harness.schema import GateSpec, Measured, RegressionSpec, Suite


def target_of(condition: GateSpec) -> float | None:
    """The number that a regression gate compares with; None where it is a recorded baseline, or no such gate."""
    return None if condition.regression is None else condition.regression.target


def asked_of(suites: Iterable[Suite], now: Mapping[str, Measured]) -> dict[comparison.RowKey, RegressionSpec]:
    """Which rows beside recorded baselines the gates of what was run ask about."""
    return {key: spec for _, key, spec in _gates(suites, now) if spec.target is None}


def promised_of(suites: Iterable[Suite], now: Mapping[str, Measured]) -> list[comparison.Promised]:
    """What the prompts of what was run promise: one a suite and prompt version."""
    from harness import comparison

    specs: dict[tuple[str, str], dict[comparison.RowKey, RegressionSpec]] = {}
    for origin, key, spec in _gates(suites, now):
        if spec.target is not None:
            specs.setdefault((key[0], origin), {})[key] = spec
    return [
        comparison.Promised(now[suite], f"performance_baseline of {origin}", own)
        for (suite, origin), own in specs.items()
    ]


def _gates(
    suites: Iterable[Suite], now: Mapping[str, Measured]
) -> Iterator[tuple[str, comparison.RowKey, RegressionSpec]]:
    """Origin, row and spec of each regression gate of what was run."""
    for suite in suites:
        for condition, cell in plan.plan_gates(suite):
            is_run = suite.name in now and cell[1:] in now[suite.name].cells
            if condition.regression is not None and condition.metric is not None and is_run:
                yield condition.origin, (*cell, condition.metric), condition.regression
