from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.comparison import RolloutPlan, Served, Stopping, Watched, assigned, expected_exposure, p_worse, replay
from harness.comparison.rollout import rolled_back_at
from harness.comparison.served import served_table

VALUES = st.one_of(st.none(), st.sampled_from([0.0, 0.5, 1.0]))
SAMPLES = st.lists(
    st.tuples(st.integers(0, 200), VALUES, VALUES, st.sampled_from(["free", "paid", None])), min_size=1, max_size=120
)


def _served(rows: list[tuple[int, float | None, float | None, str | None]]) -> list[Served]:
    anchor = Served(sample_id="anchor", values={"score": (1.0, 0.5)}, tier="free")
    return [
        anchor,
        *(
            Served(sample_id=str(number), values={"score": (a, b)}, tier=tier, errors=(a is None, b is None))
            for number, a, b, tier in rows
        ),
    ]


@given(rows=SAMPLES, salt=st.text(max_size=5), fewest=st.integers(0, 30))
@settings(max_examples=60, deadline=None)
def test_the_short_way_decides_as_the_replay_does(
    rows: list[tuple[int, float | None, float | None, str | None]], salt: str, fewest: int
) -> None:
    served = _served(rows)
    plan = RolloutPlan(watched=(Watched("score"),), salt=salt, fewest=fewest)
    rollout = replay(served, plan)
    positions = np.array([_position(each.sample_id, salt) for each in served])
    stage, n_exposed = rolled_back_at(served_table(served, plan.watched), positions, plan)
    assert (stage is not None) == (rollout.decision == "roll back")
    assert n_exposed == rollout.last.n_exposed
    assert stage is None or stage == len(rollout.stages) - 1


def _position(sample_id: str, salt: str) -> float:
    low, high = 0.0, 1.0
    while high - low > 1e-12:
        middle = (low + high) / 2
        low, high = (low, middle) if assigned(sample_id, middle, salt) else (middle, high)
    return low


@given(rows=SAMPLES, seed=st.integers(0, 5))
@settings(max_examples=30, deadline=None)
def test_the_order_of_the_samples_does_not_matter(
    rows: list[tuple[int, float | None, float | None, str | None]], seed: int
) -> None:
    served = _served(rows)
    plan = RolloutPlan(watched=(Watched("score"),), fewest=5)
    shuffled = [served[place] for place in np.random.default_rng(seed).permutation(len(served))]
    one, two = replay(served, plan), replay(shuffled, plan)
    assert [outcome.n_exposed for outcome in one.stages] == [outcome.n_exposed for outcome in two.stages]
    assert [outcome.decision for outcome in one.stages] == [outcome.decision for outcome in two.stages]


@given(rows=SAMPLES)
@settings(max_examples=30, deadline=None)
def test_a_prompt_against_itself_is_never_rolled_back(
    rows: list[tuple[int, float | None, float | None, str | None]],
) -> None:
    served = _served([(number, a, a, tier) for number, a, _, tier in rows])[1:]
    if all(each.values["score"][0] is None for each in served) or not any(each.tier == "free" for each in served):
        return
    plan = RolloutPlan(watched=(Watched("score"),), fewest=1)
    assert replay(served, plan).decision in ("promote", "hold")
    assert expected_exposure(served, plan, draws=5).rolled_back == 0


@given(differences=st.lists(st.floats(-1, 1), max_size=40), null=st.floats(-1, 1), n_clusters=st.integers(1, 9))
@settings(max_examples=150, deadline=None)
def test_a_p_value_is_a_probability(differences: list[float], null: float, n_clusters: int) -> None:
    numbers = np.array(differences)
    assert 0 <= p_worse(numbers, null) <= 1
    assert 0 <= p_worse(numbers, null, np.arange(len(numbers)) % n_clusters) <= 1


@given(better=st.integers(0, 20), worse=st.integers(0, 20))
@settings(deadline=None)
def test_not_both_prompts_can_be_worse_than_the_other(better: int, worse: int) -> None:
    numbers = np.array([1.0] * better + [-1.0] * worse)
    assert p_worse(numbers) + p_worse(-numbers) >= 1 - 1e-12


@given(
    differences=st.lists(st.sampled_from([-1.0, -0.4, 0.0, 0.3, 1.0]), min_size=1, max_size=120),
    cuts=st.lists(st.integers(1, 120), max_size=4),
    margin=st.sampled_from([0.0, 0.1]),
)
@settings(max_examples=60, deadline=None)
def test_turned_round_the_decision_is_turned_round(differences: list[float], cuts: list[int], margin: float) -> None:
    turned = {"regressed": "improved", "improved": "regressed"}
    rule = Stopping(n_planned=100, margin=margin)
    one: tuple[int, ...] = ()
    two: tuple[int, ...] = ()
    for n in sorted({min(cut, len(differences)) for cut in cuts}):
        here = rule.looked(differences[:n], one)
        there = rule.looked([-each for each in differences[:n]], two)
        one, two = here.looks, there.looks
        assert one == two
        assert here.level == there.level
        assert turned.get(str(here.verdict), here.verdict) == there.verdict
