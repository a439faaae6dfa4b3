"""How far a judge's ratings agree with people's, and what leads it astray."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from harness.schema import Estimate
from harness.stats import bootstrap_interval, confusion, mean_interval, pearson, plain_kappa, spearman, weighted_kappa
from harness.stats.agreement import signs_of, tau_b_of_signs
from harness.stats.equal import equal_ends
from harness.wording import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from harness.stats import Interval

    Numbers = NDArray[np.float64]
    Statistic = Callable[[NDArray[np.intp]], float | None]

FEWEST = 10
"""Independent answers (groups, where there are some) that an agreement needs: draws of fewer are too much alike for an
interval, and even perfect agreement on 9 reaches down to 0.33."""
_CONFIDENCE = 0.95
_TINY = 1e-9


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
    n_clusters: int
    """Independent ones among them: groups, where there are some."""
    estimates: Mapping[str, Estimate]
    """By name, see docs/how-to/calibrate-a-judge.md; those that are not defined are left out."""
    lacking: Mapping[str, str]
    """By name: why there is no number, or none of its ends."""
    categories: Sequence[float]
    """What the rows and columns of `confusion` stand for."""
    confusion: Sequence[Sequence[int]]
    """Rows are the people's ratings, columns the judge's."""


class _Units:
    """The rated answers, side by side."""

    def __init__(self, rated: Sequence[Rated]) -> None:
        import numpy as np

        self.human = np.array([each.human for each in rated], dtype=float)
        self.judge = np.array([each.judge for each in rated], dtype=float)
        self.length = np.array([each.length for each in rated], dtype=float)
        self.clusters = [each.cluster for each in rated]
        self.n = len(rated)
        self.n_clusters = len(set(self.clusters))

    @property
    def beyond(self) -> Numbers:
        """By how much the judge is milder."""
        found: Numbers = self.judge - self.human
        return found


def agreement(rated: Sequence[Rated], categories: Sequence[float], *, is_pairwise: bool = False) -> Agreement:
    """Rank correlations, kappa, bias and what it depends on, each with an interval over clusters.

    Kappa has quadratic weights; of pairs (categories 0, 0.5, 1) none, and the share of equal verdicts stands beside.
    `bias` is the mean of judge minus human; `length_bias` is Spearman's correlation of that difference with the
    length; `position_bias` the share of pairs in which the judge followed the position.

    What lies within -1 and 1 has a bootstrap interval from 10 clusters on, see `_coefficient`; shares have Wilson's at
    their effective number. The bias has a bootstrap interval too; of fewer, or equal values, that of `mean_interval`.
    """
    units = _Units(rated)
    found = {
        name: _coefficient(each, units)
        for name, each in _coefficients(units, categories, is_pairwise=is_pairwise).items()
    }
    span = max(categories) - min(categories)
    found["bias"] = _bias(units, span)
    if is_pairwise:
        same = [float(_nearest(each.human, categories) == _nearest(each.judge, categories)) for each in rated]
        found["equal"] = _estimate(mean_interval(same, units.clusters, _CONFIDENCE, bounds=(0, 1)))
        followed = [each.followed or 0.0 for each in rated]
        found["position_bias"] = _estimate(mean_interval(followed, units.clusters, _CONFIDENCE, bounds=(0, 1)))
    return Agreement(
        n=units.n,
        n_clusters=units.n_clusters,
        estimates={name: each for name, each in found.items() if each is not None},
        lacking={name: _why(name, units) for name, each in found.items() if each is None or each.low is None},
        categories=tuple(categories),
        confusion=confusion(units.human, units.judge, categories),
    )


def _coefficients(units: _Units, categories: Sequence[float], *, is_pairwise: bool) -> dict[str, Statistic]:
    """What lies within -1 and 1, as functions of the answers that are drawn."""
    human, judge, length, beyond = units.human, units.judge, units.length, units.beyond
    kappa = plain_kappa if is_pairwise else weighted_kappa
    return {
        "spearman": lambda drawn: spearman(human[drawn], judge[drawn]),
        "kendall_tau_b": _tau_b(human, judge),
        "kappa": lambda drawn: kappa(human[drawn], judge[drawn], categories),
        "pearson": lambda drawn: pearson(human[drawn], judge[drawn]),
        "length_bias": lambda drawn: spearman(beyond[drawn], length[drawn]),
    }


def _coefficient(statistic: Statistic, units: _Units) -> Estimate | None:
    """A coefficient within -1…1 with its interval; None where it is not defined.

    A draw that it is not defined in, because one side does not vary there, shows no agreement and counts as 0. Perfect
    agreement has no spread: the ends are those of as many equal marks within -1…1 (decision 0031). Without ends below
    10 clusters, and where all draws give the same.
    """
    import numpy as np

    value = statistic(np.arange(units.n)) if units.n else None
    if value is None:
        return None
    if units.n_clusters < FEWEST:
        return Estimate(value, None, None, units.n)
    found = _estimate(bootstrap_interval(lambda drawn: statistic(drawn) or 0.0, units.n, clusters=units.clusters))
    assert found is not None, "it is defined"
    if abs(value) < 1 - _TINY:
        return found
    low, high = equal_ends(float(round(value)), units.n_clusters, _CONFIDENCE, least=-1.0, most=1.0)
    ends = [end for end in (low, high, found.low, found.high) if end is not None]
    return Estimate(value, min(ends), max(ends), units.n)


def _bias(units: _Units, span: float) -> Estimate | None:
    beyond = units.beyond
    found = None
    if units.n_clusters >= FEWEST:
        found = bootstrap_interval(lambda drawn: float(beyond[drawn].mean()), units.n, clusters=units.clusters)
    if found is None or found.low is None:
        found = mean_interval([float(each) for each in beyond], units.clusters, _CONFIDENCE, bounds=(-span, span))
    return _estimate(found)


def _why(name: str, units: _Units) -> str:
    """Why there is no number of this name, or no ends."""
    sides = {"the judge gave {} every time": units.judge, "people gave {} every time": units.human}
    if name == "length_bias":
        sides = {
            "judge and people are {} apart every time": units.beyond,
            "every answer has the length {}": units.length,
        }
    same = [words.format(f"{side[0]:g}") for words, side in sides.items() if len(side) and not side.std() > _TINY]
    if same and name not in {"bias", "equal", "position_bias"}:
        return " and ".join(same)
    if units.n_clusters < FEWEST:
        return f"{counted(units.n_clusters, 'independent answer')}, {FEWEST} are needed"
    return "all draws of the answers give the same"


def _tau_b(human: Numbers, judge: Numbers) -> Statistic:
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
