"""A comparison and a regression gate → whether it holds, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from harness.gate import judge_regression, not_compared
from harness.schema import Compared, GateSpec, RegressionSpec

if TYPE_CHECKING:
    from harness.schema import Finding

CELL = ("feedback", "few_shot", "smollm2")
ROW = Compared(
    suite="feedback", variant="few_shot", backend="smollm2", metric="exact_match",
    n_paired=60, n_new=0, n_gone=0, n_changed=0, n_lost=0,
    mean=0.7, mean_baseline=0.82, difference=-0.12, ci_low=-0.21, ci_high=-0.04, method="score", test="mcnemar exact",
    p_value=0.0012, p_adjusted=0.029, n_family=24, effect=-0.6, n_up=2, n_down=9,
    finding="regressed", reason="worse by more than the margin, and by more than chance explains", n_needed=None,
    margin=0.02, is_gated=True,
)  # fmt: skip


def gate(**spec: Any) -> GateSpec:
    return GateSpec(
        "regression: exact_match margin 0.02",
        "exact_match",
        "difference",
        ">=",
        -0.02,
        regression=RegressionSpec(margin=0.02, **spec),
    )


def test_regression_fails_and_says_what_happened_what_it_means_and_the_evidence() -> None:
    verdict = judge_regression(gate(), CELL, ROW)
    assert (verdict.passed, verdict.finding, verdict.warns) == (False, "regressed", False)
    assert verdict.message == (
        "exact_match fell from 0.820 to 0.700 on 60 pairs (2 up, 9 down); regressed: worse by more than the margin, "
        "and by more than chance explains (p = 0.029 corrected for 24 comparisons, 95 % interval 0.0400 to "
        "0.210 lower, tolerated 0.0200)"
    )
    assert (verdict.aggregate.value, verdict.aggregate.ci_low, verdict.aggregate.n_scored) == (-0.12, -0.21, 60)


def test_trials_that_a_clear_verdict_made_needless_are_said_to_be_not_run() -> None:
    row = replace(ROW, n_not_run=38, stopped_after=20, n_new=1, p_adjusted=None)
    message = judge_regression(gate(), CELL, row).message
    assert message.endswith("; 1 trial new; 38 trials not run: the verdict was clear after 20 pairs")


@pytest.mark.parametrize("finding", ["improved", "unchanged"])
def test_gate_holds_when_nothing_is_worse(finding: Finding) -> None:
    verdict = judge_regression(gate(), CELL, replace(ROW, finding=finding))
    assert (verdict.passed, verdict.warns) == (True, False)


@pytest.mark.parametrize(
    ("asked", "passed", "warns"), [("warn", True, True), ("fail", False, False), ("pass", True, False)]
)
def test_inconclusive_does_what_the_gate_says(asked: Any, *, passed: bool, warns: bool) -> None:
    row = replace(ROW, finding="inconclusive", n_needed=1240)
    verdict = judge_regression(gate(on_inconclusive=asked), CELL, row)
    assert (verdict.passed, verdict.warns, verdict.finding) == (passed, warns, "inconclusive")
    assert "about 1,240 more samples would tell" in verdict.message


@pytest.mark.parametrize(
    ("margin", "needs", "words"),
    [
        (0.02, None, "more samples will hardly settle it: the difference lies at the margin"),
        (0.0, None, "more samples will hardly settle it: the difference is next to nothing"),
        (0.0, 3, "it takes at least 3 more samples"),
    ],
)
def test_inconclusive_says_what_more_samples_would_do(*, margin: float, needs: int | None, words: str) -> None:
    row = replace(ROW, finding="inconclusive", n_needed=needs, is_least=needs is not None, margin=margin)
    assert judge_regression(gate(), CELL, row).message.endswith(f"; {words}")


def test_inconclusive_for_want_of_pairs_does_not_ask_for_more_samples() -> None:
    row = replace(ROW, finding="inconclusive", n_needed=None, n_changed=61)
    assert judge_regression(gate(), CELL, row).message.endswith(
        ", tolerated 0.0200); 61 trials with another row in the dataset"
    )


def test_gate_without_a_comparison_fails_and_says_why() -> None:
    verdict = judge_regression(gate(), CELL, None, why="there is no baseline")
    assert (verdict.passed, verdict.judged, verdict.finding) == (False, True, "not compared")
    assert verdict.message == (
        "exact_match could not be compared: there is no baseline; a regression gate over nothing fails"
    )


def test_gate_over_nothing_comparable_fails() -> None:
    row = replace(ROW, finding="not compared", reason="no sample is in both", n_paired=0)
    verdict = judge_regression(gate(), CELL, row)
    assert not verdict.passed
    assert verdict.message == (
        "exact_match could not be compared: no sample is in both; a regression gate over nothing fails"
    )


def test_what_was_left_out_is_counted() -> None:
    row = replace(ROW, n_lost=1, n_new=2, n_gone=3, n_changed=4)
    assert judge_regression(gate(), CELL, row).message.endswith(
        "; 1 trial left out without a value on both sides, 2 trials new, 3 trials gone, "
        "4 trials with another row in the dataset"
    )


def test_equal_values_need_no_evidence() -> None:
    row = replace(
        ROW, mean=0.82, difference=0.0, n_up=0, n_down=0, finding="unchanged",
        reason="every sample has the same value as before",
    )  # fmt: skip
    assert judge_regression(gate(), CELL, row).message == (
        "exact_match is still 0.820 on 60 pairs; unchanged: every sample has the same value as before"
    )


def test_gate_that_was_switched_off_is_not_judged() -> None:
    verdict = not_compared(gate(), CELL, "--prompt-baseline none", by_choice=True)
    assert (verdict.passed, verdict.judged, verdict.message) == (False, False, "not judged: --prompt-baseline none")


PROMISED = replace(
    ROW, mean=0.5, mean_baseline=0.62, difference=-0.12, ci_low=-0.24, ci_high=-0.0, n_up=30, n_down=30, margin=0.0,
    method="wilson", test="binomial exact", p_adjusted=0.047, n_family=2, is_against_number=True,
    reason="worse, by more than chance explains",
)  # fmt: skip
PROMISE = GateSpec(
    "exact_match.mean >= 0.62", "exact_match", "mean", ">=", 0.62, origin="few_shot@1.1",
    regression=RegressionSpec(target=0.62),
)  # fmt: skip


def test_mean_below_the_promise_fails_and_shows_the_mean_itself() -> None:
    verdict = judge_regression(PROMISE, CELL, PROMISED)
    assert (verdict.passed, verdict.finding, verdict.warns) == (False, "regressed", False)
    assert verdict.message == (
        "exact_match is 0.500 on 60 trials, at least 0.62 promised by performance_baseline of few_shot@1.1; regressed: "
        "worse, by more than chance explains (p = 0.047 corrected for 2 comparisons, 95 % interval 0.380 to 0.620)"
    )
    assert (verdict.aggregate.aggregation, verdict.aggregate.value, verdict.aggregate.ci_low) == ("mean", 0.5, 0.38)


@pytest.mark.parametrize(("mean", "warns"), [(0.5, True), (0.62, False), (0.7, False)])
def test_promise_that_is_kept_does_not_warn_though_nothing_is_shown(mean: float, *, warns: bool) -> None:
    row = replace(PROMISED, mean=mean, finding="inconclusive", n_needed=40, n_lost=1)
    verdict = judge_regression(PROMISE, CELL, row)
    assert (verdict.passed, verdict.warns, verdict.finding) == (True, warns, "inconclusive")
    assert verdict.message.endswith("; about 40 more samples would tell; 1 trial left out without a value")


def test_promise_of_which_nothing_has_a_value_fails() -> None:
    row = replace(PROMISED, finding="not compared", reason="none of 60 trials has a value", n_paired=0)
    assert judge_regression(PROMISE, CELL, row).message == (
        "exact_match could not be compared: none of 60 trials has a value; a regression gate over nothing fails"
    )
