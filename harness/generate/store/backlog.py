"""Answers that could not be written: kept until there is room, and left in a file of their own if there never is."""

from __future__ import annotations

import tempfile
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from harness.generate.store import exchange
from harness.generate.store.coding import encode
from harness.wording import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.errors import RecordError
    from harness.generate.store.rows import Row

_AGAIN_S = 2.0
"""Wait before another try to write: a run of many answers must not try for each of them."""


class Backlog:
    """What is still to be written, in its order."""

    def __init__(self) -> None:
        """Nothing is."""
        self.rows: list[Row] = []
        self.lost_usd = 0.0
        self._failed: tuple[float, RecordError] | None = None

    def add(self, rows: Sequence[Row], lost_usd: float) -> None:
        """Put more behind what is there."""
        self.rows.extend(rows)
        self.lost_usd += lost_usd

    def check(self) -> None:
        """Raise the RecordError of the last try, if that was a moment ago."""
        if self._failed is not None and time.monotonic() - self._failed[0] < _AGAIN_S:
            raise self._failed[1]

    def failed(self, error: RecordError) -> None:
        """Keep everything for another try."""
        self._failed = (time.monotonic(), error)

    def clear(self) -> None:
        """Forget everything: it is written."""
        self.rows.clear()
        self.lost_usd = 0.0
        self._failed = None

    def spill(self, run_id: str) -> str | None:
        """Leave the answers in a file, to be taken in later; what to tell the user of it, None when there are none."""
        rows = {row.key: row for row in self.rows if row.content and not row.generation.from_cache}
        if not rows:
            return None
        text = "".join(f"{exchange.line_of(row, encode(row.generation))}\n" for row in rows.values())
        count = counted(len(rows), "answer")
        with suppress(OSError):
            with tempfile.NamedTemporaryFile(  # a new one, that only this user may read
                "w", encoding="utf-8", prefix=f"prompt-answers-{run_id}-", suffix=".jsonl", delete=False
            ) as file:
                file.write(text)
            return (
                f"{file.name}: {count} that the answer cache could not take; "
                f"make room, then run: prompt-suite cache import {file.name}"
            )
        return (
            f"answer cache: {count} could be written neither there nor to the folder for temporary files; "
            "make room and run again"
        )
