"""The store's file, opened to be read: nothing is written, made or moved, also where nothing could be."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, TypeVar

from harness.errors import RecordError
from harness.generate.store.schema import prepare, version_of

if TYPE_CHECKING:
    from collections.abc import Callable

_T = TypeVar("_T")
_BUSY_S = 60.0
"""How long is waited for a process that mends the file's log."""


class ReadOnlyDatabase:
    """As Database, for reading; where there is no file, there are no answers."""

    def __init__(self, folder: Path) -> None:
        """Open `folder/answers.sqlite`.

        Raises:
            RecordError: the file is there and cannot be read.

        """
        self.path = folder / "answers.sqlite"
        self.notices: list[str] = []
        self._lock = threading.Lock()
        self._copy: tempfile.TemporaryDirectory[str] | None = None
        try:
            self._connection, self._is_frozen = self._opened()
        except (OSError, sqlite3.Error) as error:
            raise _not_read(folder, error) from error

    def read(self, action: Callable[[sqlite3.Connection], _T]) -> _T:
        """What `action` returns; it may be run again, once another process began to write. RecordError as the class."""
        with self._lock:
            try:
                if not self._is_frozen:
                    return action(self._connection)
                try:
                    found = action(self._connection)
                except sqlite3.Error:
                    if not self._has_log():
                        raise
                else:
                    if not self._has_log():
                        return found
                # a process that came later writes: what was read may be neither old nor new
                self._connection.close()
                self._connection, self._is_frozen = self._opened()
                return action(self._connection)
            except (OSError, sqlite3.Error) as error:
                raise _not_read(self.path, error) from error

    def write(self, action: Callable[[sqlite3.Connection], _T]) -> NoReturn:
        """Never: raises RecordError."""
        raise RecordError(f"{self.path}: {action!r} would write to the answer cache; it is opened to be read")

    def close(self) -> None:
        """Close the file; further calls fail."""
        with self._lock:
            self._connection.close()
            if self._copy is not None:
                self._copy.cleanup()

    def _has_log(self) -> bool:
        return self.path.with_name(f"{self.path.name}-wal").exists()

    def _can_use_log(self) -> bool:
        """SQLite reads a log through an index beside it, which it makes where it is missing."""
        return self.path.with_name(f"{self.path.name}-shm").exists() or os.access(self.path.parent, os.W_OK)

    def _copied(self) -> Path:
        """The file and its log, in a folder for as long as they are read."""
        self._copy = tempfile.TemporaryDirectory(prefix="prompt-cache-")
        for end in ("", "-wal"):
            shutil.copyfile(f"{self.path}{end}", f"{self._copy.name}/{self.path.name}{end}")
        return Path(self._copy.name) / self.path.name

    def _opened(self) -> tuple[sqlite3.Connection, bool]:
        """A connection, and whether the file is taken for one that nobody writes."""
        if not self.path.exists():
            return _in_memory(), False
        # a file with a log is read with it; one without is left without, and SQLite then takes it for unchanging
        is_frozen = not self._has_log()
        path = self.path if is_frozen or self._can_use_log() else self._copied()
        uri = f"{path.absolute().as_uri()}?mode=ro{'&immutable=1' if is_frozen else ''}"
        connection = sqlite3.connect(uri, uri=True, timeout=_BUSY_S, check_same_thread=False, isolation_level=None)
        try:
            if version_of(connection) == 0:
                copy = _in_memory(connection)
                connection.close()
                return copy, False
            connection.execute("SELECT 1 FROM answers LIMIT 1")
        except sqlite3.Error:
            connection.close()
            raise
        return connection, is_frozen


def _in_memory(source: sqlite3.Connection | None = None) -> sqlite3.Connection:
    """A database in memory in today's form, with the answers of `source`, which may be of the first version."""
    connection = sqlite3.connect(":memory:", check_same_thread=False, isolation_level=None)
    if source is not None:
        source.backup(connection)
    prepare(connection)
    return connection


def _not_read(path: Path, error: Exception) -> RecordError:
    return RecordError(
        f"{path}: the answer cache cannot be read ({error}); a sound file is needed; run once with --prompt-cache use, "
        "which saves what can be read of it"
    )
