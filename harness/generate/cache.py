"""Answers by content key, in one SQLite file that all runs of a project share: a part of the store."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from harness.generate.store.database import not_used
from harness.generate.store.rows import Row
from harness.generate.store.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from harness.schema import Generation, Settings


def open_cache(settings: Settings) -> AnswerCache | None:
    """The project's cache, open; None when the settings say to do without. Raises RecordError as AnswerCache."""
    if settings.cache_mode == "off":
        return None
    return AnswerCache(settings.root / ".prompt_cache", read_only=settings.cache_mode == "only")


class AnswerCache:
    """The answers recorded so far; safe to use from several threads and processes."""

    def __init__(self, folder: Path, *, read_only: bool = False) -> None:
        """Open `folder/answers.sqlite` as a Store does; raises RecordError."""
        self.path = folder / "answers.sqlite"
        self._is_read_only = read_only
        self._store = Store(folder, mode="only" if read_only else "use")

    @property
    def notice(self) -> str | None:
        """What the user should know; None when there is nothing."""
        return next(iter(self._store.notices), None)

    def get_many(self, keys: Sequence[str]) -> dict[str, Generation]:
        """As Store.get_many."""
        return self._store.get_many(keys)

    def put_many(self, answers: Iterable[tuple[str, str, Generation]]) -> None:
        """Record (key, trial, generation) in one transaction; raises RecordError, and then nothing is recorded."""
        if self._is_read_only:
            raise not_used(self.path, "written", sqlite3.OperationalError("it is opened to be read"))
        self._store.put([Row(trial, key, "", generation) for key, trial, generation in answers])

    def nearest(self, trial: str) -> bool:
        """Whether an answer was recorded for this trial id under another key; raises RecordError."""
        return self._store.has_trial(trial)

    def close(self) -> None:
        """Close the file; further calls fail."""
        self._store.close()
