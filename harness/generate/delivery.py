"""Two threads that take answers as they come, in batches: one makes them durable, the other hands them on to be scored.

Batches need no timer: while one is worked on, the next gathers. A metric that takes long holds no answer back from
the disk.
"""

from __future__ import annotations

import queue
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from harness.generate.completion import Completion

_BATCH = 256
"""Most answers kept or delivered at once."""


class Delivery:
    """Takes completions from any thread; each is kept first, then delivered."""

    def __init__(
        self,
        *,
        keep: Callable[[Sequence[Completion]], None],
        deliver: Callable[[Sequence[Completion]], None],
        broken: Callable[[BaseException], None],
    ) -> None:
        """Each gets batches in a thread of its own; what one of them raises ends it and goes to `broken`."""
        self._keep = keep
        self._deliver = deliver
        self._broken = broken
        self._completions: queue.SimpleQueue[Completion | None] = queue.SimpleQueue()
        self._kept: queue.SimpleQueue[Completion | None] = queue.SimpleQueue()
        self._is_abandoned = False
        self._threads = (
            threading.Thread(target=self._run_keeping, name="prompt-journal", daemon=True),
            threading.Thread(target=self._run_delivering, name="prompt-delivery", daemon=True),
        )

    def start(self) -> None:
        """Begin to deliver."""
        for thread in self._threads:
            thread.start()

    def put(self, completion: Completion) -> None:
        """Take a completion; returns at once."""
        self._completions.put(completion)

    def end(self) -> None:
        """Nothing more comes: the threads end with what is there. May be said again."""
        self._completions.put(None)

    def abandon(self) -> None:
        """Deliver no further batch."""
        self._is_abandoned = True
        self.end()
        self._kept.put(None)

    def join(self, timeout_s: float | None = None) -> None:
        """Wait until each thread has ended, or `timeout_s` has passed for it."""
        for thread in self._threads:
            thread.join(timeout_s)

    def _run_keeping(self) -> None:
        def keep(batch: Sequence[Completion]) -> None:
            self._keep(batch)
            for completion in batch:
                self._kept.put(completion)

        try:
            self._run(self._completions, keep)
        finally:
            self._kept.put(None)

    def _run_delivering(self) -> None:
        self._run(self._kept, self._deliver)

    def _run(
        self, completions: queue.SimpleQueue[Completion | None], work: Callable[[Sequence[Completion]], None]
    ) -> None:
        try:
            for batch in _batches(completions):
                if self._is_abandoned:
                    return
                work(batch)
        except BaseException as error:  # noqa: BLE001 - handed to whoever waits
            self._broken(error)


def _batches(completions: queue.SimpleQueue[Completion | None]) -> Iterator[list[Completion]]:
    """What is there, so many at once, until None comes."""
    while (first := completions.get()) is not None:
        batch = [first]
        ended = False
        while len(batch) < _BATCH and not completions.empty():
            completion = completions.get()
            if completion is None:
                ended = True
                break
            batch.append(completion)
        yield batch
        if ended:
            return
