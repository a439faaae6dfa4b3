"""The ledger: what all runs of a project spent, by day."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3


def add(connection: sqlite3.Connection, day: int, *, usd: float, unpriced: int) -> None:
    """Add to a day: US dollars, and calls whose price is not known."""
    connection.execute(
        "INSERT INTO ledger (day, usd, unpriced) VALUES (?,?,?) "
        "ON CONFLICT (day) DO UPDATE SET usd = usd + excluded.usd, unpriced = unpriced + excluded.unpriced",
        (day, usd, unpriced),
    )


def spent(connection: sqlite3.Connection, day: int) -> float:
    """US dollars spent on a day; calls whose price is not known are not in it."""
    row = connection.execute("SELECT usd FROM ledger WHERE day = ?", (day,)).fetchone()
    return float(row[0]) if row else 0.0
