"""Whether a run's process still lives: it holds a lock on a file, which the system frees however the process ends."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from filelock import FileLock

_PATIENCE_S = 0.5
"""How long a run tries for its lock: others hold it for a moment while they look whether it is held."""
_FRESH_S = 0.5
"""How long it is believed that a run lives, or does not."""


class Liveness:
    """The locks of a project's runs, in `folder/runs/`."""

    def __init__(self, folder: Path) -> None:
        """Nothing is made before a run is held."""
        self._folder = folder / "runs"
        self._held: dict[str, FileLock] = {}
        self._known: dict[str, tuple[float, bool]] = {}

    def hold(self, run_id: str) -> bool:
        """Hold the run's lock until `free` or the process's end; False when another process does. Raises OSError."""
        from filelock import FileLock, Timeout

        self._folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(self._path(run_id), timeout=_PATIENCE_S, poll_interval=0.02, thread_local=False)
        try:
            lock.acquire()
        except Timeout:
            return False
        self._held[run_id] = lock
        return True

    def sweep(self) -> None:
        """Remove the files that killed runs have left."""
        for path in self._folder.glob("*.lock"):
            if path.stem not in self._held:
                self._is_held(path.stem)

    def free(self) -> None:
        """Let go of every lock."""
        for lock in self._held.values():
            _let_go(lock)
        self._held.clear()

    def is_alive(self, run_id: str) -> bool:
        """Whether this process or another holds the run's lock now, or did half a second ago."""
        if run_id in self._held:
            return True
        now = time.monotonic()
        seen, alive = self._known.get(run_id, (-_FRESH_S, False))
        if now - seen >= _FRESH_S:
            alive = self._is_held(run_id)
            self._known[run_id] = (now, alive)
        return alive

    def _is_held(self, run_id: str) -> bool:
        path = self._path(run_id)
        if not path.exists():
            return False
        from filelock import FileLock, Timeout

        lock = FileLock(path, thread_local=False)
        try:
            lock.acquire(blocking=False)
        except Timeout:
            return True
        _let_go(lock)
        return False

    def _path(self, run_id: str) -> Path:
        return self._folder / f"{run_id}.lock"


def _let_go(lock: FileLock) -> None:
    """Release, and leave no file: whoever waits for the lock of a file that is gone makes another."""
    with suppress(OSError):
        Path(lock.lock_file).unlink()
    lock.release()
