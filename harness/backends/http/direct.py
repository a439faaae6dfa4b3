"""Posting straight to the endpoint, over connections that are kept."""

from __future__ import annotations

import asyncio
import socket
import ssl
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from aiohappyeyeballs import start_connection

from harness.backends.http.connection import Connection
from harness.backends.http.exchange import KEPT_S, PORTS, PostError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from harness.backends.http.exchange import Answer, Limits

    AddressInfo = tuple[int, int, int, str, Any]

_RESOLVED_S = 300.0
"""How long a looked-up address is used: a long run would ask again and again."""
_NEXT_ADDRESS_S = 0.25
"""After which the next address is tried beside the one before (RFC 8305, section 8)."""
_LONGEST_LABEL = 63
_SAFE = "!#$%&'()*+,/:;=?@[]~"
"""What stays as it is in the path and query of a request."""


class Direct:
    """A few connections to one endpoint, opened when they are needed; as many as there are calls at a time."""

    def __init__(self, url: str, headers: Mapping[str, str]) -> None:
        """To this URL, with these headers; nothing is opened yet. PostError: it is no address."""
        self._loop = asyncio.get_running_loop()
        self._host, self._port, self._head = _place(url, headers)
        self._tls = ssl.create_default_context() if urlsplit(url).scheme == "https" else None
        self._idle: list[Connection] = []
        self._open: set[Connection] = set()
        self._lookup: asyncio.Future[Sequence[AddressInfo]] | None = None
        self._looked_up_at = 0.0
        self._is_closed = False

    async def post(self, payload: bytes, limits: Limits) -> Answer:
        """The answer; PostError when there is no whole one."""
        request = b"%sContent-Length: %d\r\n\r\n%s" % (self._head, len(payload), payload)
        connection: Connection | None = None
        try:
            async with asyncio.timeout(limits.whole_s):
                connection = self._kept() or await self._connected(limits.connect_s)
                try:
                    return await connection.ask(request, limits.read_s)
                finally:
                    self._give_back(connection)
        except TimeoutError:
            raise PostError("limit" if connection is not None else "connect_limit") from None

    async def close(self) -> None:
        """Close all connections, also those that calls still wait for."""
        self._is_closed = True
        if self._lookup is not None:
            self._lookup.cancel()
        for connection in self._open:
            connection.close()
        self._open.clear()
        self._idle.clear()
        await asyncio.sleep(0)  # for the loop to see them closed

    # -- connections ----------------------------------------------------------------------------------------------

    def _kept(self) -> Connection | None:
        """The connection that became idle last, if it can still be used."""
        oldest = self._loop.time() - KEPT_S
        while self._idle:
            connection = self._idle.pop()
            if connection.is_usable and connection.idle_since > oldest:
                return connection
            self._forget(connection)
        return None

    def _give_back(self, connection: Connection) -> None:
        if connection.is_usable and not self._is_closed:
            self._idle.append(connection)
        else:
            self._forget(connection)

    def _forget(self, connection: Connection) -> None:
        connection.close()
        self._open.discard(connection)

    async def _connected(self, limit_s: float | None) -> Connection:
        try:
            async with asyncio.timeout(limit_s):
                connection = await self._connect()
        except TimeoutError:
            raise PostError("connect_limit") from None
        self._open.add(connection)
        if self._is_closed:
            self._forget(connection)
            raise PostError("connecting", "the client was closed meanwhile")
        return connection

    async def _connect(self) -> Connection:
        """A new one. PostError, never OSError: a TimeoutError of the system's is none of our limits."""
        addresses, lookup = await self._resolved(), self._lookup
        name = self._host.rstrip(".") if self._tls is not None else None
        try:
            found = await start_connection(addresses, happy_eyeballs_delay=_NEXT_ADDRESS_S, interleave=1)
            _, connection = await self._loop.create_connection(
                lambda: Connection(self._loop), sock=found, ssl=self._tls, server_hostname=name
            )
        except ssl.SSLError as error:
            raise PostError("tls", error) from error
        except (OSError, RuntimeError) as error:  # the second is uvloop's
            if self._lookup is lookup:
                self._lookup = None  # the host may have moved
            raise PostError("connecting", error) from error
        return connection

    async def _resolved(self) -> Sequence[AddressInfo]:
        """The host's addresses, looked up once for all who wait; a failure is told to those who wait, and forgotten."""
        now = self._loop.time()
        if self._lookup is None or now > self._looked_up_at + _RESOLVED_S or _has_failed(self._lookup):
            self._lookup, self._looked_up_at = asyncio.ensure_future(resolve(self._host, self._port)), now
            self._lookup.add_done_callback(_has_failed)  # which hears the failure that nobody waits for any more
        lookup = self._lookup
        await asyncio.wait((lookup,))  # whoever stops waiting leaves it to the others
        if lookup.cancelled():
            raise PostError("resolving", "the client was closed meanwhile")
        try:
            return lookup.result()
        except (OSError, UnicodeError) as error:
            raise PostError("resolving", error) from error


def _has_failed(lookup: asyncio.Future[Sequence[AddressInfo]]) -> bool:
    return lookup.done() and (lookup.cancelled() or lookup.exception() is not None)


async def resolve(host: str, port: int) -> Sequence[AddressInfo]:
    """The addresses of a host; OSError when there are none."""
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            socket.inet_pton(family, host)
        except OSError:
            continue
        rest = () if family == socket.AF_INET else (0, 0)
        return [(family, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (host, port, *rest))]
    loop = asyncio.get_running_loop()
    return await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)


def _place(url: str, headers: Mapping[str, str]) -> tuple[str, int, bytes]:
    """Host, port, and the beginning of each request."""
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").encode("ascii" if (parts.hostname or "").isascii() else "idna").decode()
        port = parts.port
    except (ValueError, UnicodeError) as error:
        raise PostError("address", error) from error
    labels = host.removesuffix(".").split(".")
    is_name = all(0 < len(label) <= _LONGEST_LABEL for label in labels) and not any(letter <= " " for letter in host)
    if parts.scheme not in PORTS or not is_name:
        raise PostError("address")
    target = quote(parts.path or "/", safe=_SAFE) + (f"?{quote(parts.query, safe=_SAFE)}" if parts.query else "")
    shown = f"[{host}]" if ":" in host else host
    named = shown if port is None else f"{shown}:{port}"
    lines = [f"POST {target} HTTP/1.1", f"Host: {named}", "User-Agent: pytest-prompt-suite", "Accept-Encoding: gzip"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return host, port or PORTS[parts.scheme], "\r\n".join([*lines, ""]).encode("latin-1")
