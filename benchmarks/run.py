"""Prints every figure beside its bar; exit code 1 when one is missed.

python -m benchmarks.run [NAME …]
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from benchmarks import engine, overlap, parts, sandbox, sessions, tracing, workers
from benchmarks.answering import calls
from benchmarks.bertscore import bertscore
from benchmarks.figures import print_figures

if TYPE_CHECKING:
    from benchmarks.figures import Benchmarks

BENCHMARKS: Benchmarks = {
    "latency": engine.latency,
    "instant": engine.instant,
    "large": engine.large,
    "huge": engine.huge,
    "cached": engine.cached,
    "collection": sessions.collection,
    "invisible": sessions.invisible,
    "one_trial": sessions.one_trial,
    "item": sessions.item,
    "calls": lambda _folder: calls(),
    "store": parts.store,
    "traffic": parts.traffic,
    "budget": parts.budget,
    "tracing": tracing.cost,
    "bertscore": bertscore,
    "overlap": overlap.overlap,
    "sandbox": sandbox.programs,
    "workers": workers.held_up,
}

if __name__ == "__main__":
    sys.exit(print_figures(BENCHMARKS, sys.argv[1:]))
