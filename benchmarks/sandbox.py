"""Small programs, each in a fresh sandbox, beside bare starts of the interpreter."""

from __future__ import annotations

import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from benchmarks.figures import Figure
from harness.sandbox import Limits, Program, choose, run_all
from harness.sandbox.interpreter import readable_interpreter
from harness.sandbox.pool import workers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

PROGRAMS = 150
ROUNDS = 3
BAR_MS = 20.0
"""50 programs a second."""
PROGRAM = Program(
    "def add(first, second):\n    return first + second\n",
    tests="def check(candidate):\n    assert candidate(1, 2) == 3\n    assert candidate(-1, 1) == 0\n",
    entry="add",
    calls_check=True,
    is_strict=True,
)


def programs(_folder: Path) -> Iterator[Figure]:
    """Milliseconds a program, the best of three rounds: other work on the machine only ever adds to it."""
    sandbox = choose("bubblewrap")
    interpreter = readable_interpreter(is_dropped=False)
    assert interpreter is not None
    program = str(interpreter.program)

    def bare(_number: int) -> None:
        subprocess.run([program, "-I", "-S", "-c", "pass"], check=True)

    def start_bare() -> None:
        with ThreadPoolExecutor(workers()) as pool:
            list(pool.map(bare, range(PROGRAMS)))

    def start_sandboxed() -> None:
        found = run_all(sandbox, [PROGRAM] * PROGRAMS, Limits())
        assert all(getattr(outcome, "passed", False) for outcome in found)

    rounds = [(_ms(start_bare), _ms(start_sandboxed)) for _ in range(ROUNDS)]
    plain, ours = (min(column) for column in zip(*rounds, strict=True))
    detail = f"{1000 / ours:.0f} programs/s, {sandbox.signature}; bare interpreter {plain:.1f} ms, {1000 / plain:.0f}/s"
    yield Figure("a small program with its tests in a fresh sandbox", ours, BAR_MS, "ms", detail)


def _ms(start: Callable[[], None]) -> float:
    began = time.perf_counter()
    start()
    return (time.perf_counter() - began) / PROGRAMS * 1000
