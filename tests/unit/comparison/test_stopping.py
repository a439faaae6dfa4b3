from __future__ import annotations

import re

import numpy as np
import pytest

from harness.comparison import Stopping
from harness.stats import spending_levels

RULE = Stopping(n_planned=100)


def test_a_look_is_due_at_every_fifth_of_the_plan_and_at_its_end() -> None:
    assert [n for n in range(101) if RULE.is_due(n)] == [*range(20, 101)]
    assert not RULE.is_due(39, (20,))
    assert RULE.is_due(40, (20,))
    assert not RULE.is_due(64, (20, 45))
    assert RULE.is_due(65, (20, 45))
    assert RULE.is_due(100, (20, 45, 99))
    assert not RULE.is_due(100, (20, 100))
    assert not RULE.is_due(101, (20, 100))


def test_fewer_than_20_pairs_are_not_looked_at() -> None:
    rule = Stopping(n_planned=60)
    assert not rule.is_due(19)
    assert rule.is_due(20)
    decision = rule.looked([-1.0] * 19)
    assert (decision.verdict, decision.looks, decision.level, decision.p_value) == (None, (), None, None)
    assert decision.reason == "19 pairs so far: no look is due."


def test_a_small_plan_is_looked_at_once_at_its_end() -> None:
    rule = Stopping(n_planned=8)
    assert [n for n in range(9) if rule.is_due(n)] == [8]
    decision = rule.looked([-1.0] * 8)
    assert decision.verdict == "regressed"
    assert decision.level == pytest.approx(0.05)
    assert decision.p_value == pytest.approx(2 * 0.5**8)


def test_what_is_clearly_worse_stops_at_the_first_look_that_may() -> None:
    decision = RULE.looked([-1.0] * 25)
    assert decision.verdict == "regressed"
    assert decision.is_over
    assert decision.looks == (25,)
    assert decision.reason == "after 25 pairs it is 1 worse: clearly worse, also with all looks counted."
    better = RULE.looked([1.0] * 25)
    assert better.verdict == "improved"
    assert better.reason == "after 25 pairs it is 1 better: clearly better, also with all looks counted."


def test_what_would_be_clear_as_the_only_look_goes_on() -> None:
    differences = [-1.0] * 8 + [0.0] * 12
    decision = RULE.looked(differences)
    assert decision.p_value == pytest.approx(2 * 0.5**8)
    assert decision.verdict is None
    assert not decision.is_over
    assert decision.reason == "after 20 pairs it is 0.4 worse: not clear yet."


def test_levels_are_those_of_the_looks_as_they_came() -> None:
    generator = np.random.default_rng(4)
    differences = generator.normal(0.05, 1, 100)
    looks: tuple[int, ...] = ()
    levels = []
    for n in (23, 61, 100):
        decision = Stopping(n_planned=100, futility=0).looked(differences[:n].tolist(), looks)
        looks = decision.looks
        levels.append(decision.level)
    assert looks == (23, 61, 100)
    assert levels == pytest.approx(spending_levels((0.23, 0.61, 1.0)))


def test_cells_share_the_error() -> None:
    generator = np.random.default_rng(4)
    differences = generator.normal(0, 1, 100).tolist()
    level = Stopping(n_planned=100, n_cells=24).looked(differences).level
    assert level == pytest.approx(0.05 / 24)


def test_an_end_with_fewer_pairs_than_planned_has_all_of_the_error_that_is_left() -> None:
    generator = np.random.default_rng(4)
    differences = generator.normal(0, 1, 70).tolist()
    first = RULE.looked(differences[:40])
    early = RULE.looked(differences, first.looks)
    end = RULE.looked(differences, first.looks, is_end=True)
    assert early.level is not None
    assert end.level is not None
    assert early.level < end.level
    earlier = spending_levels((0.4,))
    assert end.level == pytest.approx(spending_levels((40 / 70, 1.0), earlier=earlier)[-1])
    assert end.verdict == "inconclusive"
    assert end.reason.endswith(": not enough to tell.")


def test_an_end_that_brings_nothing_new_is_judged_again_with_what_is_left() -> None:
    generator = np.random.default_rng(4)
    differences = generator.normal(0, 1, 80).tolist()
    looks = RULE.looked(differences[:40]).looks
    before = RULE.looked(differences, looks)
    end = RULE.looked(differences, before.looks, is_end=True)
    assert before.level is not None
    assert end.level is not None
    assert end.level > before.level


