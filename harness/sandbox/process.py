"""One launcher process: what it is told, what it says, and its certain end."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import time
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_MOST = 40 << 20
"""Bytes of stdout that are read: more than any message may have."""
_MOST_ERRORS = 1 << 16
_ROUND = 1 << 16


class Launch(Struct, frozen=True):
    """How a sandbox is started."""

    command: Sequence[str]
    """The launcher with its arguments."""
    environment: Mapping[str, str]
    """All of its environment."""
    deadline_s: float
    """Seconds after which it is ended, whatever it says."""
    folder: str = "/"
    """Where it is started."""
    pass_fds: tuple[int, ...] = ()
    """Descriptors that it inherits beside 0, 1, 2."""
    started: Callable[[], None] | None = None
    """Called once the launcher runs."""
    cleanup: Callable[[], None] | None = None
    """Called once it has ended, or could not be started."""


class Said(Struct, frozen=True):
    """What a launcher said."""

    stdout: bytes
    """All of it."""
    stderr: str
    """Its beginning."""
    code: int
    """Its exit code, negative for a signal."""
    is_late: bool
    """Whether it had to be ended."""


def run(launch: Launch, told: bytes) -> Said:
    """Start, tell, listen, and see it end. OSError when the launcher cannot be started."""
    with contextlib.ExitStack() as ends:
        if launch.cleanup is not None:
            ends.callback(launch.cleanup)
        process = subprocess.Popen(  # noqa: S603 - the launcher's own arguments; what is untrusted goes through its stdin
            launch.command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=dict(launch.environment),
            pass_fds=launch.pass_fds,
            cwd=launch.folder,
            start_new_session=True,
            bufsize=0,
        )
        ends.callback(_ended, process)
        if launch.started is not None:
            launch.started()
        heard, is_late = _heard(process, told, time.monotonic() + launch.deadline_s)
    return Said(bytes(heard[0]), heard[1].decode("utf-8", "replace"), process.returncode, is_late)


def _heard(process: subprocess.Popen[bytes], told: bytes, deadline: float) -> tuple[list[bytearray], bool]:
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    heard = [bytearray(), bytearray()]
    rest = memoryview(told)
    with selectors.DefaultSelector() as selector:
        os.set_blocking(process.stdin.fileno(), False)
        selector.register(process.stdin, selectors.EVENT_WRITE, None)
        selector.register(process.stdout, selectors.EVENT_READ, heard[0])
        selector.register(process.stderr, selectors.EVENT_READ, heard[1])
        while selector.get_map():
            ready = selector.select(max(0.0, deadline - time.monotonic()))
            if not ready or len(heard[0]) > _MOST:
                return heard, True
            for key, _ in ready:
                if key.data is None:
                    rest = _told(selector, process, rest)
                elif part := os.read(key.fd, _ROUND):
                    room = (_MOST if key.data is heard[0] else _MOST_ERRORS) + 1 - len(key.data)
                    key.data.extend(part[:room])
                else:
                    selector.unregister(key.fileobj)
    try:
        process.wait(max(0.1, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        return heard, True
    return heard, False


def _told(selector: selectors.BaseSelector, process: subprocess.Popen[bytes], rest: memoryview) -> memoryview:
    assert process.stdin is not None
    try:
        rest = rest[os.write(process.stdin.fileno(), rest) :]
    except BlockingIOError:
        return rest
    except OSError:
        rest = rest[:0]
    if not rest:
        selector.unregister(process.stdin)
        process.stdin.close()
    return rest


def _ended(process: subprocess.Popen[bytes]) -> None:
    """The launcher's end, with all that it started in its session."""
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.kill()
    process.wait()
    for stream in (process.stdin, process.stdout, process.stderr):
        if stream is not None:
            stream.close()
