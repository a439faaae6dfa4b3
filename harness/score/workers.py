"""Processes that score: metrics that compute for long leave the interpreter to whoever calls the models.

Started once a run, and only when such metrics have taken their time in this process; they end with the run, and when
this process is killed.
"""

from __future__ import annotations

import pickle
import subprocess
import sys
import weakref
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.backends.machine import cpus
from harness.score.metric import failed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from harness.schema import Answer, MetricSpec, Score
    from harness.score.metric import Metric

    Rows = list[tuple[Score, ...]]
    Texts = list[tuple[str, tuple[str, ...]]]
    Named = Sequence[tuple[MetricSpec, Metric]]

_SCRIPT = Path(__file__).with_name("heavy_process.py")
_WORTH_S = 0.25
"""What heavy metrics take in this process before others are started, which costs about as much."""
_MOST = 4
"""Most processes: the models want cores too."""
_MOST_LOSSES = 20
"""Processes that may be lost in a run; then what is left is failed, not tried again."""
_END_S = 5.0


def is_heavy(metric: Metric) -> bool:
    """Whether the metric computes for long: a built-in one that says so, and looks at output and references alone."""
    return bool(getattr(metric, "is_heavy", False))


class LostError(Exception):
    """A process has ended before it answered."""


class Workers:
    """The processes of a run; used by one thread."""

    def __init__(self, count: int | None = None, *, worth_s: float = _WORTH_S) -> None:
        """At most `count` processes (default: one a core, up to 4), once `worth_s` seconds were taken here."""
        self._count = count or min(cpus(), _MOST)
        self._worth_s = worth_s
        self._taken_s = 0.0
        self._processes: list[_Process] = []
        self._losses = 0
        self._is_impossible = False

    @property
    def pids(self) -> tuple[int, ...]:
        """Ids of the processes, while there are some."""
        return tuple(process.pid for process in self._processes)

    def took(self, seconds: float) -> None:
        """A heavy metric has taken so long in this process."""
        self._taken_s += seconds

    def hand_out(self, metrics: Named, answers: Sequence[Answer]) -> Handed | None:
        """Begin to score the answers elsewhere by the heavy ones among the metrics; None where it is not worth it."""
        heavy = [(spec, metric) for spec, metric in metrics if is_heavy(metric)]
        if not heavy or not answers or self._taken_s < self._worth_s or not self._are_there():
            return None
        texts = [(answer.output, answer.references) for answer in answers]
        share = -(-len(texts) // len(self._processes))
        parts = [texts[start : start + share] for start in range(0, len(texts), share)]
        specs = [spec for spec, _ in heavy]
        for process, part in zip(self._processes, parts, strict=False):  # few answers: not all have work
            process.send(specs, part)
        return Handed(self, heavy, parts)

    def close(self) -> None:
        """End the processes."""
        self._is_impossible = True  # what is under way in another thread starts no more of them
        for process in self._processes:
            process.end()

    def _are_there(self) -> bool:
        if self._is_impossible:
            return False
        try:
            while len(self._processes) < self._count:
                self._processes.append(_Process())
        except OSError:  # then it is done here
            self._is_impossible = True
        return not self._is_impossible

    def collect(self, heavy: Named, place: int, part: Texts) -> list[Rows]:
        """Rows by metric of the part that the process at `place` was given; failed ones where it cannot be scored."""
        try:
            return self._processes[place].reply()
        except LostError as lost:
            return self._again(heavy, place, part, why=str(lost))

    def _again(self, heavy: Named, place: int, part: Texts, *, why: str) -> list[Rows]:
        """The part that a process was lost over: in halves, so that one bad answer costs only its own scores."""
        if not self._replaced(place):
            return _failed(heavy, part, why)
        half = len(part) // 2
        pieces = [part[:half], part[half:]] if half else [part]
        found: list[list[Rows]] = []
        for piece in pieces:
            self._processes[place].send([spec for spec, _ in heavy], piece)
            try:
                found.append(self._processes[place].reply())
            except LostError as lost:
                is_last = len(pieces) == 1
                found.append(
                    _failed(heavy, piece, str(lost)) if is_last else self._again(heavy, place, piece, why=str(lost))
                )
                if is_last:
                    self._replaced(place)
        return [[row for rows in each for row in rows] for each in zip(*found, strict=True)]

    def _replaced(self, place: int) -> bool:
        """Whether there is a new process in place of the lost one."""
        self._losses += 1
        self._processes[place].end()
        if self._is_impossible or self._losses > _MOST_LOSSES:
            return False
        try:
            self._processes[place] = _Process()
        except OSError:
            return False
        return True


class Handed:
    """Work that is under way."""

    def __init__(self, workers: Workers, heavy: Named, parts: Sequence[Texts]) -> None:
        """The parts lie at the processes of these places."""
        self._workers = workers
        self._heavy = heavy
        self._parts = parts
        self._found: Mapping[int, Rows] | None = None

    def rows(self, metric: Metric) -> Rows | None:
        """The metric's rows, waited for; None when it is not heavy, and was not handed out."""
        if not is_heavy(metric):
            return None
        if self._found is None:
            found = [self._workers.collect(self._heavy, place, part) for place, part in enumerate(self._parts)]
            by_metric = zip(*found, strict=True)
            self._found = {
                id(own): [row for rows in each for row in rows]
                for (_, own), each in zip(self._heavy, by_metric, strict=True)
            }
        return self._found[id(metric)]


class _Process:
    """One process; it ends with this object, or with the harness."""

    def __init__(self) -> None:
        """OSError: no process can be had."""
        self._popen = subprocess.Popen(  # noqa: S603 - our own script
            [sys.executable, "-P", str(_SCRIPT)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is the harness's to answer
        )
        self.pid = self._popen.pid
        self.end = weakref.finalize(self, _ended, self._popen)
        self._put(sys.path)

    def send(self, specs: Sequence[MetricSpec], texts: Texts) -> None:
        """Give it work; whether it is lost `reply` tells."""
        self._put((specs, texts))

    def reply(self) -> list[Rows]:
        """Rows by metric; LostError when it has ended."""
        assert self._popen.stdout is not None
        try:
            rows: list[Rows] = pickle.load(self._popen.stdout)  # noqa: S301 - our own process
        except (OSError, ValueError, EOFError, pickle.UnpicklingError):  # ValueError: it was ended here
            with suppress(subprocess.TimeoutExpired):
                self._popen.wait(_END_S)
            raise LostError(f"the process that scores has ended (exit code {self._popen.poll()})") from None
        return rows

    def _put(self, what: Any) -> None:
        assert self._popen.stdin is not None
        with suppress(OSError, ValueError):  # it has ended: that is told when its reply is asked for
            pickle.dump(what, self._popen.stdin)
            self._popen.stdin.flush()


def _ended(popen: subprocess.Popen[bytes]) -> None:
    """End the process: it does so when nothing more can come."""
    assert popen.stdin is not None
    assert popen.stdout is not None
    with suppress(OSError):
        popen.stdin.close()
    try:
        popen.wait(_END_S)
    except subprocess.TimeoutExpired:
        popen.kill()
        popen.wait()
    popen.stdout.close()


def _failed(heavy: Named, part: Texts, why: str) -> list[Rows]:
    return [[failed(metric.measures, f"{why} over this answer")] * len(part) for _, metric in heavy]
