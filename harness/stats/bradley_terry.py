"""Strengths of players from the results of pairs."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from msgspec import Struct

from harness.stats.bootstrap import DRAWS, bootstrap_interval
from harness.stats.interval import Interval

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    import numpy as np
    from numpy.typing import NDArray

_MOST_ROUNDS = 100
_ACCURACY = 1e-10
_LONGEST_STEP = 2.0
"""Of Newton's method, which could overshoot where somebody nearly always wins."""
_FARTHEST = 20.0
"""Strengths that have no end are cut off here: a chance of one in half a billion."""
_CONFIDENCE = 0.95
_PRIOR = 0.1
"""Ties added to each pair of players that met, so that one who never lost has a finite strength."""


class Comparison(Struct, frozen=True):
    """One pair's result."""

    first: str
    """A player."""
    second: str
    """The other one."""
    value: float
    """1: the first won; 0: the second; 0.5: a tie."""
    cluster: Hashable = None
    """What is drawn as a whole for the intervals: the sample that both answered."""


def bradley_terry(wins: Sequence[Sequence[float]], *, prior: float = 0.0) -> list[float]:
    """Each player's strength as a natural logarithm, their mean 0: i beats j with 1 / (1 + exp(s_j - s_i)).

    `wins[i][j]` is how often i won over j, a tie half a win of each. With `prior` that many ties are added between
    all who met. Without, a player who never won or never lost has no finite strength: it is then cut off at 20.
    Players who are not connected through pairs cannot be compared: `components` says who is.

    Source: Bradley and Terry 1952, Biometrika 39; the likelihood's maximum by Newton's method. Ties as half a win of
    each, the usual simplification.

    Raises:
        ValueError: the table is not square, or a count is negative.

    """
    import numpy as np

    table = np.asarray(wins, dtype=float)
    if table.ndim != 2 or table.shape[0] != table.shape[1] or (table < 0).any():  # noqa: PLR2004 - rows and columns
        raise ValueError(f"wins has the shape {table.shape}; allowed: a square table of counts from 0")
    return [float(each) for each in _strengths(table, prior)]


def _strengths(table: NDArray[np.float64], prior: float) -> NDArray[np.float64]:
    import numpy as np

    table = table.copy()
    np.fill_diagonal(table, 0.0)
    table += ((table + table.T) > 0) * (prior / 2)
    games = table + table.T
    strength = np.zeros(len(table))
    for _ in range(_MOST_ROUNDS):
        chances = 1 / (1 + np.exp(np.subtract.outer(strength, strength).T))
        slope = (table - games * chances).sum(axis=1)
        bend = games * chances * (1 - chances)
        step = np.linalg.lstsq(np.diag(bend.sum(axis=1)) - bend, slope, rcond=None)[0]
        strength = np.clip(strength + np.clip(step, -_LONGEST_STEP, _LONGEST_STEP), -_FARTHEST, _FARTHEST)
        strength -= strength.mean()
        if np.abs(step).max() < _ACCURACY:
            break
    found: NDArray[np.float64] = strength
    return found


def components(players: Sequence[str], comparisons: Sequence[Comparison]) -> list[tuple[str, ...]]:
    """The players by who is connected with whom through pairs, in the players' order."""
    group = {player: {player} for player in players}
    for each in comparisons:
        if group[each.first] is not group[each.second]:
            group[each.first] |= group[each.second]
            for player in group[each.second]:
                group[player] = group[each.first]
    found: dict[int, list[str]] = {}
    for player in players:
        found.setdefault(id(group[player]), []).append(player)
    return [tuple(each) for each in found.values()]


def rank_players(
    players: Sequence[str], comparisons: Sequence[Comparison], *, draws: int = DRAWS, seed: int = 0
) -> dict[str, Interval]:
    """Each player's chance of winning against an average one (0…1), with a 95 % bootstrap interval over clusters.

    Empty where not all players are connected through pairs: no scale then holds them all. A tenth of a tie is added to
    each pair that met, so that a player who always won is strong, not infinitely so. `n` are the player's own pairs,
    `n_clusters` the clusters that hold one.

    Draws that agree show no spread, which does not prove that there is none. Each end is therefore at least where it
    would be if the player lost (or won) every pair of so many clusters that n would show none of them in 2.5 % of
    cases: 1 - 0.025^(1 / n) of all, as in `equal_ends`. Who never lost reaches up to 1, who never won down to 0.
    No ends where a single cluster holds several pairs.
    """
    if len(players) < 2 or len(components(players, comparisons)) > 1:  # noqa: PLR2004 - to rank takes two
        return {}
    tables, clusters = _tables(players, comparisons)
    ranking = {}
    known: dict[bytes, NDArray[np.float64]] = {}

    def strengths(drawn: NDArray[np.intp]) -> NDArray[np.float64]:
        key = drawn.tobytes()  # every player's interval is made of the same draws
        if key not in known:
            known[key] = _strengths(tables[drawn].sum(axis=0), _PRIOR)
        return known[key]

    for place, player in enumerate(players):

        def chance(drawn: NDArray[np.intp], place: int = place) -> float:
            return _chance(float(strengths(drawn)[place]))

        found = bootstrap_interval(chance, len(clusters), draws=draws, seed=seed)
        assert found is not None
        ranking[player] = _widened(found, tables, place)
    return ranking


def _widened(found: Interval, tables: NDArray[np.float64], place: int) -> Interval:
    """The player's interval, its ends no nearer than clusters that were not drawn allow."""
    own = (tables[:, place] + tables[:, :, place]).sum(axis=1)
    n, n_clusters = round(float(own.sum())), int((own > 0).sum())
    if n_clusters == 1 and n > 1:
        return Interval(found.value, None, None, "none", n, n_clusters)
    low, high = (_chance(float(_strengths(mixed, _PRIOR)[place])) for mixed in _unseen(tables, place, n_clusters))
    won = float(tables[:, place].sum())  # who won all, or nothing, may be as strong, or as weak, as there is
    seen = [end for end in (found.low, found.high, found.value) if end is not None]
    low, high = min(low, *seen) if won else 0.0, max(high, *seen) if won < n else 1.0
    return Interval(found.value, low, high, "bootstrap", n, n_clusters)


def _unseen(
    tables: NDArray[np.float64], place: int, n_clusters: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """All wins, in as large a share of them as may not have been seen the player's own turned to losses, or to wins."""
    seen = tables.sum(axis=0)
    share = 1 - ((1 - _CONFIDENCE) / 2) ** (1 / n_clusters)
    games = seen + seen.T
    lost, won = seen.copy(), seen.copy()
    lost[place], lost[:, place] = 0.0, games[:, place]
    won[place], won[:, place] = games[place], 0.0
    return (1 - share) * seen + share * lost, (1 - share) * seen + share * won


def _tables(
    players: Sequence[str], comparisons: Sequence[Comparison]
) -> tuple[NDArray[np.float64], Sequence[Hashable]]:
    """A table of wins for each cluster."""
    import numpy as np

    place = {player: at for at, player in enumerate(players)}
    clusters = list(dict.fromkeys(each.cluster for each in comparisons))
    at = {cluster: number for number, cluster in enumerate(clusters)}
    tables = np.zeros((len(clusters), len(players), len(players)))
    for each in comparisons:
        one, two = place[each.first], place[each.second]
        tables[at[each.cluster], one, two] += each.value
        tables[at[each.cluster], two, one] += 1 - each.value
    return tables, clusters


def _chance(strength: float) -> float:
    """Of winning against a player of strength 0, the average."""
    return 1 / (1 + math.exp(-strength))
