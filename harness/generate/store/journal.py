"""The journal: which trials an unfinished run has answered, and how."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from harness.generate.store.coding import decode, encode
from harness.generate.store.rows import Journalled, Totals, UnfinishedRun
from harness.generate.store.schema import DAY_S

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Container, Iterable

    from harness.generate.store.rows import Row

_KEPT_DAYS = 30
"""Days after which a run that was never resumed is given up; its answers stay in the cache."""


def begin(connection: sqlite3.Connection, run: UnfinishedRun, reports: str) -> int:
    """The number under which a new run's answers are journalled; runs that nobody will resume are given up."""
    connection.execute("DELETE FROM runs WHERE updated_at < ?", (time.time() - _KEPT_DAYS * DAY_S,))
    connection.execute("DELETE FROM journal WHERE run NOT IN (SELECT number FROM runs)")
    cursor = connection.execute(
        "INSERT INTO runs (run_id, reports, started_at, updated_at) VALUES (?,?,?,?)",
        (run.run_id, reports, run.started_at, time.time()),
    )
    assert cursor.lastrowid is not None
    return cursor.lastrowid


def is_known(connection: sqlite3.Connection, number: int, run_id: str) -> bool:
    """Whether the run is journalled under this number: it is not when the file was replaced or deleted meanwhile."""
    query = "SELECT 1 FROM runs WHERE number = ? AND run_id = ?"
    return connection.execute(query, (number, run_id)).fetchone() is not None


def unfinished(connection: sqlite3.Connection, reports: str) -> list[tuple[int, UnfinishedRun]]:
    """The unfinished runs that write to `reports`, with their numbers; the last one that moved comes first."""
    rows = connection.execute(
        "SELECT number, run_id, started_at, calls, retries, spent_usd, lost_usd, elapsed_s FROM runs "
        "WHERE reports = ? ORDER BY updated_at DESC, number DESC",
        (reports,),
    ).fetchall()
    return [
        (number, UnfinishedRun(run_id, started_at, Totals(*totals))) for number, run_id, started_at, *totals in rows
    ]


def add(connection: sqlite3.Connection, run: int, rows: Iterable[Row], *, kept: Container[str]) -> None:
    """Note answers; those whose key is in `kept`, or that came from the cache, lie among the answers already."""
    connection.executemany(
        "INSERT INTO journal (run, trial, key, from_cache, generation) VALUES (?,?,?,?,?)",
        [
            (
                run,
                row.trial,
                row.key,
                row.generation.from_cache,
                None if row.key and (row.generation.from_cache or row.key in kept) else encode(row.generation),
            )
            for row in rows
        ],
    )


def update(connection: sqlite3.Connection, run: int, totals: Totals) -> None:
    """Note how far the run is."""
    connection.execute(
        "UPDATE runs SET updated_at=?, calls=?, retries=?, spent_usd=?, lost_usd=?, elapsed_s=? WHERE number=?",
        (time.time(), totals.calls, totals.retries, totals.spent_usd, totals.lost_usd, totals.elapsed_s, run),
    )


def keep_replaced(connection: sqlite3.Connection, run: int, keys: str) -> None:
    """Copy answers that are about to be replaced to the other unfinished runs that have them; `keys` is a JSON list."""
    connection.execute(
        "UPDATE journal SET generation = (SELECT generation FROM answers WHERE answers.key = journal.key) "
        "WHERE run != ? AND generation IS NULL AND key IN (SELECT value FROM json_each(?))",
        (run, keys),
    )


def answered(connection: sqlite3.Connection, run: int) -> dict[str, Journalled]:
    """The trials of a run that have an answer, by id; one answered twice has the last answer."""
    rows = connection.execute(
        "SELECT journal.trial, journal.key, journal.from_cache, coalesce(journal.generation, answers.generation) "
        "FROM journal LEFT JOIN answers ON answers.key = journal.key WHERE journal.run = ? ORDER BY journal.id",
        (run,),
    )
    found = {}
    for trial, key, from_cache, text in rows:
        generation = None if text is None else decode(text, from_cache=bool(from_cache))
        if generation is not None:
            found[trial] = Journalled(key, generation)
    return found


def end(connection: sqlite3.Connection, run: int) -> None:
    """Forget a run: it is recorded elsewhere now."""
    connection.execute("DELETE FROM journal WHERE run = ?", (run,))
    connection.execute("DELETE FROM runs WHERE number = ?", (run,))
