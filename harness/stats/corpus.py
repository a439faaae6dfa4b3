"""Whether two runs differ in a metric of the whole corpus (BLEU, chrF, TER): paired bootstrap, as sacrebleu does it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray

    Statistics = NDArray[np.float64]

DRAWS = 1000
"""sacrebleu's number of resamples."""
SEED = 12345
"""sacrebleu's seed (SACREBLEU_SEED)."""
_CELLS_AT_ONCE = 1 << 22
"""Sentences that are drawn at once: 32 MB."""
_TAIL = 40
"""One resample in 40 lies below the interval, one above: 95 %."""


class SacrebleuMetric(Protocol):
    """What is needed of sacrebleu's BLEU, CHRF and TER; it has no public way to the statistics of a sentence."""

    def _extract_corpus_statistics(self, hypotheses: Sequence[str], references: Any) -> Any: ...

    def _aggregate_and_compute(self, stats: Any) -> Any: ...

    def _compute_score_from_stats(self, stats: Any) -> Any: ...


class Resampled(Struct, frozen=True):
    """A corpus score with what resampling makes of it."""

    score: float
    """The score itself."""
    mean: float
    """Mean over the resamples: sacrebleu prints it as μ."""
    half_width: float
    """Half the width of the 95 % interval: sacrebleu prints it after ±."""


class CorpusDifference(Struct, frozen=True):
    """Two runs over the same sentences."""

    current: Resampled
    baseline: Resampled
    difference: float
    """Current less baseline."""
    low: float
    """Lower end of the 95 % interval of the difference, over the same resamples."""
    high: float
    """Upper end."""
    p_value: float
    """How often resampling alone moves the scores apart this much, two-sided."""
    n: int
    """Sentences."""
    draws: int
    """Resamples."""
    seed: int
    """Of the resamples: the same seed gives the same numbers."""


def sentence_statistics(
    metric: SacrebleuMetric, hypotheses: Sequence[str], streams: Sequence[Sequence[str | None]]
) -> Statistics:
    """Each sentence's counts, a row a sentence: all that a corpus score needs, so that texts are cut into tokens once.

    `streams` are turned references, stream i holding each sentence's i-th, as sacrebleu takes them.

    Raises:
        ValueError: a stream has another length than the hypotheses (sacrebleu would leave the rest out unsaid).

    """
    import numpy as np

    for stream in streams:
        if len(stream) != len(hypotheses):
            raise ValueError(f"{len(hypotheses)} sentences but {len(stream)} references; allowed: one each")
    if not hypotheses:
        return np.zeros((0, 0))
    return np.array(metric._extract_corpus_statistics(hypotheses, streams), dtype=float)  # noqa: SLF001 - see the Protocol


def paired_bootstrap(
    metric: SacrebleuMetric, current: Statistics, baseline: Statistics, *, draws: int = DRAWS, seed: int = SEED
) -> CorpusDifference | None:
    """Both corpus scores, their difference and its p-value, by drawing sentences again; None for no sentences.

    `current` and `baseline` are `sentence_statistics` of the same sentences in the same order. BLEU and chrF come out
    with the numbers of sacrebleu's `PairedTest(test_type="bs")` at the same seed.

    Source: Koehn 2004, W04-3250; sacrebleu 2.6 (`significance.py`), which follows Moses. Deviations: runs without any
    difference have p 1, where sacrebleu gives the smallest that there is; a seed of 0 is a seed; sums are exact, those
    of sacrebleu are rounded above 16.7 million n-grams; it has no interval of the difference, which is read off here as
    its other intervals are.

    Raises:
        ValueError: the runs differ in sentences or counts, or draws is below 1.

    """
    import numpy as np

    if current.shape != baseline.shape:
        raise ValueError(f"statistics of {current.shape} and {baseline.shape}; allowed: the same sentences and metric")
    if draws < 1:
        raise ValueError(f"draws is {draws}; allowed: 1 or more")
    n = len(current)
    if not n:
        return None
    sums = list(_sums(np.hstack([current, baseline]), draws, seed))
    ours, theirs = _scores(metric, sums, slice(current.shape[1])), _scores(metric, sums, slice(current.shape[1], None))
    one, two = _resampled(metric, current, ours), _resampled(metric, baseline, theirs)
    moved = np.abs(ours - theirs)
    beyond = int((moved - moved.mean() > abs(two.score - one.score)).sum()) if moved.any() else draws
    low, high = _ends(np.sort(ours - theirs))
    return CorpusDifference(one, two, one.score - two.score, low, high, (beyond + 1) / (draws + 1), n, draws, seed)


def _sums(statistics: Statistics, draws: int, seed: int) -> Iterator[NDArray[np.float32]]:
    """The summed counts of each resample; the draws are those of one `choice` over all resamples, as sacrebleu's."""
    import numpy as np

    random, n = np.random.default_rng(seed), len(statistics)
    at_once = max(1, _CELLS_AT_ONCE // n)
    for start in range(0, draws, at_once):
        drawn = random.choice(n, size=(min(at_once, draws - start), n), replace=True)
        counts = np.array([np.bincount(row, minlength=n) for row in drawn], dtype=float)
        yield from (counts @ statistics).astype(np.float32)


def _scores(metric: SacrebleuMetric, sums: list[NDArray[np.float32]], half: slice) -> NDArray[Any]:
    """The score of each resample, in whichever precision sacrebleu computes it."""
    import numpy as np

    return np.array([metric._compute_score_from_stats(each[half]).score for each in sums])  # noqa: SLF001 - see the Protocol


def _resampled(metric: SacrebleuMetric, statistics: Statistics, scores: NDArray[Any]) -> Resampled:
    """By sacrebleu's `estimate_ci`: the mean is that of sorted scores, to the last digit."""
    import numpy as np

    whole = metric._aggregate_and_compute([statistics.sum(axis=0).tolist()])  # noqa: SLF001 - see the Protocol
    ranked = np.sort(scores)
    tail = len(ranked) // _TAIL
    return Resampled(
        float(whole.score), float(ranked.mean()), float(0.5 * (ranked[len(ranked) - tail - 1] - ranked[tail]))
    )


def _ends(ranked: NDArray[Any]) -> tuple[float, float]:
    """The 95 % interval as sacrebleu reads it off sorted resamples."""
    tail = len(ranked) // _TAIL
    return float(ranked[tail]), float(ranked[len(ranked) - tail - 1])
