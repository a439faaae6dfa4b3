"""Which way a call goes: names, addresses, TLS, proxies."""

from __future__ import annotations

import asyncio
import ssl
from typing import TYPE_CHECKING, Any

import pytest
import trustme

from harness.backends.http import Limits, PostError, open_poster
from tests.servers.openai_server import FakeServer
from tests.servers.scripted import OK, Scripted, serving

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from pathlib import Path

LIMITS = Limits(20.0)


async def many(url: str, calls: int) -> list[Any]:
    poster = open_poster(url, {})
    try:
        return await asyncio.gather(*(poster.post(b"{}", LIMITS) for _ in range(calls)), return_exceptions=True)
    finally:
        await poster.close()


def lookups(monkeypatch: pytest.MonkeyPatch, find: Callable[[str, int], Awaitable[Sequence[Any]]]) -> list[str]:
    asked: list[str] = []

    async def resolve(host: str, port: int) -> Sequence[Any]:
        asked.append(host)
        return await find(host, port)

    monkeypatch.setattr("harness.backends.http.direct.resolve", resolve)
    return asked


def test_host_is_looked_up_once_for_all_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    from harness.backends.http.direct import resolve

    asked = lookups(monkeypatch, lambda _host, port: resolve("127.0.0.1", port))
    with FakeServer() as server:
        found = asyncio.run(many(f"http://model.invalid:{server.port}/v1/chat/completions", 5))
    assert all(not isinstance(each, BaseException) for each in found)
    assert asked == ["model.invalid"]


def test_failed_look_up_is_one_failure_for_all_who_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    async def find(_host: str, _port: int) -> Sequence[Any]:
        await asyncio.sleep(0.01)
        raise OSError("no such name")

    asked = lookups(monkeypatch, find)
    found = asyncio.run(many("http://model.invalid/v1", 5))
    assert [(each.where, str(each)) for each in found] == [("resolving", "no such name")] * 5
    assert asked == ["model.invalid"]


def test_failed_look_up_is_made_again_by_the_next_call(monkeypatch: pytest.MonkeyPatch) -> None:
    async def find(_host: str, _port: int) -> Sequence[Any]:
        await asyncio.sleep(0.05)
        raise OSError("no such name")

    asked = lookups(monkeypatch, find)

    async def ask() -> list[str]:
        poster = open_poster("http://model.invalid/v1", {})
        ends: list[str] = []
        for limit_s in (0.01, 20.0, 20.0):  # the first goes before its look-up has failed
            try:
                await poster.post(b"{}", Limits(limit_s))
            except PostError as error:
                ends.append(error.where)
            await asyncio.sleep(0.1)
        await poster.close()
        return ends

    assert asyncio.run(ask()) == ["connect_limit", "resolving", "resolving"]
    assert len(asked) == 3


def test_next_address_is_tried_where_the_first_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    from harness.backends.http.direct import resolve

    async def find(_host: str, port: int) -> Sequence[Any]:
        return [*await resolve("127.0.0.2", port), *await resolve("127.0.0.1", port)]

    lookups(monkeypatch, find)
    server = Scripted(OK + b"Content-Length: 2\r\n\r\nhi")

    async def ask() -> Any:
        async with serving(server):
            return await many(f"http://model.invalid:{server.port}/", 1)

    assert asyncio.run(ask())[0].content == b"hi"


def test_address_of_version_6_is_used_as_it_is() -> None:
    server = Scripted(OK + b"Content-Length: 2\r\n\r\nhi")

    async def ask() -> Any:
        async with serving(server, host="::1"):
            return await many(f"http://[::1]:{server.port}/", 1)

    assert asyncio.run(ask())[0].content == b"hi"
    assert f"Host: [::1]:{server.port}\r\n".encode() in server.requests[0]


