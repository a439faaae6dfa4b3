"""An event loop whose time passes only while it would sleep: hours of waiting in milliseconds, the same every time."""

from __future__ import annotations

import asyncio
import selectors
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Coroutine

Value = TypeVar("Value")
BEGAN_S = 5000.0
"""Where its clock begins: not 0, for which a wrong program may be right."""


class _Selector(selectors.DefaultSelector):
    """Sleeps by moving the clock on."""

    def __init__(self) -> None:
        super().__init__()
        self.now_s = BEGAN_S

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if not ready:
            if timeout is None:
                raise RuntimeError("nothing would ever happen again: everybody waits")
            self.now_s += max(timeout, 0.0)
        return ready


class SimulatedLoop(asyncio.SelectorEventLoop):
    """A loop on simulated time."""

    def __init__(self) -> None:
        self._simulated = _Selector()
        super().__init__(self._simulated)

    def time(self) -> float:
        return self._simulated.now_s


def simulate(work: Coroutine[Any, Any, Value]) -> Value:
    """What `work` returns, run on simulated time."""
    with asyncio.Runner(loop_factory=SimulatedLoop) as runner:
        return runner.run(work)


def now_s() -> float:
    """Seconds since the simulation began."""
    return asyncio.get_running_loop().time() - BEGAN_S
