"""The tables of the answer store, and how those of an earlier version become them."""

from __future__ import annotations

import sqlite3
import time

VERSION = 3
"""`user_version` of the file. 1 (not marked: 0) had one table, `answers(key, trial, generation, recorded_at)`; in 2
`runs` had a column `details` that nobody read."""
DAY_S = 86_400
"""Seconds of a day; days are counted in UTC since 1970."""

# Small columns come first: a row's large texts may lie on further pages, which are then not read.
TABLES: dict[str, str] = {
    "answers": """(
        id INTEGER PRIMARY KEY,
        used_on INTEGER NOT NULL,
        recorded_at REAL NOT NULL,
        key TEXT NOT NULL UNIQUE,
        trial TEXT NOT NULL,
        generation TEXT NOT NULL,
        content TEXT NOT NULL)""",
    "runs": """(
        number INTEGER PRIMARY KEY,
        run_id TEXT NOT NULL UNIQUE,
        reports TEXT NOT NULL,
        started_at TEXT NOT NULL,
        updated_at REAL NOT NULL,
        calls INTEGER NOT NULL DEFAULT 0,
        retries INTEGER NOT NULL DEFAULT 0,
        spent_usd REAL DEFAULT 0,
        lost_usd REAL NOT NULL DEFAULT 0,
        elapsed_s REAL NOT NULL DEFAULT 0)""",
    "journal": """(
        id INTEGER PRIMARY KEY,
        run INTEGER NOT NULL,
        trial TEXT NOT NULL,
        key TEXT NOT NULL,
        from_cache INTEGER NOT NULL,
        generation TEXT)""",
    "claims": "(key TEXT PRIMARY KEY, owner TEXT NOT NULL) WITHOUT ROWID",
    "ledger": "(day INTEGER PRIMARY KEY, usd REAL NOT NULL DEFAULT 0, unpriced INTEGER NOT NULL DEFAULT 0)",
}
"""Answers by content key; unfinished runs and their answers (`generation` only where `answers` does not hold it);
keys that a live run is calling; spending by day, with the number of calls whose price is unknown.

No further indexes: one of the answers' trials cost every answer 4 µs, and only a missing one would need it; the
journal is read when a run is resumed, and holds few runs."""


def today() -> int:
    """The day in UTC, counted since 1970."""
    return int(time.time()) // DAY_S


def prepare(connection: sqlite3.Connection) -> None:
    """Make the tables in an open transaction; what earlier versions hold is taken over.

    Raises:
        sqlite3.Error: the file is damaged, cannot be written, or was written by a newer version.

    """
    version = version_of(connection)
    if version > VERSION:
        raise sqlite3.NotSupportedError(
            f"a newer version of the harness wrote it: its form is {version}, not {VERSION}"
        )
    if version == VERSION:
        return
    is_old = _columns(connection, "answers") == {"key", "trial", "generation", "recorded_at"}
    if is_old:
        connection.execute("ALTER TABLE answers RENAME TO answers_1")
    if "details" in _columns(connection, "runs"):
        connection.execute("ALTER TABLE runs DROP COLUMN details")
    for name, columns in TABLES.items():
        connection.execute(f"CREATE TABLE IF NOT EXISTS {name} {columns}")
    if is_old:
        connection.execute(
            "INSERT INTO answers (used_on, recorded_at, key, trial, generation, content) "
            "SELECT CAST(recorded_at / ? AS INTEGER), recorded_at, key, trial, generation, '' FROM answers_1",
            (DAY_S,),
        )
        connection.execute("DROP TABLE answers_1")
    connection.execute(f"PRAGMA user_version = {VERSION}")


def version_of(connection: sqlite3.Connection) -> int:
    """The file's version; 0 for a new file, and for one of the first version."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _columns(connection: sqlite3.Connection, table: str) -> set[str]:
    return {row[1] for row in connection.execute(f"PRAGMA table_info({table})")}
