"""What went wrong with a call to a chat completions endpoint, as one BackendError.

Status codes as in RFC 9110 and OpenAI's error guide; `Retry-After` as in RFC 9110 section 10.2.3, `retry-after-ms` as
OpenAI and Azure send it beside.
"""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from harness.errors import BackendError
from harness.wording import one_line

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.backends.endpoint import Endpoint
    from harness.errors import ErrorKind

_PASSING = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.CONFLICT})
"""Client errors that may pass: the kind is `server`."""
_USED_UP = frozenset({"insufficient_quota", "billing_hard_limit_reached", "billing_not_active"})
"""OpenAI's error codes of a 429 that waiting does not mend."""


def status_failure(status: int, headers: Mapping[str, str], content: bytes, *, endpoint: Endpoint) -> BackendError:
    """The error of an HTTP answer that is not 200."""
    error = _error_object(content)
    kind = _kind(status)
    code = str(error.get("code") or error.get("type") or "")
    said = _said(error, content, endpoint)
    if 300 <= status < 400:  # noqa: PLR2004 - redirects
        said = f"it redirects to {one_line(headers.get('Location', 'nowhere'), secret=endpoint.key)}"
    text = f"{endpoint.label}: HTTP {_phrase(status)} from {endpoint.shown_url}" + (f": {said}" if said else "")
    hint = _hint(status, endpoint)
    return BackendError(
        f"{text}; {hint}" if hint else text,
        kind=kind,
        retryable=kind in ("rate_limited", "server") and code not in _USED_UP,
        retry_after_s=retry_after_s(headers),
        status=status,
        code=code,
    )


def call_failure(error: BaseException, endpoint: Endpoint) -> BackendError:
    """The error of a call that got no whole answer."""
    import aiohttp

    label, url = endpoint.label, endpoint.shown_url
    said = one_line(str(error), secret=endpoint.key)
    if isinstance(error, TimeoutError):
        return _timeout(error, endpoint)
    if isinstance(error, aiohttp.InvalidURL | aiohttp.NonHttpUrlClientError):
        return BackendError(
            f"{label}: {url} is no address to post to; correct base_url", kind="rejected", was_sent=False
        )
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        what = f"the host of {url} cannot be resolved ({said}); check base_url and the network"
    elif isinstance(error, aiohttp.ClientConnectorCertificateError | aiohttp.ClientSSLError):
        return BackendError(
            f"{label}: no trusted TLS connection to {url} ({said}); check its certificate",
            kind="connection",
            was_sent=False,
        )
    elif isinstance(error, aiohttp.ClientConnectorError):
        what = f"no connection to {url} ({said}); check that the server runs and that base_url is right"
    elif isinstance(error, aiohttp.ClientPayloadError):
        what = f"the connection to {url} was cut in the middle of the answer ({said})"
    else:
        what = f"the connection to {url} was lost ({said or type(error).__name__})"
    was_sent = not isinstance(error, aiohttp.ClientConnectorError)
    return BackendError(f"{label}: {what}", kind="connection", retryable=True, was_sent=was_sent)


def retry_after_s(headers: Mapping[str, str], now: datetime | None = None) -> float | None:
    """Seconds the server asks to wait: `retry-after-ms`, else `Retry-After` in seconds or as a date; else None.

    A date is compared with the server's own `Date`, where there is one: this machine's clock may be wrong.
    """
    for name, scale in (("retry-after-ms", 0.001), ("Retry-After", 1.0)):
        text = headers.get(name, "")
        try:
            wait_s = float(text) * scale
        except ValueError:
            continue
        return max(wait_s, 0.0) if math.isfinite(wait_s) else None
    until = _date(headers.get("Retry-After", ""))
    if until is None:
        return None
    sent = _date(headers.get("Date", "")) or now or datetime.now(UTC)
    return max((until - sent).total_seconds(), 0.0)


def _date(text: str) -> datetime | None:
    """The moment an HTTP date names; None when it is none."""
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)


def _timeout(error: TimeoutError, endpoint: Endpoint) -> BackendError:
    """The error of whichever time limit it was."""
    import aiohttp

    label, url = endpoint.label, endpoint.shown_url
    if isinstance(error, aiohttp.ConnectionTimeoutError) and endpoint.connect_timeout_s is not None:
        what = (
            f"no connection to {url} within {endpoint.connect_timeout_s:g} s; check that the server runs, "
            "raise connect_timeout_s if it needs longer"
        )
        return BackendError(f"{label}: {what}", kind="timeout", retryable=True, was_sent=False)
    if isinstance(error, aiohttp.SocketTimeoutError) and endpoint.read_timeout_s is not None:
        what = f"nothing came from {url} for {endpoint.read_timeout_s:g} s; raise read_timeout_s if it needs longer"
    else:
        what = f"no answer from {url} within {endpoint.timeout_s:g} s; raise timeout_s if it needs longer"
    return BackendError(f"{label}: {what}", kind="timeout", retryable=True)


def _kind(status: int) -> ErrorKind:
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        return "authentication"
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return "rate_limited"
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status in _PASSING:
        return "server"
    return "unreadable" if status < HTTPStatus.MULTIPLE_CHOICES else "rejected"


def _hint(status: int, endpoint: Endpoint) -> str:
    if _kind(status) == "authentication":
        name = endpoint.key_env
        return f"check the key in {name}" if name else "set api_key_env to the name of the variable that holds the key"
    if status == HTTPStatus.NOT_FOUND:
        return "check base_url and model"
    return "write the address it redirects to as base_url" if 300 <= status < 400 else ""  # noqa: PLR2004 - redirects


def _phrase(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def _error_object(content: bytes) -> Mapping[str, Any]:
    """OpenAI's `{"error": {"message", "type", "code"}}`; also `{"error": text}`, `{"message"}` and `{"detail"}`."""
    try:
        body = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(body, dict):
        return {}
    error = body.get("error", body)
    return error if isinstance(error, dict) else {"message": error}


def _said(error: Mapping[str, Any], content: bytes, endpoint: Endpoint) -> str:
    for key in ("message", "detail"):
        if error.get(key):
            said = error[key]
            return one_line(said if isinstance(said, str) else json.dumps(said), secret=endpoint.key)
    return one_line(content[:4096].decode("utf-8", "replace"), secret=endpoint.key)
