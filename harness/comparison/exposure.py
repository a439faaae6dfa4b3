"""How many requests would have seen a bad prompt, whoever happened to be in at 5 %."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct, structs

from harness.comparison.rollout import check_plan, rolled_back_at
from harness.comparison.served import served_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.comparison.rollout import RolloutPlan
    from harness.comparison.served import Served, Watched


class Exposure(Struct, frozen=True):
    """What NEW was given to do before it was rolled back, over random draws of who gets it when."""

    draws: int
    """Replayed rollouts."""
    rolled_back: float
    """Share of them that ended in a roll back."""
    by_stage: tuple[float, ...]
    """Share of them that were rolled back at each stage."""
    mean_exposed: float | None
    """Expected number of recorded samples that NEW served before its roll back; None where no draw rolled back."""
    mean_share: float | None
    """The same as a share of all recorded samples."""
    most_share: float | None
    """The share that 95 of 100 roll backs stay within."""


def expected_exposure(served: Sequence[Served], plan: RolloutPlan, *, draws: int = 200, seed: int = 0) -> Exposure:
    """How much NEW serves before its roll back, over random draws of who gets it; the same seed gives the same answer.

    Raises:
        ValueError: as `replay`, or no draws.

    """
    import numpy as np

    if draws < 1:
        raise ValueError(f"draws is {draws}; allowed: 1 or more")
    table = served_table(served, plan.watched)
    check_plan(plan, table)
    ids = {sample_id: number for number, sample_id in enumerate(dict.fromkeys(each.sample_id for each in served))}
    of_sample = np.array([ids[each.sample_id] for each in served])
    random = np.random.default_rng(seed)
    counts, exposed = [0] * len(plan.stages), list[int]()
    for _ in range(draws):
        stage, n_exposed = rolled_back_at(table, random.random(len(ids))[of_sample], plan)
        if stage is not None:
            counts[stage] += 1
            exposed.append(n_exposed)
    shares = np.array(exposed) / table.n
    return Exposure(
        draws,
        len(exposed) / draws,
        tuple(count / draws for count in counts),
        float(np.mean(exposed)) if exposed else None,
        float(shares.mean()) if exposed else None,
        float(np.quantile(shares, 0.95, method="higher")) if exposed else None,
    )


def harmed(served: Sequence[Served], watched: Watched, drop: float, *, seed: int = 0) -> list[Served]:
    """The same samples with NEW worse by `drop` on average in this metric: what a bad prompt would have done.

    Where NEW's values are 0 and 1, so many samples at random turn from good to bad, at most all good ones; others are
    shifted. For `expected_exposure` of a prompt that turned out to be good.

    Raises:
        ValueError: drop is not above 0.

    """
    import numpy as np

    if not drop > 0:
        raise ValueError(f"drop is {drop}; allowed: above 0, in the metric's unit")
    name, towards = watched.metric, -1.0 if watched.higher_is_better else 1.0
    pairs = {number: each.values[name] for number, each in enumerate(served) if name in each.values}
    known = {number: new for number, (_, new) in pairs.items() if new is not None}
    if all(new in (0, 1) for new in known.values()):
        good = [number for number, new in known.items() if new != (0.0 if watched.higher_is_better else 1.0)]
        n_bad = min(len(good), round(drop * len(known)))
        chosen = np.random.default_rng(seed).permutation(len(good))[:n_bad]
        turned = {good[place]: 1.0 - known[good[place]] for place in chosen}
    else:
        turned = {number: new + towards * drop for number, new in known.items()}
    return [_with(each, name, turned[number]) if number in turned else each for number, each in enumerate(served)]


def _with(served: Served, metric: str, new: float) -> Served:
    old = served.values[metric][0]
    return structs.replace(served, values={**served.values, metric: (old, new)})
