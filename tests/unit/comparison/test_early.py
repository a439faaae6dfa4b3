"""A regression gate that is looked at while results come in."""

from __future__ import annotations

import numpy as np
import pytest

from harness.comparison import EarlyGate, PlannedPair, rule_of
from harness.schema import Measure, RegressionSpec

EXACT = Measure("exact_match", "score", 0.0, 1.0, higher_is_better=True, signature="exact")
N = 100


def gate_of(n: int = N, *, before: float = 1.0, per_cluster: int = 1, higher: bool = True) -> EarlyGate:
    pairs = [PlannedPair(f"t{number}", before, f"c{number // per_cluster}") for number in range(n)]
    rule = rule_of(EXACT, RegressionSpec(margin=0.1), n_planned=n, n_gates=1)
    return EarlyGate(rule, pairs, higher_is_better=higher)


def come(gate: EarlyGate, values: dict[str, float | None]) -> None:
    gate.come(values.get, values.__contains__)


def wrong(*numbers: int) -> dict[str, float | None]:
    return {f"t{number}": 0.0 for number in numbers}


def test_looks_at_every_fifth_and_is_over_when_it_is_clear() -> None:
    gate = gate_of()
    come(gate, wrong(*range(19)))
    assert gate.decision is None
    come(gate, wrong(*range(60)))
    assert gate.is_over
    assert gate.decision is not None
    assert (gate.decision.verdict, gate.decision.looks) == ("regressed", (20, 40))


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_order_of_arrival_changes_nothing(seed: int) -> None:
    generator = np.random.default_rng(seed)
    every: dict[str, float | None] = {f"t{number}": float(generator.random() < 0.8) for number in range(N)}
    at_once = gate_of()
    come(at_once, every)
    at_once.end()
    one_by_one, there = gate_of(), dict[str, float | None]()
    for number in generator.permutation(N):
        there[f"t{number}"] = every[f"t{number}"]
        come(one_by_one, there)
    one_by_one.end()
    assert one_by_one.decision == at_once.decision


def test_nothing_is_looked_at_beyond_a_gap() -> None:
    gate = gate_of()
    come(gate, wrong(*range(10), *range(11, 100)))
    assert gate.decision is None


def test_trials_without_a_value_are_left_out() -> None:
    gate = gate_of()
    come(gate, {**wrong(*range(45)), **{f"t{number}": None for number in range(15)}})
    assert gate.decision is not None
    assert gate.decision.looks == (20,)


def test_end_decides_by_what_is_there_and_by_nothing_where_nothing_is() -> None:
    gate = gate_of()
    come(gate, {f"t{number}": 1.0 for number in range(15)})
    gate.end()
    assert gate.decision is not None
    assert gate.decision.verdict == "inconclusive"
    empty = gate_of()
    empty.end()
    assert empty.decision is None


def test_lower_is_better_turns_the_verdict() -> None:
    gate = gate_of(higher=False)
    come(gate, wrong(*range(40)))
    assert gate.decision is not None
    assert gate.decision.verdict == "improved"


def test_repeats_are_clusters() -> None:
    plain, clustered = gate_of(), gate_of(per_cluster=20)
    for gate in (plain, clustered):
        come(gate, wrong(*range(40)))
    assert plain.is_over
    assert not clustered.is_over


def test_gates_share_the_error_and_the_span_is_that_of_the_metric() -> None:
    bleu = Measure("bleu", "percent", 0.0, 100.0, higher_is_better=True, signature="bleu")
    rule = rule_of(bleu, RegressionSpec(margin=2.0, alpha=0.1), n_planned=60, n_gates=24)
    assert (rule.n_cells, rule.alpha, rule.margin, rule.span) == (24, 0.1, 2.0, 100.0)
    ter = Measure("ter", "percent", 0.0, None, higher_is_better=False, signature="ter")
    assert rule_of(ter, RegressionSpec(), n_planned=60, n_gates=1).span == 1.0
