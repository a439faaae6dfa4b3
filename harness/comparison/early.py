"""A regression gate on one cell, looked at while the results of a run come in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from harness.comparison.stopping import Stopping

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from harness.comparison.stopping import Decision
    from harness.schema import Measure, RegressionSpec


class PlannedPair(Struct, frozen=True):
    """A trial of the run that has a partner in the baseline."""

    trial_id: str
    """The trial."""
    before: float
    """The baseline's value."""
    cluster: str
    """What is drawn as a whole: the group, else the sample."""


def rule_of(measure: Measure, spec: RegressionSpec, *, n_planned: int, n_gates: int) -> Stopping:
    """The rule for one of so many regression gates of a run: each gets an equal part of the error."""
    span = 1.0 if measure.high is None else measure.high - measure.low
    return Stopping(n_planned=n_planned, n_cells=n_gates, alpha=spec.alpha, margin=spec.margin, span=span)


class EarlyGate:
    """Looks at its pairs in their order, so that what it decides does not depend on the order in which they come."""

    def __init__(self, rule: Stopping, pairs: Sequence[PlannedPair], *, higher_is_better: bool) -> None:
        """Nothing has come yet; `pairs` in item order."""
        self._rule, self._pairs = rule, pairs
        self._sign = 1 if higher_is_better else -1
        self._place = 0
        self._differences: list[float] = []
        self._clusters: list[str] = []
        self._is_clustered = len({pair.cluster for pair in pairs}) < len(pairs)
        self.decision: Decision | None = None
        """Of the last look."""

    @property
    def is_over(self) -> bool:
        """Whether it needs no more pairs."""
        return self.decision is not None and self.decision.is_over

    def come(self, value_of: Callable[[str], float | None], is_there: Callable[[str], bool]) -> None:
        """Take what has come, as far as nothing before it is missing; look where a look is due.

        `value_of` a trial that is there is its value; None: it has none, and the pair is left out.
        """
        while not self.is_over and self._place < len(self._pairs) and is_there(self._pairs[self._place].trial_id):
            pair = self._pairs[self._place]
            self._place += 1
            value = value_of(pair.trial_id)
            if value is not None:
                self._differences.append(self._sign * (value - pair.before))
                self._clusters.append(pair.cluster)
                if self._rule.is_due(len(self._differences), self._looks):
                    self._look(is_end=False)

    def end(self) -> None:
        """No more will come: decide by what is there, with all of the error that is left."""
        if not self.is_over and self._differences:
            self._look(is_end=True)

    @property
    def _looks(self) -> tuple[int, ...]:
        return () if self.decision is None else self.decision.looks

    def _look(self, *, is_end: bool) -> None:
        import numpy as np

        clusters = None
        if self._is_clustered:
            _, clusters = np.unique(self._clusters, return_inverse=True)
        self.decision = self._rule.looked(self._differences, self._looks, clusters, is_end=is_end)
