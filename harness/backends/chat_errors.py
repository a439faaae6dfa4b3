"""What went wrong with a call to a chat completions endpoint, as one BackendError.

Status codes as in RFC 9110 and OpenAI's error guide; `Retry-After` as in RFC 9110 section 10.2.3, `retry-after-ms` as
OpenAI and Azure send it beside.
"""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from harness.backends.http.exchange import UNSENT
from harness.errors import BackendError
from harness.wording import one_line

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.backends.endpoint import Endpoint
    from harness.backends.http import Answer, PostError
    from harness.backends.http.exchange import Where
    from harness.errors import ErrorKind

_PASSING = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.CONFLICT})
"""Client errors that may pass: the kind is `server`."""
_USED_UP = frozenset({"insufficient_quota", "billing_hard_limit_reached", "billing_not_active"})
"""OpenAI's error codes of a 429 that waiting does not mend."""
_ENDS: Mapping[Where, tuple[str, ErrorKind, bool]] = {
    "address": ("{url} is no address to post to; correct base_url", "rejected", False),
    "resolving": ("the host of {url} cannot be resolved ({said}); check base_url and the network", "connection", True),
    "tls": ("no trusted TLS connection to {url} ({said}); check its certificate", "connection", False),
    "connecting": (
        "no connection to {url} ({said}); check that the server runs and that base_url is right",
        "connection",
        True,
    ),
    "connect_limit": (
        (
            "no connection to {url} within {connect} s; check that the server runs, raise {connect_name} if it needs "
            "longer"
        ),
        "timeout",
        True,
    ),
    "read_limit": (
        "nothing came from {url} for {read} s; raise read_timeout_s if it needs longer",
        "timeout",
        True,
    ),
    "limit": ("no answer from {url} within {whole} s; raise timeout_s if it needs longer", "timeout", True),
    "cut": ("the connection to {url} was cut in the middle of the answer ({said})", "connection", True),
    "lost": ("the connection to {url} was lost ({said})", "connection", True),
    "too_large": (
        "the answer is larger than {said} (from {url}); check that base_url is an OpenAI-compatible API",
        "unreadable",
        False,
    ),
}
"""How a call that ended there is told, its kind, and whether the next try may do better."""


def status_failure(answer: Answer, *, endpoint: Endpoint) -> BackendError:
    """The error of an HTTP answer that is not 200."""
    status, headers, content = answer.status, answer.headers, endpoint.without_key(answer.content)
    error = _error_object(content)
    kind = _kind(status)
    code = str(error.get("code") or error.get("type") or "")
    said = _said(error, content, endpoint)
    if 300 <= status < 400:  # noqa: PLR2004 - redirects
        said = f"it redirects to {one_line(headers.get('location', 'nowhere'), secret=endpoint.key)}"
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


def call_failure(error: PostError, endpoint: Endpoint) -> BackendError:
    """The error of a call that got no whole answer."""
    said = one_line(str(error), secret=endpoint.key)
    words, kind, is_passing = _ENDS[error.where]
    what = words.format(
        url=endpoint.shown_url,
        said=said or "no reason was given",
        whole=f"{endpoint.timeout_s:g}",
        connect=f"{endpoint.connect_timeout_s or endpoint.timeout_s:g}",
        connect_name="timeout_s" if endpoint.connect_timeout_s is None else "connect_timeout_s",
        read=f"{endpoint.read_timeout_s or endpoint.timeout_s:g}",
    )
    return BackendError(
        f"{endpoint.label}: {what}", kind=kind, retryable=is_passing, was_sent=error.where not in UNSENT
    )


def retry_after_s(headers: Mapping[str, str], now: datetime | None = None) -> float | None:
    """Seconds the server asks to wait: `retry-after-ms`, else `Retry-After` in seconds or as a date; else None.

    A date is compared with the server's own `Date`, where there is one: this machine's clock may be wrong.
    """
    for name, scale in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        text = headers.get(name, "")
        try:
            wait_s = float(text) * scale
        except ValueError:
            continue
        return max(wait_s, 0.0) if math.isfinite(wait_s) else None
    until = _date(headers.get("retry-after", ""))
    if until is None:
        return None
    sent = _date(headers.get("date", "")) or now or datetime.now(UTC)
    return max((until - sent).total_seconds(), 0.0)


def _date(text: str) -> datetime | None:
    """The moment an HTTP date names; None when it is none."""
    from email.utils import parsedate_to_datetime

    try:
        date = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)


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
