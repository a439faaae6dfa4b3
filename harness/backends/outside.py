"""Where the user's own functions run: in threads of their own, so that none of them can hold up, cancel or end a run.

A call that blocks, never returns, stops its event loop, swallows its cancellation or raises what only an interpreter
should (`SystemExit`, `CancelledError`) is then one call that failed. What it raised comes back as a value: no future or
task on the way can mistake it for something of its own. Each runs in a copy of its caller's context, so that
`harness.observe` knows which call it is in.
"""

from __future__ import annotations

import asyncio
import inspect
import threading
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from contextvars import copy_context
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field

if TYPE_CHECKING:
    from collections.abc import Callable

_LEAVE_S = 1.0
"""Longest that `close` waits for cancelled calls to end."""
_LOOK_S = 0.01
"""How often it looks."""


class Outcome(Struct, frozen=True):
    """What became of a call."""

    value: Any = None
    """What it returned."""
    error: BaseException | None = None
    """What it raised; None when it returned."""


class Call(Struct):
    """A call that was begun."""

    future: Future[Outcome] = field(default_factory=Future)
    """Its outcome; may be cancelled, which ends a coroutine's call and no other."""
    is_over: bool = False
    """Whether it has really ended, cancelled or not."""

    def end(self, outcome: Outcome) -> None:
        """Tell the outcome to whoever still waits; only the first counts."""
        self.is_over = True
        with suppress(InvalidStateError):  # nobody waits any more: timed out, or stopped
            self.future.set_result(outcome)


def call_in_thread(function: Callable[..., Any], *arguments: Any) -> Call:
    """The call, made in a daemon thread: one that never returns must not keep the process from ending."""
    call = Call()
    context = copy_context()

    def run() -> None:
        try:
            outcome = Outcome(context.run(function, *arguments))
        except BaseException as error:  # noqa: BLE001 - whoever waits is told
            outcome = Outcome(error=error)
        call.end(outcome)

    threading.Thread(target=run, name="prompt-suite-callable", daemon=True).start()
    return call


class OwnLoop:
    """An event loop in a daemon thread, for coroutines; one for all calls, as their sessions and locks belong to it."""

    def __init__(self) -> None:
        """Start the thread."""
        self._loop = asyncio.new_event_loop()
        self._is_closing = False
        self._thread = threading.Thread(target=self._run, name="prompt-suite-callable-loop", daemon=True)
        self._thread.start()

    def call(self, function: Callable[..., Any], *arguments: Any) -> Call:
        """The call, and what it returns awaited, in the loop."""
        call = Call()

        async def run() -> None:
            try:
                returned = function(*arguments)
                outcome = Outcome(await returned if inspect.isawaitable(returned) else returned)
            except BaseException as error:  # noqa: BLE001 - whoever waits is told
                outcome = Outcome(error=error)
            call.end(outcome)

        def begin() -> None:
            task = self._loop.create_task(run())
            call.future.add_done_callback(lambda future: self._cancel(task) if future.cancelled() else None)
            task.add_done_callback(lambda _: call.end(Outcome(error=asyncio.CancelledError())))  # before its first step

        self._loop.call_soon_threadsafe(begin, context=copy_context())
        return call

    def _cancel(self, task: asyncio.Task[None]) -> None:
        with suppress(RuntimeError):  # the loop is closed: the task has ended
            self._loop.call_soon_threadsafe(task.cancel)

    async def close(self) -> None:
        """Cancel what still runs, and leave it to itself when it does not end."""
        self._is_closing = True
        with suppress(RuntimeError):  # closed already
            self._loop.call_soon_threadsafe(self._loop.stop)
        for _ in range(int(_LEAVE_S / _LOOK_S)):
            if not self._thread.is_alive():
                return
            await asyncio.sleep(_LOOK_S)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        while not self._is_closing:  # a call that stops the loop stops no other
            with suppress(SystemExit, KeyboardInterrupt):  # of a task that a call has left behind
                self._loop.run_forever()
        with suppress(BaseException):
            self._loop.run_until_complete(self._end())
        self._loop.close()

    async def _end(self) -> None:
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._loop.shutdown_asyncgens()
