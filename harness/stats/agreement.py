"""How far two raters agree: rank correlations, weighted kappa."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    Numbers = Sequence[float] | NDArray[np.float64]

_TINY = 1e-12


def spearman(first: Numbers, second: Numbers) -> float | None:
    """Spearman's rank correlation, ties by their middle rank; None where one of them has a single value.

    Source: Pearson's correlation of mid-ranks, as scipy.stats.spearmanr.

    Raises:
        ValueError: they differ in number.

    """
    _check(first, second)
    return pearson(mid_ranks(first), mid_ranks(second)) if len(first) else None


def pearson(first: Numbers, second: Numbers) -> float | None:
    """Pearson's correlation; None where one of them has a single value.

    Raises:
        ValueError: they differ in number.

    """
    import numpy as np

    _check(first, second)
    if not len(first):
        return None
    one, two = (np.asarray(each, dtype=float) for each in (first, second))
    one, two = one - one.mean(), two - two.mean()
    scale = float(np.sqrt((one @ one) * (two @ two)))
    return max(-1.0, min(1.0, float(one @ two) / scale)) if scale > _TINY else None


def mid_ranks(values: Numbers) -> NDArray[np.float64]:
    """Ranks from 1; equal values share the mean of theirs."""
    import numpy as np

    _, inverse, counts = np.unique(np.asarray(values, dtype=float), return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    middle: NDArray[np.float64] = ends - (counts - 1) / 2
    return middle[inverse]


def kendall_tau_b(first: Numbers, second: Numbers) -> float | None:
    """Kendall's tau-b, which reckons with ties; None where one of them has a single value.

    Source: Kendall 1945, The treatment of ties in ranking problems, Biometrika 33; as scipy.stats.kendalltau. Takes
    the square of the number of values in space: for the hundreds that people have rated.

    Raises:
        ValueError: they differ in number.

    """
    _check(first, second)
    return tau_b_of_signs(signs_of(first), signs_of(second))


def signs_of(values: Numbers) -> NDArray[np.int8]:
    """The signs of all differences: -1, 0 or 1."""
    import numpy as np

    numbers = np.asarray(values, dtype=float)
    signs: NDArray[np.int8] = np.sign(np.subtract.outer(numbers, numbers)).astype(np.int8)
    return signs


def tau_b_of_signs(one: NDArray[np.int8], two: NDArray[np.int8]) -> float | None:
    """Tau-b from the signs of all differences, which a bootstrap draws from instead of making them again."""
    import numpy as np

    scale = float(np.sqrt(np.count_nonzero(one) * float(np.count_nonzero(two))))
    return int((one * two).sum(dtype=np.int64)) / scale if scale else None


def weighted_kappa(first: Numbers, second: Numbers, categories: Sequence[float]) -> float | None:
    """Cohen's kappa with quadratic weights over ordered categories; None where chance cannot disagree.

    Values are counted in the nearest category, the lower one where two are as near. The weight of a disagreement is
    the square of the distance in places, as in sklearn's cohen_kappa_score(weights="quadratic").
    Source: Cohen 1968, Weighted kappa, Psychological Bulletin 70.

    Raises:
        ValueError: they differ in number, or there are fewer than two categories.

    """
    import numpy as np

    table = np.asarray(confusion(first, second, categories), dtype=float)
    places = np.arange(len(categories))
    weights = np.square(np.subtract.outer(places, places)).astype(float)
    return _kappa(table, weights)


def plain_kappa(first: Numbers, second: Numbers, categories: Sequence[float]) -> float | None:
    """Cohen's kappa of unordered categories; else as `weighted_kappa`. Source: Cohen 1960."""
    import numpy as np

    table = np.asarray(confusion(first, second, categories), dtype=float)
    return _kappa(table, 1.0 - np.eye(len(categories)))


def _kappa(table: NDArray[np.float64], weights: NDArray[np.float64]) -> float | None:
    import numpy as np

    n = float(table.sum())
    if not n:
        return None
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / n
    by_chance = float((weights * expected).sum())
    return 1.0 - float((weights * table).sum()) / by_chance if by_chance > _TINY else None


def confusion(first: Numbers, second: Numbers, categories: Sequence[float]) -> list[list[int]]:
    """How often the first was in the row's category and the second in the column's, each in the nearest one.

    Raises:
        ValueError: they differ in number, or there are fewer than two categories.

    """
    import numpy as np

    _check(first, second)
    if len(categories) < 2:  # noqa: PLR2004 - to agree on one is no agreement
        raise ValueError(f"{len(categories)} categories; allowed: two or more")
    known = np.asarray(categories, dtype=float)
    table = np.zeros((len(known), len(known)), dtype=int)
    places = [
        np.abs(np.subtract.outer(np.asarray(each, dtype=float), known)).argmin(axis=1) for each in (first, second)
    ]
    np.add.at(table, (places[0], places[1]), 1)
    return [[int(count) for count in row] for row in table]


def _check(first: Numbers, second: Numbers) -> None:
    if len(first) != len(second):
        raise ValueError(f"{len(first)} values but {len(second)} to compare with; allowed: as many of one as the other")
