"""A run's tables, written by a process of their own; by this one, where no other can be had."""

from __future__ import annotations

import pickle
import subprocess
import sys
import weakref
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from harness.record.parquet import TableFile, append_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from harness.record.parquet import Group, Lacking

_SCRIPT = Path(__file__).with_name("parquet.py")
_END_S = 5.0
"""How long the process may take to end before it is killed."""


class Table(Struct, frozen=True):
    """What one Parquet file shall hold."""

    path: Path
    """The file."""
    columns: Mapping[str, str]
    """Name → type, as `harness.record.parquet` knows them."""
    groups: Callable[[], Iterable[Group]]
    """Makes all its rows, group by group."""
    rest: Callable[[], Iterable[Group]] | None = None
    """Makes the rows that were not added before; None: none were, so that these are all."""


class Tables:
    """Writes Parquet files without loading Arrow into this process."""

    def __init__(self) -> None:
        """Start the process; returns at once. It ends with this object, or with the harness."""
        self._process = _started()
        self._begun = 0
        self._sent: Sequence[Table] = ()
        if self._process is not None:
            self._end = weakref.finalize(self, _ended, self._process)

    def begin(self, folder: Path, columns: Sequence[Mapping[str, str]]) -> None:
        """Begin tables that are not known by name yet: unnamed files in `folder`, gone with the process."""
        for place, each in enumerate(columns):
            self._say(("begin", place, str(folder), dict(each)))
        self._begun = len(columns)

    def add(self, groups: Sequence[Iterable[Group]]) -> None:
        """Append rows to the tables that were begun, in their order, while more are being made."""
        for place, own in enumerate(groups):
            for group in own:
                self._say(("write", place, group))
        self._flush()

    def send(self, tables: Sequence[Table]) -> None:
        """Make the rows, and have the process write them, while the harness does something else."""
        self._sent = tables
        for place, table in enumerate(tables):
            if place >= self._begun:
                self._say(("begin", place, str(table.path.parent), dict(table.columns)))
            for group in (table.rest or table.groups)() if self._process is not None else ():
                self._say(("write", place, group))
            self._say(("save", place, str(table.path)))
            self._flush()

    def _say(self, words: tuple[Any, ...]) -> None:
        """Send one request; without a process it is passed over: all rows are made again then, here."""
        if self._process is not None:
            assert self._process.stdin is not None
            try:
                pickle.dump(words, self._process.stdin)
            except OSError:  # the process is lost, not the file
                self._process = None

    def _flush(self) -> None:
        if self._process is not None:
            assert self._process.stdin is not None
            try:
                self._process.stdin.flush()
            except OSError:  # as above
                self._process = None

    def written(self) -> None:
        """Wait until the files that were sent are whole.

        Raises:
            OSError: one of them cannot be written.

        """
        if self._process is not None:
            try:
                replies = _replies(self._process, len(self._sent))
            except (OSError, EOFError, pickle.UnpicklingError):
                self._process = None
            else:
                _check(replies)
                return
        write_here(self._sent)

    def append(
        self, path: Path, columns: Mapping[str, str], group: Group, *, key: str, lacking: Lacking
    ) -> tuple[str, str] | None:
        """Put rows at the end of a file that is there, see `append_rows`; after `written`.

        Raises:
            OSError: the file cannot be read or written.

        """
        self._say(("append", -1, str(path), dict(columns), group, key, lacking))
        self._flush()
        if self._process is not None:
            try:
                (reply,) = _replies(self._process, 1)
            except (OSError, EOFError, pickle.UnpicklingError):
                self._process = None
            else:
                if reply is not None and reply[0] == "aside":
                    return reply[1], reply[2]
                _check([reply])
                return None
        return append_rows(str(path), columns, group, key=key, lacking=lacking)

    def close(self) -> None:
        """End the process."""
        self._process = None
        if hasattr(self, "_end"):
            self._end()


def write_here(tables: Iterable[Table]) -> None:
    """Write the files in this process. OSError: one of them cannot be written."""
    for table in tables:
        file = TableFile(str(table.path), table.columns)
        for group in table.groups():
            file.write(group)
        file.close()


def _started() -> subprocess.Popen[bytes] | None:
    try:
        return subprocess.Popen(  # noqa: S603 - our own script
            [sys.executable, "-P", str(_SCRIPT)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is the harness's to answer
        )
    except OSError:
        return None


def _ended(process: subprocess.Popen[bytes]) -> None:
    """End the process: it does so when nothing more can come."""
    assert process.stdin is not None
    assert process.stdout is not None
    with suppress(OSError):  # it is dead already, with something unsent
        process.stdin.close()
    try:
        process.wait(_END_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    process.stdout.close()


def _replies(process: subprocess.Popen[bytes], count: int) -> list[Any]:
    """What became of so many tables."""
    assert process.stdout is not None
    return [pickle.load(process.stdout) for _ in range(count)]  # noqa: S301 - our own process


def _check(replies: Iterable[Any]) -> None:
    for kind, *words in filter(None, replies):
        if kind == "OSError":
            raise OSError(*words)
        raise RuntimeError("\n".join(words))
