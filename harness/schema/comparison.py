"""A run beside a baseline: what each side measured, and what the difference shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from harness.schema.score import Unit  # noqa: TC001 - msgspec reads the annotations

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from harness.schema.score import Measure

Finding = Literal["regressed", "improved", "unchanged", "inconclusive", "not compared"]
"""What a difference shows; `not compared`: there is no difference to speak of, and the reason is told."""
OnInconclusive = Literal["warn", "fail", "pass"]
CorrectionName = Literal["holm", "bh", "none"]
PairedTestName = Literal["auto", "wilcoxon"]
_QUALITY = ("score", "percent")
"""Units of metrics that say how good an answer is; those of the others are amounts."""
ChangeKind = Literal[
    "samples new",
    "samples gone",
    "rows changed",
    "cell new",
    "cell gone",
    "prompt changed",
    "backend changed",
    "metric changed",
    "metric new",
    "metric gone",
    "values lost",
]


class RegressionSpec(Struct, frozen=True):
    """How a regression gate judges the difference from the baseline."""

    margin: float = 0.0
    """Drop that is tolerated, in the metric's unit."""
    alpha: float = 0.05
    """False alarms allowed in the whole family of the run's regression gates."""
    on_inconclusive: OnInconclusive = "warn"
    """What becomes of the gate when nothing is shown either way."""
    correction: CorrectionName = "holm"
    """How p is corrected for the number of comparisons."""
    test: PairedTestName = "auto"
    """`auto`: exact McNemar for passes and failures, else a sign-flip permutation; or Wilcoxon's signed ranks."""
    target: float | None = None
    """The mean that was promised, which is compared with instead of a recorded run; None for a run."""


class Rows(Struct, frozen=True):
    """The trials of one variant on one backend, a place a trial in every column."""

    samples: Sequence[str]
    """Sample ids."""
    repeats: Sequence[int]
    """1-based."""
    contents: Sequence[str | None]
    """Hash of the dataset's row, which tells a changed one; None where it was not recorded."""
    groups: Sequence[str | None]
    """Cluster of the sample; None where it has none."""
    outcomes: Sequence[str]
    """passed, failed, error, not_run."""
    outputs: Sequence[str | None]
    """The answer as read from the text; None without one."""
    references: Sequence[Sequence[str]]
    """Accepted answers."""
    values: Mapping[str, NDArray[np.float64]]
    """By measure; NaN where there is no value."""
    quarantined: Sequence[bool] = ()
    """Whether a trial was in quarantine, and is compared with nothing; empty where none was."""


class Measured(Struct, frozen=True):
    """One suite of a recorded run, as comparisons read it."""

    ref: str
    """How messages call it: a run id, or the path of a baseline."""
    suite: str
    """Suite name."""
    dataset_hash: str | None
    """Of all samples used; None when it was not recorded."""
    prompts: Mapping[str, Mapping[str, str]]
    """By variant: prompt, version, hash."""
    backends: Mapping[str, Mapping[str, str]]
    """By name: provider, model."""
    measures: Mapping[str, Measure]
    """By name: what each value means."""
    cells: Mapping[tuple[str, str], Rows]
    """By variant and backend, in the order of the run."""
    margins: Mapping[tuple[str, str, str], float] = {}
    """By variant, backend and measure: the drop that the suite's regression gates tolerate; a baseline has none."""


class Change(Struct, frozen=True):
    """Something that is not the same on both sides, beside the values: named, never passed over."""

    kind: ChangeKind
    """Which."""
    where: str
    """Variant and backend, or what it concerns; empty when it is the whole suite's."""
    message: str
    """One sentence: what differs, and what follows for the comparison."""
    names: tuple[str, ...] = ()
    """Sample ids, where it is about samples."""


