from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.stats import Rule, adjusted, decide, paired_difference, paired_test

if TYPE_CHECKING:
    from harness.stats import Difference, PairedTest

PASSES = st.sampled_from([0.0, 1.0])
STEPS = st.integers(0, 5).map(float)
SCORES = st.floats(0, 1, allow_subnormal=False).map(lambda value: round(value, 6))


def pairs(of: st.SearchStrategy[float]) -> st.SearchStrategy[list[tuple[float, float, str]]]:
    return st.lists(st.tuples(of, of, st.sampled_from("abcdefgh")), min_size=1, max_size=40)


PAIRS = st.one_of(pairs(PASSES), pairs(STEPS), pairs(SCORES))


def compared(
    rows: list[tuple[float, float, str]], *, clustered: bool, scale: float = 1
) -> tuple[Difference, PairedTest]:
    now, before = [row[0] * scale for row in rows], [row[1] * scale for row in rows]
    clusters = [row[2] for row in rows] if clustered else None
    difference, test = paired_difference(now, before, clusters), paired_test(now, before, clusters)
    assert difference is not None
    assert test is not None
    return difference, test


def swapped(rows: list[tuple[float, float, str]]) -> list[tuple[float, float, str]]:
    return [(before, now, cluster) for now, before, cluster in rows]


def near(value: float | None) -> object:
    return None if value is None else pytest.approx(value, rel=1e-9, abs=1e-9)


@given(rows=PAIRS, clustered=st.booleans())
@settings(max_examples=200, deadline=None)
def test_swapping_the_runs_mirrors_everything(rows: list[tuple[float, float, str]], *, clustered: bool) -> None:
    (one, test), (other, mirrored) = (compared(each, clustered=clustered) for each in (rows, swapped(rows)))
    assert one.value == -other.value
    assert one.low == near(None if other.high is None else -other.high)
    assert one.high == near(None if other.low is None else -other.low)
    assert one.effect == near(None if other.effect is None else -other.effect)
    assert (one.n_up, one.n_down, one.n_same, one.n_ties) == (other.n_down, other.n_up, other.n_same, other.n_ties)
    assert test.p_value == near(mirrored.p_value)


@given(rows=PAIRS, clustered=st.booleans(), random=st.randoms())
@settings(max_examples=150, deadline=None)
def test_the_order_of_pairs_does_not_matter(
    rows: list[tuple[float, float, str]], *, clustered: bool, random: object
) -> None:
    mixed = list(rows)
    random.shuffle(mixed)  # type: ignore[attr-defined]
    (one, test), (other, same) = (compared(each, clustered=clustered) for each in (rows, mixed))
    assert (one.low, one.high) == (near(other.low), near(other.high))
    assert test.p_value == near(same.p_value)


@given(rows=PAIRS, clustered=st.booleans())
@settings(max_examples=150, deadline=None)
def test_a_run_has_not_changed_against_itself(rows: list[tuple[float, float, str]], *, clustered: bool) -> None:
    difference, test = compared([(now, now, cluster) for now, _, cluster in rows], clustered=clustered)
    assert (difference.value, difference.n_same, test.p_value) == (0, len(rows), 1)
    assert decide(difference, test.p_value, Rule()).verdict == "unchanged"


@given(rows=PAIRS, clustered=st.booleans())
@settings(max_examples=200, deadline=None)
def test_p_is_a_probability_and_the_interval_holds_the_value(
    rows: list[tuple[float, float, str]], *, clustered: bool
) -> None:
    difference, test = compared(rows, clustered=clustered)
    assert 0 < test.p_value <= 1
    assert difference.low is None or difference.low <= difference.value
    assert difference.high is None or difference.value <= difference.high


@given(rows=st.one_of(pairs(STEPS), pairs(SCORES)), clustered=st.booleans(), scale=st.sampled_from([0.01, 3.0, 64.0]))
@settings(max_examples=150, deadline=None)
def test_the_unit_does_not_matter(rows: list[tuple[float, float, str]], *, clustered: bool, scale: float) -> None:
    scaled, plain = (compared(rows, clustered=clustered, scale=each) for each in (scale, 100.0))
    assert scaled[1].p_value == pytest.approx(plain[1].p_value, rel=1e-6)
    if not scaled[0].is_share and not plain[0].is_share:
        assert scaled[0].value * 100 / scale == pytest.approx(plain[0].value, abs=1e-6)


@given(rows=PAIRS, clustered=st.booleans(), margin=st.sampled_from([0.0, 0.02, 0.5]), higher=st.booleans())
@settings(max_examples=200, deadline=None)
def test_verdicts_keep_their_word(
    rows: list[tuple[float, float, str]], *, clustered: bool, margin: float, higher: bool
) -> None:
    difference, test = compared(rows, clustered=clustered)
    rule = Rule(margin=margin, higher_is_better=higher)
    found = decide(difference, test.p_value, rule)
    gain = difference.value if higher else -difference.value
    if found.verdict == "regressed":
        assert test.p_value < 0.05
        assert gain < -margin
        assert not found.is_not_worse
    if found.verdict == "improved":
        assert gain > 0
    assert found.n_needed is None or (found.verdict == "inconclusive" and found.n_needed >= 1)
    turned = compared(swapped(rows), clustered=clustered)[0]
    assert decide(turned, test.p_value, Rule(margin=margin, higher_is_better=not higher)) == found


@given(p_values=st.lists(st.floats(0, 1), max_size=30))
@settings(max_examples=150, deadline=None)
def test_corrections_only_raise_and_keep_the_order(p_values: list[float]) -> None:
    holm, bh = adjusted(p_values), adjusted(p_values, "bh")
    for p, by_holm, by_bh in zip(p_values, holm, bh, strict=True):
        assert p <= by_bh * (1 + 1e-12)
        assert by_bh <= by_holm * (1 + 1e-12)
        assert by_holm <= 1
    for found in (holm, bh):
        ordered = [found[place] for place in sorted(range(len(p_values)), key=p_values.__getitem__)]
        assert all(one <= other for one, other in pairwise(ordered))
