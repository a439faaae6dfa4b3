"""Cells beside a promised number: a baseline without samples."""

from __future__ import annotations

import math

import pytest
from msgspec.structs import replace

from harness.comparison import Promised, compare
from harness.schema import RegressionSpec
from harness.stats import one_sample
from tests.unit.comparison.test_compare import CELL, EXACT, KEY, rows, side

BASELINE = "performance_baseline of few_shot@1.0"


def promised(values: list[float], target: float = 0.9, **changed: object) -> Promised:
    current = side(values, cells={CELL: rows(values, **changed)})
    return Promised(current, BASELINE, {KEY: RegressionSpec(target=target)})


def test_number_is_a_baseline_judged_by_one_sample() -> None:
    values = [1.0] * 40 + [0.0] * 20
    (found,) = compare([], promised=[promised(values)])
    (row,) = found.rows
    expected = one_sample(values, 0.9, bounds=(0, 1))
    assert expected is not None
    assert (found.suite, found.current, found.baseline, found.changes, found.flips) == (
        "feedback", "now", BASELINE, (), (),
    )  # fmt: skip
    assert row.mean == pytest.approx(2 / 3)
    assert row.mean_baseline == 0.9
    assert (row.difference, row.ci_low, row.ci_high) == (
        expected.difference.value, expected.difference.low, expected.difference.high,
    )  # fmt: skip
    assert (row.test, row.p_value, row.n_family) == ("binomial exact", expected.test.p_value, 1)
    assert (row.n_paired, row.n_new, row.n_gone, row.n_changed, row.n_lost) == (60, 0, 0, 0, 0)
    assert (row.finding, row.is_gated, row.is_against_number) == ("regressed", True, True)
    assert row.reason == "worse, by more than chance explains"


@pytest.mark.parametrize(
    ("values", "target", "finding", "reason"),
    [
        ([1.0] * 55 + [0.0] * 5, 0.9, "inconclusive", "chance alone could explain the difference"),
        ([1.0] * 60, 0.5, "improved", "better, by more than chance explains"),
        ([1.0] * 60, 1.0, "unchanged", "every trial has just this value"),
        (
            [1.0] * 3,
            0.5,
            "inconclusive",
            "so few samples that even the same value in all of them could be chance",
        ),
    ],
)
def test_reasons_speak_of_no_earlier_samples(values: list[float], *, target: float, finding: str, reason: str) -> None:
    (found,) = compare([], promised=[promised(values, target)])
    assert [(row.finding, row.reason) for row in found.rows] == [(finding, reason)]


def test_promises_and_regression_gates_are_one_family() -> None:
    high, low = [1.0] * 60, [1.0] * 50 + [0.0] * 10
    run = (side(low), side(high, "before"))
    alone, own = compare([run], {KEY: RegressionSpec()}, promised=[promised(low, 0.82)])
    gated = next(row for row in alone.rows if row.metric == "exact_match")
    (number,) = own.rows
    assert (gated.n_family, number.n_family) == (2, 2)
    assert gated.p_value is not None
    assert gated.p_adjusted == pytest.approx(2 * gated.p_value)
    assert number.p_adjusted == number.p_value


def test_groups_and_missing_values_count_as_in_the_means() -> None:
    values = [1.0, 1.0, 0.0, 0.0, 1.0, math.nan] * 6
    groups = [str(number // 6) for number in range(36)]
    (found,) = compare([], promised=[promised(values, groups=groups)])
    (row,) = found.rows
    kept = [value for value in values if not math.isnan(value)]
    expected = one_sample(kept, 0.9, [str(number // 5) for number in range(30)], bounds=(0, 1))
    assert expected is not None
    assert (row.n_paired, row.n_lost, row.ci_low, row.method) == (30, 6, expected.difference.low, "cluster-wilson")


def test_trials_in_quarantine_are_left_out() -> None:
    (found,) = compare([], promised=[promised([0.0, 1.0, 1.0], quarantined=[True, False, False])])
    (row,) = found.rows
    assert (row.n_paired, row.n_lost, row.n_quarantined, row.mean) == (2, 0, 1, 1.0)


def test_nothing_with_a_value_is_not_compared() -> None:
    (found,) = compare([], promised=[promised([math.nan, math.nan])])
    (row,) = found.rows
    assert (row.finding, row.reason) == ("not compared", "none of 2 trials has a value")
    assert (row.n_paired, row.n_lost, row.mean) == (0, 2, None)


def test_direction_is_the_measures() -> None:
    worse = replace(EXACT, higher_is_better=False)
    ours = promised([1.0] * 60, 0.5)
    current = replace(ours.current, measures={"exact_match": worse})
    (found,) = compare([], promised=[replace(ours, current=current)])
    assert found.rows[0].finding == "regressed"
