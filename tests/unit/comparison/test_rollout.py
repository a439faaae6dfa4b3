from __future__ import annotations

import re

import numpy as np
import pytest

from harness.comparison import (
    ERRORS,
    STAGES,
    RolloutPlan,
    Served,
    Stage,
    Watched,
    assigned,
    expected_exposure,
    harmed,
    replay,
)

PLAN = RolloutPlan(watched=(Watched("exact_match"),))


def _served(n: int, *, drop: float = 0.0, tiers: bool = True, seed: int = 0) -> list[Served]:
    """Samples that OLD passes in 8 of 10 cases and NEW in as many less the drop."""
    generator = np.random.default_rng(seed)
    found = []
    for number in range(n):
        a = float(generator.random() < 0.8)
        b = 0.0 if a and generator.random() < drop / 0.8 else a
        tier = ("free" if number % 2 else "paid") if tiers else None
        found.append(Served(sample_id=f"s{number}", values={"exact_match": (a, b)}, tier=tier))
    return found


def test_who_is_in_at_5_percent_stays_in_at_every_larger_share() -> None:
    ids = [f"sample-{number}" for number in range(4000)]
    before: set[str] = set()
    for share in (0.05, 0.1, 0.2, 0.5, 1.0):
        now = {each for each in ids if assigned(each, share)}
        assert before <= now
        assert len(now) == pytest.approx(share * 4000, abs=4 * (4000 * share * (1 - share)) ** 0.5)
        before = now
    assert before == set(ids)


def test_assignment_is_by_the_hash_of_salt_and_id() -> None:
    # printf 'salt\0fb003' | sha256sum (coreutils 9.1): d984044cb27cbffc…
    position = 0xD984044CB27CBFFC / 2**64
    assert not assigned("fb003", position - 1e-9, "salt")
    assert assigned("fb003", position + 1e-9, "salt")
    assert not assigned("anything", 0.0)


def test_another_salt_chooses_others() -> None:
    ids = [f"sample-{number}" for number in range(1000)]
    one, two = ({each for each in ids if assigned(each, 0.2, salt)} for salt in ("a", "b"))
    assert 10 < len(one & two) < 80


def test_ids_that_are_no_valid_text_are_assigned_too() -> None:
    assert assigned("\ud800", 1.0)


def test_a_prompt_that_is_as_good_reaches_everyone() -> None:
    rollout = replay(_served(1000), PLAN)
    assert [outcome.decision for outcome in rollout.stages] == ["promote"] * 5
    assert rollout.decision == "promote"
    assert [outcome.stage for outcome in rollout.stages] == list(STAGES)
    assert rollout.last.n_exposed == 1000
    assert rollout.last.share_exposed == 1.0
    assert rollout.last.reason == "after 1,000 samples with NEW nothing shows that exact_match and errors got worse."


def test_a_prompt_that_is_much_worse_is_rolled_back_at_the_first_stage_and_no_later_one_is_told() -> None:
    rollout = replay(_served(2000, drop=0.5), PLAN)
    assert rollout.decision == "roll back"
    assert len(rollout.stages) == 1
    assert rollout.last.stage.name == "5 % of the free tier"
    assert rollout.last.share_exposed < 0.04
    finding = rollout.last.findings[0]
    assert finding.sign == "worse"
    assert finding.p_value is not None
    assert finding.level is not None
    assert finding.p_value <= finding.level < 0.05
    pattern = (
        r"exact_match fell from 0\.\d+ to 0\.\d+ over \d+ samples: "
        r"chance alone does that (once in [\d,]+|less than once in 1,000,000) times, too rarely to go on\."
    )
    assert re.fullmatch(pattern, rollout.last.reason)


def test_a_stage_with_few_samples_holds_and_costs_no_error() -> None:
    rollout = replay(_served(60, tiers=False), PLAN)
    first, later = rollout.stages[0], rollout.stages[-1]
    assert first.decision == "hold"
    assert first.reason == f"only {first.n_exposed} samples with NEW have exact_match; below 20 nothing can be told."
    assert {finding.level for finding in first.findings} == {None}
    looks = [outcome for outcome in rollout.stages if outcome.findings[0].level is not None]
    assert len(looks) < 5
    assert later.decision == "promote"


def test_one_sample_is_told_in_the_singular() -> None:
    rollout = replay(_served(1, tiers=False), PLAN)
    assert rollout.last.reason == "only 1 sample with NEW has exact_match; below 20 nothing can be told."


