"""One trial's call, made again when that makes sense."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from harness.errors import BackendError
from harness.generate.failures import asked_too_long, holds_all
from harness.generate.sound import flaw_of
from harness.trace import NO_CALL

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from harness.backends import Backend
    from harness.generate.budget import Budget, Reservation
    from harness.generate.traffic import Ticket, Traffic
    from harness.schema import Generation, Request
    from harness.trace import CallTrace, NoCallTrace

_FIRST_WAIT_S = 0.5
"""Wait before the first retry; doubled each time, with full jitter (AWS Architecture Blog, 2015)."""
_LONGEST_WAIT_S = 30.0
"""Longest wait between two tries that the server did not ask for."""
_MOST_SLOWED = 20
"""Times that one call may be asked to slow down: that is no failure of the call, and uses none of its tries up."""
_GRACE_S = 5.0
"""Seconds beyond `timeout_s` after which a backend that does not keep its own timeout is cut off."""


class Line(Struct, frozen=True):
    """What every call of one backend goes through."""

    traffic: Traffic
    """What may be sent now."""
    max_retries: int
    """Most further tries of a call."""
    random: Random
    """Jitter of waits."""
    on_send: Callable[[bool], None]
    """Told of each try that is sent, and whether it is one more."""
    budget: Budget | None = None
    """What may be spent; None when nothing limits it."""


async def call(
    backend: Backend, request: Request, line: Line, *, trace: CallTrace | NoCallTrace = NO_CALL
) -> Generation:
    """The generation for `request`, with the number of retries it took; each try waits for `line` to let it in.

    Raises:
        BackendError: the last try's, with the number of tries in its text; `not_run` when the backend was stopped, or
            the budget spent, before the first.

    """
    tries = _Tries(line.max_retries, line.random)
    tokens = line.traffic.estimate(request)
    while True:
        passage = await _let_through(line, backend, request, tokens=tokens, tries=tries)
        line.on_send(tries.failed > 0)
        trace.begin()
        try:
            generation = await _once(backend, request)
        except BaseException as error:
            trace.end(error=error)
            passage.failed(error)
            if not isinstance(error, BackendError):
                raise
            await line.traffic.rest(tries.wait_s(error))
        else:
            trace.end(generation)
            passage.answered(generation)
            return replace(generation, retries=tries.failed) if tries.failed else generation


class _Passage:
    """One try that may be sent: its place among those in flight, and the money set aside for it."""

    __slots__ = ("_line", "_reserved", "_ticket")

    def __init__(self, line: Line, ticket: Ticket, reserved: Reservation | None) -> None:
        self._line = line
        self._ticket = ticket
        self._reserved = reserved

    def answered(self, generation: Generation) -> None:
        """Give the place back, and the money that the answer did not cost."""
        self._line.traffic.answered(self._ticket, generation)
        if self._line.budget is not None:
            self._line.budget.answered(self._reserved, generation)

    def failed(self, error: BaseException) -> None:
        """Give the place back, and the money where the try cannot have been billed."""
        if isinstance(error, BackendError):
            self._line.traffic.failed(self._ticket, error)
        else:
            self._line.traffic.dropped(self._ticket)
        if self._line.budget is not None:
            self._line.budget.failed(self._reserved, error)


async def _let_through(line: Line, backend: Backend, request: Request, *, tokens: float, tries: _Tries) -> _Passage:
    """Wait until the next try may be sent; BackendError when it may not be any more."""
    budget, reserved = line.budget, None
    end = ", then the budget was spent"
    try:
        if budget is not None:
            reserved = await budget.admit(backend, request.messages, request.params)
        end = ", then the backend was stopped"
        ticket = await line.traffic.admit(tokens, is_again=tries.failed > 0)
    except BaseException as error:
        if budget is not None:
            budget.dropped(reserved)
        if isinstance(error, BackendError) and tries.last is not None:
            raise tries.final(end) from tries.last
        raise
    return _Passage(line, ticket, reserved)


class _Tries:
    """The tries of one call that failed so far."""

    __slots__ = ("_max_retries", "_random", "_slowed", "failed", "last")

    def __init__(self, max_retries: int, random: Random) -> None:
        self.failed = 0
        """How many failed."""
        self.last: BackendError | None = None
        """How the last one failed."""
        self._slowed = 0
        self._max_retries = max_retries
        self._random = random

    def wait_s(self, error: BackendError) -> float:
        """Seconds to wait before the next try; raises BackendError when there is none."""
        self.failed += 1
        self.last = error
        self._slowed += error.kind == "rate_limited"
        if not error.retryable:
            raise error
        if (wish := asked_too_long(error)) is not None:
            raise BackendError(f"{error} ({wish}; run again then)", kind=error.kind, status=error.status) from error
        if self._are_used_up:
            raise self.final("") from error
        if error.retry_after_s is not None:
            return 0.0 if holds_all(error) else error.retry_after_s  # the traffic holds the whole backend back
        return self._random.uniform(0, min(_LONGEST_WAIT_S, _FIRST_WAIT_S * 2.0 ** (self.failed - 1)))

    def final(self, end: str) -> BackendError:
        """The last failure with the number of tries, and how it came that there is no other."""
        assert self.last is not None
        if self.failed == 1 and not end:
            return self.last
        times = "once" if self.failed == 1 else f"{self.failed} times"
        return BackendError(f"{self.last} (tried {times}{end})", kind=self.last.kind, status=self.last.status)

    @property
    def _are_used_up(self) -> bool:
        if self._max_retries == 0:
            return True
        return self.failed - self._slowed > self._max_retries or self._slowed > _MOST_SLOWED


async def _once(backend: Backend, request: Request) -> Generation:
    generation = await (backend.generate(request) if _keeps_timeout(backend) else _guarded(backend, request))
    if (flaw := flaw_of(generation)) is not None:
        raise BackendError(f"backend '{backend.spec.name}': returned {flaw}; mend it", kind="unreadable")
    return generation


def _keeps_timeout(backend: Backend) -> bool:
    """Whether each call surely ends by itself; see `harness.backends.protocol`."""
    return getattr(backend, "keeps_timeout", False) is True


async def _guarded(backend: Backend, request: Request) -> Generation:
    """The generation; BackendError when a backend that has a time limit does not keep it."""
    limit_s = backend.spec.timeout_s + _GRACE_S
    try:
        async with asyncio.timeout(limit_s) as limit:
            return await backend.generate(request)
    except TimeoutError as error:
        if not limit.expired():  # the backend's own
            raise
        raise BackendError(
            f"backend '{backend.spec.name}': no answer after {limit_s:g} s; raise timeout_s if it needs longer",
            kind="timeout",
            retryable=True,
        ) from error
