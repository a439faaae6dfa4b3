"""The HTTP client against servers that speak over real sockets, byte for byte what a test wants them to."""

from __future__ import annotations

import asyncio
import gzip
import zlib
from typing import TYPE_CHECKING

import pytest

from harness.backends.http import Limits, PostError, open_poster
from harness.backends.http.direct import Direct
from tests.servers.openai_server import FakeServer
from tests.servers.scripted import OK, PAUSE, Scripted, serving

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.backends.http import Answer
    from harness.backends.http.connection import Connection

LIMITS = Limits(20.0)


def posted(server: Scripted, calls: int = 1, limits: Limits = LIMITS) -> list[Answer]:
    """The answers of so many calls, one after the other, over one poster."""

    async def ask() -> list[Answer]:
        async with serving(server) as url:
            poster = open_poster(url, {"Authorization": "Bearer k"})
            try:
                return [await poster.post(b"{}", limits) for _ in range(calls)]
            finally:
                await poster.close()

    return asyncio.run(ask())


def refused(server: Scripted, limits: Limits = LIMITS) -> PostError:
    with pytest.raises(PostError) as caught:
        posted(server, limits=limits)
    return caught.value


def test_request_is_what_a_server_of_http_1_1_expects() -> None:
    server = Scripted(OK + b"Content-Length: 2\r\n\r\nhi")
    posted(server)
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    first, *headers = head.decode().split("\r\n")
    assert first == "POST /v1?api-version=1 HTTP/1.1"
    assert sorted(headers) == [
        "Accept-Encoding: gzip",
        "Authorization: Bearer k",
        "Content-Length: 2",
        f"Host: 127.0.0.1:{server.port}",
        "User-Agent: pytest-prompt-suite",
    ]
    assert body == b"{}"


@pytest.mark.parametrize(
    "answer",
    [
        OK + b"Content-Length: 2\r\n\r\nhi",
        OK + b"Con<|>tent-Length: 2<|>\r\n\r<|>\nh<|>i",
        OK + b"Transfer-Encoding: chunked\r\n\r\n1\r\nh\r\n1;x=y\r\ni\r\n0\r\n\r\n",
        OK + b"Transfer-Encoding: chunked\r\n\r\n1\r\n<|>h\r\n1\r<|>\ni\r\n0\r\n<|>\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n" + OK + b"Content-Length: 2\r\n\r\nhi",
        b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\nContent-Length: 9\r\n\r\n<|>" + OK + b"Content-Length: 2\r\n\r\nhi",
    ],
)
def test_answer_is_read_however_it_comes(answer: bytes) -> None:
    server = Scripted(answer, answer)
    answers = posted(server, calls=2)
    assert [(each.status, each.content) for each in answers] == [(200, b"hi")] * 2
    assert answers[0].headers["content-type"] == "application/json"
    assert "link" not in answers[0].headers
    assert server.connections == 1


def test_answer_that_ends_with_its_connection_is_whole() -> None:
    server = Scripted(OK + b"\r\nh<|>i", b"HTTP/1.0 200 OK\r\n\r\nho", closes=True)
    assert [answer.content for answer in posted(server, calls=2)] == [b"hi", b"ho"]
    assert server.connections == 2


@pytest.mark.parametrize("kind", [b"gzip", b"GZIP", b"x-gzip"])
def test_packed_answer_is_unpacked(kind: bytes) -> None:
    packed = gzip.compress(b"hello " * 1000)
    head = OK + b"Content-Encoding: %s\r\nContent-Length: %d\r\n\r\n" % (kind, len(packed))
    assert posted(Scripted(head + packed))[0].content == b"hello " * 1000


@pytest.mark.parametrize("damage", [lambda packed: packed[:-9], lambda packed: b"no gzip at all" + packed])
def test_packed_answer_that_is_damaged_is_cut(damage: Callable[[bytes], bytes]) -> None:
    packed = damage(gzip.compress(b"hello"))
    error = refused(Scripted(OK + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(packed) + packed))
    assert error.where == "cut"


def test_answer_that_unpacks_to_too_much_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.backends.http.connection.MOST_BODY", 2**20)
    packed = zlib.compress(b"\0" * 2**22, wbits=31)
    error = refused(Scripted(OK + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(packed) + packed))
    assert (error.where, str(error)) == ("too_large", "1 MiB")


def test_endless_headers_are_given_up() -> None:
    error = refused(Scripted(OK + b"X: y\r\n" * 2**16))
    assert (error.where, str(error)) == ("lost", "its headers have no end")


def test_large_answer_behind_an_early_word_is_read() -> None:
    body = b"x" * 2**20
    early = b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + PAUSE
    assert posted(Scripted(early + OK + b"Content-Length: %d\r\n\r\n" % len(body) + body))[0].content == body


