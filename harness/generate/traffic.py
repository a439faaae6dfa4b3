"""What may be sent to one backend now, and what its answers change about that."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING

from harness.errors import BackendError
from harness.generate.adaptive import AdaptiveLimit
from harness.generate.breaker import Breaker
from harness.generate.failures import asked_too_long, ends_all, holds_all, may_end_all, strikes_of
from harness.generate.rates import Rates
from harness.schema import BackendProgress
from harness.wording import counted

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.generate.rates import Entry
    from harness.schema import BackendSpec, Generation, Request

_FIRST_ANSWERS = 3
"""Refusals before any success that are taken for the fate of all: fewer may be the first prompts' own."""


class Ticket:
    """The right to send one call."""

    __slots__ = ("entry", "is_again", "round", "try_")

    def __init__(self, round_: int, *, is_again: bool, try_: int = 0, entry: Entry | None = None) -> None:
        """Of a call sent in that round of the adaptive limit."""
        self.round = round_
        self.is_again = is_again
        """Whether the same request has failed before."""
        self.try_ = try_
        """Which try it is to find out if the backend answers again; 0 when it is none."""
        self.entry = entry
        """The tokens it took, to be corrected."""


class _Waiter:
    """A call that may not be sent yet."""

    __slots__ = ("future", "is_again", "tokens")

    def __init__(self, future: asyncio.Future[Ticket], tokens: float, *, is_again: bool) -> None:
        self.future = future
        self.tokens = tokens
        self.is_again = is_again


