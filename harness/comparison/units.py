"""How many samples of a suite say something of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.stats import effective_pairs
from harness.wording import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.schema import CellKey, Sample, Suite


def counting(suite: Suite, cell: CellKey) -> tuple[Sample, ...]:
    """The samples that count for this cell: those that are not in quarantine there."""
    held = {each.sample for each in suite.quarantine if each.is_about(cell[1], cell[2])}
    return tuple(sample for sample in suite.samples if sample.sample_id not in held) if held else suite.samples


def n_groups(samples: Sequence[Sample]) -> int | None:
    """Clusters that the samples are in; None where each is one."""
    if not any(sample.group for sample in samples):
        return None
    return len({sample.group or sample.sample_id for sample in samples})


def n_units(samples: Sequence[Sample]) -> int:
    """Samples that say something of their own: those of one group count once, the safe choice."""
    groups = n_groups(samples)
    return len(samples) if groups is None else effective_pairs(len(samples), groups)


def in_words(samples: Sequence[Sample]) -> str:
    """`60 samples`, `60 samples in 20 groups`."""
    groups = n_groups(samples)
    return counted(len(samples), "sample") + ("" if groups is None else f" in {counted(groups, 'group')}")
