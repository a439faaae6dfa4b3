"""What a run folder recorded of its samples beside their scores."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.errors import RecordError

if TYPE_CHECKING:
    from pathlib import Path


def tags_of_run(folder: Path, suite: str) -> dict[str, tuple[str, ...]]:
    """Sample id → the words of its column `tags`, of one suite of the run.

    Raises:
        RecordError: the table is missing or damaged.

    """
    import pyarrow.parquet as pq

    try:
        rows = pq.read_table(folder / "trials.parquet", columns=["suite", "sample", "tags"]).to_pylist()
    except (OSError, ValueError, KeyError) as error:
        raise RecordError(
            f"{folder}: a table is missing or damaged ({error}); both are needed; record the run again"
        ) from error
    return {row["sample"]: tuple(row["tags"] or ()) for row in rows if row["suite"] == suite}
