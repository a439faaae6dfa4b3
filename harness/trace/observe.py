"""`harness.observe`: inner steps of the code under test as child spans of its call."""

from __future__ import annotations

import functools
import inspect
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self, TypeVar, overload

from harness.trace.steps import Step, current, enter, leave, shown
from harness.wording import described_error

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Generator
    from types import TracebackType

    from harness.schema import AttributeValue, StepKind

_Function = TypeVar("_Function", bound="Callable[..., Any]")
FACTS = ("model", "input_tokens", "output_tokens", "cached_input_tokens", "cost_usd")
"""What a step may know of its own costs, in a mapping that it returns or by `record`."""
_MOST_ITEMS = 100
"""Items of a generator that are kept as its output."""


class Observe:
    """Begins observations. Its one instance is `harness.observe`."""

    @overload
    def __call__(self, what: _Function, /) -> _Function: ...
    @overload
    def __call__(
        self, what: str | None = None, /, *, name: str | None = None, kind: StepKind = "chain"
    ) -> Observation: ...
    def __call__(self, what: Any = None, /, *, name: str | None = None, kind: StepKind = "chain") -> Any:
        """The function, observed, or what observes one: a decorator, bare or with options, and a context manager.

        Each call becomes a span below the model call in which it happens, with its time, its arguments and what it
        returns or raises. Works with functions, coroutines and generators, in threads and tasks that inherit the
        context. Outside a run it does nothing.

        >>> @observe
        ... def search(query: str) -> list[str]:
        ...     with observe("rank", kind="tool"):
        ...         observe.record(model="ranker", cost_usd=0.001)
        ...     return [query]
        >>> search("cheese")
        ['cheese']
        """
        if callable(what):
            return Observation(name, kind)(what)
        return Observation(name or what, kind)

    @staticmethod
    def record(
        *,
        model: str | None = None,
        input_tokens: int | None = None,
        output_tokens: int | None = None,
        cached_input_tokens: int | None = None,
        cost_usd: float | None = None,
        **attributes: AttributeValue,
    ) -> None:
        """Tell of the step that runs here what it used, and any further attributes; outside a run nothing happens.

        `input` and `output` among the attributes take the place of what was seen of them.
        """
        step = current()
        if step is None:
            return
        for side in ("input", "output"):
            value = attributes.pop(side, None)
            if value is not None and step.root.with_text:
                setattr(step, side, shown(value))
        given = (model, input_tokens, output_tokens, cached_input_tokens, cost_usd)
        facts = {fact: value for fact, value in zip(FACTS, given, strict=True) if value is not None}
        step.facts = {**(step.facts or {}), **facts}
        step.notes = {**(step.notes or {}), **attributes}


observe = Observe()


class Observation:
    """Observes: the function it decorates, or the block it is entered for."""

    def __init__(self, name: str | None, kind: StepKind) -> None:
        """Under this name; None takes the function's."""
        self._name = name
        self._kind = kind
        self._entered: list[_Running | None] = []

    def __call__(self, function: _Function) -> _Function:
        """The function, observed."""
        wrap = _wrapper_of(function)
        name: str = self._name or getattr(function, "__qualname__", None) or type(function).__name__
        return functools.wraps(function)(wrap(function, _Plan(name, self._kind, _parameters(function))))  # type: ignore[return-value]

    def __enter__(self) -> Self:
        """Begin the step."""
        self._entered.append(_Running.begun(_Plan(self._name or self._kind, self._kind, ()), None))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        """End the step."""
        running = self._entered.pop()
        if running is not None:
            running.end(error=error)


class _Plan:
    """What is known of a step before it runs."""

    __slots__ = ("kind", "name", "parameters")

    def __init__(self, name: str, kind: StepKind, parameters: tuple[str, ...]) -> None:
        self.name = name
        self.kind = kind
        self.parameters = parameters


