"""One backend's calls: a trial, or a question about one → its answer, or why there is none."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from harness.generate.asked import Asked
from harness.generate.calls import call
from harness.generate.failures import failure
from harness.schema import Request

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.backends import Backend
    from harness.generate.calls import Line
    from harness.schema import CallError, Generation, Trial
    from harness.trace import NoTracer, Tracer


class Caller:
    """Calls one backend."""

    def __init__(
        self, backend: Backend, line: Line, *, tracer: Tracer | NoTracer, is_stopping: Callable[[], bool]
    ) -> None:
        """`is_stopping` tells a stopped run's cancellation from what a backend may do to its task."""
        self._backend = backend
        self._line = line
        self._tracer = tracer
        self._is_stopping = is_stopping

    async def answer(self, trial: Trial) -> Generation | CallError:
        """The answer to a trial, or to a question about one; raises nothing but the cancellation of a stopped run."""
        asked = trial if isinstance(trial, Asked) else None
        request = Request(
            messages=trial.messages,
            sample_id=trial.sample.sample_id,
            variant=trial.variant,
            repeat=trial.repeat,
            variables=trial.sample.variables,
            params=trial.params,
        )
        if asked is None:
            trace = self._tracer.trial(trial).call(self._backend.spec, trial.messages)
        else:
            trace = self._tracer.trial(asked.about).call(self._backend.spec, trial.messages, under=asked.metric)
        try:
            return await call(self._backend, request, self._line, trace=trace)
        except BaseException as error:
            if self._is_stopping() and isinstance(error, asyncio.CancelledError):
                raise
            _forget_cancellation()
            return failure(self._backend, error)


def _forget_cancellation() -> None:
    """Undo what a backend did that cancelled the task it was called in."""
    task = asyncio.current_task()
    while task is not None and task.uncancel() > 0:
        pass
