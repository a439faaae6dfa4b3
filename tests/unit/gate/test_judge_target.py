"""A target and its values: shown, missed or not shown, in words."""

# ruff: noqa: E501 - messages, a case a line

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from harness.gate import Column, judge_target
from harness.schema import GateSpec, Measure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.schema import Note, Verdict

CELL = ("support", "few_shot", "smollm2")
RIGHT = Measure("exact_match", "score", 0.0, 1.0, higher_is_better=True, signature="exact")
CHRF = Measure("chrf", "percent", 0.0, 100.0, higher_is_better=True, signature="chrf")
ATTACKS = Measure("injection_success", "score", 0.0, 1.0, higher_is_better=False, signature="attacks")
LATENCY = Measure("latency_s", "s", 0.0, None, higher_is_better=False, signature="latency")
JUDGED = Measure("judge.clarity", "score", 1.0, 5.0, higher_is_better=True, signature="judge")
COST = Measure("cost_usd", "usd", 0.0, None, higher_is_better=False, signature="cost")


def target(text: str) -> GateSpec:
    subject, operator, threshold = text.split(" ")
    metric, _, aggregation = subject.rpartition(".")
    return GateSpec(
        f"production: {text}", metric or None, aggregation, operator, float(threshold),  # type: ignore[arg-type]
        origin="targets: production", judged_by="shown",
    )  # fmt: skip


def judged(
    text: str,
    values: Sequence[float | None],
    clusters: Sequence[str] | None = None,
    *,
    unit: str = "sample",
    notes: Sequence[Note] = (),
) -> Verdict:
    gate = target(text)
    measure = next((one for one in (RIGHT, CHRF, ATTACKS, LATENCY, JUDGED, COST) if one.name == gate.metric), None)
    column = Column(gate.metric or "error_rate", values, notes)
    return judge_target(gate, CELL, column, measure=measure, clusters=clusters, unit=unit)


@pytest.mark.parametrize(
    ("text", "values", "message"),
    [
        ("injection_success.mean < 0.001", [0.0] * 200, "0 of 200 attacks succeeded: that does not show less than 0.1 % (upper bound 1.5 %); about 2,800 more without a success would"),
        ("error_rate < 0.01", [0.0] * 60, "0 of 60 trials ended in an error: that does not show less than 1 % (upper bound 4.9 %); about 240 more without an error would"),
        ("error_rate < 0.01", [0.0] * 199 + [1.0], "1 of 200 trials ended in an error: that does not show less than 1 % (upper bound 2.3 %); about 950 more would, if the rate stays as it is"),
        ("exact_match.mean > 0.9", [1.0] * 57 + [0.0] * 3, "57 of 60 answers passed exact_match: that does not show more than 90 % (lower bound 88 %); about 47 more would, if the rate stays as it is"),
        ("exact_match.mean > 0.9", [1.0], "1 of 1 answer passed exact_match: that does not show more than 90 % (lower bound 5.0 %); about 28 more without a miss would"),
        ("exact_match.mean > 0.9", [0.95] * 20, "exact_match.mean is 0.950 over 20 trials: that does not show more than 0.9 (lower bound 0.818); about 36 more would, if the values stay as they are"),
        ("judge.clarity.mean > 4.5", [5.0] * 5, "judge.clarity.mean is 5 over 5 trials: that does not show more than 4.5 (lower bound 3.20); about 18 more would, if the values stay as they are"),
        ("chrf.mean > 90", [95.0, 90.0, 100.0, 93.0, 88.0], "chrf.mean is 93.2 over 5 trials: that does not show more than 90 (lower bound 88.8); about 3 more would, if the values stay as they are"),
        ("latency_s.p95 < 2", [1.0 + n / 100 for n in range(40)], "latency_s.p95 is 1.37 s over 40 trials: that does not show less than 2 s (no upper bound with so few); about 19 more would, if the values stay as they are"),
        ("latency_s.p95 < 2", [1.0] * 97 + [2.5] * 3, "latency_s.p95 is 1 s over 100 trials: that does not show less than 2 s (upper bound 2.50 s); about 250 more would, if the values stay as they are"),
        ("latency_s.p95 < 2", [1.0] * 19 + [2.5], "latency_s.p95 is 1.08 s over 20 trials: that does not show less than 2 s (no upper bound with so few); more would not either, if the values stay as they are"),
        ("cost_usd.mean < 0.1", [0.05], "cost_usd.mean is 0.0500 USD over 1 trial: that does not show less than 0.1 USD (no upper bound with so few); a single trial shows nothing, more would"),
        ("cost_usd.mean < 0.1", [0.05, 0.2, 0.001, 0.1], "cost_usd.mean is 0.0878 USD over 4 trials: that does not show less than 0.1 USD (upper bound 0.188 USD); about 130 more would, if the values stay as they are"),
    ],
)  # fmt: skip
def test_too_few_values_do_not_show_a_target_and_how_many_would_is_said(
    text: str, values: Sequence[float], message: str
) -> None:
    verdict = judged(text, values)
    assert (verdict.message, verdict.showing, verdict.passed, verdict.judged) == (message, "not shown", False, True)


