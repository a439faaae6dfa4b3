"""scores.parquet: written by columns, because a run has ten times as many scores as trials."""

from __future__ import annotations

from array import array
from itertools import groupby
from typing import TYPE_CHECKING, Any

from harness.record.text import utf8
from harness.schema import COMPARISONS, Scores

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from harness.record.parquet import Column, Group
    from harness.schema import Suite, TrialResult

SCORE_COLUMNS = {
    "trial_id": "string",
    "suite": "string",
    "variant": "string",
    "backend": "string",
    "sample": "string",
    "repeat": "int32",
    "metric": "string",
    "value": "double",
    "status": "string",
    "passed": "bool",
    "reason": "string",
    "cost_usd": "double",
    "signature": "string",
}
"""scores.parquet."""
_TRIAL = ("trial_id", "suite", "variant", "backend", "sample", "repeat")
"""Columns that all scores of a trial have in common."""
_GROUP = 256
"""Trials whose rows are made at once."""


def score_groups(suites: Iterable[Suite], results: Sequence[TrialResult]) -> Iterator[Group]:
    """One row a trial and measure; `passed` is null where no check names the measure, and false without a value."""
    by_name = {suite.name: suite for suite in suites}
    for names, group in _groups(results):
        yield "columns", _Group(by_name[group[0].trial.suite], names, group).columns()


def _groups(results: Sequence[TrialResult]) -> Iterator[tuple[tuple[str, ...], list[TrialResult]]]:
    """Neighbours of one suite that have the same measures, at most so many at once."""
    scored = (result for result in results if result.scores)
    for (_, names), found in groupby(scored, key=lambda each: (each.trial.suite, Scores.of(each.scores).names)):
        group = list(found)
        for start in range(0, len(group), _GROUP):
            yield names, group[start : start + _GROUP]


class _Group:
    """Trials of one suite with the same measures."""

    def __init__(self, suite: Suite, names: tuple[str, ...], results: Sequence[TrialResult]) -> None:
        self._suite = suite
        self._names = names
        self._results = results
        self._scores = [Scores.of(result.scores) for result in results]

    def columns(self) -> Mapping[str, Column]:
        """A row a trial and measure, in this order."""
        n, width = len(self._results), len(self._names)
        of_trials = zip(*map(self._trial, self._results), strict=True)
        by_trial: dict[str, Column] = {
            name: ("repeated", values, width) for name, values in zip(_TRIAL, of_trials, strict=True)
        }
        signatures = {measure.name: measure.signature for measure in self._suite.measures}
        values = b"".join(scores.packed for scores in self._scores)
        is_whole = not any(scores.notes for scores in self._scores)
        return by_trial | {
            "metric": ("tiled", self._names, n),
            "value": ("doubles", values) if is_whole else ("list", self._values()),
            **self._notes(),
            "cost_usd": ("list", self._costs())
            if any(scores.costs for scores in self._scores)
            else ("nulls", n * width),
            "signature": ("tiled", [signatures.get(name, "") for name in self._names], n),
        }

    def _costs(self) -> list[float | None]:
        """What models were paid for each score; None where it is not known, and where nobody was asked."""
        return [scores.costs.get(place) for scores in self._scores for place in range(len(self._names))]

    def _values(self) -> list[float | None]:
        return [scores.value(place) for scores in self._scores for place in range(len(self._names))]

    @staticmethod
    def _trial(result: TrialResult) -> tuple[Any, ...]:
        trial = result.trial
        return trial.trial_id, trial.suite, trial.variant, trial.backend, utf8(trial.sample.sample_id), trial.repeat

    def _notes(self) -> dict[str, Column]:
        """Status, reason and whether checks passed: few are different, so each of them is made once."""
        known: dict[tuple[Any, ...], int] = {}
        places = array("i")
        for scores in self._scores:
            for place, name in enumerate(self._names):
                status, reason = scores.note(place)
                passed = self._passed(name, scores.value(place))
                places.append(known.setdefault((status, utf8(reason), passed), len(known)))
        columns = zip(("status", "reason", "passed"), zip(*known, strict=True), strict=True)
        return {name: ("coded", values, places.tobytes()) for name, values in columns}

    def _passed(self, name: str, value: float | None) -> bool | None:
        """Whether every check on the measure holds; None where there is none."""
        checks = [check for check in self._suite.checks if check.metric == name]
        if not checks:
            return None
        return value is not None and all(COMPARISONS[check.operator](value, check.threshold) for check in checks)
