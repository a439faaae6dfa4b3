"""Free slots, given out by turns, so that nobody who asks for many at once holds up the others."""

from __future__ import annotations

import asyncio
from collections import deque


class Turns:
    """A number of slots; while none is free, each user in line gets one before any gets a second.

    Within one user's line the order is that of asking. Belongs to one event loop.
    """

    def __init__(self, slots: int) -> None:
        """Begin with all slots free."""
        self._free = slots
        self._lines: dict[object, deque[asyncio.Future[None]]] = {}
        """Who waits, next turn first."""

    async def take(self, user: object) -> None:
        """Return when a slot is the caller's, who gives it back with `give_back`."""
        if self._free:
            self._free -= 1
            return
        turn = asyncio.get_running_loop().create_future()
        self._lines.setdefault(user, deque()).append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if not turn.cancelled():  # it had just been given
                self.give_back()
            raise

    def give_back(self) -> None:
        """Hand a slot to whose turn it is, or keep it free."""
        turn = self._next()
        if turn is None:
            self._free += 1
        else:
            turn.set_result(None)

    def _next(self) -> asyncio.Future[None] | None:
        """The first that still waits, of the user who has waited longest for a turn; that user goes to the end."""
        for user in list(self._lines):
            line = self._lines.pop(user)
            while line:
                turn = line.popleft()
                if not turn.done():
                    if line:
                        self._lines[user] = line
                    return turn
        return None
