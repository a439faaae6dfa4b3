"""What is sent and what comes back, whichever way it goes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Protocol

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Mapping

Where = Literal[
    "address", "resolving", "tls", "connecting", "connect_limit", "read_limit", "limit", "cut", "lost", "too_large"
]
"""Where a call ended: before it was sent (the first five; `connect_limit` is one of time), later, or in the answer."""
UNSENT: frozenset[Where] = frozenset({"address", "resolving", "tls", "connecting", "connect_limit"})
"""Ends before anything was sent."""
MOST_BODY = 64 * 2**20
"""Most bytes of an answer, unpacked: 100,000 tokens with 20 log-probabilities each are a third of it."""
KEPT_S = 4.0
"""An idle connection is given up before the server does it: uvicorn (vLLM, LiteLLM) waits 5 s, nginx 75 s."""

PORTS = {"http": 80, "https": 443}
"""By scheme, where a URL names none."""


class PostError(Exception):
    """A call got no whole answer; the message is the system's or the library's own word, and may be empty."""

    def __init__(self, where: Where, said: object = "") -> None:
        """Where it ended, and what was said of it."""
        super().__init__(str(said))
        self.where: Where = where


class Limits(Struct, frozen=True):
    """How long a call may take, seconds."""

    whole_s: float
    """From sending to the last byte, the connection included."""
    connect_s: float | None = None
    """Until a connection stands, name and TLS included; None leaves it to the whole."""
    read_s: float | None = None
    """Without a byte; None leaves it to the whole."""


class Answer(Struct, frozen=True):
    """What an endpoint answered."""

    status: int
    """Of HTTP."""
    headers: Mapping[str, str]
    """By name, in small letters."""
    content: bytes
    """The whole body, unpacked."""


class Poster(Protocol):
    """Posts to one endpoint; bound to one event loop."""

    async def post(self, payload: bytes, limits: Limits) -> Answer:
        """The answer; PostError when there is no whole one."""
        ...

    async def close(self) -> None:
        """Close its connections."""
        ...
