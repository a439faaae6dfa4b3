"""How large the store is, and making it smaller: what was not used for the longest time goes first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from harness.generate.store.schema import DAY_S, today

if TYPE_CHECKING:
    import sqlite3

    from harness.generate.store.database import Database

MB = 1_000_000
"""Bytes of a megabyte, as disks are sold."""
_MAY_GO = "key NOT IN (SELECT key FROM journal WHERE generation IS NULL)"
"""Unfinished runs keep their answers."""


class Size(Struct, frozen=True):
    """What the store holds."""

    answers: int
    """Recorded answers."""
    bytes: int
    """Bytes that the file uses, its log left out."""
    unused_days: int
    """Days since the answer that was not used for the longest time was; 0 without answers."""
    unfinished: tuple[tuple[str, int], ...]
    """Unfinished runs with the number of trials they have answered, the last one last."""
    spent: tuple[tuple[str, float, int], ...]
    """The last seven days on which something was spent: date, US dollars, calls without a known price."""


def measure(connection: sqlite3.Connection) -> Size:
    """The store's size."""
    count, first = connection.execute("SELECT count(*), min(used_on) FROM answers").fetchone()
    runs = connection.execute(
        "SELECT run_id, (SELECT count(DISTINCT trial) FROM journal WHERE run = number) FROM runs ORDER BY number"
    )
    days = connection.execute(
        "SELECT date(day * ?, 'unixepoch'), usd, unpriced FROM ledger ORDER BY day DESC LIMIT 7", (DAY_S,)
    )
    return Size(
        answers=count,
        bytes=_used(connection),
        unused_days=today() - first if count else 0,
        unfinished=tuple(runs.fetchall()),
        spent=tuple(days.fetchall()),
    )


def prune(database: Database, *, to_mb: float | None = None, unused_days: float | None = None) -> int:
    """Delete answers not used for so many days, then those not used for longest until the file is small enough.

    Returns their number. Raises RecordError when the file cannot be written.
    """
    count = 0
    if unused_days is not None:
        count += database.write(lambda connection: _forget_unused(connection, unused_days))
    if to_mb is not None and database.read(_used) > to_mb * MB:
        count += database.write(lambda connection: _shrink(connection, to_mb * MB))
    if count:
        database.read(_give_back)  # no transaction: SQLite makes its own
    return count


def _forget_unused(connection: sqlite3.Connection, days: float) -> int:
    """Delete answers that were last used more than so many days ago; their number."""
    return connection.execute(f"DELETE FROM answers WHERE used_on < ? AND {_MAY_GO}", (today() - days,)).rowcount  # noqa: S608 - our own words


def _shrink(connection: sqlite3.Connection, size: float) -> int:
    """Delete answers until the file needs at most `size` bytes, or none is left that may go; their number."""
    deleted = 0
    while (used := _used(connection)) > size:
        (count,) = connection.execute("SELECT count(*) FROM answers").fetchone()
        share = max(1, int(count * (1 - size / used)))
        gone = connection.execute(
            f"DELETE FROM answers WHERE id IN (SELECT id FROM answers WHERE {_MAY_GO} "  # noqa: S608 - our own words
            "ORDER BY used_on, recorded_at, id LIMIT ?)",
            (share,),
        ).rowcount
        if gone == 0:
            break
        deleted += gone
    return deleted


def _give_back(connection: sqlite3.Connection) -> None:
    """Return freed pages to the disk, as far as no other process is in the way; outside of a transaction."""
    if connection.execute("PRAGMA auto_vacuum").fetchone()[0]:
        connection.executescript("PRAGMA incremental_vacuum")  # a step a page: execute would make one
    else:  # a file of the first version
        connection.execute("VACUUM")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def _used(connection: sqlite3.Connection) -> int:
    pages, free, size = (
        connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count", "page_size")
    )
    return int((pages - free) * size)
