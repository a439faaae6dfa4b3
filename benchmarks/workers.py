"""What scoring takes from the event loop that calls the models, with and without processes of its own."""

from __future__ import annotations

import asyncio
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.figures import Figure
from benchmarks.scoring import make_pairs
from harness.schema import Answer, MetricSpec
from harness.score import Scorer
from harness.score.workers import Workers

if TYPE_CHECKING:
    from collections.abc import Iterator

_SPECS = [MetricSpec(name, {}, Path()) for name in ("exact_match", "rouge", "bleu", "chrf", "ter")]
_N = 300
_PAUSE_S = 0.001


def held_up(_folder: Path) -> Iterator[Figure]:
    """How late a loop wakes up while answers are scored in another thread, and the answers scored a second."""
    answers = [Answer(output, (reference,), {}, None) for output, reference in make_pairs(_N)]
    here = _measured(Scorer(_SPECS), answers)
    workers = Workers(worth_s=0.0)
    scorer = Scorer(_SPECS, workers)
    scorer.score(answers[:10])  # starts the processes
    there = _measured(scorer, answers)
    n = len(workers.pids)
    workers.close()
    detail = (
        f"(p95 {there[0]:.2g} ms late beside {here[0]:.2g}; {n} processes: {there[1]:,.0f} answers/s, {here[1]:,.0f})"
    )
    yield Figure("loop late while scoring, as a share of without processes", there[0] / here[0], 0.5, "x", detail)


def _measured(scorer: Scorer, answers: list[Answer]) -> tuple[float, float]:
    """95th percentile of milliseconds late, and answers a second."""
    late: list[float] = []
    is_over = threading.Event()

    async def beat() -> None:
        while not is_over.is_set():
            began = time.perf_counter()
            await asyncio.sleep(_PAUSE_S)
            late.append(time.perf_counter() - began - _PAUSE_S)

    loop = threading.Thread(target=lambda: asyncio.run(beat()))
    loop.start()
    began = time.perf_counter()
    scorer.score(answers)
    taken_s = time.perf_counter() - began
    is_over.set()
    loop.join()
    return 1000 * sorted(late)[int(0.95 * len(late))], len(answers) / taken_s
