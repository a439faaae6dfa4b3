"""The form of a run's tables: what everything behind their readers relies on, checked where they are opened."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from harness.errors import RecordError
from harness.record.regular import unfit
from harness.record.scores import SCORE_COLUMNS
from harness.record.trials import TRIAL_COLUMNS
from harness.wording import one_line

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from pathlib import Path

    from harness.schema import RunManifest

TRIALS, SCORES = "trials.parquet", "scores.parquet"
_FORMS: Mapping[str, Mapping[str, str]] = {TRIALS: TRIAL_COLUMNS, SCORES: SCORE_COLUMNS}
_LATER = {TRIALS: ("sample_hash", "quarantined"), SCORES: ("cost_usd",)}
"""Columns that runs of earlier versions do not have."""
_WHOLE = {
    TRIALS: ("suite", "variant", "backend", "sample", "trial_id", "repeat", "outcome", "references", "quarantined"),
    SCORES: ("trial_id", "metric"),
}
"""Columns that have a value in every row."""
_TEXTS = ("string", "large_string")
_INTEGERS = ("int32", "int64")


@contextmanager
def reading(folder: Path, name: str) -> Iterator[None]:
    """Whatever Arrow raises at a damaged table, as RecordError."""
    try:
        yield
    except RecordError:
        raise
    except Exception as error:  # Arrow raises what it likes at a damaged file
        raise unreadable(folder, one_line(f"{name}: {error}")) from error


def unreadable(folder: Path, why: str) -> RecordError:
    """What is said of tables that cannot be read."""
    return RecordError(f"{folder}: a table is missing or damaged ({why}); both are needed; record the run again")


def check_tables(folder: Path, manifest: RunManifest) -> None:
    """Look at both tables' columns and rows without reading them.

    Raises:
        RecordError: a table is missing or damaged, or is not what the manifest speaks of.

    """
    for name, form in _FORMS.items():
        with opened(folder, name, form) as (_, file):
            n_rows = file.metadata.num_rows
        if name == TRIALS:
            check_count(folder, n_rows, manifest)


def check_count(folder: Path, n_rows: int, manifest: RunManifest) -> None:
    """Raise RecordError where the manifest counts other trials than there are."""
    counted = manifest.totals.get("trials")
    if counted is not None and counted != n_rows:
        raise unreadable(folder, f"{TRIALS} has {n_rows:,} rows, run.json speaks of {counted:,}")


@contextmanager
def opened(folder: Path, name: str, columns: Collection[str]) -> Iterator[tuple[list[str], Any]]:
    """Those of the columns that the table has, and the open file, its types checked.

    Raises:
        RecordError: it is missing or damaged, lacks a column, or one is of another type.

    """
    import pyarrow.parquet as pq

    path = folder / name
    if why := unfit(path):
        raise unreadable(folder, f"{name}: {why}")
    with reading(folder, name), pq.ParquetFile(str(path)) as file:
        kinds = {field.name: field.type for field in file.schema_arrow}
        if len(kinds) < len(file.schema_arrow):
            raise unreadable(folder, f"{name} has two columns of one name")
        for column in columns:
            if column not in kinds and column not in _LATER[name]:
                raise unreadable(folder, f"{name} has no column {column}")
            if column in kinds and not _is_of(kinds[column], _FORMS[name][column], may_lack=column not in _WHOLE[name]):
                raise unreadable(folder, f"{name}: column {column} is {one_line(str(kinds[column]), longest=60)}")
        yield [column for column in columns if column in kinds], file


def _is_of(kind: Any, wanted: str, *, may_lack: bool) -> bool:
    """Whether a column is of the type, or what pandas makes of it: numbers some of which lack are doubles there."""
    name = str(kind)
    if wanted == "list<string>":
        return name.partition("<")[0] in {"list", "large_list"} and str(kind.value_type) in _TEXTS
    if wanted == "string":
        return str(kind.value_type if name.startswith("dictionary<") else kind) in _TEXTS
    if wanted in _INTEGERS:
        return name in _INTEGERS or (may_lack and name == "double")
    return name == wanted


def read_table(folder: Path, name: str, columns: Collection[str], *, coded: Collection[str] = ()) -> Any:
    """These columns as an Arrow table, those in `coded` as dictionaries.

    Raises:
        RecordError: as `opened`; or a row lacks what every row has.

    """
    import pyarrow.parquet as pq

    with opened(folder, name, columns) as (there, file):
        metadata = file.metadata
    texts = [column for column in coded if column in there]
    with (
        reading(folder, name),
        pq.ParquetFile(
            str(folder / name), metadata=metadata, read_dictionary=texts, page_checksum_verification=True
        ) as file,
    ):
        table = file.read(columns=there)
        table.validate(full=True)
        for column in _WHOLE[name]:
            if column in there and (lacking := table[column].null_count):
                raise unreadable(folder, f"{name}: column {column} is empty in {lacking:,} of {table.num_rows:,} rows")
        return table
