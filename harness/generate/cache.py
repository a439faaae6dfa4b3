"""Answers by content key, in one SQLite file that all runs of a project share."""

from __future__ import annotations

import json
import os
import sqlite3
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from harness.errors import RecordError
from harness.generate.sound import flaw_of
from harness.schema import Generation, TokenLogprob

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from harness.schema import Settings

_SCHEMA = """
CREATE TABLE IF NOT EXISTS answers (
  key TEXT PRIMARY KEY,
  trial TEXT NOT NULL,
  generation TEXT NOT NULL,
  recorded_at REAL NOT NULL
) WITHOUT ROWID
"""
_LOOKUP = 500
"""Keys asked for in one statement; SQLite allows 32,766 variables."""
_BUSY_MS = 60_000
"""How long a writer waits for another process's transaction."""
_AGAIN_S = 0.02
"""Wait before another try where SQLite itself waits for nothing."""


def open_cache(settings: Settings) -> AnswerCache | None:
    """The project's cache, open; None when the settings say to do without. Raises RecordError as AnswerCache."""
    if settings.cache_mode == "off":
        return None
    return AnswerCache(settings.root / ".prompt_cache", read_only=settings.cache_mode == "only")


class AnswerCache:
    """The answers recorded so far; safe to use from several threads and processes."""

    def __init__(self, folder: Path, *, read_only: bool = False) -> None:
        """Open `folder/answers.sqlite`, making both where they are missing.

        A file that is no database is moved aside, never deleted; `notice` then says so. With `read_only` nothing is
        written, made or moved: the folder may be one that cannot be written; where there is none, there are no answers.

        Raises:
            RecordError: the folder or the file cannot be opened.

        """
        self.path = folder / "answers.sqlite"
        self.notice: str | None = None
        self._lock = threading.Lock()
        try:
            if read_only:
                self._connection = self._open_to_read()
                return
            folder.mkdir(parents=True, exist_ok=True)
            ignore = folder / ".gitignore"
            if not ignore.exists():
                ignore.write_text("*\n", encoding="utf-8")
            self._connection = self._open()
        except (OSError, sqlite3.Error) as error:
            raise RecordError(
                f"{folder}: the answer cache cannot be opened ({error}); a writable folder is needed; "
                "free it, or run with --prompt-cache off"
            ) from error

    def _open(self) -> sqlite3.Connection:
        try:
            return self._connect()
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError:
            aside = self.path.with_name(f"{self.path.name}.damaged-{int(time.time())}")
            self.path.rename(aside)
            self.notice = f"{self.path}: the answer cache is damaged; it was moved to {aside.name}, a new one is begun"
            return self._connect()

    def _open_to_read(self) -> sqlite3.Connection:
        if not self.path.exists():
            connection = sqlite3.connect(":memory:", check_same_thread=False, isolation_level=None)
            connection.execute(_SCHEMA)
            return connection
        # without the right to write, SQLite reads only a file that it may take for unchanging
        writable = os.access(self.path, os.W_OK) and os.access(self.path.parent, os.W_OK)
        uri = f"{self.path.absolute().as_uri()}?mode=ro{'' if writable else '&immutable=1'}"
        connection = sqlite3.connect(
            uri, uri=True, timeout=_BUSY_MS / 1000, check_same_thread=False, isolation_level=None
        )
        try:
            connection.execute("SELECT 1 FROM answers LIMIT 1")
        except sqlite3.Error:
            connection.close()
            raise
        return connection

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, timeout=_BUSY_MS / 1000, check_same_thread=False, isolation_level=None)
        try:
            _begin_log(connection)
            connection.execute("PRAGMA synchronous=NORMAL")
            connection.execute(_SCHEMA)
        except sqlite3.Error:
            connection.close()
            raise
        return connection

    def get_many(self, keys: Sequence[str]) -> dict[str, Generation]:
        """The recorded answers among `keys`, marked as from the cache; one that is damaged counts as not recorded.

        Raises:
            RecordError: the file cannot be read.

        """
        found: dict[str, Generation] = {}
        for start in range(0, len(keys), _LOOKUP):
            chunk = keys[start : start + _LOOKUP]
            marks = ",".join("?" * len(chunk))
            with self._used("read"):
                rows = self._connection.execute(
                    f"SELECT key, generation FROM answers WHERE key IN ({marks})",  # noqa: S608 - only question marks
                    chunk,
                ).fetchall()
            decoded = {key: _decode(text) for key, text in rows}
            found.update({key: generation for key, generation in decoded.items() if generation is not None})
        return found

    def put_many(self, answers: Iterable[tuple[str, str, Generation]]) -> None:
        """Record (key, trial, generation) in one transaction; durable when this returns.

        Raises:
            RecordError: the file cannot be written; nothing of these answers is recorded.

        """
        now = time.time()
        rows = [(key, trial, _encode(generation), now) for key, trial, generation in answers]
        with self._used("written"):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                self._connection.executemany("INSERT OR REPLACE INTO answers VALUES (?,?,?,?)", rows)
                self._connection.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):  # after a full disk SQLite has rolled back by itself
                    self._connection.execute("ROLLBACK")
                raise

    def nearest(self, trial: str) -> bool:
        """Whether an answer was recorded for this trial id under another key: something about it has changed.

        Raises:
            RecordError: the file cannot be read.

        """
        with self._used("read"):
            row = self._connection.execute("SELECT 1 FROM answers WHERE trial = ? LIMIT 1", (trial,)).fetchone()
        return row is not None

    @contextmanager
    def _used(self, how: str) -> Iterator[None]:
        """The connection for one thread at a time; what SQLite raises becomes a RecordError."""
        with self._lock:
            try:
                yield
            except sqlite3.Error as error:
                raise RecordError(
                    f"{self.path}: the answer cache cannot be {how} ({error}); a sound file and free space are needed; "
                    "make room or delete the folder, or run with --prompt-cache off"
                ) from error

    def close(self) -> None:
        """Close the file; further calls fail."""
        with self._lock:
            self._connection.close()


def _begin_log(connection: sqlite3.Connection) -> None:
    """Journal by a write-ahead log; SQLite waits for no other process that begins one at the same moment."""
    end = time.monotonic() + _BUSY_MS / 1000
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > end:
                raise
            time.sleep(_AGAIN_S)
        else:
            return


def _encode(generation: Generation) -> str:
    """JSON without what is unknown; ASCII, so that lone surrogates of a model survive."""
    return json.dumps({name: value for name, value in asdict(generation).items() if value is not None and value != ()})


def _decode(text: str) -> Generation | None:
    """The generation; None when the row is damaged, or was written by a version with other fields."""
    try:
        fields: dict[str, Any] = json.loads(text)
        logprobs = tuple(_logprobs(fields.pop("logprobs", ())))
        generation = Generation(**{**fields, "from_cache": True, "logprobs": logprobs})
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
    return generation if flaw_of(generation) is None else None


def _logprobs(rows: Iterable[dict[str, Any]]) -> Iterator[TokenLogprob]:
    for row in rows:
        top = tuple((token, logprob) for token, logprob in row["top"])
        yield TokenLogprob(token=row["token"], logprob=row["logprob"], top=top)
