"""A fake OpenAI-compatible server: the real protocol over a real loopback socket, scripted.

In a test: `with FakeServer(Behaviour(latency_ms=20)) as server: … server.base_url, server.requests`.
In a process of its own: `python tests/servers/openai_server.py --port 0 --latency-ms 200` prints its port, then serves
until it is killed or its stdin closes (`--until-eof`). `Mix` (`--mix SEED`) lets a share of the calls fail by chance.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import threading
from collections import Counter, deque
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Literal, Self

from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from types import TracebackType

_KEPT = 10_000
"""Requests whose bodies are kept; the counts go on."""
_DRIP_S = 0.02
"""Between two bytes of an answer that drips: a whole one takes about 5 s."""


@dataclass(frozen=True, slots=True)
class Behaviour:
    """How one request is answered; the default is a plain answer at once."""

    text: str | Callable[[dict[str, Any]], str] = "positive"
    """The answer's content, or a function of the request's body."""
    latency_ms: float = 0.0
    """Wait before answering."""
    status: int = 200
    """HTTP status."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Further headers, such as Retry-After."""
    body: bytes | None = None
    """Whole body instead of a chat completion (or of the error, when status is not 200)."""
    fault: Literal["none", "cut", "hang", "reset", "stall", "drip"] = "none"
    """cut: close in the middle of the body; hang: never answer; reset: close before the first byte; stall: send half of
    the body and no more; drip: send a byte now and then."""
    finish_reason: str | None = "stop"
    """Of the only choice."""
    message: Mapping[str, Any] | None = None
    """The choice's message instead of one with `text`."""
    usage: Mapping[str, Any] | None = field(
        default_factory=lambda: {
            "prompt_tokens": 20,
            "completion_tokens": 2,
            "total_tokens": 22,
            "prompt_tokens_details": {"cached_tokens": 8},
        }
    )
    """Usage, or None to leave it out."""
    logprobs: tuple[tuple[str, float], ...] = ()
    """Tokens and their log-probabilities, given when the request asks for logprobs."""


@dataclass(frozen=True, slots=True)
class Mix:
    """Failures by chance; the n-th call with one body always meets the same, in whatever order the calls come."""

    plain: Behaviour = Behaviour()
    """What becomes of the others."""
    seed: int = 0
    """Which chance it is."""
    rate_limited: float = 0.10
    """Share that is answered 429, with Retry-After."""
    failing: float = 0.05
    """Share that is answered 500."""
    hanging: float = 0.02
    """Share that is never answered."""
    cut: float = 0.02
    """Share whose answer is cut in the middle."""
    retry_after_s: float = 0.05
    """What a 429 asks to wait."""

    def __call__(self, body: Any, number: int) -> Behaviour:
        """The behaviour for that call, the first being number 1."""
        text = json.dumps([self.seed, number, body], sort_keys=True)
        drawn = int.from_bytes(blake2b(text.encode(), digest_size=8).digest()) / 2**64
        slowed = replace(self.plain, status=429, headers={"Retry-After": f"{self.retry_after_s:g}"})
        for share, behaviour in (
            (self.rate_limited, slowed),
            (self.failing, replace(self.plain, status=500)),
            (self.hanging, replace(self.plain, fault="hang")),
            (self.cut, replace(self.plain, fault="cut")),
        ):
            drawn -= share
            if drawn < 0:
                return behaviour
        return self.plain


@dataclass(frozen=True, slots=True)
class Seen:
    """One request as it came."""

    path: str
    """Path and query."""
    headers: Mapping[str, str]
    """Its headers."""
    body: Any
    """Its JSON."""


