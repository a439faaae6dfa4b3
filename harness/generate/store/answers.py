"""Answers by content key, that all runs of a project share."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from harness.generate.store.coding import decode, json_list
from harness.generate.store.schema import today

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Iterable

    from harness.generate.store.rows import Row
    from harness.schema import Generation


def find(
    connection: sqlite3.Connection, keys: Collection[str], *, since: float = 0.0
) -> tuple[dict[str, Generation], list[str]]:
    """The sound answers among `keys` that were recorded at `since` or later, and the keys not used yet today."""
    rows = connection.execute(
        "SELECT key, generation, used_on FROM answers "
        "WHERE key IN (SELECT value FROM json_each(?)) AND recorded_at >= ?",
        (json_list(keys), since),
    ).fetchall()
    day = today()
    found = {}
    for key, text, _ in rows:
        generation = decode(text, from_cache=True)
        if generation is not None:
            found[key] = generation
    return found, [key for key, _, used_on in rows if used_on < day]


def keep(connection: sqlite3.Connection, rows: Iterable[Row], texts: Iterable[str]) -> None:
    """Record answers, whose encoded generations are `texts`; one that is there under the same key is replaced."""
    now, day = time.time(), today()
    connection.executemany(
        "INSERT INTO answers (used_on, recorded_at, key, trial, generation, content) VALUES (?,?,?,?,?,?) "
        "ON CONFLICT (key) DO UPDATE SET used_on = excluded.used_on, recorded_at = excluded.recorded_at, "
        "trial = excluded.trial, generation = excluded.generation, content = excluded.content",
        [(day, now, row.key, row.trial, text, row.content) for row, text in zip(rows, texts, strict=True)],
    )


def mark_used(connection: sqlite3.Connection, keys: Collection[str]) -> None:
    """Note that the answers were used today: those that were not for the longest time are pruned first."""
    connection.execute(
        "UPDATE answers SET used_on = ? WHERE key IN (SELECT value FROM json_each(?))", (today(), json_list(keys))
    )
