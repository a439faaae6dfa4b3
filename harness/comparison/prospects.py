"""Which samples of a suite can be paired with its baseline, and why others cannot."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING

from msgspec import Struct

from harness.comparison.units import counting, in_words, n_groups
from harness.wording import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from harness.schema import CellKey, Measure, Measured, Rows, Sample, Suite

    ContentOf = Callable[[Sample], str]
    """A sample's hash, as baselines record it."""
    IsLost = Callable[[CellKey, str, Sample], bool]
    """Whether a run has no value of a measure for a sample, at one variant and backend."""

_MOST_LEFT_OUT = 0.5
"""Share of samples beyond which it is a warning that they cannot be paired."""
_HELD, _NEW, _CHANGED = "in quarantine", "new", "with another row in the dataset"
_NOT_THERE, _NOT_NOW = "without a value in the baseline", "without a value now"


class Prospect(Struct, frozen=True):
    """What one measure of one variant and backend will be compared by."""

    samples: tuple[Sample, ...]
    """Those of which at least one repeat has a partner."""
    n_samples: int
    """All samples of the suite."""
    repeats: int
    """Pairs of each, on average, rounded down; at least 1."""
    left_out: Mapping[str, int]
    """Why other samples cannot be paired, with their number; where nothing can, one reason for all."""
    ref: str | None
    """What they are paired with; None without a baseline, whose samples would be those of this run."""

    @property
    def is_doubtful(self) -> bool:
        """Whether most samples cannot be paired."""
        return self.ref is not None and len(self.samples) < (1 - _MOST_LEFT_OUT) * self.n_samples

    @property
    def who(self) -> str:
        """`60 samples`; `48 of 60 samples can be paired with REF (12 new); they`."""
        if not self.left_out or self.ref is None:
            return in_words(self.samples)
        only = "only " if self.is_doubtful else ""
        stale = sum(self.left_out.get(why, 0) for why in (_NEW, _CHANGED, _NOT_THERE))
        mend = ": save a baseline again" if self.is_doubtful and 2 * stale > sum(self.left_out.values()) else ""
        groups = n_groups(self.samples)
        among = "" if groups is None else f", in {counted(groups, 'group')},"
        some = f"{only}{len(self.samples):,} of {counted(self.n_samples, 'sample')}{among}"
        return f"{some} can be paired with {self.ref} ({self._why()}){mend}; they"

    @property
    def nothing(self) -> str:
        """That no sample can be paired with the baseline, and what follows."""
        none = f"none of {counted(self.n_samples, 'sample')} can be paired with {self.ref}: {self._why()}"
        return f"{none}; a regression gate over nothing fails"

    def _why(self) -> str:
        return ", ".join(f"{number:,} {why}" if number else why for why, number in self.left_out.items())


class Prospects:
    """Of one suite; without a baseline every sample that counts can be compared once there is one."""

    def __init__(
        self,
        suite: Suite,
        baseline: Measured | None,
        *,
        content_of: ContentOf | None = None,
        is_lost: IsLost | None = None,
    ) -> None:
        """`content_of` tells a row that is another one now; `is_lost` what a run has no value of, once it is over."""
        self._suite, self._baseline, self._is_lost = suite, baseline, is_lost
        self._contents: dict[str, str] = {}
        if content_of is not None and baseline is not None:
            self._contents = {each.sample_id: content_of(each) for each in suite.samples}
        self._partners: dict[tuple[str, str], Mapping[str, list[int]]] = {}

    def of(self, cell: CellKey, measure: Measure, *, is_paired: bool) -> Prospect:
        """What the measure is compared by there; of a number as the baseline nothing is paired."""
        baseline = self._baseline if is_paired else None
        held = len(self._suite.samples) - len(counting(self._suite, cell))
        left_out, found, n_pairs = Counter({_HELD: held} if held else {}), [], 0
        why = None if baseline is None else _why_not(cell, measure, baseline)
        for sample in counting(self._suite, cell) if why is None else ():
            pairs, lack = self._pairs(sample, cell, measure, baseline=baseline)
            if lack is None:
                found.append(sample)
                n_pairs += pairs
            else:
                left_out[lack] += 1
        return Prospect(
            samples=tuple(found),
            n_samples=len(self._suite.samples),
            repeats=max(1, n_pairs // len(found)) if found else 1,
            left_out=dict(left_out) if why is None else {why: 0},
            ref=None if baseline is None else baseline.ref,
        )

    def _pairs(
        self, sample: Sample, cell: CellKey, measure: Measure, *, baseline: Measured | None
    ) -> tuple[int, str | None]:
        """So many pairs, and why there are none."""
        if self._is_lost is not None and self._is_lost(cell, measure.name, sample):
            return 0, _NOT_NOW
        if baseline is None:
            return self._suite.repeats, None
        rows = baseline.cells[cell[1], cell[2]]
        places = self._partners_in(rows, cell).get(sample.sample_id)
        if places is None:
            return 0, _NEW
        content = self._contents.get(sample.sample_id)
        same = [place for place in places if content is None or rows.contents[place] in {None, content}]
        if not same:
            return 0, _CHANGED
        column = rows.values.get(measure.name)
        scored = 0 if column is None else sum(not math.isnan(column[place]) for place in same)
        return scored, None if scored else _NOT_THERE

    def _partners_in(self, rows: Rows, cell: CellKey) -> Mapping[str, list[int]]:
        """The places of each sample's trials whose repeat is asked for."""
        known = self._partners.get(cell[1:])
        if known is None:
            known = self._partners[cell[1:]] = {}
            for place, (sample, repeat) in enumerate(zip(rows.samples, rows.repeats, strict=True)):
                if repeat <= self._suite.repeats:
                    known.setdefault(sample, []).append(place)
        return known


def _why_not(cell: CellKey, measure: Measure, baseline: Measured) -> str | None:
    """Why nothing at all can be paired there."""
    if cell[1:] not in baseline.cells:
        return f"it has no trials of {cell[1]} on {cell[2]}"
    known = baseline.measures.get(measure.name)
    if known is None:
        return f"{measure.name} was not measured in it"
    if known.signature != measure.signature:
        return f"{measure.name} is measured in another way than in it"
    return None
