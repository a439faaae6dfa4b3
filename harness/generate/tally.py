"""The counts of a run, for the live line and the record."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from harness.schema import CallError, Progress

if TYPE_CHECKING:
    from harness.generate.completion import Completion
    from harness.generate.store import Totals
    from harness.schema import BackendProgress


class Tally:
    """Written by the engine's loop alone; whoever reads it may be a moment behind."""

    def __init__(self, before: Totals | None = None) -> None:
        """Begin where an earlier sitting of the run ended."""
        self.total = self.done = self.errors = self.from_cache = self.not_run = 0
        self.calls = before.calls if before else 0
        self.retries = before.retries if before else 0
        self.spent_usd: float | None = before.spent_usd if before else 0.0
        self._before_s = before.elapsed_s if before else 0.0
        self._started_s = time.monotonic()
        self._finished_s: float | None = None

    def begin(self, total: int) -> None:
        """The first of `total` trials is about to be called."""
        self._started_s = time.monotonic()
        self.total = total

    def end(self) -> None:
        """Nothing is called any more."""
        self._finished_s = time.monotonic()

    @property
    def elapsed_s(self) -> float:
        """Seconds of all sittings, until now or the last answer."""
        return self._until(self._finished_s if self._finished_s is not None else time.monotonic())

    def _until(self, end_s: float) -> float:
        return self._before_s + end_s - self._started_s

    def sent(self, is_again: bool) -> None:  # noqa: FBT001 - the signature of `Line.on_send`
        """A call is sent, for the first time or again."""
        self.calls += 1
        self.retries += is_again

    def completed(self, completion: Completion) -> None:
        """A trial is done."""
        answer = completion.answer
        self.done += 1
        if isinstance(answer, CallError):
            if answer.kind in ("not_run", "stopped_early"):
                self.not_run += 1
            else:
                self.errors += 1
        elif answer.from_cache:
            self.from_cache += 1

    def answered(self, completion: Completion) -> None:
        """An answer has come, to a trial or to a question about one."""
        answer = completion.answer
        if isinstance(answer, CallError) or answer.from_cache:
            return
        if not completion.is_kept and completion.is_paid:  # what is kept was counted in the sitting that paid for it
            self._spend(answer.cost_usd)

    def _spend(self, cost_usd: float | None) -> None:
        if cost_usd is None:
            self.spent_usd = None
        elif self.spent_usd is not None:
            self.spent_usd += cost_usd

    def progress(
        self, backends: tuple[BackendProgress, ...] = (), *, in_flight: int = 0, judging: int = 0, scored: int = 0
    ) -> Progress:
        """Where the run is now; what the backends know of it comes from them."""
        return Progress(
            total=self.total,
            done=self.done,
            errors=self.errors,
            from_cache=self.from_cache,
            calls=self.calls,
            retries=self.retries,
            in_flight=in_flight,
            spent_usd=self.spent_usd,
            elapsed_s=self.elapsed_s,
            wall_s=self._until(time.monotonic()),
            not_run=self.not_run,
            backends=backends,
            judging=judging,
            scored=scored,
        )
