"""Claims: keys that one live run is calling, so that no other pays for them too."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.generate.store.coding import json_list

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Collection


def take(
    connection: sqlite3.Connection, keys: Collection[str], owner: str, *, is_alive: Callable[[str], bool]
) -> set[str]:
    """Those of the keys that nobody alive had claimed, the owner included; it has them now."""
    taken = connection.execute(
        "SELECT key, owner FROM claims WHERE key IN (SELECT value FROM json_each(?))", (json_list(keys),)
    ).fetchall()
    alive = {other: is_alive(other) for other in {other for _, other in taken}}
    free = set(keys) - {key for key, other in taken if alive[other]}
    connection.executemany("INSERT OR REPLACE INTO claims VALUES (?,?)", [(key, owner) for key in free])
    return free


def release(connection: sqlite3.Connection, keys: Collection[str], owner: str) -> None:
    """Give up claims."""
    connection.execute(
        "DELETE FROM claims WHERE owner = ? AND key IN (SELECT value FROM json_each(?))", (owner, json_list(keys))
    )


def release_all(connection: sqlite3.Connection, owner: str, *, is_alive: Callable[[str], bool]) -> None:
    """Give up every claim of the owner, and of runs that are no more."""
    for (other,) in connection.execute("SELECT DISTINCT owner FROM claims").fetchall():
        if other == owner or not is_alive(other):
            connection.execute("DELETE FROM claims WHERE owner = ?", (other,))
