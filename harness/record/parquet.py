"""Groups of encoded columns → Parquet; as a script, the process that writes a run's tables.

Arrow takes longer to load than a small run takes to score, so it is loaded beside the calls, in a process whose script
this file is: it imports nothing of the harness, and keeps numpy and pandas, which Arrow would load, out. Where no
process can be started the same code runs in the harness itself.
"""

from __future__ import annotations

import os
import pickle
import shutil
import sys
import tempfile
import traceback
from array import array
from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Column = tuple[Any, ...]
"""`("list", values)` · `("repeated", values, times)`, each so often in a row · `("tiled", values, times)`, all of them
so often · `("coded", values, places)`, places as bytes of 32-bit integers · `("doubles", bytes)` · `("nulls", n)`."""
Group = tuple[str, Any]
"""`("lines", bytes)`, one JSON object a row, or `("columns", {name: Column})`."""
Lacking = tuple[tuple[str, ...], tuple[str, ...]]
"""Columns that a file of another version need not have, and those that need not have a value in every row."""
_NOTHING_LACKS: Lacking = ((), ())
_LARGEST = 1e100
"""As `harness.schema.LARGEST_VALUE`."""
_AT_ONCE = 4
"""Groups that become one row group of the file: small ones come early, large ones pack better."""


class TableFile:
    """One Parquet file, written group by group."""

    def __init__(self, path: Any, columns: Mapping[str, str]) -> None:
        """Begin the file, at a path or in an open one; `columns` is name → type. OSError: it cannot be written."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        self._kinds = {name: _type(pa, kind) for name, kind in columns.items()}
        self._schema = pa.schema(list(self._kinds.items()))
        self._writer: Any = None
        self._pending: list[Any] = []
        self._open: Callable[[Any], Any] = partial(
            pq.ParquetWriter, path, compression="zstd", store_schema=False, write_page_checksum=True
        )

    def write(self, group: Group) -> None:
        """Append the rows. OSError: they cannot be written."""
        form, content = group
        self._pending.append(self._of_lines(content) if form == "lines" else self._of_columns(content))
        if len(self._pending) == _AT_ONCE:
            self._write_pending()

    def close(self) -> None:
        """End the file, which is then whole. OSError: it cannot be written."""
        self._write_pending()
        writer = self._writer or self._open(self._schema)
        self._writer = None
        writer.close()

    def _write_pending(self) -> None:
        import pyarrow as pa

        if not self._pending:
            return
        table = pa.concat_tables(self._pending).unify_dictionaries()
        self._pending.clear()
        if self._writer is None:
            self._writer = self._open(table.schema)
        self._writer.write_table(table)

    def _of_lines(self, text: bytes) -> Any:
        import pyarrow as pa
        import pyarrow.json

        parse = pyarrow.json.ParseOptions(explicit_schema=self._schema, unexpected_field_behavior="error")
        read = pyarrow.json.ReadOptions(use_threads=False, block_size=len(text) + 1)
        return pyarrow.json.read_json(pa.BufferReader(text), read, parse)

    def _of_columns(self, columns: Mapping[str, Column]) -> Any:
        import pyarrow as pa

        return _table(pa, self._kinds, columns)


def append_rows(
    path: str, columns: Mapping[str, str], group: Group, *, key: str, lacking: Lacking = _NOTHING_LACKS
) -> tuple[str, str] | None:
    """Write the file anew with these rows of columns at its end, in place of those whose first column is `key`.

    A file that cannot be read, or is not in their form (`read_whole`), is moved aside: where to, and why; else None.
    OSError: the new one cannot be written, or what lies there is no file, which is left where it is.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    kinds = {name: _type(pa, kind) for name, kind in columns.items()}
    rows = _table(pa, kinds, group[1])
    aside = None
    every = rows
    if os.path.lexists(path):
        old = _content(path)
        try:
            table = read_whole(old, columns, lacking)
            kept = _without(table, next(iter(columns)), key=key)
            every = pa.concat_tables([*kept, rows], promote_options="default")
        except Exception as error:  # noqa: BLE001 - Arrow raises what it likes at a damaged file
            aside = _moved_aside(path), str(error).partition("\n")[0]
    fresh = os.path.join(os.path.dirname(path), f".history-{os.getpid()}")  # noqa: PTH118, PTH120 - as below
    try:
        pq.write_table(every, fresh, compression="zstd", write_page_checksum=True)
        os.replace(fresh, path)  # noqa: PTH105 - as below
    except BaseException:
        with suppress(OSError):
            os.unlink(fresh)  # noqa: PTH108 - as below
        raise
    return aside


