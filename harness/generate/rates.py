"""Requests and tokens a minute: when the next call may be sent."""

from __future__ import annotations

import math
from collections import deque
from typing import TYPE_CHECKING, Any

from harness.wording import plural

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.schema import BackendSpec, Request

_WINDOW_S = 60.0
"""What 'a minute' means: any 60 s."""
_SLACK_S = 1.0
"""Longer than the window by what the way to the server may differ between two calls: it counts arrivals."""
_BYTES_PER_TOKEN = 4
"""Bytes of UTF-8 a token, roughly, of English text (OpenAI help centre, 'What are tokens'); corrected by usage."""
_USUAL_OUTPUT = 256.0
"""Tokens of an answer, until the first one is there, where no `max_tokens` bounds it."""
_LEARNT = 0.1
"""Weight of the newest answer in the usual length."""
_BOUNDS = ("max_completion_tokens", "max_tokens", "max_output_tokens")
"""Parameters that bound an answer, by the names that providers have for them."""


_ROUNDING = 1e-6
"""Excess that only comes of adding up."""


class Entry:
    """What one call took of a window."""

    __slots__ = ("amount", "at_s")

    def __init__(self, at_s: float, amount: float) -> None:
        """Taken at that moment."""
        self.at_s = at_s
        self.amount = amount


class Window:
    """At most `limit` in any minute.

    The log of the minute itself, not a bucket that is filled evenly: it is exact, a run may begin with a whole minute's
    worth at once, and no other order that keeps to the limit ends sooner.
    """

    def __init__(self, limit: float) -> None:
        """Begin empty."""
        self._limit = limit
        self._entries: deque[Entry] = deque()
        self._total = 0.0

    def wait_s(self, amount: float, now_s: float) -> float:
        """Seconds until so much fits; 0 when it does. More than the limit itself fits into an empty window."""
        self._forget(now_s)
        excess = self._total + min(amount, self._limit) - self._limit
        if excess <= _ROUNDING:
            return 0.0
        for entry in self._entries:
            excess -= entry.amount
            if excess <= _ROUNDING:
                return max(entry.at_s + _WINDOW_S + _SLACK_S - now_s, 0.0)
        return 0.0

    def take(self, amount: float, now_s: float) -> Entry:
        """Count it."""
        entry = Entry(now_s, amount)
        self._entries.append(entry)
        self._total += amount
        return entry

    def correct(self, entry: Entry, amount: float) -> None:
        """Count what it really was; nothing when the minute is over."""
        if self._entries and entry.at_s >= self._entries[0].at_s:
            self._total += amount - entry.amount
            entry.amount = amount

    def _forget(self, now_s: float) -> None:
        entries = self._entries
        while entries and entries[0].at_s + _WINDOW_S + _SLACK_S <= now_s:
            self._total -= entries.popleft().amount
        if not entries:
            self._total = 0.0  # no rounding error is carried on


def _said(limit: float, noun: str) -> str:
    return f"{limit:,g} {plural(noun, math.ceil(limit))} a minute"


def _bound(params: Mapping[str, Any]) -> int | None:
    """Most tokens of an answer, where a parameter says so."""
    return next((params[name] for name in _BOUNDS if isinstance(params.get(name), int)), None)


class Rates:
    """The limits that a backend's entry states."""

    def __init__(self, spec: BackendSpec) -> None:
        """Limits of `spec`; `are_set` is False when it has none."""
        requests, tokens = spec.requests_per_minute, spec.tokens_per_minute
        self._requests = Window(requests) if requests is not None else None
        self._tokens = Window(tokens) if tokens is not None else None
        self._request_limit = _said(requests, "request") if requests is not None else ""
        self._token_limit = _said(tokens, "token") if tokens is not None else ""
        self._bound = _bound(spec.params)
        self._usual_output = _USUAL_OUTPUT
        self.are_set = requests is not None or tokens is not None

    def estimate(self, request: Request) -> float:
        """Tokens that the call will take, in and out; 0 when nothing depends on it."""
        if self._tokens is None:
            return 0.0
        said = sum(len(message.content.encode("utf-8", "replace")) for message in request.messages)
        own = _bound(request.params) if request.params else None
        bound = self._bound if own is None else own
        return said / _BYTES_PER_TOKEN + (self._usual_output if bound is None else bound)

    def wait(self, tokens: float, now_s: float) -> tuple[float, str]:
        """Seconds until a call may be sent, and the limit that says so."""
        requests_s = self._requests.wait_s(1, now_s) if self._requests is not None else 0.0
        tokens_s = self._tokens.wait_s(tokens, now_s) if self._tokens is not None else 0.0
        return (requests_s, self._request_limit) if requests_s >= tokens_s else (tokens_s, self._token_limit)

    def take(self, tokens: float, now_s: float) -> Entry | None:
        """Count a call that is sent now; what to correct when its usage is known."""
        if self._requests is not None:
            self._requests.take(1, now_s)
        return self._tokens.take(tokens, now_s) if self._tokens is not None else None

    def correct(self, entry: Entry, input_tokens: int | None, output_tokens: int | None) -> None:
        """Count the usage that the backend stated instead of the estimate."""
        if self._tokens is None or input_tokens is None or output_tokens is None:
            return
        self._usual_output += _LEARNT * (output_tokens - self._usual_output)
        self._tokens.correct(entry, input_tokens + output_tokens)
