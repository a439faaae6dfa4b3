"""Two commands timed in turns, so that a noisy machine is noisy for both."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.other_plugins import blocking

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
ENVIRONMENT["PYTEST_ADDOPTS"] = blocking()
"""Without plugins that are installed for our own tests only, and without the switch that makes Python compile
everything anew at each start, which no user has."""


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


@dataclass(frozen=True, slots=True)
class Usage:
    """What one process took."""

    wall_s: float
    """From its start to its end."""
    cpu_s: float
    """User and system time, of its children too."""
    peak_mb: float
    """Most resident memory."""


_MEASURING = """\
import json, resource, subprocess, sys, time
began = time.perf_counter()
done = subprocess.run(sys.argv[1:], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
wall = time.perf_counter() - began
used = resource.getrusage(resource.RUSAGE_CHILDREN)
tail = done.stdout[-2000:].decode(errors="replace")
print(json.dumps([wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, done.returncode, tail]))
"""


def usage(command: Sequence[str], folder: Path) -> Usage:
    """One run of the command, watched by a parent of its own; a failing command stops the benchmark with its output."""
    watched = [sys.executable, "-c", _MEASURING, *command]
    environment = {**ENVIRONMENT, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}  # no plugin but the one that is named
    done = subprocess.run(watched, cwd=folder, env=environment, capture_output=True, text=True, check=True)
    wall_s, cpu_s, peak, code, tail = json.loads(done.stdout)
    if code != 0:
        sys.exit(f"{' '.join(command)}: exit code {code}\n{tail}")
    return Usage(wall_s, cpu_s, peak)


def usages(commands: Sequence[tuple[Sequence[str], Path]], rounds: int, *, warm: bool = True) -> list[Usage]:
    """Medians of each command, run in turns, after one round that does not count where there are several."""
    found: list[list[Usage]] = [[] for _ in commands]
    for number in range(rounds + (warm and rounds > 1)):
        for kept, (command, folder) in zip(found, commands, strict=True):
            used = usage(command, folder)
            if number or not warm or rounds == 1:
                kept.append(used)
    return [
        Usage(*(statistics.median(getattr(used, name) for used in kept) for name in ("wall_s", "cpu_s", "peak_mb")))
        for kept in found
    ]


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
