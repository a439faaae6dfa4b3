"""Agreement, rankings, variances and their intervals: what is undefined, and what is simulated."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import pytest

from harness.stats.agreement import confusion, kendall_tau_b, spearman, weighted_kappa
from harness.stats.bootstrap import bootstrap_interval
from harness.stats.bradley_terry import Comparison, bradley_terry, components, rank_players
from harness.stats.interval import Interval
from harness.stats.krippendorff import krippendorff_alpha, krippendorff_interval
from harness.stats.variance import Drawn, nested_variances

Rank = Callable[[Sequence[float], Sequence[float]], float | None]


@pytest.mark.parametrize("statistic", [spearman, kendall_tau_b])
@pytest.mark.parametrize(("one", "two"), [([], []), ([1, 2, 3], [4, 4, 4]), ([2], [3])])
def test_correlations_of_what_does_not_vary_are_undefined(statistic: Rank, one: list[int], two: list[int]) -> None:
    assert statistic(one, two) is None


@pytest.mark.parametrize("statistic", [spearman, kendall_tau_b])
def test_correlations_check_lengths(statistic: Rank) -> None:
    with pytest.raises(ValueError, match=r"^2 values but 1 to compare with; allowed: as many of one as the other$"):
        statistic([1, 2], [1])


def test_kappa_is_one_for_equals_and_undefined_for_one_category() -> None:
    assert weighted_kappa([1, 2, 3], [1, 2, 3], [1, 2, 3]) == 1
    assert weighted_kappa([2, 2], [2, 2], [1, 2, 3]) is None
    assert weighted_kappa([], [], [1, 2]) is None
    with pytest.raises(ValueError, match=r"^1 categories; allowed: two or more$"):
        confusion([1], [1], [1])


def test_alpha_needs_variation_and_two_raters_on_some_unit() -> None:
    assert krippendorff_alpha([[3, 3], [3, 3]]) is None
    assert krippendorff_alpha([[3, None], [2]]) is None
    assert krippendorff_alpha([]) is None
    assert krippendorff_alpha([[1, 1], [5, 5], [2]]) == 1
    assert krippendorff_interval([[3, None]]) is None


def test_the_interval_of_alpha_holds_it_and_is_the_same_each_time() -> None:
    random = np.random.default_rng(0)
    table = [[float(truth + random.normal(0, 0.5)) for _ in range(3)] for truth in random.normal(0, 1, 400)]
    first, second = krippendorff_interval(table, draws=200), krippendorff_interval(table, draws=200)
    assert first == second
    assert first is not None
    assert first.low is not None
    assert first.high is not None
    assert first.low < first.value < first.high
    assert 0.7 < first.value < 0.9  # 1 / (1 + 0.25) = 0.8


def test_the_bootstrap_of_a_mean_is_as_wide_as_students_interval() -> None:
    values = np.random.default_rng(1).normal(0, 1, 200)
    found = bootstrap_interval(lambda drawn: float(values[drawn].mean()), 200)
    assert found is not None
    assert found.low is not None
    assert found.high is not None
    assert found.high - found.low == pytest.approx(2 * 1.96 * values.std() / math.sqrt(200), rel=0.1)


def test_the_bootstrap_draws_whole_clusters() -> None:
    values = np.repeat(np.random.default_rng(2).normal(0, 1, 20), 10)
    alone = bootstrap_interval(lambda drawn: float(values[drawn].mean()), 200)
    whole = bootstrap_interval(lambda drawn: float(values[drawn].mean()), 200, clusters=[at // 10 for at in range(200)])
    assert alone is not None
    assert whole is not None
    assert whole.n_clusters == 20
    assert whole.high - whole.low > 2 * (alone.high - alone.low)  # type: ignore[operator]


def test_the_bootstrap_has_no_ends_where_it_cannot() -> None:
    one = bootstrap_interval(lambda drawn: float(len(drawn)), 3, clusters=["a", "a", "a"])
    seldom = bootstrap_interval(lambda drawn: 1.0 if sorted(drawn) == [0, 1, 2] else None, 3)
    assert [(each.low, each.high) for each in (one, seldom) if each is not None] == [(None, None)] * 2
    assert bootstrap_interval(lambda _: None, 3) is None
    assert bootstrap_interval(lambda _: 1.0, 0) is None
    with pytest.raises(ValueError, match="one cluster a unit"):
        bootstrap_interval(lambda _: 1.0, 2, clusters=["a"])


def test_draws_that_agree_show_no_spread_and_have_no_ends() -> None:
    found = bootstrap_interval(lambda drawn: float(len(drawn)), 20)
    assert found == Interval(20.0, None, None, "none", 20, None)


def test_strengths_recover_what_made_the_pairs() -> None:
    truth = [0.8, 0.1, -0.3, -0.6]
    wins = [[0 if i == j else 1000 / (1 + math.exp(b - a)) for j, b in enumerate(truth)] for i, a in enumerate(truth)]
    assert bradley_terry(wins) == pytest.approx(truth, abs=1e-6)


def test_who_always_wins_is_strong_but_not_infinitely() -> None:
    pairs = [Comparison("a", "b", 1.0, sample) for sample in range(20)]
    ranking = rank_players(["a", "b"], pairs, draws=100)
    assert 0.9 < ranking["a"].value < 1
    assert ranking["a"].value + ranking["b"].value == pytest.approx(1)


def test_strength_of_who_always_wins_has_the_ends_that_so_few_clusters_allow() -> None:
    pairs = [Comparison("a", "b", 1.0, sample) for sample in range(8)]
    ranking = rank_players(["a", "b"], pairs, draws=100)
    # 0.3694 of the samples may be lost unseen; the odds between a and an average player are the root of those to b
    odds = math.sqrt((8 * (1 - 0.3694) + 0.05) / (8 * 0.3694 + 0.05))
    assert ranking["a"].low == pytest.approx(odds / (1 + odds), abs=1e-4)
    assert ranking["a"].high == 1, "nobody knows how strong somebody is who never lost"
    assert ranking["b"].low == 0
    assert ranking["b"].high == pytest.approx(1 / (1 + odds), abs=1e-4)


def test_players_of_ties_alone_may_still_differ() -> None:
    ranking = rank_players(["a", "b"], [Comparison("a", "b", 0.5, sample) for sample in range(8)], draws=100)
    for found in ranking.values():
        assert found.value == pytest.approx(0.5)
        assert found.low is not None
        assert found.high is not None
        assert (0.5 - found.low, found.high - 0.5) == pytest.approx((0.0966, 0.0966), abs=5e-3)


def test_players_own_pairs_and_samples_are_counted() -> None:
    pairs = [Comparison(one, two, 1.0, sample) for one, two in ("ab", "ac", "bc") for sample in range(8)]
    pairs.append(Comparison("a", "b", 0.0, 8))
    ranking = rank_players(["a", "b", "c"], pairs, draws=50)
    assert {name: (each.n, each.n_clusters) for name, each in ranking.items()} == {
        "a": (17, 9),
        "b": (17, 9),
        "c": (16, 8),
    }


def test_pairs_of_a_single_cluster_have_no_ends() -> None:
    ranking = rank_players(["a", "b"], [Comparison("a", "b", 1.0, "one")] * 3, draws=50)
    assert (ranking["a"].low, ranking["a"].high, ranking["a"].n_clusters) == (None, None, 1)


@pytest.mark.parametrize("chance", [0.5, 0.95, 0.999])
def test_intervals_of_strengths_hold_the_truth_on_few_samples(chance: float) -> None:
    random = np.random.default_rng(11)
    truth = math.sqrt(chance / (1 - chance))
    held = 0
    for _ in range(40):
        pairs = [Comparison("a", "b", float(random.random() < chance), sample) for sample in range(8)]
        found = rank_players(["a", "b"], pairs, draws=100)["a"]
        assert found.low is not None
        assert found.high is not None
        held += found.low <= truth / (1 + truth) <= found.high
    assert held >= 36


def test_players_who_never_met_are_not_ranked() -> None:
    pairs = [Comparison("a", "b", 1.0, 1), Comparison("c", "d", 0.5, 1)]
    assert components(["a", "b", "c", "d"], pairs) == [("a", "b"), ("c", "d")]
    assert rank_players(["a", "b", "c", "d"], pairs) == {}
    assert rank_players(["a"], []) == {}


def test_a_ranking_turns_with_its_pairs() -> None:
    random = np.random.default_rng(3)
    pairs = [Comparison("a", "b", float(random.choice([0, 0.5, 1])), at) for at in range(30)]
    turned = [Comparison(each.second, each.first, 1 - each.value, each.cluster) for each in pairs]
    one, two = rank_players(["a", "b"], pairs, draws=100), rank_players(["a", "b"], turned, draws=100)
    assert [one[name].value for name in "ab"] == pytest.approx([two[name].value for name in "ab"])
    assert one["a"].low < one["a"].value < one["a"].high  # type: ignore[operator]
    with pytest.raises(ValueError, match="a square table of counts from 0"):
        bradley_terry([[0, -1], [1, 0]])


def test_variances_recover_what_made_the_numbers_also_with_unequal_numbers() -> None:
    random = np.random.default_rng(4)
    drawn = []
    for variant in range(2):
        for sample in range(400):
            middle = variant * 10 + random.normal(0, 1.5)
            for generation in range(int(random.integers(1, 4))):
                answer = middle + random.normal(0, 0.8)
                drawn += [
                    Drawn(variant, (variant, sample), (variant, sample, generation), answer + random.normal(0, 0.4))
                    for _ in range(int(random.integers(1, 4)))
                ]
    found = nested_variances(drawn)
    assert found.samples == pytest.approx(1.5**2, rel=0.12)
    assert found.generations == pytest.approx(0.8**2, rel=0.12)
    assert found.ratings == pytest.approx(0.4**2, rel=0.12)


def test_a_level_without_repeats_is_not_told_apart() -> None:
    found = nested_variances([Drawn("v", sample, sample, value) for sample, value in enumerate([1.0, 2.0, 3.0])])
    assert (found.ratings, found.generations, found.samples) == (None, None, 1.0)
    assert nested_variances([]).samples is None


def test_no_variance_is_below_0() -> None:
    drawn = [Drawn("v", sample, (sample, 1), value) for sample in range(3) for value in (1.0, 5.0)]
    found = nested_variances(drawn)
    assert found.ratings == 8
    assert found.samples == 0
