"""What a run folder recorded of its samples beside their scores."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def tags_of_run(folder: Path, suite: str) -> dict[str, tuple[str, ...]]:
    """Sample id → the words of its column `tags`, of one suite of the run.

    Raises:
        RecordError: the table is missing or damaged.

    """
    from harness.record.table_form import TRIALS, read_table

    rows = read_table(folder, TRIALS, ("suite", "sample", "tags")).to_pylist()
    return {row["sample"]: tuple(row["tags"] or ()) for row in rows if row["suite"] == suite}
