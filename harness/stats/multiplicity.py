"""p-values of many comparisons at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

Correction = Literal["holm", "bh", "none"]
CORRECTIONS: tuple[Correction, ...] = ("holm", "bh", "none")


def adjusted(p_values: Sequence[float], method: Correction = "holm") -> list[float]:
    """Each p-value, in its place, raised for the number of comparisons: below alpha means shown.

    `holm`: one false alarm or more among all comparisons is as rare as alpha, whatever their dependence. `bh`: the
    expected share of false ones among the alarms is at most alpha, for independent or positively dependent tests.
    `none`: each test alone.

    Source: Holm 1979, Scandinavian Journal of Statistics 6; Benjamini and Hochberg 1995, JRSS B 57.

    Raises:
        ValueError: a p-value is not within 0…1, or the method is unknown.

    >>> adjusted([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    if method not in CORRECTIONS:
        raise ValueError(f"method is {method!r}; allowed: {', '.join(CORRECTIONS)}")
    for p in p_values:
        if not 0 <= p <= 1:
            raise ValueError(f"a p-value is {p}; allowed: from 0 to 1")
    if method == "none":
        return list(p_values)
    n = len(p_values)
    order = sorted(range(n), key=lambda place: p_values[place])
    found, reached = [1.0] * n, 0.0
    if method == "holm":
        for rank, place in enumerate(order):
            reached = max(reached, min(1.0, (n - rank) * p_values[place]))
            found[place] = reached
        return found
    reached = 1.0
    for rank, place in reversed(list(enumerate(order, start=1))):
        reached = min(reached, n / rank * p_values[place])
        found[place] = reached
    return found