class FakeServer:
    """The server in a thread of its own."""

    def __init__(self, behaviour: Behaviour | Iterable[Behaviour] | Mix = Behaviour(), *, port: int = 0) -> None:
        """One behaviour for every request, or one a request with the last for all that follow, or a mix."""
        self._mix = behaviour if isinstance(behaviour, Mix) else None
        self._numbers: Counter[str] = Counter()
        self._script = deque([Behaviour()])
        if not isinstance(behaviour, Mix):
            self._script = deque([behaviour] if isinstance(behaviour, Behaviour) else behaviour)
        self._port = port
        self._plain: dict[int, tuple[Behaviour, bytes]] = {}
        self.requests: deque[Seen] = deque(maxlen=_KEPT)
        self.count = 0
        self.in_flight = 0
        self.most_in_flight = 0
        self.port = 0

    @property
    def base_url(self) -> str:
        """What a suite writes as base_url."""
        return f"http://127.0.0.1:{self.port}/v1"

    def script(self, *behaviours: Behaviour) -> None:
        """From now on answer so: one a request, the last for all that follow."""
        self._mix = None
        self._script = deque(behaviours)

    def __enter__(self) -> Self:
        """Serve from a thread."""
        self._loop = asyncio.new_event_loop()
        ready = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(ready,), daemon=True)
        self._thread.start()
        if not ready.wait(10):
            raise RuntimeError("the fake server did not start")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        """Close every connection and end the thread."""
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(10)

    def _run(self, ready: threading.Event) -> None:
        asyncio.set_event_loop(self._loop)
        self._stopping = asyncio.Event()
        try:
            self._loop.run_until_complete(self.serve(ready.set, self._stopping))
        finally:
            self._loop.close()

    async def serve(self, ready: Callable[[], None], stopping: asyncio.Event) -> None:
        """Serve until `stopping` is set."""
        server = web.Server(self._answer, access_log=None, handler_cancellation=True)
        runner = web.ServerRunner(server, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", self._port, backlog=1024)
        await site.start()
        self.port = runner.addresses[0][1]
        ready()
        await stopping.wait()
        await runner.cleanup()

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        self.count += 1
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            body = json.loads(await request.content.read() or b"null")
            self.requests.append(Seen(str(request.rel_url), request.headers, body))
            behaviour = self._behaviour(body)
            if behaviour.latency_ms:
                await asyncio.sleep(behaviour.latency_ms / 1000)
            return await self._respond(request, behaviour, body)
        finally:
            self.in_flight -= 1

    def _behaviour(self, body: Any) -> Behaviour:
        if self._mix is None:
            return self._script[0] if len(self._script) == 1 else self._script.popleft()
        text = json.dumps(body)
        self._numbers[text] += 1
        return self._mix(body, self._numbers[text])

    async def _respond(
        self, request: web.BaseRequest, behaviour: Behaviour, body: dict[str, Any]
    ) -> web.StreamResponse:
        if behaviour.fault == "hang":
            await asyncio.sleep(3600)
        content = behaviour.body
        if content is None:
            content = self._content(request, behaviour, body)
        if behaviour.fault != "none":
            await self._fail(request, behaviour, content)
            return web.Response()
        response = web.Response(body=content, status=behaviour.status, headers=behaviour.headers)
        response.headers.setdefault("Content-Type", "application/json")
        return response

    async def _fail(self, request: web.BaseRequest, behaviour: Behaviour, content: bytes) -> None:
        """Send as much of the content as the fault leaves, then cut the connection."""
        if behaviour.fault != "reset":
            response = web.StreamResponse(status=behaviour.status, headers=behaviour.headers)
            response.content_length = len(content)
            await response.prepare(request)
            if behaviour.fault == "drip":
                for byte in content[:-1]:
                    await response.write(bytes([byte]))
                    await asyncio.sleep(_DRIP_S)
            else:
                await response.write(content[: len(content) // 2])
            if behaviour.fault == "stall":
                await asyncio.sleep(3600)
        if request.transport is not None:
            request.transport.abort()

    def _content(self, request: web.BaseRequest, behaviour: Behaviour, body: dict[str, Any]) -> bytes:
        if not request.path.endswith("/chat/completions"):
            return b'{"error": {"message": "no such path"}}'
        if behaviour.status != 200:
            return json.dumps({"error": {"message": f"scripted {behaviour.status}", "type": "scripted"}}).encode()
        plain = isinstance(behaviour.text, str) and behaviour.fault == "none" and not body.get("logprobs")
        if plain and id(behaviour) in self._plain:
            return self._plain[id(behaviour)][1]
        content = json.dumps(_completion(behaviour, body)).encode()
        if plain:
            self._plain[id(behaviour)] = (behaviour, content)
        return content


def _completion(behaviour: Behaviour, body: dict[str, Any]) -> dict[str, Any]:
    text = behaviour.text if isinstance(behaviour.text, str) else behaviour.text(body)
    choice: dict[str, Any] = {
        "index": 0,
        "message": behaviour.message or {"role": "assistant", "content": text},
        "finish_reason": behaviour.finish_reason,
    }
    if body.get("logprobs"):
        choice["logprobs"] = {
            "content": [
                {"token": token, "logprob": logprob, "bytes": list(token.encode()), "top_logprobs": top}
                for token, logprob in behaviour.logprobs
                for top in [[{"token": token, "logprob": logprob}][: body.get("top_logprobs", 0)]]
            ]
        }
    completion = {
        "id": "chatcmpl-fake",
        "object": "chat.completion",
        "created": 0,
        "model": body.get("model"),
        "choices": [choice],
    }
    return completion if behaviour.usage is None else {**completion, "usage": behaviour.usage}


async def _serve_until_eof(server: FakeServer, *, until_eof: bool) -> None:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    if until_eof:
        threading.Thread(
            target=lambda: (sys.stdin.read(), loop.call_soon_threadsafe(stopping.set)), daemon=True
        ).start()
    await server.serve(lambda: print(server.port, flush=True), stopping)  # noqa: T201 - the port is what it says


def main() -> None:
    """Serve one behaviour, printing the port."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--latency-ms", type=float, default=0.0)
    parser.add_argument("--text", default="positive")
    parser.add_argument("--status", type=int, default=200)
    parser.add_argument("--mix", type=int, metavar="SEED", help="let a share of the calls fail by this chance")
    parser.add_argument("--retry-after-s", type=float, default=0.05, help="what a 429 of the mix asks to wait")
    parser.add_argument("--until-eof", action="store_true", help="end when stdin closes")
    options = parser.parse_args()
    behaviour = Behaviour(text=options.text, latency_ms=options.latency_ms, status=options.status)
    mix = None if options.mix is None else Mix(behaviour, options.mix, retry_after_s=options.retry_after_s)
    asyncio.run(_serve_until_eof(FakeServer(mix or behaviour, port=options.port), until_eof=options.until_eof))


if __name__ == "__main__":
    main()
