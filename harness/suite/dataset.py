"""`dataset:` of a suite → its samples."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from harness.errors import FilesError, OptionError
from harness.schema import Sample
from harness.suite.hub import read_hub
from harness.suite.rows import read_table
from harness.suite.samples import (
    check_columns,
    chosen,
    find_columns,
    groups_of,
    references_of,
    sample_ids,
    samples_hash,
    tags_of,
)
from harness.suite.values import quoted
from harness.suite.variables import RowNames, check_extra_columns, check_variables, make_plain

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from harness.suite.document import Document
    from harness.suite.mistakes import MistakeLog
    from harness.suite.samples import Columns, NamedColumn
    from harness.suite.suite_form import DatasetForm
    from harness.suite.table import Table
    from harness.suite.variables import Demand


class Dataset(Struct, frozen=True):
    """The samples that a suite runs."""

    samples: tuple[Sample, ...]
    """After the limit."""
    n_rows: int
    """Before the limit."""
    dataset_hash: str
    """Of the samples."""
    shown: str
    """Path or hub name."""
    ids: Sequence[str]
    """Of all rows, before the limit."""


class Wanted(Struct, frozen=True):
    """What the rest of the suite wants of the dataset."""

    demands: Sequence[Demand]
    """What the prompts declare."""
    other_columns: Collection[str]
    """Columns that backends read."""
    metric_columns: Sequence[NamedColumn]
    """Columns that metrics read."""
    are_demands_complete: bool
    """False when a prompt is broken: then nobody knows which columns are extra."""
    limit: int | None
    """From the command line; None leaves the suite's own."""


def read_rows(form: DatasetForm, document: Document, folder: Path, *, log: MistakeLog) -> Table | None:
    """The dataset's rows; mistakes are logged."""
    place = document.mark(("dataset",))
    if (form.path is None) == (form.hub is None):
        has = "both 'path' and 'hub'" if form.path is not None else "neither 'path' nor 'hub'"
        message = (
            f"'dataset' has {has}; one of them is allowed; write for example 'path: ../../datasets/feedback.jsonl'"
        )
        log.add(document.shown, place, message)
        return None
    if form.hub is not None:
        return _read_hub(form, document, log)
    if form.split is not None:
        message = "'split' belongs to a hub dataset; with 'path' it is not allowed; remove it"
        log.add(document.shown, document.key_mark(("dataset", "split")), message)
    return read_named_file(str(form.path), folder, log, at=(document, ("dataset", "path")))


def read_named_file(
    path: str, folder: Path, log: MistakeLog, *, at: tuple[Document, tuple[str | int, ...]]
) -> Table | None:
    """The rows of a file that another file names; when it is not there, the mistake is where it is named."""
    full = named_file(path, folder, log, at=at)
    return None if full is None else read_table(full, log)


def named_file(path: str, folder: Path, log: MistakeLog, *, at: tuple[Document, tuple[str | int, ...]]) -> Path | None:
    """The path of a file that another file names; None when it is not there, which is logged where it is named."""
    document, place = at
    full = Path(os.path.normpath(folder / path))
    if not os.path.lexists(full):
        where = f"there is no {log.shown(full)}" if path.isprintable() else "remove line breaks and control characters"
        message = f"file {quoted(path)} does not exist; a path relative to this file is allowed; {where}"
        log.add(document.shown, document.mark(place), message)
        return None
    return full


def _read_hub(form: DatasetForm, document: Document, log: MistakeLog) -> Table | None:
    if form.split is None:
        message = "key 'split' is missing; a hub dataset needs it; write for example 'split: test'"
        log.add(document.shown, document.mark(("dataset",)), message)
        return None
    try:
        return read_hub(str(form.hub), form.split)
    except OptionError as error:
        log.add(document.shown, document.mark(("dataset", error.key or "hub")), str(error))
    except FilesError as error:
        log.absorb(error.mistakes)
    return None


def build(table: Table, form: DatasetForm, document: Document, *, wanted: Wanted, log: MistakeLog) -> Dataset | None:
    """The samples of the rows; mistakes are logged, and None means that there were any."""
    before = len(log)
    check_columns(table, wanted.metric_columns, document, log=log)
    columns = find_columns(table, form, document, log=log)
    if columns is None:
        return None
    ids = sample_ids(table, columns.id, log)
    references = references_of(table, ids, columns.references, log=log)
    groups = groups_of(table, ids, columns.group, log=log)
    names = RowNames("sample", ids)
    check_variables(table, names, wanted.demands, log=log)
    if wanted.are_demands_complete and (form.ignore or ()) != ["all"]:
        check_extra_columns(table, names, _used(columns, form, wanted), log=log)
    if len(log) > before:
        return None
    make_plain(table)
    limit = wanted.limit if wanted.limit is not None else form.limit
    samples = tuple(
        Sample(ids[i], table.rows[i], references[i], groups[i], tags_of(table.rows[i]), table.location(i))
        for i in chosen(ids, limit, form.seed)
    )
    return Dataset(samples, len(table.rows), samples_hash(samples), table.shown, ids)


def _used(columns: Columns, form: DatasetForm, wanted: Wanted) -> set[str]:
    declared = {variable for demand in wanted.demands for variable in demand.inputs}
    named = {columns.id, columns.group, *columns.references, *wanted.other_columns, *(form.ignore or ()), "tags"}
    declared |= {column.name for column in wanted.metric_columns}
    return declared | {column for column in named if column is not None}