def test_members_of_a_packed_answer_are_read_to_the_last() -> None:
    packed = gzip.compress(b"one ") + gzip.compress(b"two")
    head = OK + b"Content-Encoding: gzip \t\r\nContent-Length: %d\r\n\r\n" % len(packed)
    assert posted(Scripted(head + packed))[0].content == b"one two"


@pytest.mark.parametrize("status", [b"204 No Content", b"304 Not Modified"])
def test_answer_without_a_body_leaves_its_connection_to_the_next(
    status: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    server = Scripted(b"HTTP/1.1 " + status + b"\r\n\r\n", OK + b"Content-Length: 2\r\n\r\nhi")
    assert [answer.content for answer in posted(server, calls=2)] == [b"", b"hi"]
    assert server.connections == 1
    assert not caplog.records


@pytest.mark.parametrize(("limits", "where"), [(Limits(0.2), "limit"), (Limits(20.0, read_s=0.2), "read_limit")])
def test_answer_that_ends_with_its_connection_is_given_up_by_a_limit(
    limits: Limits, where: str, caplog: pytest.LogCaptureFixture
) -> None:
    error = refused(Scripted(OK + b"\r\nh" + PAUSE * 100 + b"i", closes=True), limits)
    assert error.where == where
    assert not caplog.records


def test_close_makes_no_whole_answer_of_a_part() -> None:
    server = Scripted(OK + b"\r\nh" + PAUSE * 100 + b"i", closes=True)

    async def ask() -> None:
        async with serving(server) as url:
            poster = open_poster(url, {})
            call = asyncio.create_task(poster.post(b"{}", LIMITS))
            while not server.requests:  # noqa: ASYNC110 - the server is in this loop
                await asyncio.sleep(0.001)
            await asyncio.sleep(0.05)
            await poster.close()
            await call

    with pytest.raises(PostError) as caught:
        asyncio.run(ask())
    assert caught.value.where == "cut"


@pytest.mark.parametrize(
    ("answer", "where", "said"),
    [
        (b"", "lost", "it was closed before an answer came"),
        (b"HTTP/1.1 200 OK\r\nContent-Le", "lost", "it was closed before an answer came"),
        (OK + b"Content-Length: 9\r\n\r\nhi", "cut", "it was closed before the end"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n", "cut", "it was closed before the end"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "lost", "what it sent is no HTTP: "),
        (
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n",
            "lost",
            "it wants to speak another protocol",
        ),
    ],
)
def test_answer_that_is_none_says_what_it_is(answer: bytes, where: str, said: str) -> None:
    error = refused(Scripted(answer, closes=True))
    assert error.where == where
    assert said in str(error)


@pytest.mark.parametrize(
    "first",
    [
        OK + b"Connection: close\r\nContent-Length: 2\r\n\r\nhi",
        OK + b"Content-Length: 2\r\n\r\nhi" + OK + b"Content-Length: 5\r\n\r\nwrong",
    ],
)
def test_connection_that_cannot_be_trusted_is_not_used_again(first: bytes) -> None:
    server = Scripted(first, OK + b"Content-Length: 3\r\n\r\ntwo")
    assert [answer.content for answer in posted(server, calls=2)] == [b"hi", b"two"]
    assert server.connections == 2


def test_connection_that_was_idle_for_long_is_not_used_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.backends.http.direct.KEPT_S", 0.0)
    server = Scripted(*[OK + b"Content-Length: 2\r\n\r\nhi"] * 3)
    posted(server, calls=3)
    assert server.connections == 3


def test_calls_at_once_have_a_connection_each_and_leave_it_to_the_next() -> None:
    with FakeServer() as server:
        opened: list[Connection] = []

        async def ask() -> None:
            poster = open_poster(f"{server.base_url}/chat/completions", {"Content-Type": "application/json"})
            assert isinstance(poster, Direct)
            body = b'{"model": "m", "messages": [{"role": "user", "content": "x"}]}'
            for _ in range(3):
                answers = await asyncio.gather(*(poster.post(body, LIMITS) for _ in range(8)))
                assert {answer.status for answer in answers} == {200}
                opened.extend(poster._open)
            await poster.close()

        asyncio.run(ask())
    assert len(set(opened)) == 8


def test_whoever_stops_waiting_leaves_no_answer_to_the_next() -> None:
    server = Scripted(OK + b"Content-Length: 2" + PAUSE * 50 + b"\r\n\r\nhi", OK + b"Content-Length: 3\r\n\r\ntwo")

    async def ask() -> bytes:
        async with serving(server) as url:
            poster = open_poster(url, {})
            call = asyncio.create_task(poster.post(b"{}", LIMITS))
            while not server.requests:  # noqa: ASYNC110 - the server is in this loop
                await asyncio.sleep(0.001)
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call
            answer = await poster.post(b"{}", LIMITS)
            await poster.close()
            return answer.content

    assert asyncio.run(ask()) == b"two"
