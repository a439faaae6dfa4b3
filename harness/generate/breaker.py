"""A circuit breaker: a backend that fails again and again is given a rest, tried again, and given up."""

from __future__ import annotations

_OPENS_AT = 8.0
"""Strikes with no answer between that open it: by chance alone, with a sixth of calls failing, 1 in 1.7 million."""
_FIRST_PAUSE_S = 0.5
"""The first rest; each further one is twice as long."""
_LONGEST_PAUSE_S = 30.0
"""The longest rest."""
_GIVES_UP_AT = 4.0
"""Strikes of single tries after which a backend that has never answered is given up: 0.5 + 1 + 2 + 4 s of pauses."""
_GIVES_UP_LATER_AT = 6.0
"""The same for one that has answered in this run, and is perhaps only restarted: 31.5 s of pauses."""


class Breaker:
    """Closed while calls are answered; open while it waits; then one call at a time tries whether it can close."""

    def __init__(self) -> None:
        """Begin closed."""
        self.failures = 0
        """Failed calls since the last answer."""
        self.pauses = 0
        """Rests so far."""
        self.is_open = False
        """Whether only single tries are let through."""
        self.is_trying = False
        """Whether such a try is under way."""
        self.gave_up = False
        """Whether there will be no further try."""
        self.has_answered = False
        """Whether the backend ever answered anything."""
        self._strikes = 0.0
        self._pause_s = _FIRST_PAUSE_S
        self._until_s = 0.0

    def wait_s(self, now_s: float) -> float:
        """Seconds until a call may be sent: 0 when it may, infinite while a try is under way."""
        if not self.is_open:
            return 0.0
        return float("inf") if self.is_trying else max(self._until_s - now_s, 0.0)

    def answered(self) -> None:
        """Close: the backend lives."""
        self.failures = 0
        self._strikes = 0.0
        self.has_answered = True
        self.is_open = self.is_trying = False
        self._pause_s = _FIRST_PAUSE_S

    def begin_try(self) -> int:
        """The number of the try that the next call is, for `failed` and `dropped`; 0 when it is none."""
        self.is_trying = self.is_open
        return self.pauses if self.is_open else 0

    def failed(self, strikes: float, now_s: float, *, try_: int = 0) -> None:
        """Count a failure; what was sent before it opened says nothing new while it is open."""
        self.failures += 1
        was_try = self._is_current(try_)
        if self.is_open and not was_try:
            return
        self._strikes += strikes
        if was_try:
            self.is_trying = False
            self.gave_up = self._strikes >= (_GIVES_UP_LATER_AT if self.has_answered else _GIVES_UP_AT)
            if not self.gave_up:
                self._rest(now_s)
        elif self._strikes >= _OPENS_AT:
            self._strikes = 0.0
            self._rest(now_s)

    def dropped(self, try_: int) -> None:
        """Let another call try when the one that did came to no end."""
        if self._is_current(try_):
            self.is_trying = False

    def _is_current(self, try_: int) -> bool:
        """Whether it is the try under way, and no older one that an answer has overtaken."""
        return self.is_open and try_ == self.pauses

    def _rest(self, now_s: float) -> None:
        self.is_open = True
        self.pauses += 1
        self._until_s = now_s + self._pause_s
        self._pause_s = min(2 * self._pause_s, _LONGEST_PAUSE_S)
