"""Samples that metrics cannot score whatever the answer is, told before anything is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.score.metric import SampleMetric
from harness.score.registry import create
from harness.wording import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from harness.schema import MetricSpec, Sample

_MOST = 20
"""Samples that are told one by one, a metric; the rest is counted."""
_LONGEST = 300


def sample_flaws(specs: Sequence[MetricSpec], samples: Sequence[Sample]) -> Iterator[str]:
    """A line a sample that a metric cannot score, with its place in the dataset. OptionError as `create`."""
    for spec in specs:
        metric = create(spec)
        if isinstance(metric, SampleMetric):
            flaws = [(each, flaw) for each in samples if (flaw := metric.flaw_of_sample(each.variables)) is not None]
            for sample, flaw in flaws[:_MOST]:
                yield (
                    f"{sample.location}: sample '{sample.sample_id}' cannot be scored by '{spec.name}': "
                    f"{one_line(flaw, longest=_LONGEST)}"
                )
            if len(flaws) > _MOST:
                yield f"… and {len(flaws) - _MOST:,} more samples that '{spec.name}' cannot score"
