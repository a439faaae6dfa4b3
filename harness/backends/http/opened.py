"""Which way calls go."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from harness.backends.http.exchange import PORTS, PostError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.backends.http.exchange import Poster

_LOOPBACK = ("localhost", "127.0.0.1", "::1")


def open_poster(url: str, headers: Mapping[str, str]) -> Poster:
    """A poster to `url` for the running event loop; aiohttp is loaded only where the environment names a proxy.

    Raises:
        PostError: `url` is no address.

    """
    try:
        proxy = _proxy(url)
        if proxy is None:
            from harness.backends.http.direct import Direct

            return Direct(url, headers)
        from harness.backends.http.proxied import Proxied

        return Proxied(url, headers, proxy)
    except ValueError as error:
        raise PostError("address", error) from error


def _proxy(url: str) -> str | None:
    """The proxy that the environment names for `url`; looked up once, and never for this machine itself."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if host in _LOOPBACK:
        return None
    from urllib.request import getproxies, proxy_bypass

    port = parts.port or PORTS.get(parts.scheme)
    is_excepted = proxy_bypass(host) or (":" not in host and proxy_bypass(f"{host}:{port}"))
    return None if is_excepted else getproxies().get(parts.scheme)
