from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING

import pytest

from harness.backends import create
from harness.backends.chat_errors import retry_after_s
from harness.errors import BackendError
from tests.servers.openai_server import Behaviour

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.schema import BackendSpec, Request
    from tests.servers.openai_server import FakeServer

    SpecOf = Callable[..., BackendSpec]


def failure(spec: BackendSpec, request: Request) -> BackendError:
    async def once() -> None:
        backend = create(spec)
        try:
            await backend.generate(request)
        finally:
            await backend.stop()

    with pytest.raises(BackendError) as caught:
        asyncio.run(once())
    return caught.value


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"Retry-After": "7"}, 7.0),
        ({"Retry-After": "0.5"}, 0.5),
        ({"Retry-After": "0"}, 0.0),
        ({"retry-after-ms": "250", "Retry-After": "1"}, 0.25),
        ({"Retry-After": "-3"}, 0.0),
        ({"Retry-After": "inf"}, None),
        ({"Retry-After": "soon"}, None),
        ({}, None),
    ],
)
def test_retry_after_is_read(
    openai_spec: SpecOf, server: FakeServer, request_: Request, *, headers: dict[str, str], expected: float | None
) -> None:
    server.script(Behaviour(status=429, headers=headers))
    assert failure(openai_spec(), request_).retry_after_s == expected


@pytest.mark.parametrize(("offset_s", "low", "high"), [(30, 25, 30), (-30, 0, 0)])
def test_retry_after_as_a_date_is_seconds_from_now(
    openai_spec: SpecOf, server: FakeServer, request_: Request, *, offset_s: int, low: float, high: float
) -> None:
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=offset_s), usegmt=True)
    server.script(Behaviour(status=503, headers={"Retry-After": date}))
    wait_s = failure(openai_spec(), request_).retry_after_s
    assert wait_s is not None
    assert low <= wait_s <= high


@pytest.mark.parametrize("days", [-400, -1, 1, 400])
def test_retry_after_as_a_date_goes_by_the_servers_clock(
    openai_spec: SpecOf, server: FakeServer, request_: Request, *, days: int
) -> None:
    sent = datetime.now(UTC) + timedelta(days=days)
    headers = {
        "Date": format_datetime(sent, usegmt=True),
        "Retry-After": format_datetime(sent + timedelta(seconds=7), usegmt=True),
    }
    server.script(Behaviour(status=429, headers=headers))
    assert failure(openai_spec(), request_).retry_after_s == 7.0


@pytest.mark.parametrize(
    ("sent", "until", "expected"),
    [
        ("Sun, 22 Nov 2026 12:00:00 GMT", "Sun, 22 Nov 2026 12:00:05 GMT", 5.0),
        ("Sunday, 22-Nov-26 12:00:00 GMT", "Sun Nov 22 12:00:05 2026", 5.0),
        ("Sun, 22 Nov 2026 12:00:00 GMT", "Sun, 22 Nov 2026 11:59:00 GMT", 0.0),
        ("Sun, 22 Nov 2026 12:00:00 GMT", "Sun, 22 Nov 2026 13:00:05 +0100", 5.0),
        ("yesterday", "Sun, 22 Nov 2026 12:00:08 GMT", 8.0),
        ("", "Sun, 22 Nov 2026 12:00:08 GMT", 8.0),
        ("Sun, 22 Nov 2026 12:00:00 GMT", "Sun, 99 Nov 2026 12:00:00 GMT", None),
    ],
)
def test_every_form_of_http_date_is_read(sent: str, until: str, expected: float | None) -> None:
    now = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC)
    assert retry_after_s({"date": sent, "retry-after": until}, now) == expected
