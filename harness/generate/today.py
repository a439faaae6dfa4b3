"""What the project has spent today, by this run and by others."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, overload

from harness.errors import RecordError

if TYPE_CHECKING:
    from collections.abc import Callable

UNIT = 10**15
"""Parts of a USD that amounts are counted in: sums of them are exact."""
_REFRESH_S = 1.0
"""How often other runs' spending is asked for at most."""


@overload
def in_units(amount_usd: float) -> int: ...
@overload
def in_units(amount_usd: float | None) -> int | None: ...
def in_units(amount_usd: float | None) -> int | None:
    """The amount in whole units; None stays None.

    >>> in_units(0.07) * 100 == in_units(7.0)
    True
    """
    return None if amount_usd is None else round(amount_usd * UNIT)


class Today:
    """Spending of one day (UTC), in units; begins anew at midnight."""

    def __init__(
        self,
        spent_elsewhere: Callable[[], float],
        *,
        notice: Callable[[str], None] = lambda _: None,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """`spent_elsewhere` tells what all others have spent today; asked once a second at most.

        `notice` is told, each time, when it raises RecordError: what was last known then holds.
        """
        self._spent_elsewhere = spent_elsewhere
        self._notice = notice
        self._clock = clock
        self._now = now
        self._asked_s: float | None = None
        self._elsewhere = 0
        self._own = 0
        self.day = ""
        """The day, in ISO form."""

    def add(self, amount: int) -> None:
        """Count what this run has just spent."""
        self._begin_day()
        self._own += amount

    def spent(self) -> int:
        """What everybody has spent today, as far as is known."""
        self._begin_day()
        now_s = self._clock()
        if self._asked_s is None or now_s - self._asked_s >= _REFRESH_S:
            self._asked_s = now_s
            try:
                self._elsewhere = in_units(self._spent_elsewhere())
            except RecordError as error:
                self._notice(f"prompt_daily_budget: {error}; what other runs spend is not seen meanwhile")
        return self._own + self._elsewhere

    def _begin_day(self) -> None:
        day = self._now().date().isoformat()
        if day != self.day:
            self.day, self._own, self._elsewhere, self._asked_s = day, 0, 0, None
