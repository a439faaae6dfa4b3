from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from harness.stats import (
    Costs,
    Design,
    Flaky,
    Variances,
    best_design,
    cheapest_increase,
    flaky,
    increases,
    standard_error,
)

if TYPE_CHECKING:
    from collections.abc import Hashable

ALL = Variances(0.04, 0.09, 0.01, 50, 100, 200)
NOW = Design(50, 2, 2)


def test_the_error_adds_up_over_the_levels() -> None:
    assert standard_error(ALL, NOW) == pytest.approx((0.04 / 50 + 0.09 / 100 + 0.01 / 200) ** 0.5)


def test_each_increase_alone_reaches_the_target_and_one_less_does_not() -> None:
    for each in increases(ALL, NOW, Costs(1, 1, 1), target=0.035):
        assert each.standard_error <= 0.035
        assert each.level is not None
        count = getattr(each.design, each.level)
        fewer = Design(**{"samples": 50, "repeats": 2, "ratings": 2, each.level: count - 1})
        assert standard_error(ALL, fewer) > 0.035


def test_samples_that_cost_nothing_are_the_cheapest() -> None:
    found = cheapest_increase(ALL, NOW, Costs(generation=0.01), target=0.03)
    assert found is not None
    assert found.level == "samples"
    assert found.cost == pytest.approx((found.design.samples - 50) * 2 * 0.01)


def test_samples_that_are_dear_make_repeats_the_cheapest() -> None:
    found = cheapest_increase(ALL, NOW, Costs(sample=5, generation=0.01), target=0.035)
    assert found is not None
    assert found.level == "repeats"


def test_noisy_and_cheap_ratings_are_the_cheapest() -> None:
    noisy = Variances(0.001, 0.001, 0.5, 50, 100, 200)
    found = cheapest_increase(noisy, NOW, Costs(1, 1, 0.001), target=0.02)
    assert found is not None
    assert found.level == "ratings"


def test_repeats_alone_cannot_replace_samples() -> None:
    found = increases(ALL, NOW, Costs(), target=0.02)
    assert [each.level for each in found] == ["samples"]


def test_a_level_that_was_not_repeated_is_not_offered() -> None:
    unknown = Variances(0.04, None, None, 50, 50, 50)
    assert [each.level for each in increases(unknown, Design(50), Costs(), target=0.02)] == ["samples"]


def test_an_error_that_is_small_enough_needs_nothing() -> None:
    found = cheapest_increase(ALL, NOW, Costs(), target=0.5)
    assert found is not None
    assert (found.level, found.cost, found.design) == (None, 0.0, NOW)


@pytest.mark.parametrize("costs", [Costs(), Costs(3, 1, 0.2), Costs(0.1, 1, 1), Costs(50, 1, 0.01)])
def test_the_best_design_is_the_cheapest_of_all(costs: Costs) -> None:
    def cost(design: Design) -> float:
        answers = design.repeats * (costs.generation + design.ratings * costs.rating)
        return design.samples * (costs.sample + answers)

    found = best_design(ALL, costs, target=0.03)
    assert standard_error(ALL, found) <= 0.03 * (1 + 1e-9)
    every = [
        Design(samples, repeats, ratings)
        for samples in range(1, 200)
        for repeats in range(1, 30)
        for ratings in range(1, 8)
    ]
    least = min(cost(each) for each in every if standard_error(ALL, each) <= 0.03)
    assert cost(found) <= least * 1.03  # the closed form is for numbers that need not be whole


def test_samples_without_variance_of_their_own_are_asked_as_often_as_it_goes() -> None:
    assert best_design(Variances(0.0, 0.09, None, 5, 9, 9), Costs(sample=1), target=0.03).repeats == 100


def test_a_target_of_0_is_refused() -> None:
    for function in (increases, cheapest_increase):
        with pytest.raises(ValueError, match=r"^target is 0; allowed: above 0$"):
            function(ALL, NOW, Costs(), target=0)
    with pytest.raises(ValueError, match=r"^target is -1; allowed: above 0$"):
        best_design(ALL, Costs(), target=-1)


def test_flaky_samples_are_named_the_most_even_first() -> None:
    passed: dict[Hashable, list[bool]] = {
        "always": [True] * 3,
        "mostly": [True, True, True, False],
        "even": [True, False],
        "never": [False] * 3,
    }
    assert flaky(passed) == [Flaky("even", 1, 2), Flaky("mostly", 3, 4)]


def test_a_single_repeat_is_never_flaky() -> None:
    assert flaky({"a": [True], "b": [False], "c": []}) == []
