"""Simulated comparisons: with so many more pairs as were told the verdict is clear in about 80 % of the cases."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from harness.stats import Rule, decide, paired_difference, paired_test

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from harness.stats import Decision

    Array = NDArray[np.float64]
    Draw = Callable[[np.random.Generator, int], Array]

RUNS = 150
"""Of which a share of 80 % is told to within 10 %, three standard errors."""


def decision(differences: Array, rule: Rule, clusters: list[int] | None = None) -> Decision:
    nothing = np.zeros(len(differences))
    if set(np.unique(differences)) <= {-1.0, 0.0, 1.0}:  # passes and failures
        differences, nothing = (differences > 0).astype(float), (differences < 0).astype(float)
    found, test = paired_difference(differences, nothing, clusters), paired_test(differences, nothing, clusters)
    assert found is not None
    assert test is not None
    return decide(found, min(1.0, test.p_value * rule.n_tests), rule)


def told_and_decided(seen: Array, draw: Draw, rule: Rule, *, size: int = 1) -> tuple[int, float]:
    """So many more as are told of what was seen, and how often comparisons of so many in all are clear."""
    clusters = None if size == 1 else [n // size for n in range(len(seen))]
    first = decision(seen, rule, clusters)
    assert first.verdict == "inconclusive"
    assert first.n_needed is not None
    random = np.random.default_rng(5)
    total = -(-(len(seen) + first.n_needed) // size) * size
    groups = None if size == 1 else [n // size for n in range(total)]
    clear = [decision(draw(random, total), rule, groups).verdict != "inconclusive" for _ in range(RUNS)]
    return first.n_needed, float(np.mean(clear))


def scores(mean: float, n: int, sd: float = 0.3) -> tuple[Array, Draw]:
    """Differences that are normal, the seen ones with just this mean and spread."""
    values = np.random.default_rng(1).normal(0, 1, n)
    values = (values - values.mean()) / values.std(ddof=1)
    return mean + sd * values, lambda random, total: random.normal(mean, sd, total)


def flips(n_up: int, n_down: int, n: int) -> tuple[Array, Draw]:
    """Passes that turned, as often either way."""
    shares = [n_up / n, n_down / n, 1 - (n_up + n_down) / n]
    seen = np.array([1.0] * n_up + [-1.0] * n_down + [0.0] * (n - n_up - n_down))
    return seen, lambda random, total: random.choice([1.0, -1.0, 0.0], total, p=shares)


@pytest.mark.parametrize(
    ("mean", "margin", "n_tests"),
    [
        (-0.06, 0.0, 1),  # a drop
        (0.06, 0.0, 1),  # a rise
        (-0.06, 0.02, 1),  # a drop beyond the margin
        (-0.06, 0.05, 1),  # one near it, outside
        (-0.02, 0.05, 1),  # one inside
        (0.0, 0.05, 1),  # across 0, in the middle of the margin
        (0.02, 0.05, 1),  # a rise within it
        (0.045, 0.05, 1),  # one near its edge
        (0.06, 0.05, 24),  # one beyond it, among others
    ],
)
def test_scores_are_told_from_chance_with_as_many_as_are_said(*, mean: float, margin: float, n_tests: int) -> None:
    more, clear = told_and_decided(*scores(mean, 60), Rule(margin, n_tests=n_tests))
    assert 50 < more < 2000
    assert 0.7 <= clear <= 0.9


@pytest.mark.parametrize(
    ("up", "down", "margin"),
    [(3, 8, 0.0), (8, 3, 0.0), (3, 8, 0.03), (5, 6, 0.05), (5, 5, 0.05), (6, 5, 0.05), (7, 4, 0.05), (4, 9, 0.08)],
)
def test_passes_are_told_from_chance_with_as_many_as_are_said(*, up: int, down: int, margin: float) -> None:
    more, clear = told_and_decided(*flips(up, down, 100), Rule(margin))
    assert 20 < more < 5000
    assert 0.7 <= clear <= 0.9


@pytest.mark.parametrize(("mean", "margin"), [(-0.08, 0.0), (0.0, 0.1), (-0.03, 0.1)])
def test_groups_are_told_from_chance_with_as_many_as_are_said(*, mean: float, margin: float) -> None:
    size = 4

    def draw(generator: np.random.Generator, total: int) -> Array:
        shared = generator.normal(0, 0.2, (total // size, 1))
        return (mean + shared + generator.normal(0, 0.2, (total // size, size))).ravel()

    middles, _ = scores(mean, 20, sd=(0.2**2 + 0.2**2 / size) ** 0.5)  # groups' means as they scatter, the seen ones
    more, clear = told_and_decided(np.repeat(middles, size), draw, Rule(margin), size=size)
    assert 10 < more < 2000
    assert 0.7 <= clear <= 0.92


def test_where_none_is_told_ten_times_as_many_leave_it_open() -> None:
    for seen_flips, margin in ((flips(3, 8, 100), 0.05), (flips(6, 6, 100), 0.0)):
        seen, draw = seen_flips
        first = decision(seen, Rule(margin))
        assert (first.verdict, first.n_needed) == ("inconclusive", None)
        random = np.random.default_rng(3)
        clear = [decision(draw(random, 1000), Rule(margin)).verdict != "inconclusive" for _ in range(RUNS)]
        assert np.mean(clear) < 0.6
