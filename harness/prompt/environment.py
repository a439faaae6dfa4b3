"""The sandbox that templates run in: Jinja's own, with lists of what is allowed instead of what is not.

On top of Jinja's immutable sandbox: attributes by an allow-list for each type, every call, filter, test and operator
behind a Budget, no folding of constants while compiling (which would run filters before any budget exists).
"""

from __future__ import annotations

import types
from typing import TYPE_CHECKING, Any, NoReturn

from jinja2 import StrictUndefined, pass_context
from jinja2.exceptions import SecurityError
from jinja2.runtime import LoopContext
from jinja2.sandbox import ImmutableSandboxedEnvironment

from harness.prompt import sizes
from harness.prompt.allowed import is_allowed
from harness.prompt.filters import as_text, budget_of, filters, globals_, tests

if TYPE_CHECKING:
    from collections.abc import Callable

    from jinja2.runtime import Context

    from harness.prompt.limits import Budget

_INTERNAL = ("_loop_vars", "_block_vars")
"""Keyword arguments that compiled templates add to a call inside a loop or block."""


class PromptEnvironment(ImmutableSandboxedEnvironment):
    """Compiles and runs the templates of prompts."""

    intercepted_binops = frozenset({"+", "*", "**", "%"})

    def __init__(self) -> None:
        """Strict about what is undefined, nothing escaped, one trailing newline dropped."""
        super().__init__(undefined=StrictUndefined, autoescape=False, optimized=False, finalize=_finalize, cache_size=0)
        self.globals = globals_()
        self.filters = filters()
        self.tests = dict(tests())

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:  # noqa: ARG002 - Jinja's signature
        """Whether templates may read `obj.attr`."""
        return is_allowed(obj, attr)

    def unsafe_undefined(self, obj: Any, attribute: str) -> NoReturn:
        """Raises SecurityError at once: an undefined value could be hidden behind `default`."""
        kind = "str" if isinstance(obj, str) else type(obj).__name__
        raise SecurityError(f"attribute {attribute!r} of a {kind} is not allowed in templates")

    def wrap_str_format(self, value: Any) -> Callable[..., str] | None:
        """Raises SecurityError for `str.format`, which reads attributes by their names; None for all else."""
        is_method = isinstance(value, (types.MethodType, types.BuiltinMethodType))
        if is_method and isinstance(value.__self__, str) and value.__name__ in ("format", "format_map"):
            raise SecurityError(f"method {value.__name__!r} of a str is not allowed in templates; use {{{{ … }}}} or ~")
        return None

    def call(self, context: Context, obj: Any, /, *args: Any, **kwargs: Any) -> Any:
        """What `obj` returns; counted, its arguments and result weighed."""
        budget = budget_of(context)
        budget.weigh((args, {key: value for key, value in kwargs.items() if key not in _INTERNAL}))
        if isinstance(obj, LoopContext):
            args = tuple(budget.each(argument) for argument in args)
        elif isinstance(obj, types.BuiltinMethodType) and isinstance(obj.__self__, str):
            _foresee_method(budget, obj, (args, kwargs))
        elif isinstance(obj, types.BuiltinMethodType) and isinstance(obj.__self__, (list, tuple)):
            budget.weigh(obj.__self__)
        budget.enter()
        try:
            return budget.admit(super().call(context, obj, *args, **kwargs))
        finally:
            budget.leave()

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:  # noqa: PLR0917 - Jinja's
        """`left operator right`; refused before it is computed when the result would be too large."""
        budget = budget_of(context)
        if operator == "*":
            _foresee_product(budget, left, right)
        elif operator == "**":
            sizes.power(left, right)
        elif operator == "%" and isinstance(left, str):
            budget.weigh(right)
            arguments = right if isinstance(right, tuple) else right.values() if isinstance(right, dict) else (right,)
            budget.foresee(sizes.printf(left, *arguments))
        return budget.admit(super().call_binop(context, operator, left, right))


def _foresee_method(budget: Budget, method: Any, call: tuple[tuple[Any, ...], dict[str, Any]]) -> None:
    args, kwargs = call
    given = {key: value for key, value in kwargs.items() if key not in _INTERNAL}
    budget.weigh(method.__self__)
    sizes.check_arguments(method.__name__, (*args, *given.values()))
    size: Any = sizes.METHODS.get(method.__name__)
    if size is not None:
        budget.foresee(size(method.__self__, *args, **given))


def _foresee_product(budget: Budget, left: Any, right: Any) -> None:
    for many, times in ((left, right), (right, left)):
        if isinstance(many, (str, list, tuple)) and isinstance(times, int):
            budget.foresee(budget.weigh(many) * times)


@pass_context
def _finalize(context: Context, value: Any) -> str:
    """The text of `{{ value }}`, counted."""
    budget = budget_of(context)
    text = value if type(value) is str else as_text(budget, value)
    budget.write(len(text))
    return text
