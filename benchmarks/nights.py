"""Simulated nights: how often a suite's gates cry wolf, and how often they see what is there.

python -m benchmarks.nights        # prints every rate
python -m benchmarks.nights_plots  # draws docs/images/nights-*.svg

A night compares a run with its baseline on a matrix of 4 variants, 2 backends and 3 metrics. Answers of all cells hang
together by the sample's difficulty, and the metrics of a cell by the answer that they judge. p-values are reckoned for
all nights at once where that is exact (McNemar); a sign-flip p comes from the normal distribution and, wherever it
could matter to a verdict, from `harness.stats` itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from msgspec import Struct
from scipy import special

from harness.stats import minimum_detectable_effect, paired_test
from harness.stats.sign_flip import sign_flip

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

VARIANTS, BACKENDS, METRICS = 4, 2, 3
CELLS = VARIANTS * BACKENDS * METRICS
MARGIN = 0.02
ALPHA = 0.05


class Nights(Struct, frozen=True):
    """What was seen in each cell of each night; a row a night, a column a cell."""

    differences: Array
    """Mean of the current run - mean of the baseline."""
    p_values: Array
    """Paired, uncorrected."""
    p_unpaired: Array
    """Of Welch's t-test, by the normal distribution."""

    def regressed(self) -> NDArray[np.bool_]:
        """Cells that the gate calls regressed: Holm's p below alpha and a drop beyond the margin."""
        return (holm(self.p_values) < ALPHA) & (self.differences < -MARGIN)

    def seen(self) -> dict[str, float]:
        """The share of nights that report the last variant on the last backend, by rule, both corrected by Holm."""
        last = np.arange(CELLS // METRICS - 1, CELLS, CELLS // METRICS)
        rules = {
            "ours": self.regressed(),
            "unpaired t-test, Holm": (holm(self.p_unpaired) < ALPHA) & (self.differences < 0),
        }
        return {name: float(alarms[:, last].any(axis=1).mean()) for name, alarms in rules.items()}

    def rates(self) -> dict[str, float]:
        """The share of nights with any alarm, by rule."""
        drops = self.differences < 0
        rules = {
            "ours": self.regressed(),
            "mean fell by more than 0.02": self.differences < -MARGIN,
            "unpaired t-test, uncorrected": (self.p_unpaired < ALPHA) & drops,
            "paired test, uncorrected": (self.p_values < ALPHA) & drops,
        }
        return {name: float(alarms.any(axis=1).mean()) for name, alarms in rules.items()}


def holm(p_values: Array) -> Array:
    """Holm's adjusted p of each row."""
    n = p_values.shape[1]
    order = np.argsort(p_values, axis=1, kind="stable")
    raised = np.minimum(1.0, np.take_along_axis(p_values, order, axis=1) * (n - np.arange(n)))
    found = np.empty_like(p_values)
    np.put_along_axis(found, order, np.maximum.accumulate(raised, axis=1), axis=1)
    return found


def mcnemar_p(n_up: NDArray[np.int64], n_down: NDArray[np.int64]) -> Array:
    """Exact McNemar of many tables at once."""
    found: Array = np.minimum(1.0, 2 * special.bdtr(np.minimum(n_up, n_down) + 0.0, n_up + n_down, 0.5))
    return found


def normal_p(sums: Array) -> Array:
    """The sign-flip test by the normal distribution; units are the last axis."""
    squares = np.square(sums).sum(axis=-1)
    z = np.abs(sums.sum(axis=-1)) / np.sqrt(np.where(squares > 0, squares, 1.0))
    found: Array = special.erfc(z / np.sqrt(2))
    return found


def sharpened(rough: Array, sums: Array, where: NDArray[np.bool_]) -> Array:
    """The p-values with those that could matter replaced by the library's own."""
    found = rough.copy()
    for place in zip(*np.nonzero(where), strict=True):
        found[place] = sign_flip(sums[place]).p_value
    return found


def answers(random: np.random.Generator, nights: int, samples: int, *, drop: float = 0.0) -> tuple[Array, Array, Array]:
    """One run's passes, scores and judgements (0…1): arrays by night, cell of a metric and sample.

    The ease of a sample is shared by everything, a variant's luck with a sample by both runs of a night. `drop` lowers
    the last cell's answers.
    """
    shape = (nights, VARIANTS * BACKENDS, samples)
    ability = np.linspace(0.2, 1.4, VARIANTS * BACKENDS)[None, :, None]
    lasting = np.random.default_rng(random.bit_generator.seed_seq.entropy)  # type: ignore[attr-defined]
    ease = lasting.normal(0, 1, (nights, 1, samples)) + lasting.normal(0, 0.7, shape)
    quality = ability + ease + random.normal(0, 0.5, shape)
    quality[:, -1] -= drop
    scores = special.expit(quality + random.normal(0, 0.3, shape))
    judged = np.clip(np.rint(3 + quality + random.normal(0, 0.4, shape)), 1, 5)
    return (quality > 0).astype(float), scores, (judged - 1) / 4


def simulated(*, nights: int = 2000, samples: int = 100, drop: float = 0.0, seed: int = 0) -> Nights:
    """Nights on the matrix; without a drop nothing has changed but the answers' own noise."""
    parts = [_night(samples=samples, drop=drop, nights=each, seed=seed + number) for number, each in _blocks(nights)]
    return Nights(*(np.concatenate([getattr(part, name) for part in parts]) for name in Nights.__struct_fields__))


def _blocks(nights: int, size: int = 250) -> list[tuple[int, int]]:
    """Seeds and sizes of parts that fit into memory."""
    return [(number, min(size, nights - start)) for number, start in enumerate(range(0, nights, size))]


def _night(*, samples: int, drop: float, nights: int, seed: int) -> Nights:
    random = np.random.default_rng(np.random.SeedSequence(seed))
    before = answers(random, nights, samples)
    now = answers(random, nights, samples, drop=drop)
    changed = [one - other for one, other in zip(now, before, strict=True)]
    n_up, n_down = ((sign * changed[0] > 0).sum(axis=-1) for sign in (1, -1))
    p_values = np.concatenate([mcnemar_p(n_up, n_down), *(normal_p(each) for each in changed[1:])], axis=1)
    matters = (p_values < ALPHA * 1.2) & (p_values.min(axis=1, keepdims=True) < 4 * ALPHA / CELLS)
    matters[:, : VARIANTS * BACKENDS] = False
    everything = np.concatenate(changed, axis=1)
    p_values = sharpened(p_values, everything, matters)
    error = np.concatenate(
        [
            np.sqrt(np.maximum(1e-12, one.var(axis=-1) + other.var(axis=-1)) / (samples - 1))
            for one, other in zip(now, before, strict=True)
        ],
        axis=1,
    )
    differences = everything.mean(axis=-1)
    unpaired = special.erfc(np.abs(differences) / error / np.sqrt(2))
    return Nights(differences, p_values, unpaired)


def power_of_passes(n: int, *, discordant: float, alpha: float, margin: float, seed: int = 0) -> tuple[float, float]:
    """The stated minimum detectable effect and the share of 20,000 simulated comparisons with that drop that see it."""
    drop = minimum_detectable_effect(n, alpha=alpha, discordant=discordant, margin=margin)
    assert drop is not None
    shares = [discordant / 2, discordant / 2 + drop, max(0.0, 1 - discordant - drop)]
    n_up, n_down, _ = np.random.default_rng(seed).multinomial(n, shares, 20_000).T
    seen = (mcnemar_p(n_up, n_down) < alpha) & (n_down - n_up > n * margin)
    return drop, float(seen.mean())


def power_of_scores(n: int, *, sd: float, alpha: float, margin: float, seed: int = 0) -> tuple[float, float]:
    """The same of normal differences, 2,000 comparisons."""
    drop = minimum_detectable_effect(n, alpha=alpha, sd=sd, margin=margin)
    assert drop is not None
    differences = np.random.default_rng(seed).normal(-drop, sd, (2000, n))
    rough = normal_p(differences)
    near = (rough > alpha / 3) & (rough < alpha * 3) if n > 2 * 14 else np.ones(2000, dtype=bool)
    seen = (sharpened(rough, differences, near) < alpha) & (differences.mean(axis=1) < -margin)
    return drop, float(seen.mean())


def clustered(*, nights: int = 2000, groups: int = 20, size: int = 5, seed: int = 0) -> tuple[float, float]:
    """Share of single comparisons without a change called significant: aware of the groups, and not.

    A group's samples (the questions of one customer) share half of the variance of what differs between runs.
    """
    random = np.random.default_rng(seed)
    shared = random.normal(0, 1, (nights, groups, 1))
    differences = shared + random.normal(0, 1, (nights, groups, size))
    sums, every = differences.sum(axis=-1), differences.reshape(nights, -1)
    found = []
    for units in (sums, every):
        rough = normal_p(units)
        near = (rough > ALPHA / 2) & (rough < ALPHA * 1.5)
        found.append(float((sharpened(rough, units, near) < ALPHA).mean()))
    return found[0], found[1]


def tied(*, nights: int = 2000, n: int = 60, seed: int = 0) -> float:
    """Share of comparisons without a change called significant, of ratings in steps that are mostly equal."""
    steps = np.random.default_rng(seed).choice(
        [-2.0, -1.0, 0.0, 1.0, 2.0], p=[0.02, 0.08, 0.8, 0.08, 0.02], size=(nights, n)
    )
    return _significant(steps)


def tiny(n: int, *, nights: int = 2000, seed: int = 0) -> float:
    """Share of comparisons of few pairs without a change called significant, their scores normal."""
    return _significant(np.random.default_rng(seed).normal(0, 1, (nights, n)))


def _significant(differences: Array) -> float:
    nothing = np.zeros(differences.shape[1])
    tests = [paired_test(row, nothing, test="sign-flip") for row in differences]
    return float(np.mean([test is not None and test.p_value < ALPHA for test in tests]))


def main() -> None:
    print("nights with an alarm although nothing changed:")
    for name, rate in simulated().rates().items():
        print(f"  {name:<32} {rate:7.2%}")
    print("nights that report a variant whose answers are damaged (0.13 fewer pass):")
    for name, rate in simulated(nights=1000, drop=0.6).seen().items():
        print(f"  {name:<32} {rate:7.2%}")
    print("power at the stated minimum detectable effect (alpha 0.05 / 24, margin 0.02):")
    for n in (60, 100, 200, 500):
        drop, seen = power_of_passes(n, discordant=0.1, alpha=ALPHA / CELLS, margin=MARGIN)
        mean, shown = power_of_scores(n, sd=0.2, alpha=ALPHA / CELLS, margin=MARGIN)
        print(f"  n {n:<4} passes {drop:.3f}: {seen:.1%}   scores {mean:.3f}: {shown:.1%}")
    aware, unaware = clustered()
    print(f"groups of five: {aware:.1%} aware of them, {unaware:.1%} not; ties: {tied():.1%}")
    print("few pairs: " + ", ".join(f"{n}: {tiny(n):.1%}" for n in (5, 8, 12)))


if __name__ == "__main__":
    main()
