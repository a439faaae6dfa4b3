"""How far a judge's ratings agree with people's, and what leads it astray."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from harness.schema import Estimate
from harness.stats import bootstrap_interval, confusion, pearson, plain_kappa, spearman, weighted_kappa
from harness.stats.agreement import signs_of, tau_b_of_signs

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from harness.stats import Interval

    Numbers = NDArray[np.float64]
    Statistic = Callable[[Numbers, Numbers], float | None]


class Rated(Struct, frozen=True):
    """One answer (or pair of answers), rated by people and by the judge."""

    human: float
    """The mean of the people's ratings; of a pair: 1 when they prefer the first answer, 0 the second, 0.5 neither."""
    judge: float
    """The judge's, on the same scale."""
    length: float
    """Characters of the answer; of a pair: by how many the first is longer."""
    cluster: str
    """What is drawn as a whole for the intervals."""
    followed: float | None = None
    """Of a pair: 1 when the judge took the answer at one position in both orders, else 0."""


class Agreement(Struct, frozen=True):
    """What was found over all answers that both rated."""

    n: int
    """How many."""
    estimates: Mapping[str, Estimate]
    """By name, see docs/reference/calibration-file.md; those that are not defined are left out."""
    categories: Sequence[float]
    """What the rows and columns of `confusion` stand for."""
    confusion: Sequence[Sequence[int]]
    """Rows are the people's ratings, columns the judge's."""


def agreement(rated: Sequence[Rated], categories: Sequence[float], *, is_pairwise: bool = False) -> Agreement:
    """Rank correlations, kappa, bias and what it depends on, each with a bootstrap interval over clusters.

    Kappa has quadratic weights; of pairs (categories 0, 0.5, 1) none, and the share of equal verdicts stands beside.
    `bias` is the mean of judge minus human; `length_bias` is Spearman's correlation of that difference with the
    length; `position_bias` the share of pairs in which the judge followed the position.
    """
    import numpy as np

    human = np.array([each.human for each in rated], dtype=float)
    judge = np.array([each.judge for each in rated], dtype=float)
    length = np.array([each.length for each in rated], dtype=float)
    clusters = [each.cluster for each in rated]

    def estimated(statistic: Callable[[NDArray[np.intp]], float | None]) -> Estimate | None:
        return _estimate(bootstrap_interval(statistic, len(rated), clusters=clusters))

    kappa = plain_kappa if is_pairwise else weighted_kappa
    found = {
        "spearman": estimated(lambda drawn: spearman(human[drawn], judge[drawn])),
        "kendall_tau_b": estimated(_tau_b(human, judge)),
        "kappa": estimated(lambda drawn: kappa(human[drawn], judge[drawn], categories)),
        "pearson": estimated(lambda drawn: pearson(human[drawn], judge[drawn])),
        "bias": estimated(lambda drawn: float((judge - human)[drawn].mean())),
        "length_bias": estimated(lambda drawn: spearman((judge - human)[drawn], length[drawn])),
    }
    if is_pairwise:
        same = np.array([_nearest(each.human, categories) == _nearest(each.judge, categories) for each in rated])
        followed = np.array([each.followed or 0.0 for each in rated])
        found["equal"] = estimated(lambda drawn: float(same[drawn].mean()))
        found["position_bias"] = estimated(lambda drawn: float(followed[drawn].mean()))
    table = confusion(human, judge, categories)
    return Agreement(len(rated), {name: each for name, each in found.items() if each}, tuple(categories), table)


def _tau_b(human: Numbers, judge: Numbers) -> Callable[[NDArray[np.intp]], float | None]:
    import numpy as np

    one, two = signs_of(human), signs_of(judge)

    def tau_b(drawn: NDArray[np.intp]) -> float | None:
        at = np.ix_(drawn, drawn)
        return tau_b_of_signs(one[at], two[at])

    return tau_b


def _nearest(value: float, categories: Sequence[float]) -> float:
    return min(categories, key=lambda each: abs(each - value))


def _estimate(interval: Interval | None) -> Estimate | None:
    return None if interval is None else Estimate(interval.value, interval.low, interval.high, interval.n)
