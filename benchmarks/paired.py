"""Two commands timed in turns, so that a noisy machine is noisy for both."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
"""Without the switch that makes Python compile everything anew at each start, which no user has."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured figure beside its bar."""

    name: str
    """What was measured."""
    measured: float
    """The figure."""
    bar: float
    """The most it may be."""
    unit: str
    """Unit of both."""
    detail: str
    """Medians behind the figure."""

    def __str__(self) -> str:
        verdict = "ok" if self.measured <= self.bar else "MISSED"
        return f"{self.name:<58} {self.measured:8.3g} {self.unit:<5} bar {self.bar:g}  {verdict:<7} {self.detail}"


def wall_s(command: Sequence[str], folder: Path) -> float:
    """Wall seconds of one run of the command; a failing command stops the benchmark with its output."""
    start = time.perf_counter()
    done = subprocess.run(command, cwd=folder, env=ENVIRONMENT, capture_output=True, text=True, check=False)
    passed_s = time.perf_counter() - start
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)}: exit code {done.returncode}\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return passed_s


def medians(commands: Sequence[tuple[Sequence[str], Path]], rounds: int) -> list[float]:
    """Median wall seconds of each command, run in turns after one round that does not count."""
    times: list[list[float]] = [[] for _ in commands]
    for number in range(rounds + 1):
        for kept, (command, folder) in zip(times, commands, strict=True):
            passed_s = wall_s(command, folder)
            if number:
                kept.append(passed_s)
    return [statistics.median(kept) for kept in times]


def peak_mb(command: Sequence[str], folder: Path) -> float:
    """Peak resident memory of one run of the command, in MB, read by a parent of its own."""
    script = (
        "import resource, subprocess, sys\n"
        "code = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL).returncode\n"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, code)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *command],
        cwd=folder,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=True,
    )
    kilobytes, code = done.stdout.split()
    if code != "0":
        sys.exit(f"{' '.join(command)}: exit code {code}\n{done.stderr[-2000:]}")
    return int(kilobytes) / 1024
