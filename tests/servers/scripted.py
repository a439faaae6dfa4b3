"""A server that says byte for byte what a test wants it to, over real sockets."""

from __future__ import annotations

import asyncio
import ssl
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
PAUSE = b"<|>"
"""In a script: what follows is sent a moment later."""


class Scripted:
    """A server that reads one request after the other and answers each with the next bytes of its script."""

    def __init__(self, *answers: bytes, closes: bool = False) -> None:
        self.requests: list[bytes] = []
        self.connections = 0
        self._answers = list(answers)
        self._closes = closes
        self.port = 0
        self.under_way: set[Any] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.under_way.add(asyncio.current_task())
        try:
            await self._answer_all(reader, writer)
        except (
            asyncio.IncompleteReadError,
            ConnectionError,
            asyncio.CancelledError,
        ):  # the client, or the test, has gone
            pass
        finally:
            writer.close()
            with suppress(ConnectionError, ssl.SSLError):
                await writer.wait_closed()

    async def _answer_all(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while self._answers:
            head = await reader.readuntil(b"\r\n\r\n")
            size = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
            self.requests.append(head + await reader.readexactly(size))
            for part in self._answers.pop(0).split(PAUSE):
                writer.write(part)
                await writer.drain()
                await asyncio.sleep(0.01)
            if self._closes:
                return


@asynccontextmanager
async def serving(server: Scripted, **options: Any) -> AsyncIterator[str]:
    listening = await asyncio.start_server(server.serve, options.pop("host", "127.0.0.1"), 0, **options)
    server.port = listening.sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{server.port}/v1?api-version=1"
    finally:
        listening.close()
        for task in server.under_way:
            task.cancel()
        await asyncio.gather(*server.under_way, return_exceptions=True)
