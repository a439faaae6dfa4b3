"""Simulated nights, by fixed seeds: the gate neither cries wolf nor sleeps. `benchmarks/nights.py` prints the rates."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from benchmarks import nights
from harness.stats import Rule, adjusted, decide, minimum_detectable_effect, paired_difference, paired_test

ALARMS = 0.05
POWER = 0.8


@pytest.fixture(scope="module")
def quiet() -> nights.Nights:
    return nights.simulated(nights=2000)


def within(share: float, n: int) -> float:
    """Three standard errors of a simulated share."""
    return 3 * float((share * (1 - share) / n) ** 0.5)


def test_at_most_5_percent_of_quiet_nights_have_an_alarm(quiet: nights.Nights) -> None:
    assert quiet.rates()["ours"] <= ALARMS


def test_naive_rules_cry_wolf(quiet: nights.Nights) -> None:
    rates = quiet.rates()
    assert rates["mean fell by more than 0.02"] > 0.9
    assert rates["paired test, uncorrected"] > 0.25


def test_other_seeds_are_as_quiet() -> None:
    for seed in (100, 200):
        assert nights.simulated(nights=1000, seed=seed).rates()["ours"] <= ALARMS


def test_few_samples_are_as_quiet() -> None:
    for samples in (12, 30):
        assert nights.simulated(nights=1000, samples=samples).rates()["ours"] <= ALARMS


def test_a_damaged_variant_is_seen_where_the_unpaired_test_sees_less() -> None:
    damaged = nights.simulated(nights=500, drop=0.6)
    seen = damaged.seen()
    assert seen["ours"] >= 0.95
    assert seen["unpaired t-test, Holm"] < 0.65


def test_a_damaged_variant_raises_no_alarm_about_the_others() -> None:
    damaged = nights.simulated(nights=500, drop=0.6)
    others = [cell for cell in range(nights.CELLS) if (cell + 1) % (nights.CELLS // 3)]
    assert damaged.regressed()[:, others].any(axis=1).mean() <= ALARMS


def test_the_simulation_decides_as_the_library_does() -> None:
    random = np.random.default_rng(np.random.SeedSequence(7))
    before, now = nights.answers(random, 6, 40), nights.answers(random, 6, 40, drop=0.9)
    found = nights._night(samples=40, drop=0.9, nights=6, seed=7)
    for night in range(6):
        cells = [
            (one[night, cell], other[night, cell]) for one, other in zip(now, before, strict=True) for cell in range(8)
        ]
        tests = [paired_test(*cell) for cell in cells]
        p_values = adjusted([test.p_value for test in tests if test is not None])
        assert len(p_values) == nights.CELLS
        verdicts = []
        for (one, other), p in zip(cells, p_values, strict=True):
            difference = paired_difference(one, other)
            assert difference is not None
            verdicts.append(decide(difference, p, Rule(margin=nights.MARGIN, n_tests=nights.CELLS)).verdict)
        assert [verdict == "regressed" for verdict in verdicts] == found.regressed()[night].tolist()
        assert nights.holm(found.p_values)[night, :8] == pytest.approx(adjusted(found.p_values[night].tolist())[:8])
    assert found.regressed().any()


@pytest.mark.parametrize("n", [30, 60, 100, 200, 1000])
@pytest.mark.parametrize(("alpha", "margin"), [(0.05, 0.0), (0.05, 0.02), (0.05 / 24, 0.02)])
def test_the_stated_smallest_drop_of_passes_is_seen(n: int, alpha: float, margin: float) -> None:
    if minimum_detectable_effect(n, alpha=alpha, discordant=0.1, margin=margin) is None:
        pytest.fail("no drop can be seen")
    _, seen = nights.power_of_passes(n, discordant=0.1, alpha=alpha, margin=margin)
    assert seen >= POWER - within(POWER, 20_000)


@pytest.mark.parametrize("n", [6, 8, 12, 20, 60, 200])
@pytest.mark.parametrize(("alpha", "margin"), [(0.05, 0.0), (0.05 / 24, 0.02)])
def test_the_stated_smallest_drop_of_scores_is_seen(n: int, alpha: float, margin: float) -> None:
    if minimum_detectable_effect(n, alpha=alpha, sd=0.2, margin=margin) is None:
        assert n < 10
        return
    _, seen = nights.power_of_scores(n, sd=0.2, alpha=alpha, margin=margin)
    assert seen >= POWER - within(POWER, 2000)


def test_groups_are_quiet_only_for_those_who_know_of_them() -> None:
    aware, unaware = nights.clustered()
    assert aware <= ALARMS + within(ALARMS, 2000)
    assert unaware > 0.2


def test_ties_are_quiet() -> None:
    assert nights.tied() <= ALARMS


@pytest.mark.parametrize("n", [5, 8, 12])
def test_few_pairs_are_quiet(n: int) -> None:
    assert nights.tiny(n) <= ALARMS + within(ALARMS, 2000)


def test_the_page_states_the_measured_rates(quiet: nights.Nights) -> None:
    page = (Path(__file__).parents[2] / "docs" / "explanation" / "regression-verdicts.md").read_text()
    rates = quiet.rates()
    for name, rate in rates.items():
        stated = re.search(rf"^\| {re.escape(name)} \| ([0-9.]+) % \|", page, re.MULTILINE)
        assert stated, name
        assert float(stated[1]) == pytest.approx(rate * 100, abs=0.5)


def test_five_pairs_never_alarm() -> None:
    assert nights.tiny(5) == 0