def test_a_drop_that_would_count_alone_but_not_among_all_looks_holds() -> None:
    served = _served(1000)
    first = [each for each in served if each.tier == "free" and assigned(each.sample_id, 0.05)]
    worse = {each.sample_id for each in first if each.values["exact_match"][0]}
    chosen = set(sorted(worse)[:6])
    served = [
        Served(sample_id=each.sample_id, values={"exact_match": (1.0, 0.0)}, tier=each.tier)
        if each.sample_id in chosen
        else each
        for each in served
    ]
    rollout = replay(served, PLAN)
    assert rollout.stages[0].findings[0].p_value == pytest.approx(0.5**6)
    assert rollout.stages[0].decision == "hold"
    assert rollout.stages[0].reason.endswith(
        f"over {len(first)} samples: that may still be chance, which does it once in 64 times; "
        f"let no more see NEW before more samples were looked at."
    )
    assert len(rollout.stages) == 5


def test_doubt_at_the_last_stage_does_not_call_it_as_good() -> None:
    plan = RolloutPlan(watched=(Watched("exact_match"),), stages=(Stage("half", 0.5), Stage("all", 1.0)))
    served = _served(300)
    inside = [each.sample_id for each in served if assigned(each.sample_id, 0.5)]
    changed = set(sorted({each.sample_id for each in served} - set(inside))[:6])
    served = [
        Served(sample_id=each.sample_id, values={"exact_match": (1.0, 0.0)}) if each.sample_id in changed else each
        for each in served
    ]
    rollout = replay(served, plan)
    assert [outcome.decision for outcome in rollout.stages] == ["promote", "hold"]
    assert rollout.last.reason.endswith("do not call it as good before more samples were looked at.")


def test_errors_are_watched_without_being_named() -> None:
    served = [
        Served(sample_id=each.sample_id, values={"exact_match": (1.0, None)}, errors=(False, True))
        if number % 3 == 0
        else each
        for number, each in enumerate(_served(900))
    ]
    rollout = replay(served, PLAN)
    assert rollout.decision == "roll back"
    assert rollout.last.reason.startswith(f"{ERRORS} rose from 0 to 0.")
    assert rollout.last.findings[0].n < rollout.last.n_exposed


def test_lower_is_better_turns_the_comparison() -> None:
    generator = np.random.default_rng(3)
    served = [
        Served(sample_id=str(number), values={"latency_s": (1 + generator.random(), 1.4 + generator.random())})
        for number in range(600)
    ]
    slower = RolloutPlan(watched=(Watched("latency_s", higher_is_better=False),))
    assert replay(served, slower).decision == "roll back"
    higher = RolloutPlan(watched=(Watched("latency_s", higher_is_better=True),))
    assert replay(served, higher).decision == "promote"


def test_a_drop_within_the_margin_is_no_reason_to_roll_back() -> None:
    served = _served(3000, drop=0.03)
    assert replay(served, PLAN).decision == "roll back"
    tolerant = RolloutPlan(watched=(Watched("exact_match", margin=0.05),))
    assert replay(served, tolerant).decision == "promote"


def test_repeats_of_a_sample_are_served_together_and_count_once() -> None:
    served = _served(500, drop=0.05)
    once = replay(served, PLAN)
    thrice = replay([each for each in served for _ in range(3)], PLAN)
    assert [outcome.n_exposed for outcome in thrice.stages] == [3 * outcome.n_exposed for outcome in once.stages]
    first, again = once.last.findings[0], thrice.last.findings[0]
    assert first.p_value is not None
    assert again.p_value is not None
    assert again.p_value > first.p_value / 10  # three times as many independent ones would be far more certain


def test_without_tiers_the_first_share_is_of_everyone() -> None:
    served = _served(1000, tiers=False)
    outcome = replay(served, PLAN).stages[0]
    assert outcome.n_exposed == sum(assigned(each.sample_id, 0.05) for each in served)


def test_the_test_of_a_look_can_be_another() -> None:
    plan = RolloutPlan(watched=(Watched("exact_match"),), p_value=lambda *_args, **_options: 0.0)
    assert replay(_served(1000), plan).decision == "roll back"


def test_a_stage_that_adds_nobody_is_no_look() -> None:
    plan = RolloutPlan(watched=(Watched("exact_match"),), stages=(Stage("a", 0.5), Stage("b", 0.5), Stage("c", 1.0)))
    rollout = replay(_served(500), plan)
    assert [outcome.findings[0].level is None for outcome in rollout.stages] == [False, True, False]
    assert [outcome.decision for outcome in rollout.stages] == ["promote"] * 3


