"""What the parts of the engine cost a call, each alone: the store, traffic control, the budget."""

from __future__ import annotations

import asyncio
import hashlib
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from benchmarks.figures import Figure
from harness.backends import create
from harness.generate.budget import Budget
from harness.generate.store import Row, Store, Totals, UnfinishedRun
from harness.generate.traffic import Traffic
from harness.plan import cache_content, identity_text
from harness.schema import BackendSpec, Generation, Message, Price, Settings, content_key

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

_ROUNDS = 5
_ANSWERS = 20_000
_BATCH = 256
"""Keys claimed, and answers put, at once: the most that the engine does."""
_READ = 2_000
_CALLS = 50_000
_MESSAGES = (Message("system", "You classify things. " * 8), Message("user", "what is number 000042 " * 20))


def store(folder: Path) -> Iterator[Figure]:
    """CPU an answer of about 1 KB: claimed, put (kept, journalled, its cost added to the day), read."""
    rows = _rows()
    rounds = [_store_round(folder / str(number), rows) for number in range(_ROUNDS)]
    put_us, claim_us, read_ms = (min(column) for column in zip(*rounds, strict=True))
    yield Figure("store: put and journal an answer, CPU", put_us, 25, "µs", f"(batches of {_BATCH})")
    yield Figure("store: claim a key, CPU", claim_us, 10, "µs", f"(batches of {_BATCH})")
    yield Figure(f"store: read {_READ:,} of {_ANSWERS:,} answers, CPU", read_ms, 30, "ms", "(file just opened)")


def _rows() -> list[Row]:
    identity = identity_text({"provider": "openai", "model": "m", "base_url": "http://127.0.0.1/v1", "params": {}})
    started_at = datetime.now(UTC).isoformat()
    rows = []
    for number in range(_ANSWERS):
        content = cache_content(identity, [*_MESSAGES, Message("user", f"number {number}")], 1)
        trial = hashlib.sha256(str(number).encode()).hexdigest()[:16]
        answer = replace(_answer(), text=f"answer {number}", started_at=started_at)
        rows.append(Row(trial, content_key(content), content, answer))
    return rows


def _store_round(folder: Path, rows: list[Row]) -> tuple[float, float, float]:
    put, claimed, read = _Timer(), _Timer(), _Timer()
    kept = Store(folder)
    kept.begin(UnfinishedRun("20260101T000000Z-0000", "2026-01-01", Totals()), folder)
    for start in range(0, len(rows), _BATCH):
        batch = rows[start : start + _BATCH]
        with claimed.running():
            claim = kept.claim([row.key for row in batch])
        assert len(claim.granted) == len(batch)
        with put.running():
            kept.put(batch, Totals(start, 0, 0.1, 0.0, 1.0))
    kept.close()
    kept = Store(folder)
    with read.running():
        found = kept.get_many([row.key for row in rows[:_READ]])
    assert len(found) == _READ
    kept.close()
    return 1e6 * put.cpu_s / len(rows), 1e6 * claimed.cpu_s / len(rows), 1e3 * read.cpu_s


class _Timer:
    """CPU seconds of this process within blocks."""

    def __init__(self) -> None:
        self.cpu_s = 0.0

    @contextmanager
    def running(self) -> Iterator[None]:
        began_s = time.process_time()
        yield
        self.cpu_s += time.process_time() - began_s


def traffic(_folder: Path) -> Iterator[Figure]:
    """CPU a call of traffic control while nothing but the number of calls in flight limits."""

    async def a_call(control: Traffic, answer: Generation) -> None:
        control.answered(await control.admit(), answer)

    control, answer = Traffic(_spec(), 50), _answer()
    yield Figure(
        "traffic: admit a call and count its answer, CPU", _call_us(lambda: a_call(control, answer)), 3, "µs", ""
    )


def budget(_folder: Path) -> Iterator[Figure]:
    """CPU a call of a budget that it fits into: the most it can cost, reserved and settled."""
    backend, answer = create(_spec()), _answer()
    limits = Budget(Settings(root=_spec().folder, reports=_spec().folder, budget_usd=1e6))

    async def a_call() -> None:
        limits.answered(await limits.admit(backend, _MESSAGES), answer)

    yield Figure("budget: reserve for a call and settle it, CPU", _call_us(a_call), 10, "µs", "")


def _spec() -> BackendSpec:
    return BackendSpec(
        "x", "openai", "m", {"max_tokens": 64}, Path(), base_url="http://127.0.0.1:1/v1", price=Price(1, 2)
    )


def _answer() -> Generation:
    return Generation(
        text="yes",
        finish_reason="stop",
        latency_s=0.2,
        input_tokens=100,
        output_tokens=3,
        cached_input_tokens=None,
        cost_usd=0.0001,
        from_cache=False,
        retries=0,
        started_at="2026-01-01T00:00:00+00:00",
    )


def _call_us(call: Callable[[], Awaitable[None]]) -> float:
    """The best of some rounds, as others are at work."""

    async def a_round() -> float:
        began_s = time.process_time()
        for _ in range(_CALLS):
            await call()
        return 1e6 * (time.process_time() - began_s) / _CALLS

    return min(asyncio.run(a_round()) for _ in range(_ROUNDS))
