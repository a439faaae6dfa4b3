"""How many more pairs an inconclusive difference takes: of each way to be inconclusive."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from harness.stats import Rule, decide, n_needed, one_sample, paired_difference, paired_test
from harness.stats.needed import more_needed
from tests.unit.stats.test_decision import difference

if TYPE_CHECKING:
    from harness.stats import Difference

Z = 1.959964, 0.841621
"""Of 95 % to both sides, and of 80 % to one."""


def more(value: float, *, n: int = 100, margin: float = 0.0, n_tests: int = 1, **fields: Any) -> int | None:
    """Of normal differences with a standard deviation of 0.3."""
    half = Z[0] * 0.3 / math.sqrt(n)
    return more_needed(difference(value, value - half, value + half, n=n, **fields), Rule(margin, n_tests=n_tests)).n


def significant(size: float, n_tests: int = 1) -> int:
    return n_needed(size, sd=0.3, alpha=0.05 / n_tests) or 0


@pytest.mark.parametrize("value", [-0.05, 0.05])
def test_without_a_margin_it_takes_what_makes_the_seen_change_significant(value: float) -> None:
    assert more(value) == significant(0.05) - 100
    assert more(value, n_tests=24) == significant(0.05, 24) - 100


def test_a_drop_beyond_the_margin_must_be_significant_and_stay_beyond() -> None:
    assert more(-0.07, n=30, margin=0.02) == significant(0.07) - 30
    beyond = math.ceil((Z[1] * 0.3 / 0.01) ** 2)
    assert beyond > significant(0.05)
    assert more(-0.05, margin=0.04) == pytest.approx(beyond - 100, abs=1)


def test_a_rise_within_the_margin_is_clear_when_it_is_shown_or_its_interval_lies_within_it() -> None:
    assert more(0.03, margin=0.02) == significant(0.03) - 100
    within = ((Z[0] + Z[1]) * 0.3 / 0.001) ** 2
    near, middle = more(0.019, margin=0.02), more(0.012, margin=0.02)
    assert within > 100_000
    assert near is not None
    assert middle is not None
    assert significant(0.019) * 0.8 < near + 100 < significant(0.019)
    assert middle + 100 < min(significant(0.012), ((Z[0] + Z[1]) * 0.3 / 0.008) ** 2) * 0.7  # each alone takes more


def test_a_drop_within_the_margin_takes_an_interval_that_lies_within_it_too() -> None:
    found = more(-0.016, n=10_000, margin=0.02)
    assert found == pytest.approx(((Z[0] + Z[1]) * 0.3 / 0.004) ** 2 - 10_000, rel=0.005)
    middle = more(0.0, n=1000, margin=0.02)
    assert middle is not None
    assert 0.9 < (middle + 1000) / ((Z[0] + 1.281552) * 0.3 / 0.02) ** 2 < 1  # now and then a rise is shown, too


@pytest.mark.parametrize("value", [-0.02, -0.0199, -0.0201])
def test_hardly_any_number_tells_a_drop_at_the_margin(value: float) -> None:
    assert more(value, margin=0.02) is None


@pytest.mark.parametrize("value", [0.0, 0.0005, -0.0005])
def test_hardly_any_number_tells_next_to_nothing_without_a_margin(value: float) -> None:
    assert more(value) is None


def test_a_rise_within_the_margin_does_not_ask_for_millions() -> None:
    for value in (0.005, 0.01, 0.015, 0.0199, 0.02):
        found = more(value, n=60, margin=0.02)
        assert found is not None
        assert found < 8000


def test_no_more_is_asked_for_than_100_times_what_there_is_or_10_000() -> None:
    few, many = more(0.0085, n=100), more(0.0084, n=100)
    assert few is not None
    assert 9_500 < few <= 10_000
    assert many is None
    assert more(0.0084, n=1000) is not None


@pytest.mark.parametrize("sd", [1e-320, 1e-170, 1e200])
@pytest.mark.parametrize("value", [0.0, 1e-200, 0.015, -0.015, -0.021, 0.5])
def test_spreads_beyond_all_reason_are_reckoned_with(*, sd: float, value: float) -> None:
    for margin in (0.0, 0.02):
        assert more(value, margin=margin, sd=sd) is None or sd < 1


def test_too_few_units_take_what_any_verdict_takes_at_least() -> None:
    assert more(-2.0, n=3) == 3
    assert more(0.0, n=3) == 3  # the mean says nothing yet
    assert more(-0.1, n=3, n_tests=24) == significant(0.1, 24) - 3
    for value, is_least in ((0.0, True), (-0.1, False)):
        assert decide(difference(value, -0.5, 0.5, n=3, n_up=1, n_down=1, n_same=1), 1.0, Rule()).is_least == is_least
    assert more(-0.1, n=60, n_clusters=4, margin=0.02) == pytest.approx(30, abs=30)


def test_a_single_cluster_takes_as_many_as_can_show_anything() -> None:
    assert more(-0.1, n=10, n_clusters=1, sd=None) == 50


def test_flips_of_passes_are_what_their_number_follows_from() -> None:
    assert (
        more(-0.05, is_share=True, n_up=4, n_down=9, n_same=87, sd=0.36) == (n_needed(0.05, discordant=0.08) or 0) - 100
    )


def test_values_beside_a_number_take_what_their_own_spread_asks_for() -> None:
    found = one_sample([1] * 30 + [0] * 20, 0.62)
    assert found is not None
    decided = decide(found.difference, found.test.p_value, Rule())
    assert decided.n_needed == (n_needed(0.02, sd=(0.24 * 50 / 49) ** 0.5) or 0) - 50


def test_pairs_that_changed_alike_take_an_interval_that_shrinks_as_their_number_grows() -> None:
    found, test = _compared(np.full(20, 3.9), np.full(20, 4.0), bounds=(1, 5))
    decided = decide(found, test, Rule(margin=0.5))
    assert decided.reason == "drop_near_margin"
    assert decided.n_needed is not None
    for n, verdict in ((20 + decided.n_needed, "unchanged"), (10 + decided.n_needed, "inconclusive")):
        found, test = _compared(np.full(n, 3.9), np.full(n, 4.0), bounds=(1, 5))
        assert decide(found, test, Rule(margin=0.5)).verdict == verdict


def _compared(now: Any, before: Any, **options: Any) -> tuple[Difference, float]:
    found, test = paired_difference(now, before, **options), paired_test(now, before, **options)
    assert found is not None
    assert test is not None
    return found, test.p_value
