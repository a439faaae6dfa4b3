"""One backend's calls: a trial → its answer, or why there is none."""

from __future__ import annotations

import asyncio
from random import Random
from typing import TYPE_CHECKING

from harness.generate.backend_run import failure
from harness.generate.calls import call
from harness.schema import Request

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.backends import Backend
    from harness.generate.tally import Tally
    from harness.generate.traffic import Traffic
    from harness.schema import CallError, Generation, Trial


class Caller:
    """Calls one backend."""

    def __init__(
        self, backend: Backend, traffic: Traffic, *, tally: Tally, max_retries: int, is_stopping: Callable[[], bool]
    ) -> None:
        """`is_stopping` tells a stopped run's cancellation from what a backend may do to its task."""
        self._backend = backend
        self._traffic = traffic
        self._tally = tally
        self._max_retries = max_retries
        self._is_stopping = is_stopping
        self._random = Random()  # noqa: S311 - jitter of waits, no secret

    async def answer(self, trial: Trial) -> Generation | CallError:
        """The trial's answer; raises nothing but the cancellation of a stopped run."""
        request = Request(
            messages=trial.messages,
            sample_id=trial.sample.sample_id,
            variant=trial.variant,
            repeat=trial.repeat,
            variables=trial.sample.variables,
        )
        tally = self._tally
        tally.calls += 1
        tally.in_flight += 1
        try:
            return await call(
                self._backend,
                request,
                traffic=self._traffic,
                max_retries=self._max_retries,
                random=self._random,
                on_retry=tally.retried,
            )
        except BaseException as error:
            if self._is_stopping() and isinstance(error, asyncio.CancelledError):
                raise
            _forget_cancellation()
            return failure(self._backend, error)
        finally:
            tally.in_flight -= 1


def _forget_cancellation() -> None:
    """Undo what a backend did that cancelled the task it was called in."""
    task = asyncio.current_task()
    while task is not None and task.uncancel() > 0:
        pass