class Compared(Struct, frozen=True):
    """One measure of one variant on one backend, beside the baseline: a row of comparison.parquet."""

    suite: str
    """Suite name."""
    variant: str
    """Variant, as the current side calls it."""
    backend: str
    """Backend, as the current side calls it."""
    metric: str
    """Name of the measure."""
    n_paired: int
    """Pairs of the same sample and repeat with a value on both sides."""
    n_new: int
    """Trials that only the current side has."""
    n_gone: int
    """Trials that only the baseline has."""
    n_changed: int
    """Trials left out because the dataset's row is another one now."""
    n_lost: int
    """Pairs left out because one side has no value, although its trial was run."""
    mean: float | None
    """Mean of the current values of the pairs; None without pairs."""
    mean_baseline: float | None
    """Mean of the baseline's values of the pairs."""
    difference: float | None
    """mean - mean_baseline: above 0 the values went up."""
    ci_low: float | None
    """Lower end of its 95 % interval, or of the level that the gate's alpha asks for."""
    ci_high: float | None
    """Upper end."""
    method: str
    """How the interval was made."""
    test: str
    """How p was found."""
    p_value: float | None
    """Two-sided p of "nothing has changed", of this comparison alone."""
    p_adjusted: float | None
    """The same, corrected for all comparisons of its family."""
    n_family: int
    """Comparisons of that family."""
    effect: float | None
    """Effect size: of flips for passes and failures, else the mean in standard deviations of the differences."""
    n_up: int
    """Pairs whose value went up."""
    n_down: int
    """Pairs whose value went down."""
    finding: Finding
    """The verdict."""
    reason: str
    """Why, for somebody who knows no statistics."""
    n_needed: int | None
    """About so many more samples for a verdict, where it is inconclusive; None where hardly any number would do."""
    margin: float
    """Drop that was tolerated."""
    is_gated: bool
    """Whether a regression gate asks about it."""
    unit: Unit = "score"
    """Of the values."""
    higher_is_better: bool = True
    """Direction."""
    confidence: float = 0.95
    """Level of the interval."""
    n_quarantined: int = 0
    """Trials left out because they are in quarantine."""
    stopped_after: int | None = None
    """Pairs at the last look, where looks decided (`stop_early`); None where all pairs did, at once."""
    n_not_run: int = 0
    """Pairs left out because one side's trial was not run: the verdict was clear, or the run was stopped."""
    is_against_number: bool = False
    """Whether the baseline is a promised mean, without samples: `n_paired` then counts trials that have a value."""
    is_not_worse: bool = False
    """Whether a drop beyond the margin is ruled out: the whole interval lies above it (non-inferiority)."""
    is_least: bool = False
    """Whether `n_needed` is what it takes at least, since so few pairs do not tell what it takes."""

    @property
    def is_weighty(self) -> bool:
        """Whether it says how good the answers are, or a gate asks about it: other amounts are told apart."""
        return self.unit in _QUALITY or self.is_gated

    @property
    def is_mostly_left_out(self) -> bool:
        """Whether more trials of either side are in no pair than there are pairs."""
        return self.n_lost + self.n_not_run + self.n_new + self.n_gone + self.n_changed > self.n_paired


class Flip(Struct, frozen=True):
    """A trial whose value changed."""

    variant: str
    """Variant."""
    backend: str
    """Backend."""
    sample: str
    """Sample id."""
    repeat: int
    """1-based."""
    metric: str
    """Measure."""
    before: float
    """Value of the baseline."""
    after: float
    """Value now."""
    is_worse: bool
    """Whether that is worse."""
    output_before: str | None
    """The baseline's answer; None where it was not recorded."""
    output_after: str | None
    """The answer now."""


class Comparison(Struct, frozen=True):
    """One suite of a run beside a baseline."""

    suite: str
    """Suite name."""
    current: str
    """How the current side is called."""
    baseline: str
    """How the other is called."""
    rows: tuple[Compared, ...]
    """A row a cell and measure, in the order of the run."""
    changes: tuple[Change, ...]
    """What else is not the same."""
    flips: tuple[Flip, ...]
    """Trials whose value changed, worst first."""
