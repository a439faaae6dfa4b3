"""A staged rollout of prompt NEW in place of OLD, replayed on recorded answers of both."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

from msgspec import Struct

from harness.comparison.one_sided import p_worse
from harness.comparison.reasons import reason_of
from harness.comparison.served import served_table
from harness.comparison.stages import STAGES, Finding, Rollout, StageOutcome
from harness.stats import alpha_spent, spending_levels

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from harness.comparison.one_sided import PValue
    from harness.comparison.served import Column, Served, Table, Watched
    from harness.comparison.stages import Sign, Stage, StageDecision
    from harness.stats import Spending

    Mask = NDArray[np.bool_]
    Positions = NDArray[np.float64]

_BITS = 53
"""Bits of the hash that make a position: what a float holds exactly."""
_SMALLEST_RISE = 1e-4
"""Rise of the fraction of pairs below which a stage is no new look."""


class RolloutPlan(Struct, frozen=True, kw_only=True):
    """What is watched at which stages, and how sure a roll back has to be."""

    watched: tuple[Watched, ...]
    """Metrics; errors are watched besides, always."""
    stages: tuple[Stage, ...] = STAGES
    alpha: float = 0.05
    """How often a rollout of a prompt that is as good may be rolled back, all stages and metrics together."""
    spending: Spending = "pocock"
    """`pocock` can roll back at the first stage already; `obrien-fleming` hardly before the last."""
    fewest: int = 20
    """Samples with NEW below which a stage tells nothing."""
    salt: str = ""
    """Changes who is in at 5 %."""
    p_value: PValue = p_worse
    """The test of one look, one-sided."""


def assigned(sample_id: str, share: float, salt: str = "") -> bool:
    """Whether this sample is among the share that gets NEW; who is in at 5 % stays in at 10 %.

    By SHA-256 of salt and id, so that neither order nor other samples matter.
    """
    return _position(sample_id, salt) < share


def _position(sample_id: str, salt: str) -> float:
    """Where in 0…1 the sample stands, below 1."""
    digest = sha256(f"{salt}\0{sample_id}".encode("utf-8", "surrogatepass")).digest()
    return (int.from_bytes(digest[:8]) >> (64 - _BITS)) / (1 << _BITS)


def replay(served: Sequence[Served], plan: RolloutPlan) -> Rollout:
    """The rollout as it would have gone with the recorded answers, up to its roll back or to everyone.

    A metric rolls back when NEW is worse by more than its margin at the level of the look: `alpha` is shared out over
    the metrics (Bonferroni) and, for each, over the looks by the share of its pairs that NEW has served. `hold` asks to
    wait for more samples before a larger share gets NEW. Recorded samples cannot wait, so the replay goes on with the
    next share: more samples are what waiting would bring. A stage with fewer than `fewest` pairs is no look and costs
    no error. Where no sample has a tier, a stage's tier is left out of account.

    Raises:
        ValueError: nothing was recorded, a metric or tier is in none of the samples, shares do not rise within 0…1, or
            a value is not finite.

    """
    import numpy as np

    table = served_table(served, plan.watched)
    check_plan(plan, table)
    positions = np.array([_position(each.sample_id, plan.salt) for each in served])
    exposed = np.zeros(table.n, dtype=bool)
    looks: dict[str, list[float]] = {column.watched.metric: [] for column in table.columns}
    outcomes: list[StageOutcome] = []
    for stage in plan.stages:
        exposed = exposed | _reached(table, positions, stage)
        findings = tuple(_finding(column, exposed, looks, plan=plan, n=len(table.columns)) for column in table.columns)
        outcomes.append(_outcome(stage, findings, exposed, is_last=stage is plan.stages[-1], fewest=plan.fewest))
        if outcomes[-1].decision == "roll back":
            break
    return Rollout(tuple(outcomes))


def _reached(table: Table, positions: Positions, stage: Stage) -> Mask:
    reached: Mask = positions < stage.share
    if stage.tier is not None and table.tiers is not None:
        reached = reached & (table.tiers == stage.tier)
    return reached


def _finding(column: Column, exposed: Mask, looks: dict[str, list[float]], *, plan: RolloutPlan, n: int) -> Finding:
    """The metric among the exposed; adds the fraction of pairs to its looks where this is one."""
    watched, seen = column.watched, exposed[column.rows]
    n_pairs, fractions = int(seen.sum()), looks[column.watched.metric]
    mean_old, mean_new = (float(values[seen].mean()) if n_pairs else None for values in (column.old, column.new))
    fraction = n_pairs / len(column.rows) if len(column.rows) else 0.0
    p_value = level = None
    sign: Sign = "too few"
    if n_pairs >= max(1, plan.fewest):
        sign = "fine"
        if fraction - (fractions[-1] if fractions else 0.0) >= _SMALLEST_RISE:
            fractions.append(fraction)
            alpha = plan.alpha / n
            p_value = column.p_worse(plan.p_value, seen)
            level = spending_levels(fractions, alpha, plan.spending, sides=1)[-1]
            sign = "worse" if p_value <= level else "doubtful" if p_value <= alpha else "fine"
    return Finding(watched.metric, watched.higher_is_better, n_pairs, mean_old, mean_new, p_value, level, sign)


def _outcome(stage: Stage, findings: tuple[Finding, ...], exposed: Mask, *, is_last: bool, fewest: int) -> StageOutcome:
    n_exposed = int(exposed.sum())
    signs = {finding.sign for finding in findings}
    decision: StageDecision = "promote"
    if "worse" in signs:
        decision = "roll back"
    elif signs & {"doubtful", "too few"}:
        decision = "hold"
    reason = reason_of(decision, findings, n_exposed, is_last=is_last, fewest=fewest)
    return StageOutcome(stage, n_exposed, n_exposed / len(exposed), findings, decision, reason)


def rolled_back_at(table: Table, positions: Positions, plan: RolloutPlan) -> tuple[int | None, int]:
    """The number of the stage that rolls back, None where none does; and how many samples NEW has served by then.

    Decides as `replay` and tells nothing else. A p-value above what may be spent by now never reaches its level, and
    one within what this look adds always does: only between the two is the level itself needed.
    """
    import numpy as np

    exposed = np.zeros(table.n, dtype=bool)
    looks: list[list[float]] = [[] for _ in table.columns]
    alpha = plan.alpha / len(table.columns)
    for number, stage in enumerate(plan.stages):
        exposed = exposed | _reached(table, positions, stage)
        for column, fractions in zip(table.columns, looks, strict=True):
            seen = exposed[column.rows]
            n_pairs = int(seen.sum())
            before = fractions[-1] if fractions else 0.0
            if n_pairs < max(1, plan.fewest) or n_pairs / len(column.rows) - before < _SMALLEST_RISE:
                continue
            fractions.append(n_pairs / len(column.rows))
            if _rejects(column.p_worse(plan.p_value, seen), fractions, alpha=alpha, spending=plan.spending):
                return number, int(exposed.sum())
    return None, int(exposed.sum())


def _rejects(p_value: float, fractions: list[float], *, alpha: float, spending: Spending) -> bool:
    spent = alpha_spent(fractions[-1], alpha, spending, sides=1)
    if p_value > spent:
        return False
    if p_value <= spent - (alpha_spent(fractions[-2], alpha, spending, sides=1) if len(fractions) > 1 else 0.0):
        return True
    return p_value <= spending_levels(fractions, alpha, spending, sides=1)[-1]


def check_plan(plan: RolloutPlan, table: Table) -> None:
    """ValueError for shares that do not rise within 0…1, or a tier that no sample is of."""
    if not plan.stages:
        raise ValueError("no stages; allowed: at least one")
    before = 0.0
    for stage in plan.stages:
        if not before <= stage.share <= 1 or not stage.share:
            raise ValueError(
                f"stage '{stage.name}': its share is {stage.share:g} after {before:g}; "
                f"allowed: above 0, at most 1, and no smaller than before"
            )
        before = stage.share
        if stage.tier is not None and table.tiers is not None and stage.tier not in set(table.tiers):
            known = ", ".join(sorted({tier for tier in table.tiers if tier is not None}))
            raise ValueError(f"stage '{stage.name}': no sample is of tier '{stage.tier}'; recorded tiers: {known}")
