"""Every time limit fires, over real sockets, and says which one it was."""

from __future__ import annotations

import asyncio
import socket
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from harness.backends import create
from harness.errors import BackendError
from harness.schema import BackendSpec, Message, Request
from tests.servers.openai_server import Behaviour, FakeServer

if TYPE_CHECKING:
    from collections.abc import Iterator

_LONG_S = 30.0
"""A limit that must not be what fires: a test that needs it has failed."""


def failure(base_url: str, **fields: Any) -> BackendError:
    """What a call fails with, well before any long limit."""

    async def once() -> None:
        backend = create(BackendSpec("local", "openai", "m", {}, Path(), base_url=base_url, **fields))
        await backend.start()
        try:
            await backend.generate(Request((Message("user", "q"),), "s", "v", 1))
        finally:
            await backend.stop()

    began = time.monotonic()
    with pytest.raises(BackendError) as caught:
        asyncio.run(once())
    assert time.monotonic() - began < _LONG_S / 2
    return caught.value


@contextmanager
def black_hole() -> Iterator[str]:
    """A port where connections never come to stand: its queue of them is full, and nobody takes one out."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        callers = [socket.socket() for _ in range(8)]
        for caller in callers:
            caller.setblocking(False)  # noqa: FBT003 - the socket's own interface
            caller.connect_ex(listening.getsockname())
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}/v1"
        finally:
            for caller in callers:
                caller.close()


@pytest.mark.parametrize(
    ("limits", "what"),
    [
        (
            {"connect_timeout_s": 0.3, "timeout_s": _LONG_S},
            (
                "no connection to {url} within 0.3 s; check that the server runs, "
                "raise connect_timeout_s if it needs longer"
            ),
        ),
        (
            {"timeout_s": 0.3},
            "no connection to {url} within 0.3 s; check that the server runs, raise timeout_s if it needs longer",
        ),
    ],
)
def test_connection_that_never_stands_is_given_up(limits: dict[str, float], what: str) -> None:
    with black_hole() as base_url:
        error = failure(base_url, **limits)
    assert str(error) == "backend 'local': " + what.format(url=f"{base_url}/chat/completions")
    assert (error.kind, error.retryable) == ("timeout", True)
    assert not error.may_be_billed


def test_server_that_never_speaks_tls_is_given_up_by_the_limit_of_the_connection() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        error = failure(f"https://127.0.0.1:{port}/v1", connect_timeout_s=0.3, timeout_s=_LONG_S)
    assert "no connection to https://127.0.0.1" in str(error)
    assert (error.kind, error.may_be_billed) == ("timeout", False)


def test_name_that_is_never_resolved_is_given_up_by_the_limit_of_the_connection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def resolve(*_arguments: Any, **_options: Any) -> list[Any]:
        await asyncio.sleep(3600)
        return []

    monkeypatch.setattr("harness.backends.http.direct.resolve", resolve)
    error = failure("http://model.invalid/v1", connect_timeout_s=0.3, timeout_s=_LONG_S)
    assert "no connection to http://model.invalid/v1/chat/completions within 0.3 s" in str(error)


@pytest.mark.parametrize("fault", ["stall", "hang"])
def test_server_that_falls_silent_is_cut_by_the_read_limit(fault: Any) -> None:
    with FakeServer(Behaviour(fault=fault)) as server:
        error = failure(server.base_url, read_timeout_s=0.3, timeout_s=_LONG_S)
        assert str(error) == (
            f"backend 'local': nothing came from {server.base_url}/chat/completions for 0.3 s; "
            "raise read_timeout_s if it needs longer"
        )
    assert (error.kind, error.retryable, error.may_be_billed) == ("timeout", True, True)


def test_server_that_drips_is_cut_by_the_limit_of_the_whole_call() -> None:
    with FakeServer(Behaviour(fault="drip")) as server:
        error = failure(server.base_url, read_timeout_s=0.5, timeout_s=0.6)
        assert str(error) == (
            f"backend 'local': no answer from {server.base_url}/chat/completions within 0.6 s; "
            "raise timeout_s if it needs longer"
        )


def test_limits_above_five_seconds_are_not_rounded_up(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[float] = []
    call_at = asyncio.SelectorEventLoop.call_at

    def noted(self: asyncio.SelectorEventLoop, when: float, *rest: Any, **named: Any) -> asyncio.TimerHandle:
        seen.append(when - self.time())
        return call_at(self, when, *rest, **named)

    monkeypatch.setattr(asyncio.SelectorEventLoop, "call_at", noted)
    with FakeServer(Behaviour(status=500)) as server:
        failure(server.base_url, timeout_s=20.25, connect_timeout_s=10.25, read_timeout_s=15.25)
    for limit_s in (20.25, 10.25, 15.25):
        assert any(limit_s - 0.2 < each <= limit_s + 1e-6 for each in seen), (limit_s, seen)
    assert not any(20.26 < each < 21.3 for each in seen)
