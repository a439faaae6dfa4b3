"""One chat completions endpoint: a session, one POST a call, every failure a BackendError."""

from __future__ import annotations

import io
import json
import math
import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import orjson

from harness.backends.chat_answer import read_answer
from harness.backends.chat_errors import call_failure, status_failure
from harness.errors import BackendError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import aiohttp

    from harness.backends.endpoint import Endpoint
    from harness.schema import Generation, Price, Request

_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_KEEPALIVE_S = 4.0
"""An idle connection is given up before the server does it: uvicorn (vLLM, LiteLLM) waits 5 s, nginx 75 s."""
_DNS_CACHE_S = 300
"""How long a looked-up address is used; with aiohttp's 10 s a long run would ask again and again."""
_MOST_BODY = 64 * 2**20
"""Most bytes of an answer, unpacked: 100,000 tokens with 20 log-probabilities each are a third of it."""
_LARGE_BODY = 2**20
"""Above this aiohttp warns about a body given as bytes (`aiohttp.payload.TOO_LARGE_BYTES_BODY`)."""


class ChatClient:
    """Posts chat completions to one endpoint over one session."""

    def __init__(self, endpoint: Endpoint, session: aiohttp.ClientSession) -> None:
        """Keep the open session; `opened` makes one."""
        import aiohttp
        from yarl import URL

        self.endpoint = endpoint
        self._session = session
        self._url = URL(endpoint.url)
        self._proxy = _proxy(endpoint.url)
        self._timeout = aiohttp.ClientTimeout(
            total=endpoint.timeout_s,
            connect=endpoint.connect_timeout_s,  # looking up the address and TLS included, unlike sock_connect
            sock_read=endpoint.read_timeout_s,
            ceil_threshold=math.inf,
        )

    @classmethod
    def opened(cls, endpoint: Endpoint) -> ChatClient:
        """A client with a session of its own, bound to the running event loop."""
        import aiohttp

        session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=_KEEPALIVE_S, ttl_dns_cache=_DNS_CACHE_S),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers=endpoint.headers(),
        )
        return cls(endpoint, session)

    def for_caller(self, label: str, timeout_s: float) -> ChatClient:
        """The same session, with another caller's name in messages and its time limit."""
        return ChatClient(replace(self.endpoint, label=label, timeout_s=timeout_s), self._session)

    async def close(self) -> None:
        """Close the session and its connections."""
        await self._session.close()

    async def complete(self, body: Mapping[str, Any], price: Price | None) -> Generation:
        """The generation that the endpoint answers `body` with; BackendError for everything else."""
        payload = _encoded(body)
        started_at = datetime.now(UTC).isoformat(timespec="milliseconds")
        began = time.perf_counter()
        content = await self._post(payload if len(payload) < _LARGE_BODY else io.BytesIO(payload))
        latency_s = time.perf_counter() - began
        return read_answer(content, self.endpoint, price=price, latency_s=latency_s, started_at=started_at)

    async def _post(self, payload: bytes | io.BytesIO) -> bytes:
        import aiohttp

        try:
            async with self._session.post(
                self._url, data=payload, proxy=self._proxy, allow_redirects=False, timeout=self._timeout
            ) as response:
                content = await self._body(response)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise call_failure(error, self.endpoint) from error
        if response.status != 200:  # noqa: PLR2004 - the protocol's only success
            raise status_failure(response.status, response.headers, content, endpoint=self.endpoint)
        return content

    async def _body(self, response: aiohttp.ClientResponse) -> bytes:
        """The whole body, unpacked; BackendError when it does not come to an end soon."""
        body = bytearray()
        async for chunk in response.content.iter_any():
            body += chunk
            if len(body) > _MOST_BODY:
                response.close()
                raise BackendError(
                    f"{self.endpoint.label}: the answer is larger than {_MOST_BODY // 2**20} MiB "
                    f"(from {self.endpoint.shown_url}); check that base_url is an OpenAI-compatible API",
                    kind="unreadable",
                )
        return self.endpoint.without_key(bytes(body))


def _encoded(body: Mapping[str, Any]) -> bytes:
    """The body as JSON; orjson refuses halves of surrogate pairs and long numbers."""
    try:
        return orjson.dumps(body)
    except TypeError:
        return json.dumps(body, separators=(",", ":")).encode()


def chat_messages(request: Request) -> list[dict[str, str]]:
    """The request's messages as the protocol has them."""
    return [{"role": message.role, "content": message.content} for message in request.messages]


def _proxy(url: str) -> str | None:
    """The proxy that the environment names for `url`; looked up once, and never for this machine itself."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if host in _LOOPBACK or proxy_bypass(host):
        return None
    return getproxies().get(parts.scheme)
