"""One of the two processes alone, where a sandbox cannot fork: CPython on WASI, an instance each.

Descriptors: 0 and 1 lead to the other instance. The checker's 2 leads to the harness, and its job lies in a file that
the other cannot see; the answer's 2 takes what the program prints.
"""

from __future__ import annotations

import os
import sys

from . import answer, channel, checker, judge, wire

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn


def main() -> None:
    """The role that the first argument names."""
    if sys.argv[1] == "answer":
        sys.stdout = sys.stderr
        sys.stdin = None
        os.environ.clear()
        sys.argv[:] = [""]
        answer.Server(0, 1).serve()
    else:
        _check()


def _check() -> NoReturn:
    sys.stderr = sys.stdout = None
    channel.send(2, wire.pack("ready"))
    with open("/job/job", "rb") as file:
        job = wire.unpack(file.read()[4:])
    flaws: list[str] = []

    def ask(message: bytes) -> bytes:
        reply = None
        if not flaws:
            try:
                channel.send(1, message)
                reply = channel.receive(0)
            except (OSError, wire.MessageError):
                reply = None
        if reply is None:
            flaws.append("it ended by itself, before its end was reached")
            raise checker.GoneError(flaws[0])
        return reply

    case = judge.Case(job, checker.Line(ask, is_strict=job["strict"]), lambda step: channel.send(2, wire.pack(step)))
    channel.send(2, wire.pack({**judge.finding_of(case, flaws), "output": ""}))
    os._exit(0)
