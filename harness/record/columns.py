"""A run's tables by columns, read without pandas: a comparison wants ten of their forty columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args

from harness.record.table_form import SCORES, TRIALS, check_count, read_table, unreadable
from harness.schema import LARGEST_VALUE, Outcome
from harness.wording import one_line

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from harness.schema import RunManifest

_CELL = ("suite", "variant", "backend")
_SHARED = (*_CELL, "group", "outcome", "sample", "sample_hash")
"""Columns in which few texts repeat: each becomes one object, however many rows have it."""
_MOST_REPEATS = 2**31


class Columns:
    """The trials of a run with their values; places count rows of trials.parquet."""

    def __init__(self, trials: Any, values: dict[str, NDArray[np.float64]], n_trials: int) -> None:
        """Of an Arrow table, and the values by measure, a place a trial."""
        import numpy as np

        self._n = n_trials
        self._coded = {name: _coded(trials[name]) for name in _SHARED if name in trials.column_names}
        self._outputs = _objects(trials["output"].to_pylist())
        self._references = _References(trials["references"])
        self.repeats: NDArray[np.int64] = _joined(trials["repeat"], np.int64)
        self._values = values
        held = trials["quarantined"].chunks if "quarantined" in trials.column_names else ()
        self._quarantined = np.concatenate([np.zeros(0, np.bool_), *map(_bits, held)])

    def check(self) -> None:
        """Raise ValueError where a cell of the table holds what no run writes."""
        import numpy as np

        for outcome in self._coded["outcome"][0]:
            if outcome not in get_args(Outcome):
                raise ValueError(f"{TRIALS}: an outcome is '{one_line(outcome, longest=60)}'")
        if np.any(self.repeats < 1) or np.any(self.repeats >= _MOST_REPEATS):
            raise ValueError(f"{TRIALS}: a repeat is no whole number from 1")
        key = (self.repeats, self._coded["sample"][1], self._cell_codes())
        order = np.lexsort(key)
        if np.any(np.all([each[order][1:] == each[order][:-1] for each in key], axis=0)):
            raise ValueError(f"{TRIALS}: a sample is in it twice with the same repeat")

    def _cell_codes(self) -> NDArray[np.int64]:
        import numpy as np

        code = np.zeros(self._n, np.int64)
        for name in _CELL:
            texts, codes = self._coded[name]
            code = code * len(texts) + codes
        return code

    def are_scored(self, places: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which of them were scored without an error, so that every measure of their suite has a row for them."""
        import numpy as np

        texts, codes = self._coded["outcome"]
        return np.isin(texts[codes[places]], ("passed", "failed"))

    def cells(self) -> Iterator[tuple[tuple[str, str, str], NDArray[np.int64]]]:
        """Suite, variant and backend with the places of its trials, in the order of the run."""
        import numpy as np

        _, firsts, inverse = np.unique(self._cell_codes(), return_index=True, return_inverse=True)
        ordered = np.split(np.argsort(inverse, kind="stable"), np.cumsum(np.bincount(inverse))[:-1])
        for cell in np.argsort(firsts) if self._n else ():
            first = firsts[cell]
            suite, variant, backend = (str(self._coded[name][0][self._coded[name][1][first]]) for name in _CELL)
            yield (suite, variant, backend), ordered[cell]

    def texts(self, name: str, places: NDArray[np.int64]) -> list[Any]:
        """The column at these places; None where there is no text, or no such column."""
        if name == "output":
            outputs: list[Any] = self._outputs[places].tolist()
            return outputs
        if name not in self._coded:
            return [None] * len(places)
        texts, codes = self._coded[name]
        taken: list[Any] = texts[codes[places]].tolist()
        return taken

    def quarantined(self, places: NDArray[np.int64]) -> list[bool]:
        """Which of them were in quarantine; empty where none was, or that was not recorded."""
        held: list[bool] = self._quarantined[places].tolist() if len(self._quarantined) else []
        return held if any(held) else []

    def references(self, places: NDArray[np.int64]) -> list[tuple[str, ...]]:
        """Accepted answers at these places."""
        return self._references.at(places)

    def values(self, measure: str, places: NDArray[np.int64]) -> NDArray[np.float64]:
        """The measure's values at these places; NaN where there is none."""
        return self._values[measure][places]


class _References:
    """Lists of texts."""

    def __init__(self, column: Any) -> None:
        import numpy as np

        chunks = [chunk for chunk in column.chunks if len(chunk)]
        counts = [np.diff(_numbers(chunk.offsets)) for chunk in chunks]
        self._ends = np.cumsum(np.concatenate([np.zeros(1, np.int64), *counts]))
        known: dict[str, str] = {}
        self._texts = [known.setdefault(text, text) for chunk in chunks for text in chunk.flatten().to_pylist()]

    def at(self, places: NDArray[np.int64]) -> list[tuple[str, ...]]:
        texts = self._texts
        begins, ends = self._ends[places].tolist(), self._ends[places + 1].tolist()
        return [tuple(texts[begin:end]) for begin, end in zip(begins, ends, strict=True)]


