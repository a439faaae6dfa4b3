"""The verdict on one difference: regressed, improved, unchanged or inconclusive.

Values are turned so that up is better; `drop` is how far the mean fell. The first row that holds is the verdict.

| # | holds | verdict | reason |
|---|---|---|---|
| 1 | all pairs are equal | unchanged | `identical` |
| 2 | p_adjusted < alpha, drop > margin | regressed | `drop` |
| 3 | p_adjusted < alpha, the mean rose | improved | `rise` |
| 4 | so few units that no p could come below alpha / n_tests | inconclusive | `too_few` |
| 5 | p_adjusted < alpha (so a drop), interval within ±margin | unchanged | `small_drop` |
| 6 | interval within ±margin | unchanged | `within_margin` |
| 7 | p_adjusted < alpha: a drop is shown, but not whether it exceeds the margin | inconclusive | `drop_near_margin` |
| 8 | anything else | inconclusive | `not_shown` |

The margin is a tolerance for drops, in the metric's own unit: a drop up to it (exactly it included) never is
*regressed*, however surely it is there. Someone who calls a drop of 0.02 tolerable does not want to be woken for a sure
0.01: row 5 calls that unchanged, its reason still tells. A rise needs no tolerance: any shown one is *improved*.

margin 0: *regressed* is any shown drop, and *unchanged* only row 1: no finite sample shows that nothing at all changed.
Zero variance: all pairs changed alike, so p is 2 / 2^n, and the interval has width 0 where the values have no bounds;
row 4 keeps three such pairs from proving anything. Equal pairs (row 1) are unchanged whatever their number: nothing has
changed on these samples.

Levels: rows 2, 3, 5 and 7 use p after the correction for the whole family, so that the alarms of a night hold alpha
together. Rows 5 and 6 use the interval of this one comparison at level 1 - alpha, uncorrected: `unchanged` is a wrong
all-clear with at most alpha / 2 for each cell (two one-sided tests; Schuirmann 1987, Journal of Pharmacokinetics 15),
and it is no alarm that many cells could multiply. So an interval may leave out 0 while the verdict is inconclusive: the
cell alone would have been significant, among so many cells it is not. Nothing is both regressed and unchanged, because
the interval holds the seen difference.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from harness.stats.needed import Needed, more_needed
from harness.stats.power import fewest_units

if TYPE_CHECKING:
    from harness.stats.paired import Difference
    from harness.stats.rule import Rule

Verdict = Literal["regressed", "improved", "unchanged", "inconclusive"]
Reason = Literal["identical", "drop", "rise", "too_few", "small_drop", "within_margin", "drop_near_margin", "not_shown"]

REASONS: dict[Reason, str] = {
    "identical": "every sample has the same value as before",
    "drop": "worse by more than the margin, and by more than chance explains",
    "rise": "better, by more than chance explains",
    "too_few": "so few samples that even the same change in all of them could be chance",
    "small_drop": "worse by more than chance explains, but surely by less than the margin",
    "within_margin": "whatever the true change is, it is surely smaller than the margin",
    "drop_near_margin": "worse by more than chance explains, but perhaps by less than the margin",
    "not_shown": "chance alone could explain the difference, and a change beyond the margin is possible too",
}
"""Each reason for somebody who knows no statistics."""

_ROUNDING = 1e-9


class Decision(Struct, frozen=True):
    """A verdict with its reason."""

    verdict: Verdict
    """What the difference shows."""
    reason: Reason
    """Why; in words in `REASONS`."""
    n_needed: int | None
    """About so many more pairs for a verdict; None where it is not inconclusive, or hardly any number would do."""
    is_not_worse: bool
    """Whether a drop beyond the margin is ruled out at level 1 - alpha, or better (non-inferiority)."""
    is_least: bool = False
    """Whether `n_needed` is what it takes at least, since so few pairs do not tell what it takes."""


def decide(difference: Difference, p_adjusted: float, rule: Rule) -> Decision:
    """The verdict by the table above; the difference's interval should be of level 1 - alpha.

    `n_needed` is that of `more_needed`. Raises ValueError for a negative margin or a p outside 0…1.
    """
    if rule.margin < 0 or not 0 <= p_adjusted <= 1 or rule.n_tests < 1:
        raise ValueError(
            f"margin is {rule.margin}, p {p_adjusted} and n_tests {rule.n_tests}; "
            "allowed: a margin from 0, p from 0 to 1, n_tests from 1"
        )
    verdict, reason = _verdict(difference, p_adjusted, rule)
    needed = more_needed(difference, rule) if verdict == "inconclusive" else Needed(None, is_least=False)
    is_not_worse = _is_not_worse(difference, reason, rule)
    return Decision(verdict, reason, needed.n, is_not_worse=is_not_worse, is_least=needed.is_least)


def _verdict(difference: Difference, p_adjusted: float, rule: Rule) -> tuple[Verdict, Reason]:
    gain = _gain(difference, rule)
    is_shown = p_adjusted < rule.alpha
    if difference.n_same == difference.n:
        return "unchanged", "identical"
    if is_shown and _exceeds(-gain, rule.margin):
        return "regressed", "drop"
    if is_shown and gain > 0:
        return "improved", "rise"
    if _units(difference) < fewest_units(rule.alpha / rule.n_tests):
        return "inconclusive", "too_few"
    if _is_within(difference, rule.margin):
        return "unchanged", "small_drop" if is_shown else "within_margin"
    return "inconclusive", "drop_near_margin" if is_shown else "not_shown"


def _gain(difference: Difference, rule: Rule) -> float:
    return difference.value if rule.higher_is_better else -difference.value


def _units(difference: Difference) -> int:
    return difference.n if difference.n_clusters is None else difference.n_clusters


def _exceeds(drop: float, margin: float) -> bool:
    """Whether the drop is larger, not just by a rounding error such as that of 0.82 - 0.80."""
    return drop - margin > _ROUNDING * max(abs(drop), margin)


def _is_within(difference: Difference, margin: float) -> bool:
    if difference.low is None or difference.high is None:
        return False
    return not _exceeds(-difference.low, margin) and not _exceeds(difference.high, margin)


def _is_not_worse(difference: Difference, reason: Reason, rule: Rule) -> bool:
    if reason == "identical":
        return True
    if reason in ("drop", "too_few"):
        return False
    worst = difference.low if rule.higher_is_better else difference.high
    if worst is None:
        return False
    return not _exceeds(-worst if rule.higher_is_better else worst, rule.margin)
