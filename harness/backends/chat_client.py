"""One chat completions endpoint: one POST a call, every failure a BackendError."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson

from harness.backends.chat_answer import read_answer
from harness.backends.chat_errors import call_failure, status_failure
from harness.backends.http import Limits, PostError, open_poster

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.backends.endpoint import Endpoint
    from harness.backends.http import Poster
    from harness.schema import Generation, Price, Request


class ChatClient:
    """Posts chat completions to one endpoint."""

    def __init__(self, endpoint: Endpoint, poster: Poster) -> None:
        """Keep what posts; `opened` makes one."""
        self.endpoint = endpoint
        self._poster = poster
        self._limits = Limits(endpoint.timeout_s, endpoint.connect_timeout_s, endpoint.read_timeout_s)

    @classmethod
    def opened(cls, endpoint: Endpoint) -> ChatClient:
        """A client with connections of its own, bound to the running event loop; BackendError: it has no address."""
        try:
            return cls(endpoint, open_poster(endpoint.url, endpoint.headers()))
        except PostError as error:
            raise call_failure(error, endpoint) from error

    def for_caller(self, label: str, timeout_s: float) -> ChatClient:
        """The same connections, with another caller's name in messages and its time limit."""
        return ChatClient(replace(self.endpoint, label=label, timeout_s=timeout_s), self._poster)

    async def close(self) -> None:
        """Close the connections."""
        await self._poster.close()

    async def complete(self, body: Mapping[str, Any], price: Price | None) -> Generation:
        """The generation that the endpoint answers `body` with; BackendError for everything else."""
        payload = _encoded(body)
        started_at = datetime.now(UTC).isoformat(timespec="milliseconds")
        began = time.perf_counter()
        content = await self._post(payload)
        latency_s = time.perf_counter() - began
        return read_answer(content, self.endpoint, price=price, latency_s=latency_s, started_at=started_at)

    async def _post(self, payload: bytes) -> bytes:
        try:
            answer = await self._poster.post(payload, self._limits)
        except PostError as error:
            raise call_failure(error, self.endpoint) from error
        if answer.status != 200:  # noqa: PLR2004 - the protocol's only success
            raise status_failure(answer, endpoint=self.endpoint)
        return self.endpoint.without_key(answer.content)


def _encoded(body: Mapping[str, Any]) -> bytes:
    """The body as JSON; orjson refuses halves of surrogate pairs and long numbers."""
    try:
        return orjson.dumps(body)
    except TypeError:
        return json.dumps(body, separators=(",", ":")).encode()


def chat_messages(request: Request) -> list[dict[str, str]]:
    """The request's messages as the protocol has them."""
    return [{"role": message.role, "content": message.content} for message in request.messages]
