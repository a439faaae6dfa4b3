"""A function of the user's own: `(messages) -> text or a mapping`, sync or async."""

from __future__ import annotations

import asyncio
import inspect
import threading
import time
import traceback
from collections.abc import Mapping
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from harness.backends.amounts import is_amount, is_count
from harness.backends.pricing import cost_usd
from harness.errors import BackendError, OptionError
from harness.own_code import load_object, source_sha256
from harness.schema import Generation
from harness.wording import described_error, one_line

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.schema import BackendSpec, Request

_CONCURRENCY = 8
"""Calls at once without `max_concurrency`: such functions mostly wait for a service."""
_COUNTS = ("input_tokens", "output_tokens", "cached_input_tokens")
_KEYS = ("text", "output", "finish_reason", "cost_usd", *_COUNTS)


class CallableBackend:
    """Answers of the function named by `function`."""

    uses = ("function",)
    cacheable = True

    def __init__(self, spec: BackendSpec) -> None:
        """Keep the spec; the function is loaded by `start`."""
        self.spec = spec
        self.concurrency = spec.max_concurrency or _CONCURRENCY
        self._function: Callable[..., Any] | None = None
        self._is_async = False

    @classmethod
    def check(cls, spec: BackendSpec) -> None:
        """Raise OptionError when there is no function, or not of its form; loads nothing."""
        if not spec.function:
            raise OptionError(
                "provider 'callable' needs 'function'; allowed: file.py:function or package.module:function", "function"
            )
        try:
            source_sha256(spec.function, spec.folder, kind="function")
        except OptionError as error:
            raise OptionError(str(error), "function") from None

    def identity(self) -> Mapping[str, object]:
        """The function's name and the SHA-256 of the file it lies in; what that file imports is not seen."""
        function = self.spec.function or ""
        source = source_sha256(function, self.spec.folder, kind="function")
        return {"provider": "callable", "function": function, "source": source}

    async def start(self) -> None:
        """Load the function."""
        if self._function is not None:
            return
        try:
            found = load_object(self.spec.function or "", self.spec.folder, kind="function")
        except OptionError as error:
            raise BackendError(f"{self._label}: {error}", kind="callable") from error
        if not callable(found):
            raise BackendError(
                f"{self._label}: function '{self.spec.function}' is a {type(found).__name__}; "
                "a function (messages) -> text is needed; name one",
                kind="callable",
            )
        self._function = found
        self._is_async = _is_async(self._function)

    async def generate(self, request: Request) -> Generation:
        """What the function returns for the messages: a list of mappings with `role` and `content`."""
        if self._function is None:
            await self.start()
        messages = [{"role": message.role, "content": message.content} for message in request.messages]
        started_at = datetime.now(UTC).isoformat(timespec="milliseconds")
        began = time.perf_counter()
        try:
            async with asyncio.timeout(self.spec.timeout_s) as limit:
                returned = await self._called(messages)
        except TimeoutError as error:
            if not limit.expired():
                raise self._raised(error) from error
            raise BackendError(
                f"{self._label}: {self.spec.function} did not return within {self.spec.timeout_s:g} s; "
                "raise timeout_s if it needs longer",
                kind="timeout",
                retryable=True,
            ) from error
        except (asyncio.CancelledError, KeyboardInterrupt):
            raise
        except BaseException as error:
            raise self._raised(error) from error
        return self._generation(returned, time.perf_counter() - began, started_at)

    async def stop(self) -> None:
        """Forget the function; one that still runs is not waited for."""
        self._function = None

    async def _called(self, messages: list[dict[str, str]]) -> Any:
        assert self._function is not None
        if self._is_async:
            return await self._function(messages)
        returned = await asyncio.wrap_future(_in_thread(self._function, messages))
        return await returned if inspect.isawaitable(returned) else returned

    @property
    def _label(self) -> str:
        return f"backend '{self.spec.name}'"

    def _raised(self, error: BaseException) -> BackendError:
        frames = traceback.extract_tb(error.__traceback__)
        where = f" ({frames[-1].filename}:{frames[-1].lineno})" if frames else ""
        what = f"{self.spec.function} raised {described_error(error)}{where}"
        return BackendError(f"{self._label}: {what}; mend it", kind="callable")

    def _generation(self, returned: object, latency_s: float, started_at: str) -> Generation:
        answer = {"text": returned} if isinstance(returned, str) else returned
        if not isinstance(answer, Mapping):
            raise self._wrong(f"returned a {type(returned).__name__}")
        unknown = [key for key in answer if key not in _KEYS]
        if unknown:
            raise self._wrong(f"returned a mapping with the unknown key {unknown[0]!r}")
        text = answer.get("text", answer.get("output"))
        if not isinstance(text, str):
            raise self._wrong(f"returned a mapping whose text is a {type(text).__name__}")
        tokens_in, tokens_out, cached = (self._count(key, answer.get(key)) for key in _COUNTS)
        price = cost_usd(self.spec.price, tokens_in, tokens_out, cached_input_tokens=cached)
        cost = self._cost(answer.get("cost_usd"))
        reason = answer.get("finish_reason")
        return Generation(
            text=text,
            finish_reason=None if reason is None else str(reason),
            latency_s=latency_s,
            cost_usd=price if cost is None else cost,
            started_at=started_at,
            input_tokens=tokens_in,
            output_tokens=tokens_out,
            cached_input_tokens=cached,
        )

    def _count(self, key: str, number: object) -> int | None:
        if number is None or is_count(number):
            return number
        raise self._wrong(f"returned {key} = {one_line(repr(number))}, which is no count")

    def _cost(self, number: object) -> float | None:
        if number is None:
            return None
        if is_amount(number):
            return float(number)
        raise self._wrong(f"returned cost_usd = {one_line(repr(number))}, which is no amount")

    def _wrong(self, what: str) -> BackendError:
        return BackendError(
            f"{self._label}: {self.spec.function} {what}; allowed: text, or a mapping with text (or output) and any of "
            f"{', '.join(key for key in _KEYS if key not in ('text', 'output'))}; mend it",
            kind="callable",
        )


def _in_thread(function: Callable[..., Any], messages: list[dict[str, str]]) -> Future[Any]:
    """The result of the call, made in a daemon thread: one that never returns must not keep pytest from ending."""
    future: Future[Any] = Future()

    def run() -> None:
        try:
            result = function(messages)
        except StopIteration as error:  # no future takes it: it would be mistaken for a coroutine's return
            _settle(future.set_exception, RuntimeError("StopIteration").with_traceback(error.__traceback__))
        except BaseException as error:  # noqa: BLE001 - the waiting coroutine raises it
            _settle(future.set_exception, error)
        else:
            _settle(future.set_result, result)

    threading.Thread(target=run, name="prompt-suite-callable", daemon=True).start()
    return future


def _settle(setter: Callable[[Any], None], value: object) -> None:
    with suppress(InvalidStateError):  # nobody waits any more: timed out, or stopped
        setter(value)


def _is_async(function: Callable[..., Any]) -> bool:
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(getattr(function, "__call__", None))  # noqa: B004 - an instance whose __call__ is async
