"""The file that spans are written to while a run goes on."""

from __future__ import annotations

import shutil
import threading
import time
import weakref
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from io import FileIO
    from pathlib import Path

_OLD_S = 7 * 24 * 3600
"""Age at which the file of a run that was killed is thrown away: by then nobody resumes it."""

_NAME_AT = len('{"traceId":"","spanId":"",') + 32 + 16
_ROOT = b'"name":"trial '
"""What stands there in the line of a trial's own span, which has no parent."""
_TRIAL = slice(len('{"traceId":"') + 16, len('{"traceId":"') + 32)
"""Where its trace's id ends with the trial's."""


class SpanFile:
    """Spans, one a line, appended as they come, from any thread; nothing of them is kept in memory."""

    def __init__(self, folder: Path, run_id: str) -> None:
        """Write to a hidden file in `folder`; the first span opens it, where an earlier sitting of the run left off."""
        self.path = folder / f".spans-{run_id}.jsonl"
        self._recorded = folder / run_id / "spans.jsonl"
        self.problem: str | None = None
        """Why no more spans are written; None while they are."""
        self._lock = threading.Lock()
        self._is_closed = False
        self._file: FileIO | None = None

    def trials(self) -> frozenset[str]:
        """Ids of the trials that earlier sittings of the run have written; read before the first `write`."""
        for path in (self.path, self._recorded):
            with suppress(OSError), path.open("rb") as file:
                return frozenset(line[_TRIAL].decode() for line in file if line.startswith(_ROOT, _NAME_AT))
        return frozenset()

    def write(self, lines: str) -> None:
        """Append whole lines in one piece. A disk that is full ends the writing, never the run."""
        if self.problem is not None or not lines:
            return
        try:
            with self._lock:
                if self._is_closed:
                    return
                if self._file is None:
                    self._file = self._opened()
                self._file.write(lines.encode())
        except OSError as error:
            self.problem = (
                f"{self.path}: spans cannot be written ({error.strerror or error}); a writable folder with free space "
                "is needed; the run goes on without them"
            )

    def close(self) -> Path | None:
        """The finished file; None when no span was written, or it has been taken away. Nothing is written any more."""
        with self._lock:
            self._is_closed = True
            if self._file is None:
                return None
            with suppress(OSError):
                self._file.close()
        return self.path if self.path.exists() else None

    def _opened(self) -> FileIO:
        self._sweep()
        self.path.parent.mkdir(parents=True, exist_ok=True)
        if self._recorded.exists() and not self.path.exists():
            shutil.copyfile(self._recorded, self.path)
        file = self.path.open("a+b", buffering=0)
        weakref.finalize(self, file.close)  # a run that breaks off may never close it
        _cut_torn_line(file)
        return file

    def _sweep(self) -> None:
        """Throw away what killed runs left long ago."""
        for left in self.path.parent.glob(".spans-*.jsonl"):
            with suppress(OSError):
                if left.stat().st_mtime < time.time() - _OLD_S:
                    left.unlink()


def _cut_torn_line(file: FileIO) -> None:
    """End the file with its last whole line: a run that was killed may have stopped in the middle of one."""
    size = file.seek(0, 2)
    end = size
    while end > 0:
        begin = max(0, end - 65_536)
        file.seek(begin)
        found = file.read(end - begin).rfind(b"\n")
        if found >= 0:
            end = begin + found + 1
            break
        end = begin
    if end < size:
        file.truncate(end)
