"""Trials in quarantine count in no number of a cell, and in no gate."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from harness.gate import Verdicts, cell_aggregate, make_cell
from harness.schema import (
    GateSpec,
    Measure,
    OutputSpec,
    PromptVersion,
    Quarantine,
    Sample,
    Score,
    Scores,
    Techniques,
    Trial,
    TrialResult,
    Variant,
)
from tests.builders import make_suite

if TYPE_CHECKING:
    from harness.schema import Outcome

EXACT = Measure("exact_match", "score", 0.0, 1.0, higher_is_better=True, signature="exact")
LATENCY = Measure("latency_s", "s", 0.0, None, higher_is_better=False, signature="latency")
PROMPT = PromptVersion("v", "1.0", "v1.0.yaml", (), {}, (), Techniques(), OutputSpec(), "h")
SUITE = make_suite(measures=(EXACT, LATENCY), variants=(Variant("v", PROMPT),), n_rows=4)
GATE = GateSpec("exact_match.mean >= 1", "exact_match", "mean", ">=", 1.0)
CELL = ("s", "v", "b")
HELD = Quarantine("s0", "label is wrong", "2999-12-31")


def results(*, held: bool = True) -> list[TrialResult]:
    """Four samples; the first one fails."""
    found = []
    for n in range(4):
        trial = Trial(
            f"t{n}", *CELL, Sample(f"s{n}", {}, (), None, (), ""), 1, (), quarantine=HELD if held and not n else None
        )
        scores = (Score("exact_match", float(n > 0), "scored"), Score("latency_s", 1.0 + n, "scored"))
        outcome: Outcome = "passed" if n else "failed"
        missed = () if n else ("it is 0",)
        found.append(TrialResult(trial, outcome, "x", None, None, Scores(("exact_match", "latency_s"), scores), missed))
    return found


def test_cell_counts_it_apart_and_leaves_it_out_of_its_numbers() -> None:
    cell = make_cell(SUITE, CELL, results(), corpus={})
    assert (cell.n_trials, cell.n_passed, cell.n_failed, cell.n_quarantined) == (4, 3, 0, 1)
    mean, _, error_rate = cell.aggregates
    assert (mean.value, mean.n_scored, error_rate.n_scored) == (1.0, 3, 3)
    free = make_cell(SUITE, CELL, results(held=False), corpus={})
    assert (free.n_passed, free.n_failed, free.n_quarantined, free.aggregates[0].value) == (3, 1, 0, 0.75)


def test_error_in_quarantine_is_an_error_of_the_run_and_of_no_gate() -> None:
    every = results()
    every[0] = replace(every[0], outcome="error")
    cell = make_cell(SUITE, CELL, every, corpus={})
    assert (cell.n_errors, cell.n_quarantined) == (1, 0)
    assert cell.aggregates[-1].value == 0.0


def test_gate_holds_without_it_and_says_so() -> None:
    verdict = Verdicts().on(GATE, SUITE, results(), cell=CELL, corpus={})
    assert verdict.passed
    assert "(n = 3, 1 left out in quarantine, " in verdict.message
    assert not Verdicts().on(GATE, SUITE, results(held=False), cell=CELL, corpus={}).passed


def test_gate_is_judged_though_a_trial_in_quarantine_was_not_run() -> None:
    every = results()
    every[0] = replace(every[0], outcome="not_run", scores=())
    assert Verdicts().on(GATE, SUITE, every, cell=CELL, corpus={}).judged


def test_target_is_shown_by_the_others_and_says_what_it_leaves_out() -> None:
    target = GateSpec("production: exact_match.mean > 0.3", "exact_match", "mean", ">", 0.3, judged_by="shown")
    verdict = Verdicts().on(target, SUITE, results(), cell=CELL, corpus={})
    assert (verdict.passed, verdict.showing, verdict.aggregate.n_quarantined) == (True, "shown", 1)
    assert verdict.message == (
        "3 of 3 answers passed exact_match: that shows more than 30 % (lower bound 37 %); left out: 1 in quarantine"
    )
    errors = GateSpec("production: error_rate < 0.5", None, "error_rate", "<", 0.5, judged_by="shown")
    assert Verdicts().on(errors, SUITE, results(), cell=CELL, corpus={}).message == (
        "0 of 3 trials ended in an error: that does not show less than 50 % (upper bound 63 %); about 2 more without "
        "an error would; left out: 1 in quarantine"
    )


def test_gate_over_nothing_else_fails() -> None:
    verdict = Verdicts().on(GATE, SUITE, results()[:1], cell=CELL, corpus={})
    assert not verdict.passed
    assert cell_aggregate(GATE, SUITE, results()[:1], corpus={}).n_quarantined == 1
