"""A damaged file is moved aside, and what can be read of it is taken over into a new one."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing, suppress
from typing import TYPE_CHECKING, Any

from harness.generate.store import pages
from harness.generate.store.coding import decode
from harness.generate.store.schema import TABLES
from harness.schema import content_key
from harness.wording import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

_CHUNK = 256
"""Rows taken over at once."""
_JUMP = 64
"""Rows passed over at most after one that cannot be read."""
_SIDE_FILES = ("-wal", "-shm")
"""What SQLite keeps beside a file while it is used."""
_COLUMNS = {
    "answers": ("used_on", "recorded_at", "key", "trial", "generation", "content"),
    "runs": (
        *("number", "run_id", "reports", "started_at"),
        *("updated_at", "calls", "retries", "spent_usd", "lost_usd", "elapsed_s"),
    ),
    "journal": ("run", "trial", "key", "from_cache", "generation"),
    "ledger": ("day", "usd", "unpriced"),
}


def is_damage(error: sqlite3.Error) -> bool:
    """Whether SQLite says that the file itself is broken, and not that something hinders its use."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    return code in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


def file_id(path: Path) -> tuple[int, int]:
    """What tells a file from another that has taken its name; raises OSError."""
    found = path.stat()
    return found.st_dev, found.st_ino


def replace_damaged(path: Path, known: tuple[int, int], make: Callable[[], None]) -> str | None:
    """What to tell the user, once a file made by `make` is at `path`; None when another process was quicker.

    `known` is the id of the file that was found damaged. Raises OSError and sqlite3.Error.
    """
    from filelock import FileLock

    with FileLock(path.with_name("repair.lock"), timeout=60):
        if path.exists() and file_id(path) != known:
            return None
        aside = _move_aside(path)
        make()
        answers = _take_over(aside, path)
    kept = (
        f"{counted(answers, 'answer')} of it could be read and stand in a new one" if answers else "a new one is begun"
    )
    return f"{path}: the answer cache is damaged; it was moved to {aside.name}, {kept}"


def _move_aside(path: Path) -> Path:
    aside = path.with_name(f"{path.name}.damaged-{time.time_ns() // 1_000_000}")
    for side in _SIDE_FILES:
        with suppress(FileNotFoundError):
            path.with_name(path.name + side).rename(aside.with_name(aside.name + side))
    with suppress(FileNotFoundError):
        path.rename(aside)
    return aside


def _take_over(damaged: Path, sound: Path) -> int:
    """Copy every row that can be read, by SQLite or page by page; the number of answers."""
    with closing(sqlite3.connect(sound, timeout=60)) as new:
        with closing(sqlite3.connect(damaged, isolation_level=None)) as old:
            for table, columns in _COLUMNS.items():
                for rows in _chunks(_rows(old, table, columns)):
                    _copy(new, table, rows)
        answer_rows = (row[1:] for row in pages.rows(damaged) if len(row) == len(_COLUMNS["answers"]) + 1)
        for rows in _chunks(answer_rows):
            _copy(new, "answers", rows)
        return int(new.execute("SELECT count(*) FROM answers").fetchone()[0])


def _copy(new: sqlite3.Connection, table: str, rows: Iterable[Sequence[Any]]) -> None:
    columns = _COLUMNS[table]
    later = ", ".join(f"{name} = excluded.{name}" for name in columns)
    conflict = (
        f"(key) DO UPDATE SET {later} WHERE excluded.recorded_at > recorded_at" if table == "answers" else "DO NOTHING"
    )
    insert = f"INSERT INTO {table} ({','.join(columns)}) VALUES ({','.join('?' * len(columns))}) ON CONFLICT {conflict}"  # noqa: S608 - our names
    new.executemany(insert, [row for row in rows if table != "answers" or _is_sound(row)])
    new.commit()


def _is_sound(row: Sequence[Any]) -> bool:
    """Whether an answer's row is as it was written, as far as its key and its form can tell."""
    *numbers, key, trial, generation, content = row
    if not all(isinstance(number, int | float) for number in numbers):
        return False
    if not all(isinstance(text, str) for text in (key, trial, generation, content)):
        return False
    return (not content or content_key(content) == key) and decode(generation, from_cache=True) is not None


def _chunks(rows: Iterable[Sequence[Any]]) -> Iterator[list[Sequence[Any]]]:
    chunk: list[Sequence[Any]] = []
    for row in rows:
        chunk.append(row)
        if len(chunk) == _CHUNK:
            yield chunk
            chunk = []
    yield chunk


def _rows(old: sqlite3.Connection, table: str, columns: Sequence[str]) -> Iterator[Sequence[Any]]:
    """The readable rows, in their order; what cannot be read is passed over."""
    assert table in TABLES
    query = f"SELECT rowid, {','.join(columns)} FROM {table} NOT INDEXED WHERE rowid > ? ORDER BY rowid"  # noqa: S608 - our names
    try:
        (last,) = old.execute(f"SELECT max(rowid) FROM {table}").fetchone()  # noqa: S608 - as above
    except sqlite3.Error:
        last = None
    position, jump = 0, 1
    while True:
        try:
            for rowid, *row in old.execute(query, (position,)):
                position, jump = rowid, 1
                yield row
        except sqlite3.Error:
            position += jump
            jump = min(2 * jump, _JUMP)
            if last is None or position >= last:
                return
        else:
            return
