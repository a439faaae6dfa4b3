"""Which samples of a suite can be paired with its baseline, and why others cannot."""

from __future__ import annotations

from collections import Counter
from itertools import compress
from typing import TYPE_CHECKING

from msgspec import Struct

from harness.comparison.units import counting, in_words, n_groups
from harness.wording import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    import numpy as np
    from numpy.typing import NDArray

    from harness.schema import CellKey, Measure, Measured, Rows, Sample, Suite

    ContentOf = Callable[[Sample], str]
    """A sample's hash, as baselines record it."""
    Lost = Mapping[tuple[CellKey, str], Collection[str]]
    """By variant and backend, and measure: ids of samples of which a run has no value of it."""

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


class _Matched(Struct):
    """One variant and backend beside the baseline, whatever is measured."""

    samples: tuple[Sample, ...]
    """Those that count."""
    owners: NDArray[np.intp]
    """Of each partner the number of its sample, from 0."""
    places: NDArray[np.intp]
    """Of each partner its place in the baseline."""
    is_partnered: NDArray[np.bool_]
    """Which samples have one: they are in both, with the same row."""
    left_out: Counter[str]
    """Why the others have none."""


class Prospects:
    """Of one suite; without a baseline every sample that counts can be compared once there is one."""

    def __init__(
        self,
        suite: Suite,
        baseline: Measured | None,
        *,
        content_of: ContentOf | None = None,
        lost: Lost | None = None,
    ) -> None:
        """`content_of` tells a row that is another one now; `lost` what a run has no value of, once it is over."""
        self._suite, self._baseline, self._lost = suite, baseline, lost or {}
        self._contents: dict[str, str] = {}
        if content_of is not None and baseline is not None:
            self._contents = {each.sample_id: content_of(each) for each in suite.samples}
        self._matched: dict[CellKey, _Matched] = {}

    def of(self, cell: CellKey, measure: Measure, *, is_paired: bool) -> Prospect:
        """What the measure is compared by there; of a number as the baseline nothing is paired."""
        if not is_paired or self._baseline is None:
            counted_in, lost = counting(self._suite, cell), self._lost.get((cell, measure.name), ())
            kept = tuple(each for each in counted_in if each.sample_id not in lost) if lost else counted_in
            return Prospect(kept, len(self._suite.samples), self._suite.repeats, {}, None)
        why = _why_not(cell, measure, self._baseline)
        if why is not None:
            return Prospect((), len(self._suite.samples), 1, {why: 0}, self._baseline.ref)
        return self._paired(cell, measure, self._baseline)

    def _paired(self, cell: CellKey, measure: Measure, baseline: Measured) -> Prospect:
        import numpy as np

        rows = baseline.cells[cell[1], cell[2]]
        matched = self._matched.get(cell)
        if matched is None:
            matched = self._matched[cell] = self._match(cell, rows)
        column, lost = rows.values.get(measure.name), self._lost.get((cell, measure.name), ())
        is_scored = np.zeros(len(matched.places), bool) if column is None else ~np.isnan(column[matched.places])
        pairs = np.bincount(matched.owners[is_scored], minlength=len(matched.samples))
        is_lost = np.zeros(len(pairs), bool)
        if lost:
            is_lost = np.array([each.sample_id in lost for each in matched.samples]) & matched.is_partnered
        n_without = int((matched.is_partnered & ~is_lost & (pairs == 0)).sum())
        left_out = matched.left_out + Counter({_NOT_NOW: int(is_lost.sum()), _NOT_THERE: n_without})
        is_kept = (pairs > 0) & ~is_lost
        kept = tuple(compress(matched.samples, is_kept.tolist()))
        repeats = max(1, int(pairs[is_kept].sum()) // len(kept)) if kept else 1
        return Prospect(kept, len(self._suite.samples), repeats, dict(left_out), baseline.ref)

    def _match(self, cell: CellKey, rows: Rows) -> _Matched:
        """By sample id, as `pair` does; repeats that are not asked for are no partners."""
        import numpy as np

        samples, repeats = counting(self._suite, cell), self._suite.repeats
        numbers = {sample.sample_id: number for number, sample in enumerate(samples)}
        is_there, owners, places = np.zeros(len(samples), bool), [], []
        for place, (sample_id, repeat) in enumerate(zip(rows.samples, rows.repeats, strict=True)):
            number = numbers.get(sample_id)
            if number is None or repeat > repeats:
                continue
            is_there[number] = True
            before, content = rows.contents[place], self._contents.get(sample_id)
            if before is None or content is None or before == content:
                owners.append(number)
                places.append(place)
        is_partnered = np.zeros(len(samples), bool)
        is_partnered[owners] = True
        counts = (len(self._suite.samples) - len(samples), (is_there & ~is_partnered).sum(), (~is_there).sum())
        left_out = Counter(dict(zip((_HELD, _CHANGED, _NEW), map(int, counts), strict=True)))
        return _Matched(samples, np.array(owners, np.intp), np.array(places, np.intp), is_partnered, left_out)


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
