"""How often stopping early errs, what it costs in power and what it saves. Seeds are fixed."""

from __future__ import annotations

from collections import Counter
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from harness.comparison import Stopping

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.random import Generator

    Draw = Callable[[Generator, int], Any]

N = 1000
"""Simulated cells."""
SLACK = 2 * (0.05 * 0.95 / N) ** 0.5


def _passes(drop: float) -> Draw:
    def draw(generator: Generator, n: int) -> Any:
        a = generator.random(n) < 0.7
        b = np.where(generator.random(n) < 0.6, a, generator.random(n) < 0.7) & ~(generator.random(n) < drop)
        return b.astype(float) - a

    return draw


def _scores(mean: float, spread: float = 0.3) -> Draw:
    return lambda generator, n: generator.normal(mean, spread, n)


def _verdict(generator: Generator, rule: Stopping, draw: Draw) -> tuple[str, int]:
    """The verdict of one cell whose pairs come in batches of 10, and how many pairs it took."""
    differences = draw(generator, rule.n_planned)
    looks: tuple[int, ...] = ()
    for n in range(10, rule.n_planned + 1, 10):
        if rule.is_due(n, looks):
            decision = rule.looked(differences[:n], looks)
            if decision.verdict is not None:
                return decision.verdict, n
            looks = decision.looks
    raise AssertionError("the last look has a verdict")


def _shares(rule: Stopping, draw: Draw) -> tuple[Counter[str], float]:
    """How many cells of 1000 got which verdict, and the mean share of the planned pairs that they took."""
    generator = np.random.default_rng(1)
    found = [_verdict(generator, rule, draw) for _ in range(N)]
    return Counter(verdict for verdict, _ in found), sum(n for _, n in found) / N / rule.n_planned


@pytest.mark.parametrize("draw", [_passes(0), _scores(0), lambda generator, n: generator.standard_t(3, n)])
@pytest.mark.parametrize("futility", [0, 0.05])
def test_where_nothing_changed_a_change_is_claimed_in_at_most_5_of_100_cells(*, draw: Draw, futility: float) -> None:
    verdicts, used = _shares(Stopping(n_planned=300, futility=futility), draw)
    assert (verdicts["regressed"] + verdicts["improved"]) / N <= 0.05 + SLACK
    assert verdicts["regressed"] > 0
    assert used < (0.95 if futility else 1.0)


def test_a_drop_at_the_margin_is_called_neither_a_regression_nor_unchanged_in_more_than_2_5_of_100() -> None:
    verdicts, _ = _shares(Stopping(n_planned=300, margin=0.05), _scores(-0.05, 0.15))
    for wrong in ("regressed", "unchanged"):
        assert 0 < verdicts[wrong] / N <= 0.025 + SLACK


def test_a_large_drop_is_found_with_half_of_the_samples() -> None:
    verdicts, used = _shares(Stopping(n_planned=300), _scores(-0.1))
    assert verdicts["regressed"] == N
    assert used < 0.55


def test_no_change_is_seen_with_two_thirds_of_the_samples_where_the_margin_allows_it() -> None:
    verdicts, used = _shares(Stopping(n_planned=300, margin=0.05), _scores(0, 0.15))
    assert verdicts["unchanged"] / N > 0.99
    assert used < 0.67


def test_stopping_early_costs_less_than_3_points_of_power() -> None:
    fixed = NormalDist().cdf(0.05 / 0.3 * 300**0.5 - NormalDist().inv_cdf(0.975))
    assert fixed == pytest.approx(0.823, abs=1e-3)
    verdicts, used = _shares(Stopping(n_planned=300), _scores(-0.05))
    assert verdicts["regressed"] / N > fixed - 0.03
    assert used < 0.85


def test_a_family_of_cells_claims_any_change_in_at_most_5_of_100_nights() -> None:
    rule, generator, n_nights = Stopping(n_planned=100, n_cells=12), np.random.default_rng(7), 300
    alarms = 0
    for _ in range(n_nights):
        verdicts = {_verdict(generator, rule, _scores(0))[0] for _ in range(12)}
        alarms += bool(verdicts & {"regressed", "improved"})
    assert alarms / n_nights <= 0.05 + 2 * (0.05 * 0.95 / n_nights) ** 0.5