def test_host_and_path_beyond_ascii_are_written_as_the_protocol_wants(monkeypatch: pytest.MonkeyPatch) -> None:
    from harness.backends.http.direct import resolve

    asked = lookups(monkeypatch, lambda _host, port: resolve("127.0.0.1", port))
    server = Scripted(OK + b"Content-Length: 2\r\n\r\nhi")

    async def ask() -> Any:
        async with serving(server):
            return await many(f"http://bücher.example:{server.port}/mödel/a%20b?x=ü&y=%41", 1)

    assert asyncio.run(ask())[0].content == b"hi"
    assert asked == ["xn--bcher-kva.example"]
    assert server.requests[0].startswith(b"POST /m%C3%B6del/a%20b?x=%C3%BC&y=%41 HTTP/1.1\r\n")


@pytest.mark.parametrize(
    "url",
    ["ftp://a/b", "http:///b", "http://a:99999/", "http://a b/", "http://a..b/", "http://[::1/", f"http://{'a' * 64}/"],
)
def test_what_is_no_address_is_refused_at_once(url: str) -> None:
    async def ask() -> None:
        open_poster(url, {})

    with pytest.raises(PostError) as caught:
        asyncio.run(ask())
    assert caught.value.where == "address"


# -- TLS and proxies --------------------------------------------------------------------------------------------------


def over_tls(authority: trustme.CA, name: str) -> Any:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    server = Scripted(*[OK + b"Content-Length: 2\r\n\r\nhi"] * 2)

    async def ask() -> Any:
        async with serving(server, ssl=context):
            return await many(f"https://localhost:{server.port}/", 2)

    return asyncio.run(ask())


def test_certificate_that_the_environment_trusts_is_trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    assert [answer.content for answer in over_tls(authority, "localhost")] == [b"hi", b"hi"]
    errors = over_tls(authority, "elsewhere.example")
    assert [error.where for error in errors] == ["tls", "tls"]
    assert "Hostname mismatch" in str(errors[0])


def test_certificate_that_nobody_vouches_for_ends_the_call() -> None:
    error = over_tls(trustme.CA(), "localhost")[0]
    assert error.where == "tls"
    assert "certificate verify failed" in str(error)


def through_proxy(monkeypatch: pytest.MonkeyPatch, url: str, proxy: Scripted) -> Any:
    async def ask() -> Any:
        async with serving(proxy):
            monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy.port}")
            return (await many(url, 1))[0]

    return asyncio.run(ask())


def test_calls_go_through_the_proxy_that_the_environment_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("no_proxy", raising=False)
    proxy = Scripted(OK + b"Retry-After: 3\r\nContent-Length: 2\r\n\r\nhi")
    answer = through_proxy(monkeypatch, "http://model.invalid/v1", proxy)
    assert (answer.status, answer.content, answer.headers["retry-after"]) == (200, b"hi", "3")
    assert proxy.requests[0].startswith(b"POST http://model.invalid/v1 HTTP/1.1\r\n")


@pytest.mark.parametrize(("bytes_", "where"), [(OK + b"Content-Length: 9\r\n\r\nhi", "cut"), (b"", "lost")])
def test_failure_behind_a_proxy_is_told_alike(monkeypatch: pytest.MonkeyPatch, bytes_: bytes, where: str) -> None:
    monkeypatch.delenv("no_proxy", raising=False)
    error = through_proxy(monkeypatch, "http://model.invalid/v1", Scripted(bytes_, closes=True))
    assert error.where == where


def test_proxy_is_passed_by_for_hosts_that_the_environment_excepts(monkeypatch: pytest.MonkeyPatch) -> None:
    async def kind_of(url: str) -> str:
        poster = open_poster(url, {})
        await poster.close()
        return type(poster).__name__

    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "inside.example:8443")
    urls = (
        "https://inside.example:8443/v1",
        "https://outside.example/v1",
        "http://outside.example/v1",
        "https://127.0.0.1",
    )
    assert [asyncio.run(kind_of(url)) for url in urls] == ["Direct", "Proxied", "Direct", "Direct"]
