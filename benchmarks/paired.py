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
    """Most resident memory: the sum over the process and those that it started, each at its own peak."""


_MEASURING = """\
import json, pathlib, resource, subprocess, sys, tempfile, threading, time

def tree(pid):
    found = [pid]
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            found += tree(int(child))
    return found

def named(pid):
    return pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()

def watch(pid):
    while not is_over.wait(0.05):
        try:
            own = named(pid)
            for each in tree(pid):
                if each != pid and named(each) == own:
                    continue  # about to become another program: until then its memory is its parent's
                status = pathlib.Path(f"/proc/{each}/status").read_text()
                peaks[each] = int(status.partition("VmHWM:")[2].split()[0])
        except (OSError, IndexError):  # one of them has just ended
            pass

peaks, is_over = {}, threading.Event()
with tempfile.TemporaryFile() as output:
    began = time.perf_counter()
    done = subprocess.Popen(sys.argv[1:], stdout=output, stderr=subprocess.STDOUT)
    watcher = threading.Thread(target=watch, args=(done.pid,))
    watcher.start()
    done.wait()
    wall = time.perf_counter() - began
    is_over.set()
    watcher.join()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    output.seek(0)
    tail = output.read()[-2000:].decode(errors="replace")
peak = max(sum(peaks.values()), used.ru_maxrss) / 1024
print(json.dumps([wall, used.ru_utime + used.ru_stime, peak, done.returncode, tail]))
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
    """Medians of each command, as `all_usages` runs them."""
    return [_medians(kept) for kept in all_usages(commands, rounds, warm=warm)]


@dataclass(frozen=True, slots=True)
class Comparison:
    """A command beside a reference, run in turns."""

    ours: Usage
    """Medians of the command."""
    reference: Usage
    """Medians of the reference."""
    ratios: tuple[float, ...]
    """Wall time of each run over that of the reference right after it: a machine that slows down slows both."""

    @property
    def ratio(self) -> float:
        """The median of the ratios."""
        return statistics.median(self.ratios)


def compared(command: tuple[Sequence[str], Path], reference: tuple[Sequence[str], Path], rounds: int) -> Comparison:
    """Both commands in turns, after one round that does not count where there are several."""
    ours, theirs = all_usages([command, reference], rounds)
    ratios = tuple(mine.wall_s / other.wall_s for mine, other in zip(ours, theirs, strict=True))
    return Comparison(_medians(ours), _medians(theirs), ratios)


def _medians(kept: Sequence[Usage]) -> Usage:
    return Usage(*(statistics.median(getattr(used, name) for used in kept) for name in ("wall_s", "cpu_s", "peak_mb")))


def all_usages(commands: Sequence[tuple[Sequence[str], Path]], rounds: int, *, warm: bool = True) -> list[list[Usage]]:
    """Every run of each command, in turns, after one round that does not count where there are several."""
    found: list[list[Usage]] = [[] for _ in commands]
    for number in range(rounds + (warm and rounds > 1)):
        for kept, (command, folder) in zip(found, commands, strict=True):
            used = usage(command, folder)
            if number or not warm or rounds == 1:
                kept.append(used)
    return found


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