class _Running:
    """A step under way."""

    __slots__ = ("_step", "_token")

    def __init__(self, step: Step) -> None:
        self._step = step
        self._token: Any = enter(step)

    @classmethod
    def begun(cls, plan: _Plan, arguments: tuple[tuple[Any, ...], dict[str, Any]] | None) -> _Running | None:
        """The step, begun here; None outside a call."""
        above = current()
        if above is None:
            return None
        step = Step(plan.name, plan.kind, above)
        step.span_id = above.root.ids.span()
        if arguments is not None and above.root.with_text:
            step.input = shown(_named(plan.parameters, *arguments))
        return cls(step)

    def pause(self) -> None:
        """The step does not run for a while: its generator's user does."""
        leave(self._token)

    def resume(self) -> None:
        """The step runs on."""
        self._token = enter(self._step)

    def end(self, returned: object = None, *, error: BaseException | None = None) -> None:
        """The step is over."""
        step, root = self._step, self._step.root
        step.ended_ns = time.time_ns()
        leave(self._token)
        if error is not None and not isinstance(error, GeneratorExit):
            step.error = described_error(error)
        if returned is not None:
            if root.with_text and step.output is None:
                step.output = shown(returned)
            if isinstance(returned, Mapping):
                known = {fact: returned[fact] for fact in FACTS if returned.get(fact) is not None}
                step.facts = {**known, **(step.facts or {})}
        root.add(step)


def _named(parameters: tuple[str, ...], arguments: tuple[Any, ...], options: dict[str, Any]) -> object:
    """The arguments by name; a single one alone."""
    names = (*parameters, *(str(index) for index in range(len(parameters), len(arguments))))
    given = {**dict(zip(names, arguments, strict=False)), **options}
    given = {name: value for name, value in given.items() if name not in ("self", "cls")}
    return next(iter(given.values())) if len(given) == 1 else given


def _parameters(function: Callable[..., Any]) -> tuple[str, ...]:
    try:
        known = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):  # a builtin
        return ()
    return tuple(one.name for one in known if one.kind in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD))


def _wrapper_of(function: Callable[..., Any]) -> Callable[[Callable[..., Any], _Plan], Callable[..., Any]]:
    if inspect.isasyncgenfunction(function):
        return _async_generator
    if inspect.isgeneratorfunction(function):
        return _generator
    return _coroutine if inspect.iscoroutinefunction(function) else _function


def _function(function: Callable[..., Any], plan: _Plan) -> Callable[..., Any]:
    def observed(*arguments: Any, **options: Any) -> Any:
        running = _Running.begun(plan, (arguments, options))
        if running is None:
            return function(*arguments, **options)
        try:
            returned = function(*arguments, **options)
        except BaseException as error:
            running.end(error=error)
            raise
        running.end(returned)
        return returned

    return observed


def _coroutine(function: Callable[..., Any], plan: _Plan) -> Callable[..., Any]:
    async def observed(*arguments: Any, **options: Any) -> Any:
        running = _Running.begun(plan, (arguments, options))
        if running is None:
            return await function(*arguments, **options)
        try:
            returned = await function(*arguments, **options)
        except BaseException as error:
            running.end(error=error)
            raise
        running.end(returned)
        return returned

    return observed


def _generator(function: Callable[..., Any], plan: _Plan) -> Callable[..., Any]:
    def observed(*arguments: Any, **options: Any) -> Generator[Any, Any, Any]:
        running = _Running.begun(plan, (arguments, options))
        inner = function(*arguments, **options)
        if running is None:
            return (yield from inner)
        items: list[Any] = []
        sent, error = None, None
        try:
            while True:
                item = inner.send(sent)
                items[len(items) :] = [item] if len(items) < _MOST_ITEMS else []
                running.pause()
                try:
                    sent = yield item
                finally:
                    running.resume()
        except StopIteration as stop:
            return stop.value
        except BaseException as raised:
            error = raised
            inner.close()
            raise
        finally:
            running.end(items, error=error)

    return observed


def _async_generator(function: Callable[..., Any], plan: _Plan) -> Callable[..., Any]:
    async def observed(*arguments: Any, **options: Any) -> AsyncGenerator[Any, Any]:
        running = _Running.begun(plan, (arguments, options))
        inner = function(*arguments, **options)
        items: list[Any] = []
        error = None
        try:
            async for item in inner:
                if running is None:
                    yield item
                    continue
                items[len(items) :] = [item] if len(items) < _MOST_ITEMS else []
                running.pause()
                try:
                    yield item
                finally:
                    running.resume()
        except BaseException as raised:
            error = raised
            await inner.aclose()
            raise
        finally:
            if running is not None:
                running.end(items, error=error)

    return observed
