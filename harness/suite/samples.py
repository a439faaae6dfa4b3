"""Rows → samples: ids, references, groups, tags, and which of them are used."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, NamedTuple

from msgspec import Struct

from harness.schema import content_hash
from harness.suite.document import WrittenFloat, WrittenInt
from harness.suite.table import canonical_json, cell_text
from harness.suite.values import described, quoted
from harness.wording import did_you_mean, listed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from harness.schema import Sample
    from harness.suite.document import Document, Place
    from harness.suite.mistakes import MistakeLog
    from harness.suite.suite_form import DatasetForm
    from harness.suite.table import Row, Table

_MOST_ID_CHARACTERS = 200
"""Longest sample id: it becomes part of an item id."""
_ID_DIGITS = 12
_CHUNK = 1000
"""Samples hashed at once: one call of the JSON encoder costs more than a sample."""


class Columns(Struct, frozen=True):
    """The columns that the suite names, as far as the dataset has them."""

    id: str | None
    """Column with the id; None means a hash of the content."""
    references: tuple[str, ...]
    """Columns with accepted answers."""
    group: str | None
    """Column with the cluster."""


class NamedColumn(NamedTuple):
    """A column that a metric reads."""

    name: str
    """Of the column."""
    metric: str
    """Of the metric."""
    place: Place
    """Where the suite file names it, or the metric."""
    is_named: bool
    """Whether the suite file holds its name there."""
    is_needed: bool
    """Whether some row must have it."""


def check_columns(table: Table, columns: Sequence[NamedColumn], document: Document, *, log: MistakeLog) -> None:
    """Log each column that a metric needs and no row has, where the suite file names it."""
    if not any(column.is_needed for column in columns):
        return
    there = _columns_of(table)
    for column in columns:
        if column.is_needed and column.name not in there:
            todo = "name one of them" if column.is_named else "add it to the rows"
            meant = did_you_mean(column.name, there)
            message = (
                f"metric {quoted(column.metric)} reads column {quoted(column.name)}, which is in no row of "
                f"{table.shown}; available: {listed(list(there))}" + (f".{meant}" if meant else f"; {todo}")
            )
            log.add(document.shown, document.mark(column.place), message)


def _columns_of(table: Table) -> dict[str, None]:
    return {column: None for row in table.rows for column in row}


def find_columns(table: Table, form: DatasetForm, document: Document, *, log: MistakeLog) -> Columns | None:
    """The named columns; a column that no row has is a mistake at its name in the suite file, and gives None."""
    there = _columns_of(table)
    before = len(log)

    references = form.reference or []
    named = [
        (("id",), form.id),
        *((("reference", n), name) for n, name in enumerate(references)),
        (("group",), form.group),
    ]
    for place, column in named:
        if column is not None and column not in there:
            meant = did_you_mean(column, there)
            tail = f".{meant}" if meant else "; name one of them"
            message = f"column {quoted(column)} is in no row of {table.shown}; available: {listed(there)}{tail}"
            log.add(document.shown, document.mark(("dataset", *place)), message)
    id_column = form.id if form.id is not None else ("id" if "id" in there else None)
    return Columns(id_column, tuple(references), form.group) if len(log) == before else None


def sample_ids(table: Table, column: str | None, log: MistakeLog) -> list[str]:
    """One id a row; bad and duplicate ids are logged."""
    if column is None:
        ids = [hashlib.sha256(canonical_json(row).encode()).hexdigest()[:_ID_DIGITS] for row in table.rows]
    else:
        ids = [_id_of(table, index, column, log=log) for index in range(len(table.rows))]
    if len(set(ids)) < len(ids):
        _log_duplicates(table, ids, column, log=log)
    return ids


def references_of(
    table: Table, ids: Sequence[str], columns: Sequence[str], *, log: MistakeLog
) -> list[tuple[str, ...]]:
    """Accepted answers of each row; a missing or empty cell is logged."""
    every = []
    for index, row in enumerate(table.rows):
        texts: list[str] = []
        for column in columns:
            value = row.get(column)
            if type(value) is str and value:
                texts.append(value)
                continue
            found = _reference_texts(value)
            if not found or "" in found:
                _log_empty(table, index, ("reference", column, ids[index]), log=log)
            texts.extend(found)
        every.append(tuple(texts))
    return every


def groups_of(table: Table, ids: Sequence[str], column: str | None, *, log: MistakeLog) -> list[str | None]:
    """Cluster of each row; a missing or empty cell is logged."""
    if column is None:
        return [None] * len(table.rows)
    groups: list[str | None] = []
    for index, row in enumerate(table.rows):
        value = row.get(column)
        if value is None or value == "":
            _log_empty(table, index, ("group", column, ids[index]), log=log)
        groups.append(cell_text(value))
    return groups


def chosen(ids: Sequence[str], limit: int | None, seed: int | None) -> Sequence[int]:
    """Indices of the rows that are used, in the file's order.

    With a seed, the sample depends on seed and ids only: another row elsewhere changes at most one member.
    """
    if limit is None or limit >= len(ids):
        return range(len(ids))
    if seed is None:
        return range(limit)
    ranked = sorted(range(len(ids)), key=lambda i: hashlib.sha256(f"{seed}:{ids[i]}".encode()).digest())
    return sorted(ranked[:limit])


def tags_of(row: Row) -> tuple[str, ...]:
    """The words of the `tags` column: a list, or text with commas."""
    value = row.get("tags")
    if value is None:
        return ()
    words: Iterable[Any] = value if isinstance(value, list) else str(cell_text(value)).split(",")
    return tuple(word for item in words if (word := str(cell_text(item)).strip()))


def samples_hash(samples: Sequence[Sample]) -> str:
    """SHA-256 (first 16 hex digits) of ids, variables, references and groups, order included."""
    return content_hash(_chunks(samples))


def _chunks(samples: Sequence[Sample]) -> Iterator[str]:
    for start in range(0, len(samples), _CHUNK):
        yield canonical_json(
            [[s.sample_id, s.variables, s.references, s.group] for s in samples[start : start + _CHUNK]]
        )


def _id_of(table: Table, index: int, column: str, *, log: MistakeLog) -> str:
    value = table.rows[index].get(column)
    if isinstance(value, (WrittenInt, WrittenFloat)):
        return value.source
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, str) and value and value.isprintable() and len(value) <= _MOST_ID_CHARACTERS:
        return value
    what = "is missing" if column not in table.rows[index] else f"is {described(value)}"
    message = (
        f"the id in column {quoted(column)} {what}; one line of at most {_MOST_ID_CHARACTERS} visible characters or a "
        "whole number is allowed; give the row an id"
    )
    log.add_of_kind("rows with a bad id", table.position(index), message)
    return f"(row {index})"  # no other row's id: one mistake a row


def _log_duplicates(table: Table, ids: Sequence[str], column: str | None, *, log: MistakeLog) -> None:
    first: dict[str, int] = {}
    for index, sample_id in enumerate(ids):
        before = first.setdefault(sample_id, index)
        if before == index:
            continue
        where = f"line {table.lines[before]}" if table.lines is not None else f"row {before}"
        if column is None:
            message = f"the row is the same as on {where}; each row is allowed once; remove it or add a column 'id'"
        else:
            message = f"id {quoted(sample_id)} is also on {where}; ids are unique; rename or remove one"
        log.add_of_kind("duplicate ids", table.position(index), message)


def _log_empty(table: Table, index: int, what: tuple[str, str, str], *, log: MistakeLog) -> None:
    kind, column, sample_id = what
    state = "missing" if column not in table.rows[index] else "empty"
    message = (
        f"sample {quoted(sample_id)}: {kind} column {quoted(column)} is {state}; "
        f"a value in every row is allowed; fill it or remove the row"
    )
    log.add_of_kind(f"rows without a {kind}", table.position(index), message)


def _reference_texts(value: Any) -> tuple[str, ...]:
    """The references in a cell: a list of texts or numbers is several, anything else is one."""
    if value is None or value in ("", []):
        return ()
    if isinstance(value, list) and not any(isinstance(item, (list, dict)) for item in value):
        return tuple("" if item is None else str(cell_text(item)) for item in value)
    return (str(cell_text(value)),)
