"""scores.parquet: written by columns, because a run has ten times as many scores as trials."""

from __future__ import annotations

from array import array
from itertools import groupby
from typing import TYPE_CHECKING, Any

from harness.record.arrow import schema_of, table_of, utf8
from harness.schema import COMPARISONS, Scores

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import pyarrow as pa

    from harness.schema import RunRecord, Suite, TrialResult

_SCORE_COLUMNS = {
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
_TRIAL = ("trial_id", "suite", "variant", "backend", "sample", "repeat")
"""Columns that all scores of a trial have in common."""
_GROUP = 1_024
"""Trials of one row group: what is in memory at once."""


def write_scores(path: Path, record: RunRecord) -> None:
    """Parquet with one row a trial and measure.

    `passed` is null where no check names the measure, and false without a value.
    """
    import pyarrow.parquet as pq

    suites = {suite.name: suite for suite in record.suites}
    schema = schema_of(_SCORE_COLUMNS)
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for names, group in _groups(record.results):
            writer.write_table(_Group(suites[group[0].trial.suite], names, group).table().cast(schema))


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

    def table(self) -> pa.Table:
        """A row a trial and measure, in this order."""
        import pyarrow as pa

        n, width = len(self._results), len(self._names)
        trials = _strings(_TRIAL, [self._trial(result) for result in self._results])
        by_trial = trials.take(_indices(place for place in range(n) for _ in range(width)))
        signatures = {measure.name: measure.signature for measure in self._suite.measures}
        measures = _strings(("metric", "signature"), [(name, signatures.get(name, "")) for name in self._names])
        by_measure = measures.take(_indices([*range(width)] * n))
        notes = self._notes()
        packed = pa.py_buffer(b"".join(scores.packed for scores in self._scores))
        values = pa.Array.from_buffers(pa.float64(), n * width, [None, packed])
        columns = {name: by_trial[name] for name in _TRIAL} | {
            "metric": by_measure["metric"],
            "value": _null_unless(notes["is_scored"], values),
            "status": notes["status"],
            "passed": notes["passed"],
            "reason": notes["reason"],
            "cost_usd": pa.nulls(n * width, pa.float64()),
            "signature": by_measure["signature"],
        }
        return pa.table(columns)

    @staticmethod
    def _trial(result: TrialResult) -> tuple[Any, ...]:
        trial = result.trial
        return trial.trial_id, trial.suite, trial.variant, trial.backend, utf8(trial.sample.sample_id), trial.repeat

    def _notes(self) -> pa.Table:
        """Status, reason and whether checks passed: few are different, so each of them is made once."""
        known: dict[tuple[Any, ...], int] = {}
        places = array("i")
        for scores in self._scores:
            for place, name in enumerate(self._names):
                status, reason = scores.note(place)
                passed = self._passed(name, scores.value(place))
                places.append(known.setdefault((status, reason, passed), len(known)))
        rows = [(status, utf8(reason), passed, status == "scored") for status, reason, passed in known]
        return _strings(("status", "reason", "passed", "is_scored"), rows).take(_indices(places))

    def _passed(self, name: str, value: float | None) -> bool | None:
        """Whether every check on the measure holds; None where there is none."""
        checks = [check for check in self._suite.checks if check.metric == name]
        if not checks:
            return None
        return value is not None and all(COMPARISONS[check.operator](value, check.threshold) for check in checks)


def _strings(names: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> pa.Table:
    """A small table whose columns are those of the scores of the same names."""
    kinds = {**_SCORE_COLUMNS, "is_scored": "bool"}
    return table_of(schema_of({name: kinds[name] for name in names}), rows)


def _indices(places: Any) -> pa.Array:
    import pyarrow as pa

    numbers = array("i", places)
    return pa.Array.from_buffers(pa.int32(), len(numbers), [None, pa.py_buffer(numbers)])


def _null_unless(is_kept: pa.ChunkedArray, values: pa.Array) -> pa.ChunkedArray:
    import pyarrow as pa
    import pyarrow.compute as pc

    return pc.if_else(is_kept, values, pa.nulls(len(values), pa.float64()))