def test_expected_exposure_is_that_of_the_roll_backs_and_the_same_for_the_same_seed() -> None:
    served = _served(1000, drop=0.2)
    exposure = expected_exposure(served, PLAN, draws=50, seed=0)
    assert exposure == expected_exposure(served, PLAN, draws=50, seed=0)
    assert exposure != expected_exposure(served, PLAN, draws=50, seed=1)
    assert exposure.rolled_back == 1.0
    assert sum(exposure.by_stage) == pytest.approx(1.0)
    assert exposure.mean_exposed is not None
    assert exposure.mean_share is not None
    assert exposure.most_share is not None
    assert exposure.mean_exposed == pytest.approx(exposure.mean_share * 1000)
    assert exposure.mean_share < 0.15
    assert exposure.mean_share <= exposure.most_share


def test_a_prompt_that_is_never_rolled_back_has_no_exposure() -> None:
    exposure = expected_exposure(_served(300), PLAN, draws=20)
    assert exposure.rolled_back == 0
    assert (exposure.mean_exposed, exposure.mean_share, exposure.most_share) == (None, None, None)


def test_the_exposure_to_a_prompt_that_were_worse_can_be_told_of_one_that_is_good() -> None:
    served = _served(1000)
    worse = harmed(served, PLAN.watched[0], 0.2)
    before, after = (sum(each.values["exact_match"][1] or 0 for each in some) for some in (served, worse))
    assert before - after == 200
    assert [each.values["exact_match"][0] for each in served] == [each.values["exact_match"][0] for each in worse]
    assert worse == harmed(served, PLAN.watched[0], 0.2)
    assert worse != harmed(served, PLAN.watched[0], 0.2, seed=1)
    small, large = (
        expected_exposure(harmed(served, PLAN.watched[0], drop), PLAN, draws=50).mean_share for drop in (0.1, 0.4)
    )
    assert small is not None
    assert large is not None
    assert large < small


def test_scores_are_harmed_by_a_shift_and_passes_by_no_more_than_there_are() -> None:
    slow = Watched("latency_s", higher_is_better=False)
    served = [Served(sample_id="a", values={"latency_s": (1.5, 1.25)}), Served(sample_id="b", values={})]
    assert harmed(served, slow, 0.5)[0].values == {"latency_s": (1.5, 1.75)}
    assert harmed(served, slow, 0.5)[1] is served[1]
    assert all(each.values["exact_match"][1] == 0 for each in harmed(_served(20), PLAN.watched[0], 5))
    leaks = [Served(sample_id=str(number), values={"leak": (0.0, 0.0)}) for number in range(10)]
    worse = harmed(leaks, Watched("leak", higher_is_better=False), 0.3)
    assert sum(each.values["leak"][1] or 0 for each in worse) == 3
    with pytest.raises(ValueError, match=r"^drop is 0; allowed: above 0, in the metric's unit$"):
        harmed(leaks, slow, 0)


def test_what_cannot_be_replayed_is_refused() -> None:
    served = _served(50)
    cases: list[tuple[list[Served], RolloutPlan, str]] = [
        ([], PLAN, "no recorded samples; allowed: at least one"),
        (
            served,
            RolloutPlan(watched=(Watched("bleu"),)),
            "metric 'bleu': no sample has it under both prompts; watch another one",
        ),
        (
            served,
            RolloutPlan(watched=(Watched("exact_match"), Watched("exact_match"))),
            "metric 'exact_match' is watched twice; allowed: once ('errors' always is)",
        ),
        (
            served,
            RolloutPlan(watched=(Watched("exact_match", margin=-0.1),)),
            "metric 'exact_match': margin is -0.1; allowed: 0 or more",
        ),
        (
            served,
            RolloutPlan(watched=(Watched("exact_match", span=0),)),
            "metric 'exact_match': span is 0; allowed: above 0",
        ),
        (served, RolloutPlan(watched=PLAN.watched, stages=()), "no stages; allowed: at least one"),
        (
            served,
            RolloutPlan(watched=PLAN.watched, stages=(Stage("a", 0.5), Stage("b", 0.2))),
            "stage 'b': its share is 0.2 after 0.5; allowed: above 0, at most 1, and no smaller than before",
        ),
        (
            served,
            RolloutPlan(watched=PLAN.watched, stages=(Stage("a", 0.5, tier="gold"),)),
            "stage 'a': no sample is of tier 'gold'; recorded tiers: free, paid",
        ),
        (
            [Served(sample_id="x", values={"exact_match": (float("nan"), 1.0)})],
            PLAN,
            "sample 'x': exact_match is nan and 1.0; allowed: finite numbers or None",
        ),
    ]
    for given, plan, problem in cases:
        with pytest.raises(ValueError, match=f"^{re.escape(problem)}$"):
            replay(given, plan)
    with pytest.raises(ValueError, match=r"^draws is 0; allowed: 1 or more$"):
        expected_exposure(served, PLAN, draws=0)