class Traffic:
    """The calls to one backend; belongs to one event loop, but for `progress`, which any thread may ask for.

    Costs next to nothing while nothing limits: two counters. All waits go by a clock that nobody can set.
    """

    def __init__(self, spec: BackendSpec, most: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin with no call in flight and `most` allowed."""
        self._name = spec.name
        self._clock = clock
        self._limit = AdaptiveLimit(most)
        self._breaker = Breaker()
        self._rates = Rates(spec)
        self._waiters: deque[_Waiter] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._held_until_s: float | None = None
        self._is_free = not self._rates.are_set
        """Whether only the number of calls in flight limits."""
        self.sent = 0
        """Calls sent so far, those made again included."""
        self.in_flight = 0
        """Calls under way, those that wait to be sent left out."""
        self._rate_limited = self._refusals = 0
        self._has_succeeded = self._is_closed = False
        self._waits: tuple[float, str] | None = None
        """Until when the next call waits, and why; None while it need not."""
        self._stopping = asyncio.Event()
        self.stopped: str | None = None
        """Why no further call is sent; None while they are."""

    # -- sending ------------------------------------------------------------------------------------------------

    def estimate(self, request: Request) -> float:
        """Tokens that a call will take, for `admit`; 0 when nothing depends on it."""
        return self._rates.estimate(request)

    async def admit(self, tokens: float = 0.0, *, is_again: bool = False) -> Ticket:
        """The right to send one call, as soon as every limit allows it; first come, first served.

        Each ticket goes to exactly one of `answered`, `failed` and `dropped`.

        Raises:
            BackendError: `not_run`, the backend is stopped.
            CancelledError: the run is stopped, see `close`.

        """
        if self._is_free and not self._waiters and self.in_flight < self._limit.value:
            self.in_flight += 1
            self.sent += 1
            return Ticket(self._limit.round, is_again=is_again)
        self._raise_if_stopped()
        waiter = _Waiter(asyncio.get_running_loop().create_future(), tokens, is_again=is_again)
        self._waiters.append(waiter)
        self._let_in()
        try:
            ticket = await waiter.future
        except asyncio.CancelledError:
            if waiter.future.done() and not waiter.future.cancelled() and waiter.future.exception() is None:
                self.dropped(waiter.future.result())
            raise
        return ticket

    async def rest(self, wait_s: float) -> None:
        """Wait before a call is sent again; not longer than until the backend is stopped."""
        if wait_s > 0:
            with suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await self._stopping.wait()

    def close(self) -> None:
        """Send nothing more, because the run is stopped: who waits, or wants to, is cancelled."""
        self._is_closed = True
        self._stopping.set()
        self._look_again()
        self._waits = None
        waiters, self._waiters = self._waiters, deque()
        for waiter in waiters:
            waiter.future.cancel()

    # -- what came of it ----------------------------------------------------------------------------------------

    def answered(self, ticket: Ticket, generation: Generation | None = None) -> None:
        """Count an answer."""
        was_full = self.in_flight >= self._limit.value
        self.in_flight -= 1
        self._has_succeeded = True
        if was_full:
            self._limit.answered(ticket.round)
        if ticket.entry is not None and generation is not None:
            self._rates.correct(ticket.entry, generation.input_tokens, generation.output_tokens)
        if self._breaker.failures or not self._breaker.has_answered:
            self._breaker.answered()
            self._look_again()
        if self._waiters:
            self._let_in()

    def failed(self, ticket: Ticket, error: BackendError) -> None:
        """Count a failure, and draw from it what it says of the calls to come."""
        self.in_flight -= 1
        now_s = self._clock()
        is_news = True
        if error.kind == "rate_limited":
            self._rate_limited += 1
            is_news = self._limit.slowed(ticket.round)
        if error.retry_after_s is not None and holds_all(error):
            self._held_until_s = max(self._held_until_s or 0.0, now_s + error.retry_after_s)
        self._judge(ticket, error, now_s, is_news=is_news)
        why = self._why_to_stop(error)
        if why is not None:
            self._stop(f"{error} (the backend was stopped{why})")
        self._look_again()
        self._let_in()

    def dropped(self, ticket: Ticket) -> None:
        """Give a ticket back whose call was not made, or ended for a reason that is not the backend's."""
        self.in_flight -= 1
        self._breaker.dropped(ticket.try_)
        self._let_in()

    def progress(self) -> BackendProgress:
        """How the backend bears the run now."""
        breaker, waits = self._breaker, self._waits
        wait_s, why = (max(waits[0] - self._clock(), 0.0), waits[1]) if waits is not None else (0.0, "")
        return BackendProgress(
            name=self._name,
            limit=self._limit.value,
            most=self._limit.most,
            rate_limited=self._rate_limited,
            waiting_s=wait_s,
            why_waiting=why,
            pauses=breaker.pauses,
            stopped=self.stopped,
        )

    # -- deciding -----------------------------------------------------------------------------------------------

    def _judge(self, ticket: Ticket, error: BackendError, now_s: float, *, is_news: bool) -> None:
        strikes = strikes_of(error, is_again=ticket.is_again, has_answered=self._has_succeeded)
        if strikes is None:
            self._breaker.answered()
            if not self._has_succeeded and may_end_all(error):
                self._refusals += 1
            return
        was_open = self._breaker.is_open
        self._breaker.failed(strikes if is_news else 0.0, now_s, try_=ticket.try_)
        if self._breaker.is_open and not was_open:
            self._limit.slowed(self._limit.round)  # it may have been too much for it, and is to come back slowly

    def _why_to_stop(self, error: BackendError) -> str | None:
        if ends_all(error, has_answered=self._has_succeeded):
            return ": every further call would end so"
        if self._refusals >= _FIRST_ANSWERS and not self._has_succeeded and may_end_all(error):
            return f": its first {_FIRST_ANSWERS} answers were all such"
        if holds_all(error) and (wish := asked_too_long(error)) is not None:
            return f": {wish}; run again then"
        if self._breaker.gave_up:
            failures, pauses = counted(self._breaker.failures, "failure"), counted(self._breaker.pauses, "pause")
            return f" after {failures} in a row and {pauses}"
        return None

    def _stop(self, why: str) -> None:
        if self.stopped is not None:
            return
        self.stopped = why
        self._stopping.set()
        self._waits = None
        waiters, self._waiters = self._waiters, deque()
        for waiter in waiters:
            if not waiter.future.done():
                waiter.future.set_exception(BackendError(why, kind="not_run"))

    def _raise_if_stopped(self) -> None:
        if self._is_closed:
            raise asyncio.CancelledError
        if self.stopped is not None:
            raise BackendError(self.stopped, kind="not_run")

    # -- waiting ------------------------------------------------------------------------------------------------

    def _look_again(self) -> None:
        """Find out whether anything but the number of calls limits."""
        is_held = self._held_until_s is not None
        is_over = self._is_closed or self.stopped is not None
        self._is_free = not (self._rates.are_set or is_held or self._breaker.is_open or is_over)

    def _let_in(self) -> None:
        """Give tickets to those who wait, as far as the limits allow."""
        self._waits = None
        while self._waiters and self.in_flight < self._limit.value:
            waiter = self._waiters[0]
            if waiter.future.done():  # nobody waits any more
                self._waiters.popleft()
                continue
            now_s = self._clock()
            wait_s, why = self._wait(waiter.tokens, now_s)
            if wait_s > 0:
                self._waits = (now_s + wait_s if wait_s < float("inf") else now_s, why)
                self._wake_in(wait_s)
                return
            self._waiters.popleft()
            self.in_flight += 1
            self.sent += 1
            waiter.future.set_result(self._ticket(waiter, now_s))

    def _wait(self, tokens: float, now_s: float) -> tuple[float, str]:
        """Seconds until the next call may be sent, and why; 0 when it may."""
        if self._held_until_s is not None:
            if self._held_until_s > now_s:
                return self._held_until_s - now_s, "Retry-After"
            self._held_until_s = None
            self._look_again()
        pause_s = self._breaker.wait_s(now_s)
        if pause_s > 0:
            return pause_s, f"paused after {self._breaker.failures} failures"
        return self._rates.wait(tokens, now_s) if self._rates.are_set else (0.0, "")

    def _ticket(self, waiter: _Waiter, now_s: float) -> Ticket:
        entry = self._rates.take(waiter.tokens, now_s) if self._rates.are_set else None
        try_ = self._breaker.begin_try()
        return Ticket(self._limit.round, is_again=waiter.is_again, try_=try_, entry=entry)

    def _wake_in(self, wait_s: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if wait_s < float("inf"):
            self._timer = asyncio.get_running_loop().call_later(wait_s, self._let_in)
