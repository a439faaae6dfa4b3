"""A run's tables by columns, read without pandas: a comparison wants ten of their forty columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.errors import RecordError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

_CELL = ("suite", "variant", "backend")
_SHARED = (*_CELL, "group", "outcome", "sample", "sample_hash")
"""Columns in which few texts repeat: each becomes one object, however many rows have it."""
_KINDS = {"repeat": "int", "value": "double", "quarantined": "bool"}
"""What Arrow calls the types of the columns that hold no texts."""
_LATER = ("sample_hash", "quarantined")
"""Columns that runs of earlier versions do not have."""


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

    def cells(self) -> Iterator[tuple[tuple[str, str, str], NDArray[np.int64]]]:
        """Suite, variant and backend with the places of its trials, in the order of the run."""
        import numpy as np

        code = np.zeros(self._n, np.int64)
        for name in _CELL:
            texts, codes = self._coded[name]
            code = code * len(texts) + codes
        _, firsts, inverse = np.unique(code, return_index=True, return_inverse=True)
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


def read_columns(folder: Path, measures: Collection[str]) -> Columns:
    """The tables of a run folder, with the values of these measures.

    Raises:
        RecordError: a table is missing or damaged, or does not fit the other.

    """
    try:
        trials = _read(
            folder / "trials.parquet", (*_SHARED, "repeat", "trial_id", "output", "references", "quarantined"), _SHARED
        )
        places = _places(trials["trial_id"].to_pylist())
        scores = _read(folder / "scores.parquet", ("trial_id", "metric", "value"), ("trial_id", "metric"))
        return Columns(trials, _values(scores, places, measures), len(places))
    except KeyError as error:
        raise _unreadable(folder, f"scores.parquet: no trial of trials.parquet is called {error}") from error
    except (OSError, ValueError) as error:
        raise _unreadable(folder, str(error)) from error


def _places(ids: list[str]) -> dict[str, int]:
    places = {trial_id: place for place, trial_id in enumerate(ids)}
    if len(places) < len(ids):
        raise ValueError("trials.parquet: a trial is in it twice")
    return places


def _unreadable(folder: Path, why: str) -> RecordError:
    return RecordError(f"{folder}: a table is missing or damaged ({why}); both are needed; record the run again")


def _read(path: Path, columns: Sequence[str], shared: Sequence[str]) -> Any:
    import pyarrow.parquet as pq

    with pq.ParquetFile(str(path)) as file:
        metadata = file.metadata
        kinds = {field.name: str(field.type) for field in file.schema_arrow}
    for name in columns:
        if name not in kinds and name not in _LATER:
            raise ValueError(f"{path.name} has no column {name}")
        if name in kinds and _KINDS.get(name, "string") not in kinds[name]:
            raise ValueError(f"{path.name}: column {name} is {kinds[name]}")
    coded = [name for name in shared if name in kinds]
    with pq.ParquetFile(str(path), metadata=metadata, read_dictionary=coded) as file:
        return file.read(columns=[name for name in columns if name in kinds])


def _values(scores: Any, trials: dict[str, int], measures: Collection[str]) -> dict[str, NDArray[np.float64]]:
    """By measure, a place a trial."""
    import numpy as np

    names = {name: row for row, name in enumerate(measures)}
    table = np.full((len(names) + 1, len(trials)), np.nan)  # the last row takes what nobody asks for
    ids, id_codes = _coded(scores["trial_id"])
    metrics, metric_codes = _coded(scores["metric"])
    columns = np.array([trials[trial_id] for trial_id in ids], np.int64)
    rows = np.array([names.get(metric, len(names)) for metric in metrics], np.int64)
    table[rows[metric_codes], columns[id_codes]] = _joined(scores["value"], np.float64)
    return {name: table[row] for name, row in names.items()}


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

    kind = f"{'f' if str(array.type) == 'double' else 'i'}{array.type.bit_width // 8}"
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
