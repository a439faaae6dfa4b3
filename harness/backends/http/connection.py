"""One connection: a request is written, the answer is read, and the next one may follow."""

from __future__ import annotations

import asyncio
import zlib
from typing import TYPE_CHECKING, cast

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from harness.backends.http.exchange import MOST_BODY, Answer, PostError

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.backends.http.exchange import Where

_MOST_HEAD = 1 << 18
"""Most bytes beside the body: status line, headers, sizes of chunks a few bytes long."""
_INTERIM = range(100, 200)
"""Statuses that announce an answer and are none."""
_GZIP = zlib.MAX_WBITS | 16


class Connection(asyncio.Protocol):
    """A connection and the answer that it is reading; driven by httptools, the parser of uvicorn."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Not connected yet."""
        self._loop = loop
        self._transport: asyncio.Transport | None = None
        self._waiter: asyncio.Future[Answer] | None = None
        self._parser = HttpResponseParser(self)
        self._parser.set_dangerous_leniencies(  # as aiohttp reads: small faults of servers that cannot be mistaken
            lenient_headers=True, lenient_optional_cr_before_lf=True, lenient_spaces_after_chunk_size=True
        )
        self._silence: _Silence | None = None
        self._is_over = False
        self.idle_since = 0.0
        """When its last answer was complete, on the loop's clock."""
        self._begin()

    def _begin(self) -> None:
        self._headers: dict[str, str] = {}
        self._body = bytearray()
        self._received = 0
        self._has_head = False
        self._ends_with_connection = False

    # -- what the client does ---------------------------------------------------------------------------------------

    @property
    def is_usable(self) -> bool:
        """Whether a request may be written to it."""
        return not self._is_over and self._transport is not None and not self._transport.is_closing()

    async def ask(self, request: bytes, read_s: float | None) -> Answer:
        """Write the request, wait for the answer; whoever stops waiting closes the connection. PostError."""
        assert self._transport is not None
        self._begin()
        waiter: asyncio.Future[Answer] = self._loop.create_future()
        self._waiter = waiter
        self._transport.write(request)
        self._silence = None if read_s is None else _Silence(self._loop, read_s, lambda: self._fail("read_limit"))
        try:
            return await waiter
        except BaseException:
            self.close()
            raise
        finally:
            self._waiter = None
            if self._silence is not None:
                self._silence.end()

    def close(self) -> None:
        """End it at once."""
        self._is_over = True
        if self._transport is not None:
            self._transport.abort()

    def _fail(self, where: Where, said: object = "") -> None:
        self._is_over = True
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_exception(PostError(where, said))

    # -- what the event loop calls ----------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It stands."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is none by its type

    def data_received(self, data: bytes) -> None:
        """Some of the answer; what nobody asked for ends the connection."""
        if self._waiter is None or self._waiter.done():
            self.close()
            return
        if self._silence is not None:
            self._silence.broken()
        self._received += len(data)
        if self._received > MOST_BODY + _MOST_HEAD:
            self._fail("too_large", _most())
            return
        try:
            self._parser.feed_data(data)
        except HttpParserUpgrade:
            self._fail("lost", "it wants to speak another protocol")
        except HttpParserError as error:
            self._fail("lost", f"what it sent is no HTTP: {error}")
        if not self._has_head and self._received > _MOST_HEAD:
            self._fail("lost", "its headers have no end")

    def eof_received(self) -> None:
        """The server has no more to say: `connection_lost` follows, by TLS a moment later."""
        if self._waiter is None:
            self._is_over = True

    def connection_lost(self, exc: Exception | None) -> None:
        """It is gone, with or without the rest of an answer."""
        if self._waiter is None:  # idle, or given up
            pass
        elif exc is None and self._has_head and self._ends_with_connection and not self._is_over:
            self._complete()
        elif self._has_head:
            self._fail("cut", exc or "it was closed before the end")
        else:
            self._fail("lost", exc or "it was closed before an answer came")
        self._is_over = True

    # -- what the parser calls ----------------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        """A status line follows: of the answer, of one that announces it, or of one that nobody asked for."""
        self._headers = {}
        if self._waiter is None or self._waiter.done():
            self._is_over = True

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header; of a name that comes twice the first."""
        self._headers.setdefault(name.decode("latin-1").lower(), value.decode("latin-1").strip(" \t"))

    def on_headers_complete(self) -> None:
        """The body follows."""
        self._has_head = self._parser.get_status_code() not in _INTERIM
        self._ends_with_connection = "content-length" not in self._headers and "transfer-encoding" not in self._headers

    def on_body(self, body: bytes) -> None:
        """A part of the body."""
        self._body += body
        if len(self._body) > MOST_BODY:
            self._fail("too_large", _most())

    def on_message_complete(self) -> None:
        """The end of the answer, or of one that only announces it."""
        if not self._has_head:
            return
        if not self._parser.should_keep_alive():
            self._is_over = True
        self._complete()

    def _complete(self) -> None:
        assert self._waiter is not None
        if self._waiter.done():
            return
        content = bytes(self._body)
        if content and self._headers.get("content-encoding", "").lower() in {"gzip", "x-gzip"}:
            try:
                content = _unpacked(content)
            except PostError as error:
                self._fail(error.where, error)
                return
        self.idle_since = self._loop.time()
        self._waiter.set_result(Answer(self._parser.get_status_code(), self._headers, content))


def _most() -> str:
    return f"{MOST_BODY >> 20} MiB"


def _unpacked(content: bytes) -> bytes:
    """The members of what gzip packed (RFC 1952, section 2.2), one after the other."""
    plain = bytearray()
    while content:
        unpacker = zlib.decompressobj(_GZIP)
        try:
            plain += unpacker.decompress(content, MOST_BODY + 1 - len(plain))
        except zlib.error as error:
            raise PostError("cut", error) from error
        if len(plain) > MOST_BODY:
            raise PostError("too_large", _most())
        if not unpacker.eof:
            raise PostError("cut", "what it packed has no end")
        content = unpacker.unused_data
    return bytes(plain)


class _Silence:
    """Notices that nothing came for a while; a byte costs a look at the clock, not a new timer."""

    def __init__(self, loop: asyncio.AbstractEventLoop, limit_s: float, ended: Callable[[], None]) -> None:
        self._loop = loop
        self._limit_s = limit_s
        self._ended = ended
        self._until = loop.time() + limit_s
        self._timer = loop.call_at(self._until, self._look)

    def broken(self) -> None:
        self._until = self._loop.time() + self._limit_s

    def end(self) -> None:
        self._timer.cancel()

    def _look(self) -> None:
        if self._loop.time() < self._until:
            self._timer = self._loop.call_at(self._until, self._look)
        else:
            self._ended()
