"""The thread that takes answers as they come, in batches: makes them durable, and hands them on to be scored.

Batches need no timer: while one is scored, the next gathers.
"""

from __future__ import annotations

import queue
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from harness.generate.completion import Completion

_BATCH = 256
"""Most answers delivered at once."""


class Delivery:
    """Takes completions from any thread; a batch is kept first, then delivered."""

    def __init__(
        self,
        *,
        keep: Callable[[Sequence[Completion]], None],
        deliver: Callable[[Sequence[Completion]], None],
        broken: Callable[[BaseException], None],
    ) -> None:
        """Both get each batch in this object's thread; what one of them raises ends it and goes to `broken`."""
        self._keep = keep
        self._deliver = deliver
        self._broken = broken
        self._completions: queue.SimpleQueue[Completion | None] = queue.SimpleQueue()
        self._is_abandoned = False
        self._thread = threading.Thread(target=self._run, name="prompt-delivery", daemon=True)

    def start(self) -> None:
        """Begin to deliver."""
        self._thread.start()

    def put(self, completion: Completion) -> None:
        """Take a completion; returns at once."""
        self._completions.put(completion)

    def end(self) -> None:
        """Nothing more comes: the thread ends with what is there. May be said again."""
        self._completions.put(None)

    def abandon(self) -> None:
        """Deliver no further batch."""
        self._is_abandoned = True
        self.end()

    def join(self, timeout_s: float | None = None) -> None:
        """Wait until the thread has ended, or `timeout_s` has passed."""
        self._thread.join(timeout_s)

    def _run(self) -> None:
        try:
            for batch in self._batches():
                if self._is_abandoned:
                    return
                self._keep(batch)
                self._deliver(batch)
        except BaseException as error:  # noqa: BLE001 - handed to whoever waits
            self._broken(error)

    def _batches(self) -> Iterator[list[Completion]]:
        while (first := self._completions.get()) is not None:
            batch = [first]
            ended = False
            while len(batch) < _BATCH and not self._completions.empty():
                completion = self._completions.get()
                if completion is None:
                    ended = True
                    break
                batch.append(completion)
            yield batch
            if ended:
                return
