"""Posting through a proxy, by aiohttp: tunnels, passwords of proxies and TLS inside TLS are what it knows."""

from __future__ import annotations

import io
import math
from typing import TYPE_CHECKING

import aiohttp
from yarl import URL

from harness.backends.http.exchange import KEPT_S, MOST_BODY, Answer, PostError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.backends.http.exchange import Limits, Where

_LARGE_BODY = 2**20
"""Above this aiohttp warns about a body given as bytes (`aiohttp.payload.TOO_LARGE_BYTES_BODY`)."""


class Proxied:
    """One session of aiohttp."""

    def __init__(self, url: str, headers: Mapping[str, str], proxy: str) -> None:
        """To this URL, with these headers, through this proxy."""
        self._url = URL(url)
        self._proxy = proxy
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=KEPT_S),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers=headers,
        )

    async def post(self, payload: bytes, limits: Limits) -> Answer:
        """The answer; PostError when there is no whole one."""
        timeout = aiohttp.ClientTimeout(
            total=limits.whole_s,
            connect=limits.connect_s,  # looking up the address and TLS included, unlike sock_connect
            sock_read=limits.read_s,
            ceil_threshold=math.inf,
        )
        data = payload if len(payload) < _LARGE_BODY else io.BytesIO(payload)
        try:
            async with self._session.post(
                self._url, data=data, proxy=self._proxy, allow_redirects=False, timeout=timeout
            ) as response:
                content = await _body(response)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise PostError(_where(error, limits), str(error) or type(error).__name__) from error
        headers = {name.lower(): value for name, value in reversed(list(response.headers.items()))}
        return Answer(response.status, headers, content)

    async def close(self) -> None:
        """Close the session and its connections."""
        await self._session.close()


async def _body(response: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > MOST_BODY:
            response.close()
            raise PostError("too_large", f"{MOST_BODY >> 20} MiB")
    return bytes(body)


def _where(error: BaseException, limits: Limits) -> Where:
    if isinstance(error, TimeoutError):
        if isinstance(error, aiohttp.ConnectionTimeoutError) and limits.connect_s is not None:
            return "connect_limit"
        return "read_limit" if isinstance(error, aiohttp.SocketTimeoutError) and limits.read_s is not None else "limit"
    kinds: tuple[tuple[Where, tuple[type[BaseException], ...]], ...] = (
        ("address", (aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError)),
        ("resolving", (aiohttp.ClientConnectorDNSError,)),
        ("tls", (aiohttp.ClientConnectorCertificateError, aiohttp.ClientSSLError)),
        ("connecting", (aiohttp.ClientConnectorError, aiohttp.ClientHttpProxyError)),
        ("cut", (aiohttp.ClientPayloadError,)),
    )
    return next((where for where, types in kinds if isinstance(error, types)), "lost")
