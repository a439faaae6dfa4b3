"""How often the intervals of a difference hold the truth: the choice of Tango over Newcombe, and of t beside BCa.

python -m benchmarks.coverage  # some minutes
"""

from __future__ import annotations

import math

import numpy as np

from harness.stats.bca import bca_interval
from harness.stats.proportions import wilson
from harness.stats.quantiles import t_quantile
from harness.stats.tango import tango_interval

TABLES = [
    (0.8, 0.0, 0.0), (0.7, 0.05, 0.05), (0.6, 0.02, 0.1), (0.4, 0.1, 0.1),
    (0.85, 0.03, 0.03), (0.5, 0.2, 0.05), (0.9, 0.01, 0.05),
]  # fmt: skip
"""Chances that both pass, that only the current run does, that only the baseline does."""
KINDS = {"normal": 0.0, "mostly 0": 0.0, "one-sided": 0.0, "mostly 0, one-sided": 0.2}
"""Kinds of differences with their true mean."""


def newcombe_interval(both: int, up: int, down: int, *, neither: int) -> tuple[float, float]:
    """Newcombe's hybrid score interval: 1998, Statistics in Medicine 17, 2635-2650, method 10."""
    n = both + up + down + neither
    now, before = (both + up) / n, (both + down) / n
    (low, high), (low_before, high_before) = wilson(now, n, 0.95), wilson(before, n, 0.95)
    cross = both * neither - up * down
    scale = math.sqrt((both + up) * (down + neither) * (both + down) * (up + neither))
    phi = (max(cross - n / 2, 0) if cross > 0 else cross) / scale if scale else 0.0
    one, other = now - low, high_before - before
    below = math.sqrt(max(0.0, one * one - 2 * phi * one * other + other * other))
    one, other = high - now, before - low_before
    above = math.sqrt(max(0.0, one * one - 2 * phi * one * other + other * other))
    return now - before - below, now - before + above


def drawn(random: np.random.Generator, kind: str, n: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    if kind == "normal":
        return random.normal(0, 1, n)
    if kind == "mostly 0":
        return np.where(random.random(n) < 0.7, 0, random.normal(0, 1, n))
    if kind == "one-sided":
        return random.exponential(1, n) - 1
    return np.where(random.random(n) < 0.8, 0, random.exponential(1, n))


def shares(random: np.random.Generator, n: int, *, draws: int = 4000) -> None:
    found = []
    for both, up, down in TABLES:
        tables, counts = np.unique(
            random.multinomial(n, [both, up, down, 1 - both - up - down], draws), axis=0, return_counts=True
        )
        held = [0, 0]
        for table, count in zip(tables.tolist(), counts.tolist(), strict=True):
            for place, (low, high) in enumerate(
                (tango_interval(table[1], table[2], n), newcombe_interval(*table[:3], neither=table[3]))
            ):
                held[place] += count * (low <= up - down <= high)
        found.append([each / draws for each in held])
    tango, newcombe = zip(*found, strict=True)
    for name, rates in (("Tango", tango), ("Newcombe", newcombe)):
        print(f"passes n {n:<4} {name} {min(rates):.1%} to {max(rates):.1%}")


def scores(random: np.random.Generator, kind: str, n: int, *, draws: int = 1000) -> None:
    by_t = by_bca = 0
    for _ in range(draws):
        values = drawn(random, kind, n)
        low, high = bca_interval(values)
        half = t_quantile(0.975, n - 1) * float(values.std(ddof=1)) / math.sqrt(n)
        by_bca += low <= KINDS[kind] <= high
        by_t += abs(float(values.mean()) - KINDS[kind]) <= half
    print(f"{kind:<20} n {n:<4} t {by_t / draws:.1%}, BCa {by_bca / draws:.1%}", flush=True)


def main() -> None:
    random = np.random.default_rng(1)
    for n in (10, 20, 50, 100):
        shares(random, n)
    for kind in KINDS:
        for n in (5, 8, 12, 20, 50, 100, 200):
            scores(random, kind, n)


if __name__ == "__main__":
    main()
