"""Scores of one cell → one number with its uncertainty."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING

from msgspec import Struct

from harness.schema import Aggregate
from harness.stats import Interval, mean_interval, pass_interval, percentile_interval

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from harness.schema import Aggregation, Measure, Note, Score

PERCENTILES: dict[Aggregation, float] = {"p50": 50, "p90": 90, "p95": 95, "p99": 99}


class Column(Struct, frozen=True):
    """The scores of one measure, a place a trial."""

    metric: str
    """Name of the measure."""
    values: Sequence[float | None]
    """None where it is not scored."""
    notes: Sequence[Note]
    """Status and reason of those that are not scored."""
    n_quarantined: int = 0
    """Trials in quarantine, which are not among them."""

    @classmethod
    def of(cls, scores: Sequence[Score]) -> Column:
        """The column of these scores."""
        notes = [(score.status, score.reason) for score in scores if score.status != "scored"]
        return cls(scores[0].metric if scores else "", [score.value for score in scores], notes)


def aggregate(
    scores: Column,
    aggregation: Aggregation,
    *,
    measure: Measure | None,
    clusters: Sequence[str] | None,
    corpus: float | None = None,
) -> Aggregate:
    """One number over the scores of one measure, with a 95 % interval where one is defined.

    `clusters` names the cluster of each score, or is None when all are independent; `corpus` is the value of the
    aggregation `corpus`, which the metric computed itself. `rate` is the share of scores that are as high as the
    measure gets (1 where it has no upper end). The value is None when nothing was scored, whatever the aggregation.

    Raises:
        ValueError: there are not as many clusters as scores.

    """
    if clusters is not None and len(clusters) != len(scores.values):
        raise ValueError(f"{len(scores.values)} scores but {len(clusters)} clusters; allowed: one cluster a score")
    values = [value for value in scores.values if value is not None]
    kept = clusters
    if clusters is not None:
        kept = [one for one, value in zip(clusters, scores.values, strict=True) if value is not None]
    found = _estimate(aggregation, values, measure=measure, clusters=kept, corpus=corpus) if values else None
    return as_aggregate(found, scores, aggregation, metric=measure.name if measure is not None else scores.metric)


def as_aggregate(found: Interval | None, scores: Column, aggregation: Aggregation, *, metric: str) -> Aggregate:
    """An estimate over the scores as an aggregate, with what was not scored; None: there is no value."""
    counts = Counter(status for status, _ in scores.notes)
    reasons = Counter(reason for _, reason in scores.notes if reason)
    return Aggregate(
        metric=metric,
        aggregation=aggregation,
        value=found.value if found else None,
        ci_low=found.low if found else None,
        ci_high=found.high if found else None,
        method=found.method if found else "none",
        n_scored=sum(value is not None for value in scores.values),
        n_unscored=counts["unscored"],
        n_failed=counts["failed"],
        n_clusters=found.n_clusters if found else None,
        reason=max(reasons, key=lambda reason: reasons[reason], default=None),
        n_quarantined=scores.n_quarantined,
    )


def pass_at(
    scores: Column, k: int, *, samples: Sequence[str], groups: Sequence[str | None], measure: Measure
) -> Aggregate:
    """The chance that one of k answers to a sample has the highest score, with its interval over samples.

    `samples` and `groups` name each score's. A sample with fewer than k scored answers is left out; the value is None
    when all are.
    """
    tallies: dict[str, list[float]] = {}
    group_of: dict[str, str | None] = {}
    for value, sample, group in zip(scores.values, samples, groups, strict=True):
        group_of[sample] = group
        if value is not None:
            tallies.setdefault(sample, []).append(float(value == measure.high))
    kept = {sample: right for sample, right in tallies.items() if len(right) >= k}
    clusters = [group_of[sample] or sample for sample in kept] if any(group_of.values()) else None
    found = pass_interval([(len(right), int(sum(right))) for right in kept.values()], k, clusters)
    counts = Counter(status for status, _ in scores.notes)
    reasons = Counter(reason for _, reason in scores.notes if reason)
    return Aggregate(
        metric=measure.name,
        aggregation="pass@k",
        value=found.value if found else None,
        ci_low=found.low if found else None,
        ci_high=found.high if found else None,
        method=found.method if found else "none",
        n_scored=sum(value is not None for value in scores.values),
        n_unscored=counts["unscored"],
        n_failed=counts["failed"],
        n_clusters=len(set(clusters)) if clusters is not None else len(kept),
        reason=max(reasons, key=lambda reason: reasons[reason], default=None),
    )


def error_rate(is_error: Sequence[bool], clusters: Sequence[str] | None) -> Aggregate:
    """The share of trials without a result, with its interval; the value is None when nothing ran.

    `clusters` names each trial's cluster, as for the mean of a measure; None when each trial is one of its own.
    """
    found = mean_interval([float(error) for error in is_error], clusters, bounds=(0.0, 1.0))
    return Aggregate(
        metric="error_rate",
        aggregation="error_rate",
        value=found.value if found else None,
        ci_low=found.low if found else None,
        ci_high=found.high if found else None,
        method=found.method if found else "none",
        n_scored=len(is_error),
        n_unscored=0,
        n_failed=0,
        n_clusters=found.n_clusters if found else None,
    )


def _estimate(
    aggregation: Aggregation,
    values: Sequence[float],
    *,
    measure: Measure | None,
    clusters: Sequence[str] | None,
    corpus: float | None,
) -> Interval | None:
    """The estimate over at least one value; None for a corpus value that the metric does not have."""
    if aggregation == "mean":
        bounds = (measure.low, measure.high) if measure is not None else (None, None)
        return mean_interval(values, clusters, bounds=bounds)
    if aggregation == "rate":
        top = measure.high if measure is not None and measure.high is not None else 1.0
        return mean_interval([float(value >= top) for value in values], clusters, bounds=(0, 1))
    if aggregation in PERCENTILES:
        return percentile_interval(values, PERCENTILES[aggregation], clusters=clusters)
    plain = _plain(aggregation, values, corpus)
    return None if plain is None else Interval(plain, None, None, "none", len(values), None)


def _plain(aggregation: Aggregation, values: Sequence[float], corpus: float | None) -> float | None:
    """The aggregations that have no interval."""
    if aggregation == "corpus":
        return corpus
    if aggregation == "error_rate":
        raise ValueError("error_rate is no aggregate of scores; use error_rate(is_error, clusters)")
    plain: dict[Aggregation, Callable[[Sequence[float]], float]] = {"min": min, "max": max, "sum": math.fsum, "n": len}
    return plain[aggregation](values)
