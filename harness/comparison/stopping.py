"""Whether an evaluation may end before all its samples have run."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from harness.comparison.one_sided import p_worse
from harness.stats import conditional_power, spending_levels
from harness.stats.quantiles import normal_quantile

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from harness.comparison.one_sided import Clusters, PValue
    from harness.stats import Spending

    Numbers = NDArray[np.float64]

StopVerdict = Literal["regressed", "improved", "unchanged", "inconclusive"]

_POWER = 0.8
"""Power at the effect that the rest is assumed to have, when the chance of a verdict is reckoned."""
_LEAST_RISE = 0.01
"""New pairs that make another look, as a share of the planned ones: fewer would only cost."""


_SAME = 2e-4
"""New pairs as a share of all below which a look sees the same as the one before."""


class Decision(Struct, frozen=True):
    """What a look shows."""

    verdict: StopVerdict | None
    """None: go on. `inconclusive`: the rest is unlikely to show anything, or there is no rest."""
    looks: tuple[int, ...]
    """Pairs at each look so far, this one among them: hand them to the next look."""
    level: float | None
    """Two-sided p-value at or below which this look decides; None where it was no look."""
    p_value: float | None
    """Two-sided p-value of no difference; None where it was no look."""
    reason: str
    """One plain sentence."""

    @property
    def is_over(self) -> bool:
        """Whether the cell needs no more samples."""
        return self.verdict is not None


class Stopping(Struct, frozen=True, kw_only=True):
    """The rule of one cell (a metric of a variant on a backend) whose pairs arrive beside a baseline's, in any batches.

    It holds no state: a cell's state is the `looks` of its last decision. A cell that has been looked at must be
    judged by its last decision, also when it ran to its end: judging it by its plain p-value again would spend the
    error twice. Levels are exact for any look that comes when it comes, as long as it does not come because of what
    the results show.
    """

    n_planned: int
    """Pairs when nothing stops early."""
    n_cells: int = 1
    """Cells of the family: each gets `alpha` / n_cells."""
    alpha: float = 0.05
    """How often any cell may be called regressed or improved where nothing has changed."""
    margin: float = 0.0
    """What does not count as a difference, in the metric's unit; above 0, `unchanged` can be a verdict."""
    span: float = 1.0
    """Width of the metric's range: 100 for BLEU; 1 where it has none."""
    every: float = 0.2
    """A look is due each time this share of the planned pairs has been added."""
    fewest: int = 20
    """Pairs below which nothing is looked at."""
    spending: Spending = "obrien-fleming"
    """`obrien-fleming` leaves nearly all of `alpha` to the end, so that stopping early costs hardly any power."""
    futility: float = 0.05
    """Stop when the chance that the rest brings a verdict is below this; 0 never does."""
    p_value: PValue = p_worse
    """The test of one look, one-sided."""

    def is_due(self, n_pairs: int, looks: Sequence[int] = ()) -> bool:
        """Whether so many pairs are a look: the next step is reached, or the planned end."""
        before = looks[-1] if looks else 0
        if n_pairs >= self.n_planned:
            return before < self.n_planned
        return n_pairs >= self.fewest and n_pairs - before >= max(self.every, _LEAST_RISE) * self.n_planned

    def looked(
        self,
        differences: Sequence[float],
        looks: Sequence[int] = (),
        clusters: Clusters | None = None,
        *,
        is_end: bool = False,
    ) -> Decision:
        """The decision on these differences, current minus baseline, above 0 better, all that there are so far.

        `looks` are those of the cell's last decision. `is_end`: no more will come, though fewer came than planned;
        the last look then has all of the error that is left. `clusters` number the cluster of each, from 0.

        Raises:
            ValueError: fewer differences than at the last look, one that is not finite, a plan that makes no sense, or
                clusters that differ in number.

        """
        import numpy as np

        numbers = np.asarray(differences, dtype=float) / self.span
        self._check(numbers, looks, clusters)
        is_end = is_end or len(numbers) >= self.n_planned
        if not len(numbers) or not (is_end or self.is_due(len(numbers), looks)):
            verdict: StopVerdict | None = "inconclusive" if is_end else None
            return Decision(verdict, tuple(looks), None, None, f"{_pairs(len(numbers))} so far: no look is due.")
        levels = self._levels(looks, len(numbers), is_end=is_end)
        return _Look(self, numbers, clusters, (*looks, len(numbers)), levels, is_end).decided()

    def _levels(self, looks: Sequence[int], n: int, *, is_end: bool) -> tuple[float, ...]:
        """The levels of all looks; the last one's by the pairs that there are in the end."""
        alpha = self.alpha / self.n_cells
        earlier = spending_levels([look / self.n_planned for look in looks], alpha, self.spending)
        whole = n if is_end else self.n_planned
        if looks and n - looks[-1] < _SAME * whole:
            # the end brought nothing new: what the last look would reject its larger level rejects too
            looks, earlier = looks[:-1], earlier[:-1]
        return spending_levels([*(look / whole for look in looks), n / whole], alpha, self.spending, earlier=earlier)

    def _check(self, numbers: Numbers, looks: Sequence[int], clusters: Clusters | None) -> None:
        import numpy as np

        if self.n_planned < 1 or self.n_cells < 1:
            raise ValueError(f"n_planned is {self.n_planned} and n_cells {self.n_cells}; allowed: 1 or more")
        if not (self.margin >= 0 and self.span > 0):
            raise ValueError(f"margin is {self.margin} and span {self.span}; allowed: 0 or more, and above 0")
        if looks and len(numbers) < looks[-1]:
            raise ValueError(f"{len(numbers)} differences after a look at {looks[-1]}; allowed: all that there are")
        if not bool(np.isfinite(numbers).all()):
            raise ValueError("a difference is not finite; allowed: finite numbers")
        if clusters is not None and len(clusters) != len(numbers):
            raise ValueError(f"{len(numbers)} differences but {len(clusters)} clusters; allowed: one cluster each")


