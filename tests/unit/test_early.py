"""Which trials of a run need not be called any more."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace

from harness.early import EarlyStops
from harness.record import sample_hash
from harness.report.headline import early_reason
from harness.schema import (
    GateSpec,
    Measure,
    Measured,
    Quarantine,
    RegressionSpec,
    Rows,
    Sample,
    Score,
    Scores,
    Trial,
    TrialResult,
)
from tests.builders import make_suite

EXACT = Measure("exact_match", "score", 0.0, 1.0, higher_is_better=True, signature="exact")
F1 = Measure("f1", "score", 0.0, 1.0, higher_is_better=True, signature="f1")
SUITE = make_suite(measures=(EXACT, F1), stop_early=True)
N = 60


def trials(variant: str = "v", count: int = N) -> list[Trial]:
    return [
        Trial(f"{variant}{n}", "s", variant, "b", Sample(f"s{n}", {}, (), None, (), ""), 1, ()) for n in range(count)
    ]


def baseline(*variants: str, **rows: Any) -> Measured:
    samples = [trial.sample for trial in trials()]
    made = Rows(
        samples=[sample.sample_id for sample in samples],
        repeats=[1] * N,
        contents=[sample_hash(sample) for sample in samples],
        groups=[None] * N,
        outcomes=["passed"] * N,
        outputs=["x"] * N,
        references=[()] * N,
        values={"exact_match": np.ones(N), "f1": np.full(N, 0.333333)},
    )
    cells = {(variant, "b"): replace(made, **rows) for variant in variants or ("v",)}
    return Measured("before", "s", "d", {}, {}, {"exact_match": EXACT, "f1": F1}, cells)


def gate(metric: str = "exact_match") -> GateSpec:
    return GateSpec(f"{metric}.regression", metric, "difference", ">=", 0.0, regression=RegressionSpec())


def results(work: list[Trial], exact: float, f1: float = 1 / 3, *, count: int = N) -> dict[str, TrialResult]:
    scores = Scores(("exact_match", "f1"), (Score("exact_match", exact, "scored"), Score("f1", f1, "scored")))
    return {trial.trial_id: TrialResult(trial, "passed", "x", None, None, scores, ()) for trial in work[:count]}


def looked(stops: EarlyStops, found: dict[str, TrialResult]) -> EarlyStops:
    stops.look(found.get)
    return stops


def stops_of(*metrics: str, side: Measured | None = None, work: list[Trial] | None = None) -> EarlyStops:
    gates = [(SUITE, gate(metric), ("s", "v", "b")) for metric in metrics or ("exact_match",)]
    return EarlyStops(gates, {"s": side or baseline()}, work or trials())


def test_cell_is_over_when_its_gate_is_clear_and_others_go_on() -> None:
    gates = [(SUITE, gate(), ("s", variant, "b")) for variant in ("v", "w")]
    stops = EarlyStops(gates, {"s": baseline("v", "w")}, [*trials(), *trials("w")])
    looked(stops, results(trials(), 0.0, count=25))
    assert stops.why_not(trials()[40]) == "stopped early: exact_match regressed after 20 pairs"
    assert stops.why_not(trials("w")[40]) is None


def test_cell_that_is_not_going_to_be_clear_is_not_called_clear() -> None:
    low, high = results(trials(), 1.0, 0.2), results(trials(), 1.0, 0.466666)
    found = {name: (low if n % 2 else high)[name] for n, name in enumerate(low) if n < N - 1}  # up and down by turns
    stops = looked(stops_of("f1"), found)
    reason = stops.why_not(trials()[59])
    assert reason is not None
    assert reason.startswith("stopped early: f1 is not going to be clear after ")
    assert early_reason(f"not run: {reason}") == reason


def test_cell_goes_on_until_all_its_gates_are_clear() -> None:
    stops = looked(stops_of("exact_match", "f1"), results(trials(), 0.0, count=25))
    assert stops.why_not(trials()[40]) is None


def test_digits_that_the_baseline_has_cut_are_no_difference() -> None:
    stops = stops_of("f1")
    (decision,) = stops.decided(results(trials(), 1.0).get).values()
    assert (decision.p_value, decision.verdict) == (1.0, "inconclusive")


@pytest.mark.parametrize(
    "side",
    [
        baseline(contents=["another"] * N),
        baseline("other"),
        baseline(values={"exact_match": np.full(N, np.nan), "f1": np.ones(N)}),
        replace(baseline(), measures={"exact_match": replace(EXACT, signature="other")}),
    ],
)
def test_gate_that_cannot_be_compared_stops_and_decides_nothing(side: Measured) -> None:
    stops = looked(stops_of(side=side), results(trials(), 0.0))
    assert stops.why_not(trials()[0]) is None
    assert stops.decided(results(trials(), 0.0).get) == {}


def test_trials_in_quarantine_are_no_pairs() -> None:
    held = [replace(trial, quarantine=Quarantine(trial.sample.sample_id, "x", "2999-12-31")) for trial in trials()[:50]]
    stops = stops_of(work=[*held, *trials()[50:]])
    (decision,) = stops.decided(results(trials(), 0.0).get).values()
    assert decision.looks == (10,)


def test_suite_that_does_not_stop_early_is_not_looked_at() -> None:
    plain = make_suite(measures=(EXACT, F1))
    stops = EarlyStops([(plain, gate(), ("s", "v", "b"))], {"s": baseline()}, trials())
    assert looked(stops, results(trials(), 0.0)).why_not(trials()[0]) is None
    assert stops.decided(results(trials(), 0.0).get) == {}


def test_error_is_shared_with_gates_of_suites_that_do_not_stop_early() -> None:
    plain = make_suite(name="t", measures=(EXACT, F1))
    alone = stops_of().decided(results(trials(), 1.0).get)
    gates = [(SUITE, gate(), ("s", "v", "b")), *[(plain, gate(), ("t", f"v{n}", "b")) for n in range(9)]]
    shared = EarlyStops(gates, {"s": baseline()}, trials()).decided(results(trials(), 1.0).get)
    (one,), (other,) = alone.values(), shared.values()
    assert one.level is not None
    assert other.level is not None
    assert other.level < one.level / 5
