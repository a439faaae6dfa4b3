"""Sessions in processes of their own, that are ended from outside."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.plugin.conftest import Project

SLOW = """\
import time
from pathlib import Path

def answer(messages):
    with Path(__file__).with_name("calls").open("a") as file:
        file.write("x")
        number = file.tell()
    time.sleep(5 if 24 < number <= 32 else 0.2)
    return "Lima"
"""
"""The app.py of a suite: eight calls at a time, of which the fourth eight hold all others up."""

PATIENT = """\
from harness.generate import engine

engine._DRAIN_S = engine._PATIENCE_S = 150.0
"""
"""A conftest.py with which only a second interrupt ends a session before `Ended.end` gives up."""
ROWS: list[dict[str, object]] = [
    {"id": f"s{number}", "country": f"Peru {number}", "capital": "Lima"} for number in range(60)
]


def _hear_interrupts() -> None:
    """In the new process: a job that a shell began in the background would ignore them."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Ended:
    """A session in a process of its own, that is told to end when `begun` is there."""

    def __init__(self, project: Project, *arguments: str) -> None:
        self.project = project
        environment = {**os.environ, "COLUMNS": "140"}
        environment.pop("CI", None)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "pytest", "--prompt-suite", *arguments],
            cwd=project.path,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            preexec_fn=_hear_interrupts,  # noqa: PLW1509 - it only sets a signal
        )
        self.output = ""

    def wait_until(self, name: str, size: int) -> None:
        """Until the suite's file of this name has so many bytes."""
        path = self.project.suite / name
        end = time.monotonic() + 60
        while not (path.exists() and path.stat().st_size >= size):
            assert time.monotonic() < end, "the session did not begin"
            time.sleep(0.02)

    def interrupt(self, *, alone: bool = False) -> None:
        """Ctrl-C, as a terminal sends it to the process and its children, or to the process `alone`."""
        (os.kill if alone else os.killpg)(self.process.pid, signal.SIGINT)

    def interrupt_until_it_ends(self) -> None:
        """Ctrl-C again and again: one that comes while pytest tells of the first is not heard."""
        for _ in range(15):
            self.interrupt()
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(3)
                return

    def end(self) -> int:
        """Its exit code, once it has ended of itself; that takes a minute at most."""
        self.output = self.process.communicate(timeout=60)[0]
        return self.process.returncode

    @property
    def manifest(self) -> Any:
        return json.loads((self.project.latest / "run.json").read_text(encoding="utf-8"))