def test_more_pairs_than_planned_are_an_end_too() -> None:
    decision = RULE.looked(np.random.default_rng(4).normal(0, 1, 130).tolist())
    assert decision.verdict == "inconclusive"
    assert decision.level == pytest.approx(0.05)


def test_an_end_without_pairs_is_inconclusive() -> None:
    decision = RULE.looked([], is_end=True)
    assert decision.verdict == "inconclusive"
    assert decision.reason == "0 pairs so far: no look is due."


def test_a_difference_within_the_margin_is_unchanged_and_without_a_margin_it_is_not() -> None:
    differences = np.random.default_rng(8).normal(0, 0.1, 60).tolist()
    decision = Stopping(n_planned=100, margin=0.1).looked(differences)
    assert decision.verdict == "unchanged"
    assert re.fullmatch(
        r"after 60 pairs it is 0\.\d+ (better|worse): clearly within 0\.1 either way, also with all looks counted\.",
        decision.reason,
    )
    assert RULE.looked(differences).verdict is None


def test_no_change_in_any_pair_takes_many_pairs_to_be_unchanged() -> None:
    rule = Stopping(n_planned=500, margin=0.02)
    assert rule.looked([0.0] * 100).verdict is None
    assert rule.looked([0.0] * 500).verdict == "unchanged"


def test_a_drop_within_the_margin_is_no_regression() -> None:
    differences = np.random.default_rng(8).normal(-0.05, 0.1, 60).tolist()
    assert RULE.looked(differences).verdict == "regressed"
    tolerant = Stopping(n_planned=100, margin=0.1).looked(differences)
    assert tolerant.verdict is None
    far = Stopping(n_planned=100, margin=0.01).looked(differences)
    assert far.verdict == "regressed"
    assert "clearly more than 0.01 worse" in far.reason


def test_a_hopeless_rest_stops_unless_futility_is_0() -> None:
    differences = np.random.default_rng(0).normal(0, 1, 80)
    differences -= differences.mean()
    decision = RULE.looked(differences.tolist(), (20, 40, 60))
    assert decision.verdict == "inconclusive"
    assert re.fullmatch(
        r"after 80 pairs (it is [\d.e-]+ (better|worse)|there is no difference): "
        r"the remaining samples would bring a verdict in \d\.\d% of cases\.",
        decision.reason,
    )
    never = Stopping(n_planned=100, futility=0).looked(differences.tolist(), (20, 40, 60))
    assert never.verdict is None


def test_a_rest_that_may_still_show_something_goes_on() -> None:
    differences = np.random.default_rng(0).normal(0, 1, 20)
    assert RULE.looked((differences - differences.mean()).tolist()).verdict is None


def test_percent_and_shares_decide_alike() -> None:
    differences = np.random.default_rng(8).normal(-0.03, 0.1, 60)
    one = Stopping(n_planned=100, margin=0.02).looked(differences.tolist())
    hundred = Stopping(n_planned=100, margin=2, span=100).looked((differences * 100).tolist())
    assert one.verdict == hundred.verdict
    assert one.p_value == pytest.approx(hundred.p_value)


def test_repeats_that_agree_count_once() -> None:
    differences = np.random.default_rng(8).normal(-0.05, 0.2, 30)
    once = Stopping(n_planned=100).looked(differences.tolist())
    thrice = Stopping(n_planned=300).looked(np.repeat(differences, 3).tolist(), clusters=np.repeat(np.arange(30), 3))
    assert thrice.p_value == pytest.approx(once.p_value)
    assert thrice.level == pytest.approx(once.level)


def test_what_makes_no_sense_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^n_planned is 0 and n_cells 1; allowed: 1 or more$"):
        Stopping(n_planned=0).looked([0.0])
    with pytest.raises(ValueError, match=r"^margin is -1 and span 1\.0; allowed: 0 or more, and above 0$"):
        Stopping(n_planned=5, margin=-1).looked([0.0])
    with pytest.raises(ValueError, match=r"^1 differences after a look at 20; allowed: all that there are$"):
        RULE.looked([0.0], (20,))
    with pytest.raises(ValueError, match=r"^a difference is not finite; allowed: finite numbers$"):
        RULE.looked([float("nan")])
    with pytest.raises(ValueError, match=r"^1 differences but 2 clusters; allowed: one cluster each$"):
        RULE.looked([0.0], clusters=np.array([0, 1]))
