"""Whatever a server answers, in whatever order: every call comes to an end, and every limit is kept."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

from hypothesis import given, settings
from hypothesis import strategies as st

from harness.errors import BackendError
from harness.generate.calls import Line, call
from harness.generate.traffic import Traffic
from harness.schema import BackendSpec, Generation, Message, Request
from tests.unit.generate.simulated_time import now_s, simulate

if TYPE_CHECKING:
    from collections.abc import Mapping

ANSWERS: dict[str, BackendError | Generation] = {
    "answered": Generation("x", input_tokens=2, output_tokens=3),
    "no usage": Generation("x"),
    "429": BackendError("429", kind="rate_limited", retryable=True, status=429),
    "429 after 7": BackendError("429", kind="rate_limited", retryable=True, status=429, retry_after_s=7.0),
    "429 after 70": BackendError("429", kind="rate_limited", retryable=True, status=429, retry_after_s=70.0),
    "500": BackendError("500", kind="server", retryable=True, status=500),
    "503 after 3": BackendError("503", kind="server", retryable=True, status=503, retry_after_s=3.0),
    "400": BackendError("400", kind="rejected", status=400),
    "401": BackendError("401", kind="authentication", status=401),
    "403": BackendError("403", kind="authentication", status=403),
    "refused": BackendError("refused", kind="connection", retryable=True),
    "timeout": BackendError("timeout", kind="timeout", retryable=True),
}


@dataclass
class Server:
    """Answers as the script says, one entry a call, again from its beginning when it is at its end."""

    script: list[tuple[str, float]]
    spec: BackendSpec
    concurrency: int = 50
    cacheable: bool = True
    sent: list[float] = field(default_factory=list)
    asked: set[str] = field(default_factory=set)
    in_flight: int = 0
    most_in_flight: int = 0

    def identity(self) -> Mapping[str, object]:
        return {}

    async def start(self) -> None:
        """Nothing to start."""

    async def stop(self) -> None:
        """Nothing to stop."""

    async def generate(self, request: Request) -> Generation:
        name, latency_s = self.script[len(self.sent) % len(self.script)]
        self.sent.append(now_s())
        self.asked.add(request.sample_id)
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        await asyncio.sleep(latency_s)
        self.in_flight -= 1
        answer = ANSWERS[name]
        if isinstance(answer, BackendError):
            raise answer
        return answer


async def run(server: Server, count: int, width: int) -> tuple[Traffic, list[BackendError | Generation]]:
    traffic = Traffic(server.spec, width, clock=asyncio.get_running_loop().time)
    random = Random(0)  # noqa: S311 - jitter

    async def one(number: int) -> BackendError | Generation:
        request = Request((Message("user", "four"),), str(number), "v", 1)
        try:
            return await call(server, request, Line(traffic, 3, random, lambda _is_again: None))
        except BackendError as error:
            return error

    return traffic, await asyncio.gather(*(one(number) for number in range(count)))


@settings(deadline=None, max_examples=150)
@given(
    script=st.lists(
        st.tuples(st.sampled_from(sorted(ANSWERS)), st.sampled_from([0.0, 0.1, 1.0, 30.0])), min_size=1, max_size=30
    ),
    count=st.integers(1, 40),
    width=st.integers(1, 12),
    limits=st.fixed_dictionaries(
        {}, optional={"requests_per_minute": st.integers(1, 50), "tokens_per_minute": st.integers(1, 300)}
    ),
)
def test_every_call_ends_and_every_limit_is_kept(
    script: list[tuple[str, float]], count: int, *, width: int, limits: dict[str, Any]
) -> None:
    server = Server(script, BackendSpec("gpt", "fake", "m", {"max_tokens": 9}, Path(), **limits))
    traffic, results = simulate(run(server, count, width))
    shown = traffic.progress()
    assert len(results) == count
    assert server.most_in_flight <= width
    assert 1 <= shown.limit <= shown.most == width
    assert (shown.waiting_s, shown.why_waiting) == (0.0, "")
    if "requests_per_minute" in limits:
        minutes = [sum(at_s - 60 < other <= at_s for other in server.sent) for at_s in server.sent]
        assert max(minutes, default=0) <= limits["requests_per_minute"]
    refused = {str(each) for each in results if isinstance(each, BackendError) and each.kind == "not_run"}
    assert refused <= {shown.stopped}
    n_refused = sum(isinstance(each, BackendError) and each.kind == "not_run" for each in results)
    assert n_refused + len(server.asked) == count
    if all(name in ("answered", "no usage") for name, _ in script):
        assert all(isinstance(each, Generation) for each in results)
        assert len(server.sent) == count
