"""Calls through the traffic control to a real server over real sockets, which fails in every way it can."""

from __future__ import annotations

import asyncio
import socket
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from harness.backends import create
from harness.errors import BackendError
from harness.generate.calls import Line, call
from harness.generate.traffic import Traffic
from harness.schema import BackendSpec, Message, Request
from tests.servers.openai_server import Behaviour, FakeServer, Mix

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import tzinfo

    from harness.schema import Generation

_SOON_S = 30.0
"""A run that takes longer hangs."""


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tenth of the real waits; how long those are is tested on simulated time."""
    monkeypatch.setattr("harness.generate.breaker._FIRST_PAUSE_S", 0.05)
    monkeypatch.setattr("harness.generate.calls._FIRST_WAIT_S", 0.05)


class Ran:
    """What became of `count` calls to the server at `base_url`."""

    def __init__(
        self,
        base_url: str,
        count: int,
        *,
        width: int = 50,
        at: Callable[[int], None] = lambda _done: None,
        **fields: Any,
    ) -> None:
        self.answers: list[Generation] = []
        self.errors: list[BackendError] = []
        self._at = at
        spec = BackendSpec("local", "openai", "m", {}, Path(), base_url=base_url, **{"timeout_s": 10.0, **fields})
        began = time.monotonic()
        asyncio.run(asyncio.wait_for(self._run(spec, count, width), _SOON_S))
        self.took_s = time.monotonic() - began

    async def _run(self, spec: BackendSpec, count: int, width: int) -> None:
        backend = create(spec)
        self.traffic = Traffic(spec, width)
        todo, random = iter(range(count)), Random(0)  # noqa: S311 - jitter

        async def work() -> None:
            for number in todo:
                request = Request((Message("user", f"q{number}"),), str(number), "v", 1)
                try:
                    answer = await call(backend, request, Line(self.traffic, 6, random, lambda _is_again: None))
                    self.answers.append(answer)
                except BackendError as error:
                    self.errors.append(error)
                self._at(len(self.answers) + len(self.errors))

        await backend.start()
        await asyncio.gather(*(work() for _ in range(width)))
        await backend.stop()

    @property
    def kinds(self) -> Counter[str]:
        return Counter(error.kind for error in self.errors)


def unused_port() -> int:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port: int = unused.getsockname()[1]
        return port


def test_every_call_is_answered_where_a_fifth_of_them_fails_in_some_way() -> None:
    with FakeServer(Mix(Behaviour(latency_ms=5), seed=7, retry_after_s=0.02)) as server:
        ran = Ran(server.base_url, 500, timeout_s=0.5)
        assert ran.errors == []
        assert len(ran.answers) == 500
        retries = sum(answer.retries for answer in ran.answers)
        assert retries >= 80
        assert 500 <= server.count <= 500 + retries
        assert ran.traffic.progress().rate_limited >= 40


def test_server_that_is_not_there_is_given_up_with_one_message() -> None:
    ran = Ran(f"http://127.0.0.1:{unused_port()}/v1", 2000)
    assert ran.kinds == {"connection": 50, "not_run": 1950}
    assert len({str(error) for error in ran.errors if error.kind == "not_run"}) == 1
    assert not any(error.may_be_billed for error in ran.errors if error.kind == "not_run")


def test_server_that_hangs_is_given_up_after_a_few_timeouts() -> None:
    with FakeServer(Behaviour(fault="hang")) as server:
        ran = Ran(server.base_url, 2000, timeout_s=0.5)
        assert ran.kinds == {"timeout": 50, "not_run": 1950}
        assert server.count <= 55


@pytest.mark.parametrize(
    ("behaviour", "kind", "said"),
    [
        (Behaviour(status=401), "authentication", "HTTP 401 Unauthorized"),
        (Behaviour(status=403), "authentication", "HTTP 403 Forbidden"),
        (Behaviour(status=404), "rejected", "HTTP 404 Not Found"),
        (Behaviour(status=307, headers={"Location": "https://elsewhere/"}), "rejected", "HTTP 307"),
        (Behaviour(status=400), "rejected", "HTTP 400 Bad Request"),
        (Behaviour(body=b"<html>"), "unreadable", "the answer is not JSON"),
        (Behaviour(status=429, headers={"Retry-After": "3600"}), "rate_limited", "asks to wait 3600 s"),
    ],
)
def test_what_every_call_would_meet_is_met_by_those_in_flight_only(behaviour: Behaviour, kind: str, said: str) -> None:
    with FakeServer(behaviour) as server:
        ran = Ran(server.base_url, 2000, width=4)
        assert ran.kinds.keys() == {kind, "not_run"}
        assert server.count <= 8
        assert said in str(ran.traffic.stopped)


def test_restart_of_the_server_costs_no_call() -> None:
    port = unused_port()
    servers = [FakeServer(Behaviour(latency_ms=20), port=port) for _ in range(2)]
    loop_calls: list[asyncio.TimerHandle] = []

    def restart(done: int) -> None:
        if done == 100:
            servers[0].__exit__(None, None, None)
            loop_calls.append(asyncio.get_running_loop().call_later(0.5, servers[1].__enter__))

    servers[0].__enter__()
    try:
        ran = Ran(servers[0].base_url, 300, width=20, at=restart)
    finally:
        servers[1].__exit__(None, None, None)
    assert ran.errors == []
    assert ran.traffic.progress().pauses >= 1
    assert len(ran.answers) == 300


def test_server_that_bears_fewer_calls_is_not_overrun() -> None:
    class Narrow(FakeServer):
        def _behaviour(self, body: Any) -> Behaviour:
            return Behaviour(status=429) if self.in_flight > 5 else super()._behaviour(body)

    with Narrow(Behaviour(latency_ms=10)) as server:
        ran = Ran(server.base_url, 300)
        assert ran.errors == []
        assert ran.traffic.progress().limit < 20


@pytest.mark.parametrize("days", [-3, 3])
def test_clock_that_jumps_changes_no_wait(days: int, monkeypatch: pytest.MonkeyPatch) -> None:
    true_now = datetime.now(UTC)

    class Wrong(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Wrong:
            return cls.fromtimestamp((true_now + timedelta(days=days)).timestamp(), tz)

    monkeypatch.setattr("harness.backends.chat_errors.datetime", Wrong)
    monkeypatch.setattr("time.time", lambda: true_now.timestamp() + 86400 * days)
    until = format_datetime(true_now + timedelta(seconds=1), usegmt=True)
    slowed = Behaviour(status=429, headers={"Date": format_datetime(true_now, usegmt=True), "Retry-After": until})
    with FakeServer([slowed, Behaviour()]) as server:
        ran = Ran(server.base_url, 3, width=1)
    assert ran.errors == []
    assert 1 <= ran.took_s < 5
