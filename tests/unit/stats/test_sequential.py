from __future__ import annotations

import re
from time import process_time
from typing import TYPE_CHECKING

import numpy as np
import pytest

from harness.stats import alpha_spent, conditional_power, exit_probabilities, spending_levels
from harness.stats.quantiles import normal_quantile

if TYPE_CHECKING:
    from harness.stats import Sides, Spending

FIVE = (0.2, 0.4, 0.6, 0.8, 1.0)


def test_a_single_look_at_everything_has_the_whole_level() -> None:
    assert spending_levels((1.0,), 0.05) == pytest.approx((0.05,))
    assert spending_levels((1.0,), 0.05, "pocock", sides=1) == pytest.approx((0.05,))


def test_no_looks_have_no_levels() -> None:
    assert spending_levels(()) == ()
    assert exit_probabilities((), ()) == ()


def test_obrien_fleming_keeps_nearly_everything_for_the_end_and_pocock_spreads_it() -> None:
    steep, flat = spending_levels(FIVE), spending_levels(FIVE, spending="pocock")
    assert steep[0] < 1e-5
    assert 0.04 < steep[-1] < 0.05
    assert max(flat) / min(flat) < 1.2


@pytest.mark.parametrize("spending", ["obrien-fleming", "pocock"])
@pytest.mark.parametrize("sides", [1, 2])
def test_levels_of_the_looks_so_far_do_not_depend_on_later_ones(spending: Spending, sides: Sides) -> None:
    fractions = (0.05, 0.0502, 0.1, 0.33, 0.9, 1.0)
    every = spending_levels(fractions, 0.05, spending, sides=sides)
    for n_looks in range(1, len(fractions)):
        assert spending_levels(fractions[:n_looks], 0.05, spending, sides=sides) == pytest.approx(every[:n_looks])


def test_all_looks_together_spend_alpha() -> None:
    fractions = (0.05, 0.0502, 0.1, 0.33, 0.9, 1.0)
    for sides in (1, 2):
        levels = spending_levels(fractions, 0.05, "pocock", sides=sides)
        assert sum(exit_probabilities(fractions, levels, sides=sides)) == pytest.approx(0.05)


def test_a_plan_that_ends_early_has_spent_less() -> None:
    levels = spending_levels((0.3, 0.6))
    assert sum(exit_probabilities((0.3, 0.6), levels)) == pytest.approx(alpha_spent(0.6, 0.05))
    assert alpha_spent(0.6, 0.05) < 0.05


def test_a_look_that_was_left_out_leaves_its_error_to_the_later_ones() -> None:
    levels = spending_levels(FIVE, earlier=(0.0, 0.0, 0.0, 0.0))
    assert levels == pytest.approx((0, 0, 0, 0, 0.05))


def test_earlier_looks_that_spent_too_much_leave_nothing() -> None:
    assert spending_levels((0.5, 0.6), earlier=(0.05,))[1] == 0
    assert spending_levels((0.5, 1.0), earlier=(0.05,))[1] == 0


def test_a_level_too_small_for_a_number_is_0() -> None:
    levels = spending_levels((0.001, 1.0))
    assert levels[0] == 0
    assert levels[1] == pytest.approx(0.05)


def test_looking_five_times_at_5_in_100_errs_in_14_of_100() -> None:
    # Armitage, McPherson and Rowe 1969, table 2: 0.142
    assert sum(exit_probabilities(FIVE, (0.05,) * 5)) == pytest.approx(0.142, abs=5e-4)


def test_false_alarms_of_simulated_random_walks_are_alpha() -> None:
    generator = np.random.default_rng(11)
    n_walks = 200_000
    walks = np.cumsum(generator.normal(size=(n_walks, 5)) * np.sqrt(0.2), axis=1) / np.sqrt(FIVE)
    for spending in ("obrien-fleming", "pocock"):
        levels = spending_levels(FIVE, 0.05, spending)
        bounds = np.array([-normal_quantile(level / 2) for level in levels])
        share = float((np.abs(walks) >= bounds).any(axis=1).mean())
        assert share == pytest.approx(0.05, abs=0.0015)  # three standard errors


def test_five_looks_take_less_than_50_ms() -> None:
    spending_levels(FIVE)
    start = process_time()
    for number in range(10):
        spending_levels(FIVE, 0.04 + number / 1000)  # another alpha each time: no level is known yet
    assert (process_time() - start) / 10 < 0.05


def test_conditional_power_is_what_simulated_ends_show() -> None:
    generator = np.random.default_rng(2)
    z, fraction, drift = 1.1, 0.4, 2.5
    ends = z * fraction**0.5 + drift * 0.6 + generator.normal(size=400_000) * 0.6**0.5
    bound = -normal_quantile(0.05 / 2)
    assert conditional_power(z, fraction, level=0.05, drift=drift) == pytest.approx(
        float((np.abs(ends) >= bound).mean()), abs=0.0025
    )
    one_sided = conditional_power(z, fraction, level=0.05, drift=drift, sides=1)
    assert one_sided == pytest.approx(float((ends >= -normal_quantile(0.05)).mean()), abs=0.0025)


@pytest.mark.parametrize(
    ("fractions", "problem"),
    [
        ((0.0, 1.0), "a fraction is 0.0; allowed: above 0 and at most 1"),
        ((0.5, 1.2), "a fraction is 1.2; allowed: above 0 and at most 1"),
        ((0.5, 0.5), "a fraction of 0.5 follows 0.5; allowed: larger by at least 0.0001"),
        ((0.5, 0.2), "a fraction of 0.2 follows 0.5; allowed: larger by at least 0.0001"),
    ],
)
def test_fractions_that_do_not_rise_are_refused(fractions: tuple[float, ...], problem: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(problem)}$"):
        spending_levels(fractions)
    with pytest.raises(ValueError, match=f"^{re.escape(problem)}$"):
        exit_probabilities(fractions, [0.01] * len(fractions))


def test_what_makes_no_sense_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^alpha is 1; allowed: above 0 and below 1, such as 0\.05$"):
        spending_levels((1.0,), 1)
    with pytest.raises(ValueError, match=r"^spending is 'flat'; allowed: 'obrien-fleming', 'pocock'$"):
        spending_levels((1.0,), 0.05, "flat")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"^2 earlier levels but 1 looks; allowed: at most one a look$"):
        spending_levels((1.0,), earlier=(0.01, 0.01))
    with pytest.raises(ValueError, match=r"^a level is 1\.5; allowed: 0 to below 1$"):
        spending_levels((0.5, 1.0), earlier=(1.5,))
    with pytest.raises(ValueError, match=r"^1 levels but 2 looks; allowed: one level a look$"):
        exit_probabilities((0.5, 1.0), (0.05,))
    with pytest.raises(ValueError, match=r"^fraction is 1; allowed: above 0 and below 1$"):
        conditional_power(1.0, 1, level=0.05, drift=0.0)
