"""Levels of looks, drift and corpus differences, whatever the numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sacrebleu.metrics.bleu import BLEU

from harness.stats import alpha_spent, drift, exit_probabilities, paired_bootstrap, spending_levels

if TYPE_CHECKING:
    from harness.stats import Sides, Spending

FRACTIONS = st.lists(st.integers(1, 1000), min_size=1, max_size=6, unique=True).map(
    lambda numbers: [number / 1000 for number in sorted(numbers)]
)
VALUES = st.lists(st.floats(-10, 10), min_size=6, max_size=40)


@given(
    fractions=FRACTIONS,
    alpha=st.floats(0.001, 0.3),
    spending=st.sampled_from(["obrien-fleming", "pocock"]),
    sides=st.sampled_from([1, 2]),
)
@settings(max_examples=60, deadline=None)
def test_looks_spend_what_they_may_and_no_look_more_than_all(
    *, fractions: list[float], alpha: float, spending: Spending, sides: Sides
) -> None:
    levels = spending_levels(fractions, alpha, spending, sides=sides)
    spent = alpha_spent(fractions[-1], alpha, spending, sides=sides)
    assert sum(exit_probabilities(fractions, levels, sides=sides)) == pytest.approx(spent, rel=1e-6, abs=1e-12)
    assert all(0 <= level <= alpha * (1 + 1e-9) for level in levels)


@given(values=VALUES, by=st.floats(-100, 100), times=st.sampled_from([0.5, 2.0, 8.0]))
@settings(max_examples=60, deadline=None)
def test_another_unit_drifts_as_much(values: list[float], by: float, times: float) -> None:
    rounded = [round(value, 2) for value in values]
    one = drift(rounded, resolution=0.01)
    two = drift([round(by, 2) + times * value for value in rounded], resolution=times * 0.01)
    assert one is not None
    assert two is not None
    assert (two.lower, two.upper) == pytest.approx((one.lower, one.upper), abs=1e-5)


@given(values=VALUES)
@settings(max_examples=60, deadline=None)
def test_turned_round_a_drift_goes_the_other_way(values: list[float]) -> None:
    one, two = drift(values), drift([-value for value in values])
    assert one is not None
    assert two is not None
    assert (one.lower, one.upper) == pytest.approx((two.upper, two.lower))
    turned = {"up": "down", "down": "up", None: None}
    if abs(one.lower - one.upper) > 1e-9:
        assert two.direction == turned[one.direction]


@given(n=st.integers(1, 30), seed=st.integers(0, 10))
@settings(max_examples=30, deadline=None)
def test_a_corpus_difference_turned_round_is_turned_round(n: int, seed: int) -> None:
    generator = np.random.default_rng(seed)
    one, two = (np.sort(generator.integers(1, 40, (n, 10)), axis=1).astype(float) for _ in range(2))
    here, there = (paired_bootstrap(BLEU(), *pair, draws=40, seed=seed) for pair in ((one, two), (two, one)))
    assert here is not None
    assert there is not None
    assert (here.difference, here.low, here.high) == (-there.difference, -there.high, -there.low)
    assert here.p_value == there.p_value
    assert here.low <= here.high