class _Look(Struct, frozen=True):
    """One look at one cell; differences and margin in units of the span."""

    rule: Stopping
    numbers: Numbers
    clusters: Clusters | None
    looks: tuple[int, ...]
    levels: tuple[float, ...]
    is_end: bool

    @property
    def _margin(self) -> float:
        return self.rule.margin / self.rule.span

    def _below(self, null: float) -> float:
        """The p-value that shows the mean to be below `null`."""
        return self.rule.p_value(self.numbers, null, self.clusters)

    def _above(self, null: float) -> float:
        return self.rule.p_value(-self.numbers, -null, self.clusters)

    def decided(self) -> Decision:
        level, p_value = self.levels[-1], min(1.0, 2 * min(self._below(0.0), self._above(0.0)))
        verdict, reason = self._verdict(level / 2)
        return Decision(verdict, self.looks, level, p_value, reason)

    def _verdict(self, level: float) -> tuple[StopVerdict | None, str]:
        """By the repeated interval at this level: wholly below, above or inside the margin."""
        mean = float(self.numbers.mean()) * self.rule.span
        seen = f"after {_pairs(len(self.numbers))} {_told(mean)}"
        beyond = f"more than {self.rule.margin:g} " if self.rule.margin else ""
        if self._below(-self._margin) <= level:
            return "regressed", f"{seen}: clearly {beyond}worse, also with all looks counted."
        if self._above(self._margin) <= level:
            return "improved", f"{seen}: clearly {beyond}better, also with all looks counted."
        if self._margin and self._below(self._margin) <= level and self._above(-self._margin) <= level:
            return "unchanged", f"{seen}: clearly within {self.rule.margin:g} either way, also with all looks counted."
        if self.is_end:
            return "inconclusive", f"{seen}: not enough to tell."
        chance = self._chance()
        if chance is not None and chance < self.rule.futility:
            return "inconclusive", f"{seen}: the remaining samples would bring a verdict in {chance:.1%} of cases."
        return None, f"{seen}: not clear yet."

    def _chance(self) -> float | None:
        """The best chance that the end brings a verdict; None where the spread cannot be told.

        For worse and for better the rest is taken to have the larger of what was seen and an effect that such an
        evaluation finds in 80 % of cases; for unchanged, no difference at all. So it rather says too much than too
        little, and levels are not loosened for it (non-binding).
        """
        error, fraction = self._error(), len(self.numbers) / self.rule.n_planned
        if not error:
            return None
        level = self._final_level() / 2
        mean, effect = float(self.numbers.mean()), normal_quantile(_POWER) - normal_quantile(level)
        at_end = 1 / (error * math.sqrt(fraction))
        chances = []
        for turned in (mean, -mean):
            z, drift = (turned - self._margin) / error, max(effect, (turned - self._margin) * at_end)
            chances.append(conditional_power(z, fraction, level=level, drift=drift, sides=1))
        if self._margin:
            inside = [
                conditional_power(
                    (self._margin + turned) / error, fraction, level=level, drift=self._margin * at_end, sides=1
                )
                for turned in (mean, -mean)
            ]
            chances.append(min(inside))
        return max(chances)

    def _error(self) -> float:
        """The standard error of the mean, cluster-robust where there are clusters; 0 where nothing varies."""
        import numpy as np

        rest = self.numbers - self.numbers.mean()
        sums = rest if self.clusters is None else np.bincount(self.clusters, weights=rest)
        n_units = len(np.unique(self.clusters)) if self.clusters is not None else len(rest)
        if n_units == 1:
            return 0.0
        return math.sqrt(float(sums @ sums) * n_units / (n_units - 1)) / len(rest)

    def _final_level(self) -> float:
        """The level of the end, if looks go on as planned."""
        rule, n = self.rule, self.looks[-1]
        step = max(1, math.ceil(max(rule.every, _LEAST_RISE) * rule.n_planned))
        ahead = [look for look in range(n + step, rule.n_planned, step) if rule.n_planned - look >= step / 2]
        fractions = [look / rule.n_planned for look in (*self.looks, *ahead, rule.n_planned)]
        alpha = rule.alpha / rule.n_cells
        return spending_levels(fractions, alpha, rule.spending, earlier=self.levels)[-1]


def _told(mean: float) -> str:
    """`it is 0.4 worse`: above 0 the second side is better, whatever the metric's direction."""
    if not mean:
        return "there is no difference"
    return f"it is {abs(mean):.3g} {'better' if mean > 0 else 'worse'}"


def _pairs(n: int) -> str:
    return "1 pair" if n == 1 else f"{n} pairs"