def _content(path: str) -> bytes:
    """What the file holds; OSError where it is no regular file: a pipe would be waited for without end."""
    if not os.path.isfile(path):  # noqa: PTH113 - as below
        what = "a folder" if os.path.isdir(path) else "no regular file"  # noqa: PTH112 - as below
        raise OSError(None, f"it is {what}", path)
    with open(path, "rb") as file:  # noqa: PTH123 - as below
        return file.read()


def read_whole(content: bytes, columns: Mapping[str, str], lacking: Lacking = _NOTHING_LACKS) -> Any:
    """The table in a file of this content, whose columns of these names have their types.

    Raises:
        ValueError: it is not in the form of these columns. Whatever else Arrow raises at a damaged file comes through.

    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pq.ParquetFile(pa.BufferReader(content), page_checksum_verification=True).read()
    table.validate(full=True)
    columns_may_lack, values_may_lack = lacking
    for name, kind in columns.items():
        places = [place for place, column in enumerate(table.column_names) if column == name]
        if not places and name in columns_may_lack:
            continue
        if len(places) != 1:
            raise ValueError(f"it has {'no' if not places else 'more than one'} column {name}")
        column = table[places[0]]
        if _plain(column.type) != {"time": "string"}.get(kind, kind):
            raise ValueError(f"column {name} is {column.type}")
        if column.null_count and name not in values_may_lack:
            raise ValueError(f"column {name} is empty in {column.null_count} of {table.num_rows} rows")
        _check_numbers(name, column, kind)
        _check_times(name, column, kind)
        if str(column.type) != str(_type(pa, kind)):
            table = table.set_column(places[0], name, column.cast(_type(pa, kind)))
    return table


def _check_numbers(name: str, column: Any, kind: str) -> None:
    """Refuse what would be followed as if it had been measured: numbers without end, and counts below 0."""
    numbers = [number for number in column.to_pylist() if number is not None] if kind in {"double", "int64"} else ()
    if any(abs(number) > _LARGEST for number in numbers) or (kind == "int64" and any(n < 0 for n in numbers)):
        raise ValueError(f"column {name} holds a number that is none of a run's")


def _check_times(name: str, column: Any, kind: str) -> None:
    """Refuse texts that are no time: nobody could say which run came before which."""
    for text in {*column.to_pylist()} if kind == "time" else ():
        try:
            datetime.fromisoformat(text)
        except ValueError as error:
            raise ValueError(f"column {name} holds what is no time") from error


def _plain(kind: Any) -> str:
    """What Arrow's type is called here; pandas writes texts in forms of its own."""
    name = str(kind.value_type if str(kind).startswith("dictionary<") else kind)
    return {"large_string": "string"}.get(name, name)


def _without(table: Any, column: str, *, key: str) -> list[Any]:
    """The rows whose column is not `key`, in pieces: a row's neighbours are mostly of the same key."""
    keys = table[column].to_pylist()
    edges = [place for place in range(1, len(keys)) if (keys[place] == key) != (keys[place - 1] == key)]
    begins = [0, *edges]
    return [
        table.slice(begin, end - begin)
        for begin, end in zip(begins, [*edges, len(keys)], strict=True)
        if begin < end and keys[begin] != key
    ]


def _moved_aside(path: str) -> str:
    """A free name beside the file, which it has now."""
    number = 1
    while os.path.lexists(place := f"{path}.damaged-{number}"):
        number += 1
    os.rename(path, place)  # noqa: PTH104 - pathlib would be one more import of this process
    return place


