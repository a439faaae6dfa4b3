"""Starts the two processes of a sandbox, and tells the harness what came of the program.

The process of the answer is forked off before the tests are read: neither they nor the way to the harness were ever in
its memory. It has a filter that lets it start nothing, and cannot reach the process of the checks, which is number 1.
"""

from __future__ import annotations

import _signal as signal  # type: ignore[import-not-found]  # the module proper makes enumerations of all its names
import gc
import posix
import select
import sys
import time

from . import answer, channel, checker, judge, kernel, wire

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_CHECKER_EXTRA = 256 << 20
"""Bytes of address space for values, beside what the program may have."""
_ROUND = 1 << 16
_MOST_DESCRIPTORS = 4096
"""No process that starts a sandbox hands it one above this."""


class Watch:
    """The process of the answer, from outside: its replies, its output, its end."""

    def __init__(self, pid: int, *, questions: int, replies: int, output: int, limits: dict[str, float]) -> None:
        """Descriptors to write questions to, and to read replies and output from."""
        self._pid = pid
        self._questions, self._replies, self._output = questions, replies, output
        self._most_output = int(limits["output"])
        self._timeout_s = limits["timeout"]
        self._deadline = time.monotonic() + limits["timeout"]
        self._printed = bytearray()
        self._inbox = bytearray()
        self.flaw = ""

    def ask(self, message: bytes) -> bytes:
        """The reply's bytes; GoneError when none comes."""
        try:
            channel.send(self._questions, message)
            while (reply := self._complete()) is None:
                self._wait()
        except OSError:
            raise self._gone() from None
        return reply

    def _complete(self) -> bytes | None:
        if len(self._inbox) < 4:  # noqa: PLR2004 - bytes of a length
            return None
        size = int.from_bytes(self._inbox[:4], "little")
        if size > wire.LONGEST:
            raise checker.GoneError("what it sent is no reply")
        if len(self._inbox) < 4 + size:
            return None
        reply = bytes(self._inbox[4 : 4 + size])
        del self._inbox[: 4 + size]
        return reply

    def _wait(self) -> None:
        rest = self._deadline - time.monotonic()
        ready = select.select([self._replies, self._output], [], [], max(rest, 0))[0]
        if not ready:
            raise checker.GoneError(f"it took longer than {self._timeout_s:g} s")
        if self._output in ready:
            self._print(posix.read(self._output, _ROUND))
        if self._replies in ready:
            part = posix.read(self._replies, _ROUND)
            if not part:
                raise self._gone()
            self._inbox += part

    def _print(self, part: bytes) -> None:
        room = self._most_output - len(self._printed)
        self._printed += part[:room]
        if len(part) > room:
            raise checker.GoneError(f"it wrote more than {self._most_output:,} bytes")

    def _gone(self) -> checker.GoneError:
        return checker.GoneError(self._end())

    def _end(self) -> str:
        try:
            ended, status = posix.waitpid(self._pid, posix.WNOHANG)
            if ended == 0:
                time.sleep(0.01)
                posix.kill(self._pid, signal.SIGKILL)
                status = posix.waitpid(self._pid, 0)[1]
        except OSError:
            return "it ended by itself, before its end was reached"
        code = posix.waitstatus_to_exitcode(status)
        if code == -signal.SIGKILL:
            return "it stopped talking, and was ended"
        if code == -signal.SIGXCPU:
            return "it used more CPU time than it may"
        if code < 0:
            return f"it died of signal {-code}"
        return f"it ended by itself with code {code}, before its end was reached"

    def printed(self) -> str:
        """What the program wrote, up to the limit."""
        while select.select([self._output], [], [], 0)[0] and len(self._printed) < self._most_output:
            part = posix.read(self._output, _ROUND)
            if not part:
                break
            self._printed += part[: self._most_output - len(self._printed)]
        return self._printed.decode("utf-8", "replace")


def main() -> None:
    """Both processes."""
    numbers = [float(number) for number in sys.argv[1:]]
    limits = dict(zip(("memory", "cpu", "file", "threads", "timeout", "output"), numbers, strict=True))
    with open(__file__.rpartition("/")[0] + "/calls.bpf", "rb") as file:
        refused = file.read()
    questions, replies, output = posix.pipe(), posix.pipe(), posix.pipe()
    gc.freeze()  # what is there stays: no collection need look at it, and so copy it for one of the two processes
    pid = posix.fork()
    if pid == 0:
        _be_answer(questions[0], replies[1], output[1], limits=limits, refused=refused)
    for descriptor in (questions[0], replies[1], output[1]):
        posix.close(descriptor)
    kernel.close_to_others()
    _limit(limits, extra=_CHECKER_EXTRA)
    gc.enable()
    harness = posix.dup(1)
    nowhere = posix.open("/dev/null", posix.O_RDWR)
    posix.dup2(nowhere, 1)
    for number in (signal.SIGPIPE, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    channel.send(harness, wire.pack("ready"))
    job = wire.unpack(channel.receive(0) or b"")
    watch = Watch(pid, questions=questions[1], replies=replies[0], output=output[0], limits=limits)
    channel.send(harness, wire.pack(_found(job, watch, harness)))
    posix._exit(0)


def _limit(limits: dict[str, float], *, extra: int) -> None:
    kernel.limit(
        memory=int(limits["memory"]) + extra,
        cpu_s=int(limits["cpu"]),
        file_size=int(limits["file"]),
        threads=int(limits["threads"]),
    )


def _found(job: dict[str, Any], watch: Watch, harness: int) -> dict[str, Any]:
    flaws: list[str] = []

    def ask(message: bytes) -> bytes:
        if flaws:
            raise checker.GoneError(flaws[0])
        try:
            return watch.ask(message)
        except checker.GoneError as error:
            flaws.append(str(error))
            raise

    line = checker.Line(ask, is_strict=job["strict"])
    case = judge.Case(job, line, lambda step: channel.send(harness, wire.pack(step)))
    return {**judge.finding_of(case, flaws), "output": watch.printed()}


def _be_answer(questions: int, replies: int, output: int, *, limits: dict[str, float], refused: bytes) -> None:
    try:
        nowhere = posix.open("/dev/null", posix.O_RDONLY)
        for mine, theirs in ((nowhere, 0), (output, 1), (output, 2)):
            posix.dup2(mine, theirs)
        begin = 3
        for kept in (*sorted((questions, replies)), _MOST_DESCRIPTORS):
            posix.closerange(begin, kept)
            begin = kept + 1
        _limit(limits, extra=0)
        if refused:
            kernel.refuse_calls(refused)
        _forget_environment()
        gc.enable()
        answer.Server(questions, replies).serve()
    finally:
        posix._exit(1)


def _forget_environment() -> None:
    for name in posix.environ:
        posix.unsetenv(name)
    posix.environ.clear()
