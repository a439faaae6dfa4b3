"""What a failed call says, to its trial and of the calls to come: the only place where that is decided."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.errors import BackendError, HarnessError
from harness.schema import CallError
from harness.wording import described_error

if TYPE_CHECKING:
    from harness.backends import Backend

LONGEST_ASKED_S = 60.0
"""Longest wait that a server may ask for (as OpenAI's SDK has it)."""
_FORBIDDEN = 403
_EVERY_CALL = frozenset({401, _FORBIDDEN, 404, 405, 410, *range(300, 400)})
"""Statuses of a wrong key, address or model, which no other request changes."""
_PERHAPS_EVERY_CALL = frozenset({400, 422})
"""Statuses of a request that is wrong, by its parameters (then all are) or by its messages (then one is)."""
_OF_THIS_CALL = frozenset({"content_filter", "content_policy_violation", "context_length_exceeded"})
"""Providers' codes of a 400 that the messages are to blame for."""
_UNAVAILABLE = frozenset({502, 503, 504})
"""Statuses that never are the request's fault."""
_ANSWERS = frozenset({"rejected", "unreadable", "missing", "callable", "output"})
"""Kinds of failures that a backend in good health has."""
_TIMEOUT_STRIKES = 4.0
"""What a timeout counts beside other failures: it has cost `timeout_s`, and two of them are enough to stop and look."""
_SLOWED_STRIKES = 0.5
"""What a 429 counts: the backend lives. So one that answers nothing else is tried for 90 s, longer than its minute."""


def ends_all(error: BackendError, *, has_answered: bool) -> bool:
    """Whether every further call would fail so: wrong key, address or model, or a quota that is used up.

    A 403 of a backend that has answered already may be a filter's verdict on one prompt; it then counts as a failure.
    """
    if error.status == _FORBIDDEN and has_answered:
        return False
    used_up = error.kind == "rate_limited" and not error.retryable
    return error.kind == "authentication" or error.status in _EVERY_CALL or used_up


def may_end_all(error: BackendError) -> bool:
    """Whether other calls may fail so as well: when the first answers are all such, they will."""
    if error.kind == "unreadable":
        return True
    return error.status in _PERHAPS_EVERY_CALL and error.code not in _OF_THIS_CALL


def holds_all(error: BackendError) -> bool:
    """Whether its `retry_after_s` is meant for the whole backend: a 429, or a 503."""
    return error.retry_after_s is not None and (error.kind == "rate_limited" or error.status == 503)  # noqa: PLR2004 - as said above


def asked_too_long(error: BackendError) -> str | None:
    """Why the server's wish to wait is not granted; None when it is."""
    if error.retry_after_s is None or error.retry_after_s <= LONGEST_ASKED_S:
        return None
    return f"the server asks to wait {error.retry_after_s:.0f} s, a run waits {LONGEST_ASKED_S:.0f} s at most"


def strikes_of(error: BackendError, *, is_again: bool, has_answered: bool) -> float | None:
    """How strongly a failure speaks for an outage; None when the backend has answered, if only to refuse.

    A request that is to blame itself (a 500 of its own, an answer without end) fails each time it is sent again
    (`is_again`): of a backend that answers others that says nothing.
    """
    if error.kind in _ANSWERS:
        return None
    if error.kind == "rate_limited":
        return _SLOWED_STRIKES
    is_never_the_request_s = error.kind == "connection" or error.status in _UNAVAILABLE
    if is_again and has_answered and not is_never_the_request_s:
        return 0.0
    return _TIMEOUT_STRIKES if error.kind == "timeout" else 1.0


def failure(backend: Backend, error: BaseException) -> CallError:
    """What a trial says of an error; one that no backend may raise is the backend's own fault."""
    if isinstance(error, BackendError):
        return CallError(kind=error.kind, message=str(error))
    if isinstance(error, HarnessError):
        return CallError(kind="rejected", message=str(error))
    return CallError(
        kind="crashed",
        message=f"backend '{backend.spec.name}' broke off: {described_error(error, placed=True)}; mend it",
    )
