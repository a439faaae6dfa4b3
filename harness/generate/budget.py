"""What a run may still spend: reserved before each call, from the most that the call can cost.

Amounts are whole numbers of 1e-15 USD inside, so that sums of many calls are exact and a limit is never passed by
rounding. A reservation is given back when the call's cost is known; a call whose cost stays unknown (it timed out, or
its connection was cut after it was sent) keeps it, because it may have been billed.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING

from msgspec import Struct

from harness.errors import BackendError, UsageError
from harness.generate.ceiling import ceiling_of
from harness.generate.today import UNIT, Today, in_units
from harness.wording import counted, usd

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from harness.backends import Backend
    from harness.generate.ceiling import Ceiling
    from harness.schema import Generation, Message, Settings

_PERHAPS_BILLED = frozenset({408, 502, 504, 524})
"""Statuses of a gateway that gave up waiting: what stands behind it may have answered, and billed it."""


class Reservation(Struct):
    """Money set aside for one call."""

    amount: int
    """In units."""
    backend: str
    """Name of the backend, for a message."""
    is_open: bool = True
    """Whether it is still to be settled."""


class Budget:
    """The limits of one run; belongs to one event loop. Nobody may reserve while holding a reservation."""

    def __init__(
        self,
        settings: Settings,
        *,
        spent_usd: float = 0.0,
        spent_elsewhere: Callable[[], float] | None = None,
        notice: Callable[[str], None] | None = None,
    ) -> None:
        """`spent_usd` is what a resumed run has spent before.

        `spent_elsewhere` tells what the project has spent today (UTC) without what this object has seen settled, and
        may raise RecordError; `notice` takes what the user should know of a run that goes on.
        """
        self._limit = in_units(settings.budget_usd)
        self._daily = in_units(settings.daily_budget_usd)
        self._request = in_units(settings.request_limit_usd)
        self._request_limit_usd = settings.request_limit_usd
        self._calls_none = settings.cache_mode == "only"
        self._spent = in_units(spent_usd) or 0
        self._is_alone = self._daily is not None and spent_elsewhere is None
        self._notice = notice or (lambda _: None)
        self._today = Today(spent_elsewhere or (lambda: 0.0), notice=self._notice)
        self._held = 0
        self._unknown = self._n_unknown = 0
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()
        self._ceilings: dict[int, Ceiling | None] = {}
        self._exceeded: set[str] = set()
        self.stopped: str | None = None
        """Why nothing more is spent; None while calls may be made."""

    @property
    def spent_usd(self) -> float:
        """What is spent for certain, and what calls of unknown cost may have cost."""
        return self._spent / UNIT

    @property
    def unknown_usd(self) -> float:
        """The part of `spent_usd` that calls of unknown cost may have cost; it only grows."""
        return self._unknown / UNIT

    @property
    def _setting(self) -> str:
        named = ((self._limit, "--prompt-budget"), (self._daily, "prompt_daily_budget"))
        return next((name for limit, name in named if limit is not None), "prompt_request_limit")

    # -- of backends --------------------------------------------------------------------------------------------

    def check(self, backends: Iterable[Backend]) -> None:
        """Find out what their calls may cost; call it before the first of them.

        Raises:
            UsageError: a price, or the longest answer, is not known.

        """
        if self._is_alone:
            self._notice("prompt_daily_budget: there is no ledger of other runs; only what this run spends counts")
        mistakes = []
        for backend in backends:
            if self._calls_none and backend.cacheable:
                continue
            try:
                self._ceiling(backend)
            except UsageError as error:
                mistakes.append(str(error))
        if mistakes:
            raise UsageError("\n".join(dict.fromkeys(mistakes)))

    async def admit(
        self, backend: Backend, messages: Sequence[Message], params: Mapping[str, object] | None = None
    ) -> Reservation | None:
        """Reserve the most that a call with these messages can cost; None when the backend's calls cost nothing.

        `params` are the call's own, laid over the backend's.

        Raises:
            BackendError: `not_run`, when the call may not be made.

        """
        ceiling = self._ceiling(backend)
        if ceiling is None:
            return None
        return await self.reserve(ceiling.most_usd(messages, params or {}), backend.spec.name)

    def answered(self, reservation: Reservation | None, generation: Generation) -> None:
        """Settle a call that was answered."""
        if reservation is not None:
            self.settle(reservation, generation.cost_usd)

    def failed(self, reservation: Reservation | None, error: BaseException) -> None:
        """Settle a call that was not answered: with nothing where it cannot have been billed, else it keeps all."""
        if reservation is not None:
            unbilled = (
                isinstance(error, BackendError) and not error.may_be_billed and error.status not in _PERHAPS_BILLED
            )
            self.settle(reservation, 0.0 if unbilled else None)

    def dropped(self, reservation: Reservation | None) -> None:
        """Give back what was set aside for a call that was never sent."""
        if reservation is not None:
            self.settle(reservation, 0.0)

    def _ceiling(self, backend: Backend) -> Ceiling | None:
        if id(backend) not in self._ceilings:
            self._ceilings[id(backend)] = ceiling_of(
                backend, limit_setting=self._setting, request_limit_usd=self._request_limit_usd
            )
        return self._ceilings[id(backend)]

    # -- of money -----------------------------------------------------------------------------------------------

    async def reserve(self, amount_usd: float, backend: str = "") -> Reservation:
        """Set the amount aside; waits while calls under way may still give some back.

        Raises:
            BackendError: `not_run`, when it does not fit any more; every later call is refused then too.

        """
        amount = in_units(amount_usd) or 0
        if self._request is not None and amount > self._request:
            raise _not_run(
                f"the call may cost {usd(amount_usd)} at worst, more than one may (prompt_request_limit "
                f"{usd(self._request_limit_usd)}); lower max_tokens, shorten the prompt, or raise prompt_request_limit"
            )
        if amount and self.stopped is not None:
            raise _not_run(self.stopped)
        if amount and (self._waiting or not self._fits(amount)):
            await self._turn(amount)
        else:
            self._held += amount
        return Reservation(amount, backend)

    def settle(self, reservation: Reservation, actual_usd: float | None) -> None:
        """Count what the call cost and give the rest back; None keeps all of it. A second time does nothing."""
        if not reservation.is_open:
            return
        reservation.is_open = False
        actual = in_units(actual_usd)
        if actual is None:
            actual = reservation.amount
            self._unknown += actual
            self._n_unknown += 1
        elif actual > reservation.amount and reservation.backend not in self._exceeded:
            self._exceeded.add(reservation.backend)
            self._notice(
                f"backend '{reservation.backend}': a call cost {usd(actual_usd)}, more than the "
                f"{usd(reservation.amount / UNIT)} that it could cost at most by its price and limits; the budget may "
                "be passed by such calls; check price and max_tokens"
            )
        self._held -= reservation.amount
        self._spent += actual
        if self._daily is not None:
            self._today.add(actual)
        self._serve()

    def _fits(self, amount: int) -> bool:
        wanted = self._held + amount
        if self._limit is not None and self._spent + wanted > self._limit:
            return False
        return self._daily is None or self._today.spent() + wanted <= self._daily

    async def _turn(self, amount: int) -> None:
        """Wait in line until the amount is held."""
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append((amount, turn))
        self._serve()
        try:
            await turn
        except asyncio.CancelledError:
            if not turn.cancelled() and turn.exception() is None:  # it had just been given
                self._held -= amount
            self._serve()
            raise

    def _serve(self) -> None:
        """Give to those who wait, in order, what fits; when nothing can come back any more, refuse them all."""
        while self._waiting:
            amount, turn = self._waiting[0]
            if turn.done():
                self._waiting.popleft()
            elif self._fits(amount):
                self._waiting.popleft()
                self._held += amount
                turn.set_result(None)
            elif self._held:
                return
            else:
                self._stop(amount)

    def _stop(self, amount: int) -> None:
        self.stopped = self._why(amount)
        while self._waiting:
            _, turn = self._waiting.popleft()
            if not turn.done():
                turn.set_exception(_not_run(self.stopped))

    def _why(self, amount: int) -> str:
        unknown = ""
        if self._n_unknown:
            unknown = (
                f", {usd(self._unknown / UNIT)} of it set aside for {counted(self._n_unknown, 'call')} of unknown cost"
            )
        coming = f"the next call may cost {usd(amount / UNIT)}"
        if self._limit is not None and self._spent + amount > self._limit:
            spent = usd(self._spent / UNIT)
            return (
                f"the budget of {usd(self._limit / UNIT)} is spent ({spent} spent{unknown}, {coming}); "
                "raise --prompt-budget, or continue later with --prompt-resume"
            )
        assert self._daily is not None
        spent = usd(self._today.spent() / UNIT)
        return (
            f"the daily budget of {usd(self._daily / UNIT)} is spent ({spent} spent on {self._today.day} by all runs"
            f"{unknown}, {coming}); raise prompt_daily_budget, or continue tomorrow (UTC) with --prompt-resume"
        )


def open_budget(
    settings: Settings,
    *,
    spent_usd: float = 0.0,
    spent_elsewhere: Callable[[], float] | None = None,
    notice: Callable[[str], None] | None = None,
) -> Budget | None:
    """The budget that the settings set; None where they set no limit. The rest is as `Budget` has it."""
    limits = settings.budget_usd, settings.daily_budget_usd, settings.request_limit_usd
    if all(limit is None for limit in limits):
        return None
    return Budget(settings, spent_usd=spent_usd, spent_elsewhere=spent_elsewhere, notice=notice)


def _not_run(why: str) -> BackendError:
    return BackendError(f"not run: {why}", kind="not_run")
