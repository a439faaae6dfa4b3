"""The results of a run as they come in."""

from __future__ import annotations

import threading
from collections import defaultdict
from typing import TYPE_CHECKING

from harness.schema import TrialResult

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from harness.schema import CellKey, Trial

_AT_ONCE = 256
"""Results that are taken together."""


class Results:
    """What became of each trial: put in by the thread that scores, waited for by whoever asks."""

    def __init__(self, trials: Sequence[Trial] = ()) -> None:
        """Expect results of these trials, in this order."""
        self.trials = trials
        """All of them, in item order."""
        self._by_id: dict[str, TrialResult] = {}
        self._n_taken = 0
        self._arrived = threading.Condition()
        cells: dict[CellKey, list[Trial]] = defaultdict(list)
        for trial in trials:
            cells[trial.cell].append(trial)
        self.cells: Mapping[CellKey, Sequence[Trial]] = cells
        """The trials by the row of the result table that they count in, rows in the order of their first trial."""

    def add(self, results: Iterable[TrialResult]) -> None:
        """Put results in and wake whoever waits."""
        with self._arrived:
            self._by_id.update((result.trial.trial_id, result) for result in results)
            self._arrived.notify_all()

    def wait_for(self, trial_id: str, timeout_s: float, *, is_given_up: Callable[[], bool]) -> TrialResult | None:
        """The trial's result; None when `timeout_s` passes first, or `is_given_up` says that there will be none."""
        with self._arrived:
            self._arrived.wait_for(lambda: trial_id in self._by_id or is_given_up(), timeout_s)
            return self._by_id.get(trial_id)

    @property
    def n_found(self) -> int:
        """Trials whose result is there."""
        return len(self._by_id)

    def found(self, trial_id: str) -> TrialResult | None:
        """The trial's result; None as long as there is none."""
        return self._by_id.get(trial_id)

    def take(self, size: int = _AT_ONCE) -> list[TrialResult]:
        """Further results in item order, each once, in groups of `size`, as far as all are there; for one thread."""
        found: list[TrialResult] = []
        while len(group := self._group(len(found), size)) == size:
            found += group
        self._n_taken += len(found)
        return found

    def _group(self, beyond: int, size: int) -> list[TrialResult]:
        begin = self._n_taken + beyond
        wanted = self.trials[begin : begin + size]
        return [self._by_id[trial.trial_id] for trial in wanted if trial.trial_id in self._by_id]

    def of_cell(self, cell: CellKey) -> list[TrialResult]:
        """The cell's results in item order, `not_run` where there is none; empty for a cell without trials."""
        return [self._result(trial) for trial in self.cells.get(cell, ())]

    def by_cell(self) -> Iterator[tuple[CellKey, list[TrialResult]]]:
        """Each cell with its results."""
        for cell in self.cells:
            yield cell, self.of_cell(cell)

    def every(self) -> tuple[TrialResult, ...]:
        """All results in item order, `not_run` where there is none."""
        return tuple(self._result(trial) for trial in self.trials)

    def _result(self, trial: Trial) -> TrialResult:
        found = self._by_id.get(trial.trial_id)
        return found if found is not None else TrialResult(trial, "not_run", None, None, None, (), ())
