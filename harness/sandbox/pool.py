"""Programs → outcomes, each in a sandbox of its own, several at a time."""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Protocol

from harness.errors import SandboxError
from harness.sandbox import process
from harness.sandbox.guest import wire
from harness.sandbox.job import Outcome

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.sandbox.job import Kind, Limits, Program
    from harness.sandbox.process import Launch, Said

_TRIES = 3
_PAUSE_S = 0.2
"""Before a sandbox that failed to start is started again; twice that before the third time."""
_STEPS = ("ready", "parsed", "ran")


class Sandbox(Protocol):
    """A way to keep programs in."""

    @property
    def kind(self) -> Kind:
        """Which one."""
        ...

    @property
    def signature(self) -> str:
        """What numbers made with it depend on."""
        ...

    def launch(self, limits: Limits) -> Launch:
        """How a fresh one is started."""
        ...


def workers() -> int:
    """How many programs run at a time: half as many again as this process has processors.

    A sandbox waits for the kernel for two thirds of its start.
    """
    return max(2, len(os.sched_getaffinity(0)) * 3 // 2)


def run_all(sandbox: Sandbox, programs: Sequence[Program], limits: Limits) -> list[Outcome | SandboxError]:
    """One outcome a program, in order; a SandboxError where its sandbox failed to start, three times.

    Waits, in threads, without holding up other threads of this process.
    """
    if len(programs) <= 1:
        return [run_safely(sandbox, program, limits) for program in programs]
    with ThreadPoolExecutor(min(workers(), len(programs)), thread_name_prefix="sandbox") as pool:
        return list(pool.map(lambda program: run_safely(sandbox, program, limits), programs))


def run_safely(sandbox: Sandbox, program: Program, limits: Limits) -> Outcome | SandboxError:
    """The outcome, or why there is none."""
    for attempt in range(_TRIES):
        time.sleep(attempt * _PAUSE_S)
        try:
            return run_once(sandbox, program, limits)
        except SandboxError as error:
            last = error
    return last


def run_once(sandbox: Sandbox, program: Program, limits: Limits) -> Outcome:
    """The outcome; SandboxError when the sandbox did not come to the program."""
    try:
        said = process.run(sandbox.launch(limits), wire.pack(_job(program)))
    except OSError as error:
        raise SandboxError(f"the sandbox failed to start: {error}") from error
    return _outcome(said, program, limits)


def _job(program: Program) -> dict[str, Any]:
    return {
        "program": program.source,
        "tests": program.tests,
        "setup": program.setup,
        "helpers": program.helpers,
        "entry": program.entry,
        "calls_check": program.calls_check,
        "strict": program.is_strict,
        "module": program.module,
    }


def _outcome(said: Said, program: Program, limits: Limits) -> Outcome:
    messages = _messages(said.stdout)
    if not messages or messages[0] != "ready":
        words = " ".join(said.stderr.split())[:300]
        how = "it did not answer in time" if said.is_late else f"exit code {said.code}"
        raise SandboxError(f"the sandbox failed to start ({how}): {words or 'it said nothing'}")
    found: dict[str, Any] = {}
    for message in messages:
        if isinstance(message, dict):
            found = {**found, **message}
    if found.keys() >= _FINDINGS and found["passed"] in (True, False, None):
        return _read(found, limits)
    steps = [step for step in messages if step in _STEPS]
    reason = (
        f"it took longer than {limits.timeout_s:g} s, its tests included"
        if said.is_late or found.get("is_late") is True
        else "its sandbox was ended: it used more memory than it may"
    )
    tested = None if program.tests is None else False
    return Outcome("parsed" in steps, "ran" in steps, tested, reason, str(found.get("output", "")).rstrip())


_FINDINGS = {"syntax", "ran", "passed", "reason", "trace", "output"}
"""What the process of the checks tells at its end, all of it."""


def _read(found: dict[str, Any], limits: Limits) -> Outcome:
    output = "\n".join(part for part in (str(found["trace"]).rstrip(), str(found["output"]).rstrip()) if part)
    reason = str(found["reason"])
    if found.get("is_too_much") and reason:
        reason = f"it wrote more than {limits.output_kb << 10:,} bytes"
    if found.get("is_late") and reason:
        reason = f"it took longer than {limits.timeout_s:g} s"
    return Outcome(found["syntax"] is True, found["ran"] is True, found["passed"], reason, output)


def _messages(stdout: bytes) -> list[Any]:
    """What the process of the checks said; what comes after something unreadable is left out."""
    messages = []
    while len(stdout) >= 4:  # noqa: PLR2004 - bytes of a length
        end = 4 + int.from_bytes(stdout[:4], "little")
        try:
            messages.append(wire.unpack(stdout[4:end]))
        except wire.MessageError:
            break
        stdout = stdout[end:]
    return messages