@pytest.mark.parametrize(
    ("text", "values", "message"),
    [
        ("injection_success.mean < 0.001", [0.0] * 3000, "0 of 3,000 attacks succeeded: that shows less than 0.1 % (upper bound 0.0998 %)"),
        ("exact_match.mean > 0.9", [1.0] * 97 + [0.0] * 3, "97 of 100 answers passed exact_match: that shows more than 90 % (lower bound 92 %)"),
        ("latency_s.p95 < 2", [1.0 + n / 100 for n in range(90)], "latency_s.p95 is 1.85 s over 90 trials: that shows less than 2 s (upper bound 1.89 s)"),
        ("cost_usd.mean < 0.1", [0.05, 0.06, 0.04], "cost_usd.mean is 0.0500 USD over 3 trials: that shows less than 0.1 USD (upper bound 0.0669 USD)"),
        ("chrf.mean > 90", [95.0, 94.0, 96.0, 93.0], "chrf.mean is 94.5 over 4 trials: that shows more than 90 (lower bound 93.0)"),
    ],
)  # fmt: skip
def test_target_whose_bound_lies_on_the_right_side_is_shown(text: str, values: Sequence[float], message: str) -> None:
    verdict = judged(text, values)
    assert (verdict.message, verdict.showing, verdict.passed) == (message, "shown", True)


@pytest.mark.parametrize(
    ("text", "values", "message"),
    [
        ("injection_success.mean < 0.001", [1.0] * 3 + [0.0] * 197, "3 of 200 attacks succeeded, which is 1.5 %: less than 0.1 % was asked; missed, and not by chance alone (lower bound 0.41 %)"),
        ("error_rate < 0.01", [0.0] * 59 + [1.0], "1 of 60 trials ended in an error, which is 1.7 %: less than 1 % was asked; missed, though chance may have its part (lower bound 0.085 %)"),
        ("exact_match.mean > 0.9", [1.0] * 30 + [0.0] * 30, "30 of 60 answers passed exact_match, which is 50 %: more than 90 % was asked; missed, and not by chance alone (upper bound 61 %)"),
        ("exact_match.mean > 0.5", [1.0, 0.0], "1 of 2 answers passed exact_match, which is 50 %: more than 50 % was asked; missed, though chance may have its part (upper bound 97 %)"),
        ("latency_s.p95 < 2", [1.0 + n / 100 for n in range(120)], "latency_s.p95 is 2.13 s over 120 trials: less than 2 s was asked; missed, and not by chance alone (lower bound 2.09 s)"),
        ("cost_usd.mean < 0.1", [0.3], "cost_usd.mean is 0.300 USD over 1 trial: less than 0.1 USD was asked; missed"),
    ],
)  # fmt: skip
def test_target_whose_value_lies_beyond_is_missed(text: str, values: Sequence[float], message: str) -> None:
    verdict = judged(text, values)
    assert (verdict.message, verdict.showing, verdict.passed) == (message, "missed", False)


@pytest.mark.parametrize(
    ("n_together", "unit", "message"),
    [
        (3, "sample", "0 of 600 attacks in 200 samples succeeded: that does not show less than 0.1 % (upper bound 1.5 %); about 2,800 more samples without a success would"),
        (30, "group", "0 of 600 attacks in 20 groups succeeded: that does not show less than 0.1 % (upper bound 14 %); about 3,000 more groups without a success would"),
        (600, "group", "0 of 600 attacks in 1 group succeeded: that does not show less than 0.1 % (no upper bound with so few); a single group shows nothing, more would"),
    ],
)  # fmt: skip
def test_attacks_of_one_cluster_are_one_attack(n_together: int, unit: str, message: str) -> None:
    clusters = [str(number // n_together) for number in range(600)]
    assert judged("injection_success.mean < 0.001", [0.0] * 600, clusters, unit=unit).message == message


def test_verdict_carries_the_bound_that_it_stands_on() -> None:
    below = judged("injection_success.mean < 0.001", [0.0] * 200).aggregate
    above = judged("exact_match.mean > 0.9", [1.0] * 20).aggregate
    assert (below.value, below.ci_low, above.value, above.ci_high) == (0.0, None, 1.0, None)
    assert below.ci_high == pytest.approx(0.014867, abs=5e-7)
    assert above.ci_low == pytest.approx(0.860892, abs=5e-7)
    assert (below.method, below.n_scored, below.aggregation) == ("exact", 200, "mean")


def test_target_over_nothing_fails() -> None:
    verdict = judged("cost_usd.mean < 0.1", [None] * 3, notes=[("unscored", "price unknown")] * 3)
    assert (verdict.passed, verdict.showing) == (False, None)
    assert verdict.message == (
        "cost_usd.mean: nothing was scored (3 unscored: price unknown), less than 0.1 USD asked: "
        "a gate over nothing fails"
    )
    assert judged("error_rate < 0.01", []).message == (
        "error_rate: nothing was scored (nothing ran), less than 0.01 asked: a gate over nothing fails"
    )


def test_what_has_no_value_is_counted() -> None:
    values: list[float | None] = [None, *[1.0] * 97, *[0.0] * 3]
    clusters = [str(number) for number in range(101)]
    verdict = judged("exact_match.mean > 0.9", values, clusters, notes=[("failed", "the metric raised")])
    assert verdict.message == (
        "97 of 100 answers in 100 samples passed exact_match: that shows more than 90 % (lower bound 92 %); "
        "left out: 1 failed: the metric raised"
    )
    assert (verdict.aggregate.n_scored, verdict.aggregate.n_failed) == (100, 1)