def read_columns(folder: Path, manifest: RunManifest, measures: Mapping[str, Sequence[str]]) -> Columns:
    """The tables of a run folder, with the values of these measures, by suite: all that the run has.

    Raises:
        RecordError: a table is missing or damaged, does not fit the other, or is not what the manifest speaks of.

    """
    wanted = (*_SHARED, "repeat", "trial_id", "output", "references", "quarantined")
    trials = read_table(folder, TRIALS, wanted, coded=_SHARED)
    scores = read_table(folder, SCORES, ("trial_id", "metric", "value"), coded=("trial_id", "metric"))
    try:
        places = _places(trials["trial_id"].to_pylist())
        check_count(folder, trials.num_rows, manifest)
        found = _Values(scores, places)
        columns = Columns(trials, found.of({name for own in measures.values() for name in own}), len(places))
        columns.check()
        for (suite, *_), own in columns.cells():
            if suite not in measures:
                raise unreadable(folder, f"{TRIALS}: run.json does not speak of suite {one_line(suite)}")
            found.check(measures[suite], own, columns.are_scored(own))
    except ValueError as error:
        raise unreadable(folder, str(error)) from error
    return columns


def _places(ids: list[str]) -> dict[str, int]:
    places = {trial_id: place for place, trial_id in enumerate(ids)}
    if len(places) < len(ids):
        raise ValueError(f"{TRIALS}: a trial is in it twice")
    return places


class _Values:
    """scores.parquet by measure, a place a trial."""

    def __init__(self, scores: Any, trials: Mapping[str, int]) -> None:
        """Of an Arrow table; ValueError where it does not fit the trials."""
        import numpy as np

        ids, id_codes = _coded(scores["trial_id"])
        unknown = next((one_line(trial_id) for trial_id in ids if trial_id not in trials), None)
        if unknown is not None:
            raise ValueError(f"{SCORES}: no trial of {TRIALS} is called '{unknown}'")
        metrics, rows = _coded(scores["metric"])
        self._rows = {name: row for row, name in enumerate(metrics)}
        places = np.array([trials[trial_id] for trial_id in ids], np.int64)[id_codes]
        values = _joined(scores["value"], np.float64)
        if np.any(np.abs(values) > LARGEST_VALUE):
            raise ValueError(f"{SCORES}: a value is beyond {LARGEST_VALUE:g}")
        self._table = np.full((len(metrics), len(trials)), np.nan)
        self._table[rows, places] = values
        self._is_there = np.zeros(self._table.shape, np.bool_)
        self._is_there[rows, places] = True
        if np.count_nonzero(self._is_there) < len(values):
            raise ValueError(f"{SCORES}: a score is in it twice")

    def of(self, measures: Iterable[str]) -> dict[str, NDArray[np.float64]]:
        """The values of these measures; NaN where there is none."""
        import numpy as np

        none = np.full(self._table.shape[1], np.nan)
        return {name: self._table[self._rows[name]] if name in self._rows else none for name in measures}

    def check(self, measures: Collection[str], places: NDArray[np.int64], are_scored: NDArray[np.bool_]) -> None:
        """Raise ValueError where these trials have another measure than these, or one that was scored lacks one.

        A table that was cut would else pass for one with values that there were not.
        """
        for name, row in self._rows.items():
            if name not in measures and self._is_there[row][places].any():
                raise ValueError(f"{SCORES}: run.json does not speak of measure {one_line(name)}")
        scored = places[are_scored]
        for name in measures if len(scored) else ():
            if name not in self._rows or not self._is_there[self._rows[name]][scored].all():
                raise ValueError(f"{SCORES}: trials that were scored have no row of {one_line(name)}")


def _coded(column: Any) -> tuple[NDArray[np.object_], NDArray[np.int64]]:
    """The texts of a dictionary column, each once, and which of them each row has."""
    import numpy as np

    known: dict[Any, int] = {}
    codes = [np.empty(0, np.int64)]
    for chunk in column.chunks:
        own = [known.setdefault(text, len(known)) for text in chunk.dictionary.to_pylist()]
        places = _numbers(chunk.indices)
        if chunk.null_count:
            own.append(known.setdefault(None, len(known)))
            places = np.where(_is_valid(chunk.indices), places, len(own) - 1)
        codes.append(np.array(own, np.int64)[places])
    return _objects(list(known)), np.concatenate(codes)


def _objects(texts: list[Any]) -> NDArray[np.object_]:
    import numpy as np

    made = np.empty(len(texts), object)
    made[:] = texts
    return made


def _joined(column: Any, kind: Any) -> NDArray[Any]:
    """A column of numbers as one array; NaN where there is none."""
    import numpy as np

    parts = [np.empty(0, kind)]
    for chunk in column.chunks:
        numbers = _numbers(chunk).astype(kind)
        if chunk.null_count:
            numbers[~_is_valid(chunk)] = np.nan
        parts.append(numbers)
    return np.concatenate(parts)


def _numbers(array: Any) -> NDArray[Any]:
    """Its numbers as they lie in memory: Arrow's own way to numpy imports pandas, for half a second."""
    import numpy as np

    sort = "f" if str(array.type) == "double" else "u" if str(array.type).startswith("uint") else "i"
    kind = f"{sort}{array.type.bit_width // 8}"
    return np.frombuffer(array.buffers()[1], kind)[array.offset : array.offset + len(array)]


def _bits(array: Any) -> NDArray[np.bool_]:
    """A column of truth values as one array."""
    import numpy as np

    bits = np.unpackbits(np.frombuffer(array.buffers()[1], np.uint8), bitorder="little")
    return bits[array.offset : array.offset + len(array)].astype(bool)


def _is_valid(array: Any) -> NDArray[np.bool_]:
    import numpy as np

    bits = np.unpackbits(np.frombuffer(array.buffers()[0], np.uint8), bitorder="little")
    return bits[array.offset : array.offset + len(array)].astype(bool)
