"""How often a rollout is rolled back: of a prompt that is as good, and of one that is worse. Seeds are fixed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from harness.comparison import RolloutPlan, Stage, Watched, p_worse
from harness.comparison.rollout import rolled_back_at
from harness.comparison.served import Column, Table

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.random import Generator

    Draw = Callable[[Generator, int], tuple[Any, Any]]

STAGES = tuple(Stage(str(share), share) for share in (0.05, 0.1, 0.2, 0.5, 1.0))
WATCHED = Watched("metric")
PLAN = RolloutPlan(watched=(WATCHED,), stages=STAGES)
N_SAMPLES = 600
N_ROLLOUTS = 2000


def _passes(generator: Generator, n: int, *, drop: float = 0.0) -> tuple[Any, Any]:
    """OLD and NEW pass 7 of 10, and differ in a quarter of the samples."""
    a = generator.random(n) < 0.7
    b = np.where(generator.random(n) < 0.6, a, generator.random(n) < 0.7)
    return a, b & ~(generator.random(n) < drop)


def _scores(generator: Generator, n: int, *, drop: float = 0.0) -> tuple[Any, Any]:
    hard = generator.normal(0, 0.2, n)
    return hard + generator.normal(0, 0.1, n), hard + generator.normal(-drop, 0.1, n)


def _ratings(generator: Generator, n: int) -> tuple[Any, Any]:
    """Whole numbers with many ties."""
    return np.round(generator.normal(3, 0.7, n)), np.round(generator.normal(3, 0.7, n))


def _long_tails(generator: Generator, n: int) -> tuple[Any, Any]:
    return generator.lognormal(0, 1, n), generator.lognormal(0, 1, n)


def _table(a: Any, b: Any, clusters: Any = None) -> Table:
    n = len(a)
    return Table(n, None, (Column(WATCHED, np.arange(n), a.astype(float), b.astype(float), clusters),))


def _rolled_back(draw: Draw, *, plan: RolloutPlan = PLAN, n_rollouts: int = N_ROLLOUTS) -> list[tuple[int, int]]:
    """Stage and samples with NEW of each rollout that was rolled back."""
    generator = np.random.default_rng(5)
    found = []
    for _ in range(n_rollouts):
        table = _table(*draw(generator, N_SAMPLES))
        stage, n_exposed = rolled_back_at(table, generator.random(N_SAMPLES), plan)
        if stage is not None:
            found.append((stage, n_exposed))
    return found


@pytest.mark.parametrize("draw", [_passes, _scores, _ratings, _long_tails])
def test_a_prompt_that_is_as_good_is_rolled_back_in_at_most_5_of_100_rollouts(draw: Draw) -> None:
    share = len(_rolled_back(draw)) / N_ROLLOUTS
    assert share <= 0.05 + 2 * (0.05 * 0.95 / N_ROLLOUTS) ** 0.5
    assert share > 0.005  # the test can fail: it is not so careful that nothing is ever rolled back


def test_looking_at_every_stage_with_the_plain_level_would_err_twice_as_often() -> None:
    class _Plain:
        """Passes what is below 0.05 as certain."""

        def __call__(self, differences: Any, null: float, clusters: Any) -> float:
            return 0.0 if p_worse(differences, null, clusters) <= 0.05 else 1.0

    plan = RolloutPlan(watched=(WATCHED,), stages=STAGES, p_value=_Plain())
    assert len(_rolled_back(_scores, plan=plan, n_rollouts=1000)) / 1000 > 0.1


@pytest.mark.parametrize("spending", ["pocock", "obrien-fleming"])
def test_a_prompt_that_fails_a_fifth_more_is_rolled_back_before_half_have_seen_it(spending: Any) -> None:
    plan = RolloutPlan(watched=(WATCHED,), stages=STAGES, spending=spending)
    found = _rolled_back(lambda generator, n: _passes(generator, n, drop=0.3), plan=plan, n_rollouts=300)
    assert len(found) == 300
    exposed = float(np.mean([n_exposed for _, n_exposed in found])) / N_SAMPLES
    assert exposed < (0.25 if spending == "pocock" else 0.55)


def test_a_small_drop_is_found_by_the_end_in_most_rollouts() -> None:
    found = _rolled_back(lambda generator, n: _scores(generator, n, drop=0.02), n_rollouts=300)
    assert len(found) / 300 > 0.8


def test_clusters_do_not_cry_wolf_and_would_if_they_were_ignored() -> None:
    generator = np.random.default_rng(9)
    clusters = np.repeat(np.arange(150), 4)
    positions_of = np.repeat
    aware = unaware = 0
    for _ in range(600):
        customer = np.repeat(generator.normal(0, 0.15, 150), 4)
        a, b = generator.normal(0, 0.1, 600), customer + generator.normal(0, 0.1, 600)
        positions = positions_of(generator.random(150), 4)
        aware += rolled_back_at(_table(a, b, clusters), positions, PLAN)[0] is not None
        unaware += rolled_back_at(_table(a, b), positions, PLAN)[0] is not None
    assert aware / 600 <= 0.05 + 2 * (0.05 * 0.95 / 600) ** 0.5
    assert unaware / 600 > 0.1


def test_three_metrics_together_err_in_at_most_5_of_100_rollouts() -> None:
    generator = np.random.default_rng(21)
    back = 0
    for _ in range(1000):
        columns = [_table(*_scores(generator, N_SAMPLES)).columns[0] for _ in range(3)]
        table = Table(N_SAMPLES, None, tuple(columns))
        back += rolled_back_at(table, generator.random(N_SAMPLES), PLAN)[0] is not None
    assert back / 1000 <= 0.05 + 2 * (0.05 * 0.95 / 1000) ** 0.5