def _table(pa: Any, kinds: Mapping[str, Any], columns: Mapping[str, Column]) -> Any:
    return pa.table({name: _array(pa, kind, columns[name]) for name, kind in kinds.items()})


def _type(pa: Any, kind: str) -> Any:
    """`string`, `time` (as text, ISO 8601), `int32`, `int64`, `double`, `bool` or a `list<…>` of one."""
    if kind.startswith("list<"):
        return pa.list_(_type(pa, kind[5:-1]))
    return getattr(pa, {"double": "float64", "bool": "bool_", "time": "string"}.get(kind, kind))()


def _array(pa: Any, kind: Any, column: Column) -> Any:
    form, *parts = column
    if form == "nulls":
        return pa.nulls(parts[0], kind)
    if form == "doubles":
        return pa.Array.from_buffers(kind, len(parts[0]) // 8, [None, pa.py_buffer(parts[0])])
    values = parts[0]
    if form == "list":
        return pa.array(values, kind)
    if form == "coded":
        return pa.array([values[place] for place in array("i", parts[1])], kind)
    every = range(len(values))
    places = (
        array("i", every) * parts[1] if form == "tiled" else array("i", [p for p in every for _ in range(parts[1])])
    )
    indices = pa.Array.from_buffers(pa.int32(), len(places), [None, pa.py_buffer(places)])
    return pa.DictionaryArray.from_arrays(indices, pa.array(values, kind))


class _Unsaved:
    """A table whose path is not known yet: in a file without a name, which is gone when this process is."""

    def __init__(self, folder: str, columns: Mapping[str, str]) -> None:
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - it lives until `save`
        self._table = TableFile(self._file, columns)

    def write(self, group: Group) -> None:
        self._table.write(group)

    def save(self, path: str) -> None:
        """The whole table at `path`."""
        self._table.close()
        self._file.seek(0)
        with self._file, open(path, "wb") as out:  # noqa: PTH123 - pathlib would be one more import of this process
            shutil.copyfileobj(self._file, out, 1 << 20)


def serve(incoming: Any, outgoing: Any) -> None:
    """Write the tables that are asked for until nothing more comes; one reply a table.

    In, pickled: `("begin", place, folder, columns)`, `("write", place, group)` …, `("save", place, path)`, and
    `("append", place, path, columns, group, key, lacking)`. Out, at `save` and `append`: None, or what went wrong as
    `("OSError", errno, text)` or `("broken", traceback)`, or `("aside", path, why)` for a damaged file that was moved.
    Whoever asks waits for this side only there.
    """
    tables: dict[int, _Unsaved] = {}
    failures: dict[int, tuple[Any, ...]] = {}
    with suppress(EOFError):
        while True:
            request, place, *parts = pickle.load(incoming)  # noqa: S301 - from the process that started this one
            reply: tuple[Any, ...] | None = None
            try:
                if request == "begin":
                    failures.pop(place, None)
                    tables[place] = _Unsaved(*parts)
                elif request == "append":
                    *what, key, lacking = parts
                    moved = append_rows(*what, key=key, lacking=lacking)
                    reply = moved and ("aside", *moved)
                elif place not in failures:
                    tables[place].write(*parts) if request == "write" else tables[place].save(*parts)
            except OSError as error:
                reply = failures[place] = ("OSError", error.errno, error.strerror or str(error))
            except Exception:  # noqa: BLE001 - told to whoever asked
                reply = failures[place] = ("broken", traceback.format_exc())
            if request in {"save", "append"}:
                tables.pop(place, None)
                pickle.dump(reply if request == "append" else failures.get(place), outgoing)
                outgoing.flush()


if __name__ == "__main__":
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")  # gives back what a group of rows took: 60 MB, not 78
    sys.modules["numpy"] = sys.modules["pandas"] = None  # type: ignore[assignment] # Arrow does without
    import pyarrow.json
    import pyarrow.parquet  # noqa: F401 - while nothing is asked yet

    serve(sys.stdin.buffer, sys.stdout.buffer)
    os._exit(0)  # everything is on disk and told: taking Arrow apart would take 0.1 s, for which the harness waits
