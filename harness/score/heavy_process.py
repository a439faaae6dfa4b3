"""A process that scores: gets specs and texts as pickles on its standard input, gives scores on its standard output.

Run as a script by `harness.score.workers`; it ends when nothing more can come, whatever it is doing then.
"""

from __future__ import annotations

import os
import pickle
import queue
import sys
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from harness.schema import MetricSpec
    from harness.score.metric import Metric

_POLITE = 5
"""Niceness: calls to models go before scores where there are few cores."""


def main() -> None:
    """Serve until the harness has gone."""
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is no reply
    with suppress(AttributeError, OSError):
        os.nice(_POLITE)
    jobs: queue.SimpleQueue[Any] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(jobs,), daemon=True).start()
    made: dict[bytes, Metric] = {}
    while True:
        specs, texts = jobs.get()
        pickle.dump([_rows(made, spec, texts) for spec in specs], replies)
        replies.flush()


def _listen(jobs: queue.SimpleQueue[Any]) -> None:
    try:
        sys.path[:] = pickle.load(sys.stdin.buffer)  # noqa: S301 - the harness's own
        while True:
            jobs.put(pickle.load(sys.stdin.buffer))  # noqa: S301 - the harness's own
    finally:
        os._exit(0)  # the harness has ended: nobody waits for what is being scored


def _rows(made: dict[bytes, Metric], spec: MetricSpec, texts: list[tuple[str, tuple[str, ...]]]) -> list[Any]:
    from harness.schema import Answer
    from harness.score.registry import create
    from harness.score.scorer import score_safely

    key = pickle.dumps(spec)
    metric = made.setdefault(key, made[key] if key in made else create(spec))
    return score_safely(metric, [Answer(output, references, {}, None) for output, references in texts])


if __name__ == "__main__":
    main()
