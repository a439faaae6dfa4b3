from __future__ import annotations

from typing import Any

import pytest

from harness.errors import BackendError
from harness.generate.failures import asked_too_long, ends_all, holds_all, may_end_all, strikes_of


def error(kind: Any, status: int | None = None, **fields: Any) -> BackendError:
    return BackendError("x", kind=kind, status=status, **fields)


@pytest.mark.parametrize(
    ("failure", "expected"),
    [
        (error("authentication", 401), True),
        (error("authentication"), True),
        (error("authentication", 403), True),
        (error("rejected", 404), True),
        (error("rejected", 405), True),
        (error("rejected", 307), True),
        (error("rate_limited", 429, code="insufficient_quota"), True),
        (error("rate_limited", 429, retryable=True), False),
        (error("rejected", 400), False),
        (error("rejected"), False),
        (error("server", 500, retryable=True), False),
        (error("connection", retryable=True), False),
        (error("callable"), False),
    ],
)
def test_what_no_other_request_changes_ends_all(failure: BackendError, *, expected: bool) -> None:
    assert ends_all(failure, has_answered=False) is expected


@pytest.mark.parametrize(("status", "expected"), [(401, True), (403, False), (404, True)])
def test_a_403_after_an_answer_may_be_about_one_prompt(status: int, *, expected: bool) -> None:
    kind = "rejected" if status == 404 else "authentication"
    assert ends_all(error(kind, status), has_answered=True) is expected


@pytest.mark.parametrize(
    ("failure", "expected"),
    [
        (error("rejected", 400), True),
        (error("rejected", 422), True),
        (error("unreadable", 200), True),
        (error("unreadable"), True),
        (error("rejected", 400, code="content_filter"), False),
        (error("rejected", 400, code="context_length_exceeded"), False),
        (error("rejected", 413), False),
        (error("rejected"), False),
        (error("server", 500), False),
    ],
)
def test_a_refusal_that_names_no_fault_of_the_messages_may_be_the_fate_of_all(
    failure: BackendError, *, expected: bool
) -> None:
    assert may_end_all(failure) is expected


@pytest.mark.parametrize(
    ("failure", "expected"),
    [
        (error("rate_limited", 429, retry_after_s=3.0), True),
        (error("rate_limited", retry_after_s=0.0), True),
        (error("server", 503, retry_after_s=3.0), True),
        (error("server", 500, retry_after_s=3.0), False),
        (error("rate_limited", 429), False),
    ],
)
def test_retry_after_of_a_429_and_a_503_holds_all(failure: BackendError, *, expected: bool) -> None:
    assert holds_all(failure) is expected


@pytest.mark.parametrize(("wish_s", "expected"), [(None, False), (0.0, False), (60.0, False), (60.5, True)])
def test_only_a_minute_is_waited_for(wish_s: float | None, *, expected: bool) -> None:
    assert (asked_too_long(error("rate_limited", 429, retry_after_s=wish_s)) is not None) is expected


@pytest.mark.parametrize(
    ("failure", "first", "again"),
    [
        (error("connection"), 1.0, 1.0),
        (error("server", 503), 1.0, 1.0),
        (error("server", 500), 1.0, 0.0),
        (error("server"), 1.0, 0.0),
        (error("crashed"), 1.0, 0.0),
        (error("timeout"), 4.0, 0.0),
        (error("rate_limited", 429), 0.5, 0.5),
        (error("authentication", 403), 1.0, 0.0),
        (error("rejected", 400), None, None),
        (error("callable"), None, None),
    ],
)
def test_strikes(failure: BackendError, first: float | None, again: float | None) -> None:
    assert strikes_of(failure, is_again=False, has_answered=True) == first
    assert strikes_of(failure, is_again=True, has_answered=True) == again
    assert strikes_of(failure, is_again=True, has_answered=False) == first
