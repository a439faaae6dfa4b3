"""Values against a single number, such as a prompt's `performance_baseline`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from harness.stats.paired import one_sample_difference
from harness.stats.paired_test import one_sample_test

if TYPE_CHECKING:
    from harness.stats.means import Bounds
    from harness.stats.paired import Difference
    from harness.stats.paired_test import PairedTest
    from harness.stats.pairs import Clusters, Numbers


class OneSample(Struct, frozen=True):
    """A mean against its target."""

    difference: Difference
    """Mean - target, with its interval; fit for `decide`."""
    test: PairedTest
    """The p of "the mean is the target"."""


def one_sample(
    values: Numbers,
    target: float,
    clusters: Clusters | None = None,
    *,
    bounds: Bounds = (None, None),
    confidence: float = 0.95,
    seed: int = 0,
) -> OneSample | None:
    """`one_sample_difference` and `one_sample_test` of the same values; None for no values."""
    difference = one_sample_difference(values, target, clusters, bounds=bounds, confidence=confidence, seed=seed)
    test = one_sample_test(values, target, clusters, bounds=bounds)
    return None if difference is None or test is None else OneSample(difference, test)
