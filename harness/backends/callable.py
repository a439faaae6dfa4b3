"""A function of the user's own: `(messages) -> text or a mapping`, sync or async."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from harness.backends.amounts import is_amount, is_count
from harness.backends.outside import OwnLoop, call_in_thread
from harness.backends.pricing import cost_usd
from harness.errors import BackendError, OptionError
from harness.own_code import load_object, source_sha256
from harness.own_names import check_defined
from harness.schema import Generation
from harness.wording import counted, described_error, described_own_error, one_line

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.backends.outside import Call, Outcome
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
        self._loop: OwnLoop | None = None
        self._late: list[Call] = []

    @classmethod
    def check(cls, spec: BackendSpec) -> None:
        """Raise OptionError when there is no such function, as far as its file tells; loads nothing."""
        if not spec.function:
            raise OptionError(
                "provider 'callable' needs 'function'; allowed: file.py:function or package.module:function", "function"
            )
        try:
            source_sha256(spec.function, spec.folder, kind="function")
            source, _, name = spec.function.rpartition(":")
            if source.endswith(".py"):
                check_defined(spec.folder / source, name, where=f"function '{spec.function}'")
        except OptionError as error:
            raise OptionError(str(error), "function") from None

    @classmethod
    def fingerprint(cls, spec: BackendSpec) -> Mapping[str, str]:
        """The SHA-256 of the file that the function lies in; what that file imports is not seen."""
        return {"code": source_sha256(spec.function or "", spec.folder, kind="function")}

    def identity(self) -> Mapping[str, object]:
        """The function's name and the SHA-256 of the file it lies in; what that file imports is not seen."""
        return {
            "provider": "callable",
            "function": self.spec.function or "",
            "source": self.fingerprint(self.spec)["code"],
        }

    async def start(self) -> None:
        """Load the function."""
        if self._function is not None:
            return
        # in a thread of its own: a module may do anything while it loads, also never end
        loading = call_in_thread(lambda: load_object(self.spec.function or "", self.spec.folder, kind="function"))
        outcome = await asyncio.wrap_future(loading.future)
        if outcome.error is not None:
            raise BackendError(f"{self._label}: {outcome.error}", kind="callable") from outcome.error
        if not callable(outcome.value):
            raise BackendError(
                f"{self._label}: function '{self.spec.function}' is a {type(outcome.value).__name__}; "
                "a function (messages) -> text is needed; name one",
                kind="callable",
            )
        self._function = outcome.value
        self._is_async = _is_async(self._function)

    async def generate(self, request: Request) -> Generation:
        """What the function returns for the messages: a list of mappings with `role` and `content`."""
        if self._function is None:
            await self.start()
        messages = [{"role": message.role, "content": message.content} for message in request.messages]
        started_at = datetime.now(UTC).isoformat(timespec="milliseconds")
        began = time.perf_counter()
        outcome = await self._outcome(messages)
        latency_s = time.perf_counter() - began
        if outcome.error is not None:
            raise self._raised(outcome.error) from outcome.error
        try:
            return self._generation(outcome.value, latency_s, started_at)
        except BackendError:
            raise
        except Exception as error:  # what came back may be of a class of the user's own
            raise self._wrong(f"returned what cannot be read ({described_error(error)})") from error

    async def stop(self) -> None:
        """Forget the function; one that still runs is not waited for."""
        self._function = None
        loop, self._loop = self._loop, None
        if loop is not None:
            await loop.close()

    async def _outcome(self, messages: list[dict[str, str]]) -> Outcome:
        """What became of the function's call, within the time there is for it."""
        self._late = [call for call in self._late if not call.is_over]
        if len(self._late) >= self.concurrency:
            raise self._timeout(f"is not called again: {counted(len(self._late), 'call')} of it never returned")
        call = self._begun(messages)
        try:
            async with asyncio.timeout(self.spec.timeout_s):
                outcome = await asyncio.wrap_future(call.future)
                if not self._is_async and inspect.isawaitable(outcome.value):
                    awaited = outcome.value
                    outcome = await asyncio.wrap_future(self._own_loop().call(lambda: awaited).future)
                return outcome
        except TimeoutError:
            within = f"did not return within {self.spec.timeout_s:g} s"
            if self._is_async or call.is_over:
                raise self._timeout(within, retryable=True) from None
            self._late.append(call)  # a thread cannot be ended: it goes on, and counts
            raise self._timeout(f"{within} and still runs") from None

    def _begun(self, messages: list[dict[str, str]]) -> Call:
        assert self._function is not None
        if self._is_async:
            return self._own_loop().call(self._function, messages)
        return call_in_thread(self._function, messages)

    def _own_loop(self) -> OwnLoop:
        if self._loop is None:
            self._loop = OwnLoop()
        return self._loop

    def _timeout(self, what: str, *, retryable: bool = False) -> BackendError:
        return BackendError(
            f"{self._label}: {self.spec.function} {what}; raise timeout_s if it needs longer",
            kind="timeout",
            retryable=retryable,
        )

    @property
    def _label(self) -> str:
        return f"backend '{self.spec.name}'"

    def _raised(self, error: BaseException) -> BackendError:
        trace = error.__traceback__
        reached = trace is not None and trace.tb_next is not None  # else the call itself failed
        what = f"{self.spec.function} raised {described_own_error(error, placed=reached)}"
        return BackendError(f"{self._label}: {what}; mend it", kind="callable")

    def _generation(self, returned: object, latency_s: float, started_at: str) -> Generation:
        answer = {"text": returned} if isinstance(returned, str) else returned
        if not isinstance(answer, Mapping):
            if inspect.iscoroutine(returned):
                returned.close()  # else Python would complain that nobody awaited it
            raise self._wrong(f"returned a {type(returned).__name__}")
        unknown = [key for key in answer if key not in _KEYS]
        if unknown:
            raise self._wrong(f"returned a mapping with the unknown key {one_line(repr(unknown[0]))}")
        text = answer.get("text", answer.get("output"))
        if not isinstance(text, str):
            raise self._wrong(f"returned a mapping whose text is a {type(text).__name__}")
        tokens_in, tokens_out, cached = (self._count(key, answer.get(key)) for key in _COUNTS)
        price = cost_usd(self.spec.price, tokens_in, tokens_out, cached_input_tokens=cached)
        cost = self._cost(answer.get("cost_usd"))
        reason = answer.get("finish_reason")
        return Generation(
            text=str.join("", (text,)),  # a plain str, whatever a class of the user's own made of it
            finish_reason=None if reason is None else one_line(str(reason)),
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


def _is_async(function: Callable[..., Any]) -> bool:
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(getattr(function, "__call__", None))  # noqa: B004 - an instance whose __call__ is async
