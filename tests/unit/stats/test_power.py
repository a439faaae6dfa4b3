from __future__ import annotations

import time

import pytest

from harness.stats import (
    effective_pairs,
    fewest_units,
    mcnemar_power,
    minimum_detectable_effect,
    n_needed,
)

FAMILY = 0.05 / 24


@pytest.mark.parametrize(("alpha", "fewest"), [(0.05, 6), (0.01, 8), (0.0625, 6), (0.9, 2), (FAMILY, 10)])
def test_the_fewest_units_are_those_whose_smallest_p_is_below_alpha(alpha: float, fewest: int) -> None:
    assert fewest_units(alpha) == fewest
    assert 2.0 ** (1 - fewest) < alpha <= 2.0 ** (2 - fewest)


def test_nothing_is_seen_of_no_drop_without_flips_and_of_no_pairs() -> None:
    assert mcnemar_power(100, 0.0) == 0
    assert mcnemar_power(0, 0.5) == 0


def test_a_rise_is_no_part_of_the_power() -> None:
    assert mcnemar_power(500, 0.0, discordant=0.4, alpha=0.05) < 0.025


def test_six_pairs_see_a_drop_only_when_all_flip() -> None:
    assert mcnemar_power(6, 0.9) == pytest.approx(0.9**6)


def test_the_seen_drop_must_exceed_the_margin() -> None:
    assert mcnemar_power(1000, 0.02) > 0.99
    assert mcnemar_power(1000, 0.02, margin=0.02) == pytest.approx(0.5, abs=0.07)  # exactly the margin is none
    assert mcnemar_power(10, 1.0, margin=1.0) == 0  # never by more than everything


@pytest.mark.parametrize("n", [6, 8, 12, 30, 60, 100, 1000, 20_000])
@pytest.mark.parametrize("discordant", [0.0, 0.1, 0.3])
@pytest.mark.parametrize(("alpha", "margin"), [(0.05, 0.0), (FAMILY, 0.02)])
def test_the_stated_effect_is_seen_and_little_less_is_not(
    *, n: int, discordant: float, alpha: float, margin: float
) -> None:
    drop = minimum_detectable_effect(n, alpha=alpha, discordant=discordant, margin=margin)
    if drop is None:
        assert mcnemar_power(n, 1 - discordant, discordant=discordant, alpha=alpha, margin=margin) < 0.8
        return
    assert mcnemar_power(n, drop, discordant=discordant, alpha=alpha, margin=margin) >= 0.8
    less = max(0.0, drop - 2e-4)
    assert mcnemar_power(n, less, discordant=discordant, alpha=alpha, margin=margin) < 0.8


def test_too_few_pairs_see_nothing() -> None:
    for n in (0, 1, 5):
        assert minimum_detectable_effect(n, discordant=0.0) is None
        assert minimum_detectable_effect(n, sd=0.3) is None
    assert minimum_detectable_effect(8, discordant=0.3) is None


def test_scores_without_spread_show_any_drop_beyond_the_margin() -> None:
    assert minimum_detectable_effect(20, sd=0.0) == 0
    assert minimum_detectable_effect(20, sd=0.0, margin=0.02) == 0.02


@pytest.mark.parametrize("drop", [0.02, 0.05, 0.1, 0.3, 0.9])
@pytest.mark.parametrize("alpha", [0.05, FAMILY])
def test_the_needed_pairs_do_see_it(drop: float, alpha: float) -> None:
    n = n_needed(drop, alpha=alpha, discordant=0.1)
    assert n is not None
    assert mcnemar_power(n, drop, discordant=0.1, alpha=alpha) >= 0.8
    assert mcnemar_power(int(n * 0.95) - 1, drop, discordant=0.1, alpha=alpha) < 0.8


def test_needed_pairs_of_scores_and_their_smallest_drop_agree() -> None:
    for drop in (0.02, 0.1, 0.3):
        n = n_needed(drop, sd=0.3)
        assert n is not None
        least = minimum_detectable_effect(n, sd=0.3)
        assert least is not None
        assert least <= drop < least * 1.2


def test_some_drops_need_more_than_anybody_has() -> None:
    assert n_needed(0.0, sd=0.3) is None
    assert n_needed(0.0, discordant=0.3) is None
    assert n_needed(1e-5, sd=0.3) is None
    assert n_needed(1e-5, discordant=0.3) is None
    assert n_needed(0.001, discordant=0.1) == pytest.approx(785_000, rel=0.01)


def test_differences_without_spread_need_as_many_as_can_show_anything() -> None:
    assert n_needed(0.1, sd=0.0) == 6


def test_lint_can_ask_for_every_gate() -> None:
    minimum_detectable_effect(100, discordant=0.1)  # loads scipy
    start = time.perf_counter()
    for _ in range(10):
        minimum_detectable_effect(1000, alpha=FAMILY, discordant=0.1, margin=0.02)
        minimum_detectable_effect(1000, alpha=FAMILY, sd=0.3, margin=0.02)
    assert (time.perf_counter() - start) / 20 < 0.02


def test_clusters_are_worth_between_one_pair_and_all_of_theirs() -> None:
    assert [effective_pairs(100, 20, each) for each in (0, 0.25, 1)] == [100, 50, 20]
    assert effective_pairs(7, 7) == 7


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: fewest_units(0), "alpha is 0 and power 0.8; allowed: above 0 and below 1, such as 0.05 and 0.8"),
        (
            lambda: mcnemar_power(10, 0.8, discordant=0.3),
            "n is 10, drop 0.8, discordant 0.3 and margin 0.0; allowed: from 0, drop and discordant together at most 1",
        ),
        (lambda: n_needed(0.1), "drop is 0.1, sd None and discordant None; allowed: drop from 0, and one of the two"),
        (
            lambda: minimum_detectable_effect(10, sd=0.1, discordant=0.1),
            "n is 10, margin 0.0, sd 0.1 and discordant 0.1; allowed: n and margin from 0, and one of the two",
        ),
        (
            lambda: effective_pairs(5, 6),
            "5 pairs in 6 clusters with correlation 1.0; allowed: 1 to n clusters, and a correlation from 0 to 1",
        ),
    ],
)
def test_what_has_no_power_is_refused(call: object, message: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the whole text follows
        call()  # type: ignore[operator]
    assert str(caught.value) == message
