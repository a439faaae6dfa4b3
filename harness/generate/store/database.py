"""One SQLite file with one connection, used by one thread at a time and by many processes."""

from __future__ import annotations

import sqlite3
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

from harness.errors import RecordError
from harness.generate.store.repair import file_id, is_damage, replace_damaged
from harness.generate.store.schema import prepare

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_T = TypeVar("_T")
_BUSY_MS = 60_000
"""How long a writer waits for another process's transaction."""
_AGAIN_S = 0.02
"""Wait before another try where SQLite itself waits for nothing."""
_CACHE_KIB = 4_096
"""Memory for pages: the index of 40,000 answers."""


class Database:
    """The file, open to be written; what SQLite raises becomes a RecordError, and a damaged file is replaced."""

    def __init__(self, folder: Path) -> None:
        """Open `folder/answers.sqlite`, making both where they are missing.

        A damaged file is moved aside, never deleted, and what can be read of it is taken over; `notices` then says so.

        Raises:
            RecordError: the folder or the file cannot be opened.

        """
        self.path = folder / "answers.sqlite"
        self.notices: list[str] = []
        self._lock = threading.RLock()
        self._file_id = (0, 0)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            ignore = folder / ".gitignore"
            if not ignore.exists():
                ignore.write_text("*\n", encoding="utf-8")
            self._connection = self._opened()
        except (OSError, sqlite3.Error) as error:
            raise not_opened(folder, error) from error

    def read(self, action: Callable[[sqlite3.Connection], _T]) -> _T:
        """What `action` returns; it may be run again, after a damaged file was replaced. RecordError as the class."""
        return self._used("read", action)

    def write(self, action: Callable[[sqlite3.Connection], _T]) -> _T:
        """What `action` returns; all that it writes is written together, or nothing of it.

        Raises:
            RecordError: the file cannot be written.

        """
        return self._used("written", lambda connection: _transaction(connection, action))

    def close(self) -> None:
        """Close the file; further calls fail."""
        with self._lock:
            self._connection.close()

    def _used(self, how: str, action: Callable[[sqlite3.Connection], _T]) -> _T:
        with self._lock:
            try:
                self._follow()
                try:
                    return action(self._connection)
                except sqlite3.DatabaseError as error:
                    if not is_damage(error):
                        raise
                    self._connection.close()
                    self._replace()
                    return action(self._connection)
            except (sqlite3.Error, OSError) as error:
                raise not_used(self.path, how, error) from error

    def _opened(self) -> sqlite3.Connection:
        try:
            connection = self._connect()
        except sqlite3.DatabaseError as error:
            if not is_damage(error):
                raise
            self._replace()
            return self._connection
        return connection

    def _follow(self) -> None:
        """Use the file that has the name now: another process replaced a damaged one, or somebody deleted it."""
        with suppress(FileNotFoundError):
            if file_id(self.path) == self._file_id:
                return
        self._connection.close()
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._connection = self._connect()

    def _replace(self) -> None:
        """A sound file in place of the damaged one, open."""
        notice = replace_damaged(self.path, self._file_id, lambda: self._connect().close())
        self._connection = self._connect()
        if notice:
            self.notices.append(notice)

    def _connect(self) -> sqlite3.Connection:
        with suppress(OSError):
            self._file_id = file_id(self.path)
        connection = sqlite3.connect(self.path, timeout=_BUSY_MS / 1000, check_same_thread=False, isolation_level=None)
        try:
            connection.execute("PRAGMA auto_vacuum=INCREMENTAL")  # of a new file: pruned space is given back
            begin_log(connection)
            connection.execute("PRAGMA synchronous=NORMAL")
            connection.execute(f"PRAGMA cache_size=-{_CACHE_KIB}")
            _transaction(connection, prepare)
        except sqlite3.Error:
            connection.close()
            raise
        self._file_id = file_id(self.path)
        return connection


def not_opened(folder: Path, error: Exception) -> RecordError:
    """What is said when the store cannot be opened."""
    return RecordError(
        f"{folder}: the answer cache cannot be opened ({_reason(error)}); a writable folder is needed; "
        "free it, or run with --prompt-cache off"
    )


def not_used(path: Path, how: str, error: Exception) -> RecordError:
    """What is said when the store cannot be read, or written."""
    return RecordError(
        f"{path}: the answer cache cannot be {how} ({_reason(error)}); a sound file and free space are needed; "
        "make room or delete the folder, or run with --prompt-cache off"
    )


def _reason(error: Exception) -> str:
    """What the system says, without the number and the path that the message has already."""
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def begin_log(connection: sqlite3.Connection) -> None:
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


def _transaction(connection: sqlite3.Connection, action: Callable[[sqlite3.Connection], _T]) -> _T:
    connection.execute("BEGIN IMMEDIATE")
    try:
        result = action(connection)
        connection.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):  # after a full disk SQLite has rolled back by itself
            connection.execute("ROLLBACK")
        raise
    return result
