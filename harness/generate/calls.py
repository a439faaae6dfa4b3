"""One trial's call, made again when that makes sense."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from harness.errors import BackendError
from harness.generate.sound import flaw_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from harness.backends import Backend
    from harness.schema import Generation, Request

_FIRST_WAIT_S = 0.5
"""Wait before the first retry; doubled each time, with full jitter (AWS Architecture Blog, 2015)."""
_LONGEST_WAIT_S = 30.0
"""Longest wait between two tries that the server did not ask for."""
_LONGEST_ASKED_S = 60.0
"""Longest wait that a server may ask for (as OpenAI's SDK has it); beyond it the trial is an error."""
_GRACE_S = 5.0
"""Seconds beyond `timeout_s` after which a backend that does not keep its own timeout is cut off."""


async def call(
    backend: Backend, request: Request, *, max_retries: int, random: Random, on_retry: Callable[[], None]
) -> Generation:
    """The generation for `request`, with the number of retries it took.

    Raises:
        BackendError: the last try's, with the number of tries in its text.

    """
    for attempt in range(max_retries + 1):
        try:
            generation = await _once(backend, request)
        except BackendError as error:
            if not error.retryable:
                raise
            if error.retry_after_s is not None and error.retry_after_s > _LONGEST_ASKED_S:
                wish = (
                    f"the server asks to wait {error.retry_after_s:.0f} s, a run waits {_LONGEST_ASKED_S:.0f} s at most"
                )
                raise BackendError(f"{error} ({wish}; run again then)", kind=error.kind) from error
            if attempt == max_retries:
                if attempt == 0:
                    raise
                raise BackendError(f"{error} (tried {attempt + 1} times)", kind=error.kind) from error
            on_retry()
            await asyncio.sleep(_wait_s(error, attempt, random))
        else:
            return replace(generation, retries=attempt) if attempt else generation
    raise AssertionError("unreachable: the last attempt returns or raises")


async def _once(backend: Backend, request: Request) -> Generation:
    limit_s = backend.spec.timeout_s + _GRACE_S
    try:
        async with asyncio.timeout(limit_s) as limit:
            generation = await backend.generate(request)
    except TimeoutError as error:
        if not limit.expired():  # the backend's own
            raise
        raise BackendError(
            f"backend '{backend.spec.name}': no answer after {limit_s:g} s; raise timeout_s if it needs longer",
            kind="timeout",
            retryable=True,
        ) from error
    if (flaw := flaw_of(generation)) is not None:
        raise BackendError(f"backend '{backend.spec.name}': returned {flaw}; mend it", kind="unreadable")
    return generation


def _wait_s(error: BackendError, attempt: int, random: Random) -> float:
    if error.retry_after_s is not None:
        return error.retry_after_s
    return random.uniform(0, min(_LONGEST_WAIT_S, _FIRST_WAIT_S * 2**attempt))
