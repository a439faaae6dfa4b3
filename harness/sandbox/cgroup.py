"""A memory limit for all processes of a sandbox together, where this process may make control groups."""

from __future__ import annotations

import atexit
import contextlib
import itertools
import os
import re
import select
import threading
from collections import defaultdict
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.sandbox.job import Limits

_ROOT = Path("/sys/fs/cgroup")
_MEMBERS = "cgroup.procs"
_SPARE_MB = 96
"""For the process of the checks and the kernel's own records, beside what program and files may take."""
_PATIENCE_S = 10.0
"""The longest that a launcher may take to say which process it made."""
_FIRST = threading.Lock()
"""Two threads that tried at once whether groups can be made would be in each other's way, and find that none can."""


class Groups:
    """Control groups that are free; each is used by one sandbox at a time, and again by the next."""

    def __init__(self, parent: Path, limit_file: str) -> None:
        """`parent` is this process's own group."""
        self._parent, self._limit_file = parent, limit_file
        self._free: dict[int, list[Path]] = defaultdict(list)
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        atexit.register(self.remove)

    def take(self, limits: Limits) -> Lease | None:
        """A group with these limits; None when the kernel does not let it be made."""
        most = (limits.memory_mb + limits.file_mb + _SPARE_MB) << 20
        group = self._taken(most) or self._made(most)
        return None if group is None else Lease(self, group, most)

    def _taken(self, most: int) -> Path | None:
        """A free one with this limit, in which nobody is; None when there is none.

        A sandbox that had to be killed leaves its group some time after its launcher, and its memory counts until then.
        One that somebody has removed is forgotten.
        """
        with self._lock:
            free = self._free[most]
            for group in free[::-1]:
                try:
                    is_empty = not (group / _MEMBERS).read_bytes()
                except OSError:
                    free.remove(group)
                    continue
                if is_empty:
                    free.remove(group)
                    return group
        return None

    def _made(self, most: int) -> Path | None:
        group = self._parent / f"prompt-suite-{os.getpid()}-{next(self._numbers)}"
        try:
            group.mkdir()
        except OSError:  # when another process has one of this name, it is not ours to remove
            return None
        try:
            (group / self._limit_file).write_text(str(most))
        except OSError:
            with contextlib.suppress(OSError):
                group.rmdir()
            return None
        return group

    def give_back(self, group: Path, most: int) -> None:
        """The sandbox has ended; `most` bytes are the group's limit."""
        with self._lock:
            self._free[most].append(group)

    def remove(self) -> None:
        """Remove those that are free."""
        for free in list(self._free.values()):  # a thread may still give one back
            while free:
                with contextlib.suppress(OSError):
                    free.pop().rmdir()


class Lease:
    """One group, for one sandbox: its first process waits until it is in."""

    def __init__(self, groups: Groups, group: Path, most: int) -> None:
        """Opens the two pipes to the launcher; `most` bytes are the group's limit."""
        self._groups, self._group, self._most = groups, group, most
        self._telling, self.told_fd = os.pipe()
        self.block_fd, self._unblock = os.pipe()
        self._open = [self.told_fd, self.block_fd]

    @property
    def passed(self) -> tuple[int, int]:
        """The launcher's ends."""
        return (self.told_fd, self.block_fd)

    def _close_passed(self) -> None:
        while self._open:
            os.close(self._open.pop())

    def admit(self) -> None:
        """Put the process that the launcher made into the group, and let it go on; OSError when it cannot be."""
        self._close_passed()
        told = b""
        while b"}" not in told and select.select([self._telling], [], [], _PATIENCE_S)[0]:
            part = os.read(self._telling, 4096)
            if not part:
                break
            told += part
        found = re.search(rb'"child-pid": *(\d+)', told)
        if found is not None:
            with contextlib.suppress(ProcessLookupError, BrokenPipeError):  # it has ended, and the launcher says why
                (self._group / _MEMBERS).write_bytes(found[1])
                os.write(self._unblock, b"1")

    def leave(self) -> None:
        """The launcher has ended, or was never started."""
        self._close_passed()
        os.close(self._telling)
        os.close(self._unblock)
        self._groups.give_back(self._group, self._most)


def memory_group(limits: Limits) -> Lease | None:
    """A group with these limits; None where none can be made."""
    with _FIRST:
        groups = _groups()
    return None if groups is None else groups.take(limits)


@lru_cache
def _groups() -> Groups | None:
    """Where groups can be made: version 1's memory controller, or version 2 where it is delegated; else None."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/cgroup").read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            if controllers == "memory":
                return _usable(_ROOT / "memory" / path.lstrip("/"), "memory.limit_in_bytes")
            if controllers == "" and (_ROOT / "cgroup.controllers").exists():
                return _usable(_ROOT / path.lstrip("/"), "memory.max")
    return None


def _usable(parent: Path, limit_file: str) -> Groups | None:
    trial = parent / f"prompt-suite-{os.getpid()}-0"
    try:
        trial.mkdir()
    except OSError:
        return None
    try:
        return Groups(parent, limit_file) if (trial / limit_file).exists() else None
    finally:
        trial.rmdir()
        _remove_left(parent)


def _remove_left(parent: Path) -> None:
    """Remove the groups of processes that were killed; one that is in use cannot be removed."""
    for group in parent.glob("prompt-suite-*-*"):
        owner = group.name.split("-")[2]
        if not Path("/proc", owner).exists():
            with contextlib.suppress(OSError):
                group.rmdir()
