"""How much chance there is in a suite's numbers, and what its gates can see in spite of it."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from harness.schema.score import Unit  # noqa: TC001 - msgspec reads the annotations


class Sight(Struct, frozen=True):
    """The smallest change that a gate sees in 80 % of the cases."""

    suite: str
    """Suite name."""
    gate: str
    """The gate's text."""
    metric: str
    """Name of the measure."""
    n_samples: int
    """Samples that count: of a regression gate those that can be paired with the baseline."""
    n_groups: int | None
    """Clusters that they are in; None where each sample is one."""
    n_gates: int
    """Comparisons that p is corrected for together; 1 for a gate on the run's own numbers."""
    smallest: float | None
    """The smallest drop (or rise, where lower is better); for a threshold the nearest true value; None: none is."""
    smallest_alone: float | None
    """The same drop if this gate were the only one."""
    message: str
    """One or two sentences."""
    n_left_out: int = 0
    """Samples that cannot be paired."""
    warns: bool = False
    """Whether most samples cannot be paired, or none at some variant and backend."""


class Remedy(Struct, frozen=True):
    """The cheapest way to a smaller error, where only one thing is asked more often."""

    level: Literal["samples", "repeats", "ratings"]
    """What to have more of."""
    count: int
    """So many of it."""
    instead_of: int
    """So many there are."""
    cost: float
    """What a run of the suite costs more, over all its variants and backends."""
    is_usd: bool
    """Whether that is USD; else it is calls, because prices are not known or nothing costs."""


class Noise(Struct, frozen=True):
    """Where the values of one measure of a suite differ, over all its variants and backends."""

    suite: str
    """Suite name."""
    metric: str
    """The measure."""
    unit: Unit
    """Of its values; variances are in its square."""
    samples: float | None
    """Variance between samples; None where there is but one."""
    generations: float | None
    """Variance between answers to one sample; None where none was answered twice."""
    ratings: float | None
    """Variance between a judge's verdicts on one answer; None where none was given twice."""
    n_samples: int
    """Samples, counted at each variant and backend."""
    n_generations: int
    """Answers."""
    n_ratings: int
    """Values: verdicts of judges where they are known one by one, else one an answer."""
    standard_error: float
    """Of the mean at one variant and backend, as many as there are of each."""
    remedy: Remedy | None
    """What halves it for the least cost; None where it is 0."""

    @property
    def variance(self) -> float:
        """Of a single value."""
        return (self.samples or 0.0) + (self.generations or 0.0) + (self.ratings or 0.0)


class FlakySample(Struct, frozen=True):
    """A sample that passes in some repeats and fails in others."""

    suite: str
    """Suite name."""
    variant: str
    """Variant."""
    backend: str
    """Backend."""
    sample: str
    """Sample id."""
    what: str
    """`checks`, or the measure whose values are 0 and 1."""
    n_passed: int
    """Repeats that passed."""
    n: int
    """All repeats that were answered."""


class Chance(Struct, frozen=True):
    """How much chance there is in a run's numbers."""

    noises: tuple[Noise, ...] = ()
    """One a suite and measure; of suites with repeats."""
    flaky: tuple[FlakySample, ...] = ()
    """Those nearest to even first, suite by suite."""
    sights: tuple[Sight, ...] = ()
    """What its regression gates can see."""
