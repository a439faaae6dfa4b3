"""What a call to an endpoint costs beside a bare aiohttp loop, and how fast the embedded model answers.

python benchmarks/answering.py [calls] [embedded]
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import aiohttp

from benchmarks.figures import Figure
from benchmarks.servers import fake_server
from harness.backends import create, embedded
from harness.schema import BackendSpec, Message, Price, Request

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

ROOT = Path(__file__).parent.parent
IN_FLIGHT = 16
CALLS = 3_000
ROUNDS = 5
PARAMS = {"temperature": 0, "max_tokens": 64, "seed": 7}
SYSTEM = (
    "You classify messages that customers write to support. Read the message and answer with exactly one of the words "
    "positive, negative, neutral. Do not explain. Praise and thanks are positive. Complaints, faults and delays are "
    "negative. Questions and reports of fact are neutral. When praise and complaint stand beside each other, take "
    "what the customer says last."
)


async def pump(count: int, call: Callable[[], Awaitable[object]]) -> float:
    """CPU milliseconds of this process a call."""
    numbers = iter(range(count))

    async def worker() -> None:
        for _ in numbers:
            await call()

    start = time.process_time()
    await asyncio.gather(*(worker() for _ in range(IN_FLIGHT)))
    return (time.process_time() - start) / count * 1000


async def compared(base_url: str) -> tuple[float, float]:
    """Least CPU milliseconds a call of the backend and of a bare loop, over rounds in turns."""
    request = Request((Message("system", SYSTEM), Message("user", "Classify: it broke on the first day.")), "s", "v", 1)
    spec = BackendSpec(
        "x", "openai", "m", PARAMS, ROOT, base_url=base_url, max_concurrency=IN_FLIGHT, price=Price(1, 2)
    )
    backend = create(spec)
    messages = [{"role": message.role, "content": message.content} for message in request.messages]
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=IN_FLIGHT)) as session:

        async def bare() -> None:
            body = {**PARAMS, "model": "m", "messages": messages}
            async with session.post(f"{base_url}/chat/completions", json=body) as response:
                await response.json()

        async def ours() -> None:
            await backend.generate(request)

        await pump(300, bare), await pump(300, ours)
        rounds = [(await pump(CALLS, ours), await pump(CALLS, bare)) for _ in range(ROUNDS)]
    await backend.stop()
    return min(ours_ms for ours_ms, _ in rounds), min(bare_ms for _, bare_ms in rounds)


def calls() -> Iterator[Figure]:
    """CPU of a call to an OpenAI-compatible endpoint."""
    with fake_server() as base_url:
        ours, bare = asyncio.run(compared(base_url))
    yield Figure("one call to an endpoint, CPU", ours, 0.5, "ms", f"(bare aiohttp {bare:.3f} ms, {ours / bare:.2f}x)")


def prompts() -> list[Request]:
    """40 classifications of about 150 tokens, 60 questions on a context, from the datasets that ship."""
    with (ROOT / "datasets" / "feedback.jsonl").open(encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    with (ROOT / "datasets" / "answers.jsonl").open(encoding="utf-8") as file:
        answers = [json.loads(line) for line in file]
    asked = [(SYSTEM, row["text"]) for row in rows[:40]]
    asked += [("Answer from the context, in one sentence.", json.dumps(row)[:600]) for row in (answers * 2)[:60]]
    return [
        Request((Message("system", system), Message("user", text)), str(number), "v", 1)
        for number, (system, text) in enumerate(asked)
    ]


async def embedded_rates() -> tuple[float, float, str]:
    """Requests a second, output tokens a second, and a description."""
    spec = embedded("smollm2", ROOT)
    assert spec is not None
    backend = create(BackendSpec(spec.name, spec.provider, spec.model, {**spec.params, "max_tokens": 12}, ROOT))
    start = time.perf_counter()
    await backend.start()
    load_s = time.perf_counter() - start
    limit = asyncio.Semaphore(backend.concurrency)

    async def one(request: Request) -> tuple[int, int, int]:
        async with limit:
            answer = await backend.generate(request)
            return answer.input_tokens or 0, answer.cached_input_tokens or 0, answer.output_tokens or 0

    start = time.perf_counter()
    counts = await asyncio.gather(*map(one, prompts()))
    passed_s = time.perf_counter() - start
    cpu_s = sum(_cpu_s(pid) for pid in getattr(backend, "pids", ()))
    await backend.stop()
    read, kept, written = (sum(column) for column in zip(*counts, strict=True))
    detail = (
        f"load {load_s:.1f} s, {passed_s:.1f} s wall, {cpu_s:.1f} s CPU; {read} tokens in ({kept} kept), {written} out"
    )
    return len(counts) / passed_s, written / passed_s, detail


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / 100


def main() -> None:
    """Print what was asked for, else both."""
    wanted = sys.argv[1:] or ["calls", "embedded"]
    if "calls" in wanted:
        print(*calls(), sep="\n")
    if "embedded" in wanted:
        requests_s, tokens_s, detail = asyncio.run(embedded_rates())
        print(f"embedded model: {requests_s:.2f} requests/s, {tokens_s:.1f} output tokens/s ({detail})")


if __name__ == "__main__":
    main()
