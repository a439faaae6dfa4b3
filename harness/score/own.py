"""Own metrics: a function or class of the user's, named as `file.py:name` or `package.module:name`."""

from __future__ import annotations

import inspect
import math
from typing import TYPE_CHECKING, Any

from harness.errors import OptionError
from harness.own_code import load_object
from harness.schema import Measure, content_hash
from harness.score.metric import NO_REFERENCE, Metric, failed, scored, unscored
from harness.score.options import shown, unknown_option

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from harness.schema import Answer, MetricSpec, Score

GIVEN = ("output", "references", "sample", "generation")
"""What a function may name as parameters: the answer, its references, the sample's columns, the generation."""

_RETURNS = "a number, true or false, (value, reason), or None"


def load_own_metric(spec: MetricSpec) -> Metric:
    """The metric behind `file.py:name` or `package.module:name`; OptionError when there is none."""
    return made_metric(load_object(spec.name, spec.folder, kind="metric"), spec)


def made_metric(made_of: object, spec: MetricSpec) -> Metric:
    """A metric from a function, or from a class that is called with the options; OptionError when it is neither."""
    if isinstance(made_of, type):
        return _from_class(made_of, spec)
    if not callable(made_of):
        raise OptionError(
            f"metric '{spec.name}' is {shown(made_of)}; allowed: a function, or a class with measures and score"
        )
    return FunctionMetric(made_of, spec)


def _from_class(cls: type, spec: MetricSpec) -> Metric:
    try:
        metric = cls(spec.options)
    except OptionError:
        raise
    except Exception as error:
        raise OptionError(
            f"metric '{spec.name}' cannot be made: {type(error).__name__}: {error}; "
            f"allowed: a class that takes the mapping of options"
        ) from error
    if not isinstance(metric, Metric):
        raise OptionError(
            f"metric '{spec.name}' is the class {cls.__name__}; "
            f"allowed: a class whose objects have measures, needs_references and score"
        )
    return metric


class FunctionMetric:
    """The score of a function of the user's.

    The function gets those of output, references, sample and generation that it names, and the options as keyword
    arguments. It returns a number, true or false, (value, reason), or None where it does not apply. Attributes of the
    function say what is not default: `higher_is_better` (true), `low` (0), `high` (1; None for unbounded) and `columns`
    (names of the dataset's columns that it reads in `sample`; none).

    Range: 0 to 1, or what the function's `low` and `high` say; a value outside is a failed score.
    Higher is better: yes, or what the function's `higher_is_better` says.
    Empty input: the function's business; if it names `references` without a default, none means unscored.
    Source: the user's file, whose hash is in the signature.
    Deviations: none.
    """

    def __init__(self, function: Callable[..., Any], spec: MetricSpec) -> None:
        """OptionError when the function's parameters and the options do not fit, or its attributes are ill-typed."""
        self._function = function
        self._name = spec.name
        self._options = dict(spec.options)
        parameters = _parameters(function, spec)
        takes_all = any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values())
        self._given = tuple(name for name in GIVEN if name in parameters)
        _check_options(spec, parameters, takes_all=takes_all)
        needs = parameters.get("references")
        self.needs_references = needs is not None and needs.default is needs.empty
        self.columns = getattr(function, "columns", ())
        self.measures = (_measure(function, spec),)

    def score(self, answers: Sequence[Answer]) -> list[tuple[Score, ...]]:
        """One score an answer; raises what the function raises."""
        return [self._one(answer) for answer in answers]

    def _one(self, answer: Answer) -> tuple[Score, ...]:
        if self.needs_references and not answer.references:
            return unscored(self.measures, NO_REFERENCE)
        all_given = {
            "output": answer.output,
            "references": list(answer.references),
            "sample": answer.variables,
            "generation": answer.generation,
        }
        returned = self._function(**{name: all_given[name] for name in self._given}, **self._options)
        return self._read(returned)

    def _read(self, returned: object) -> tuple[Score, ...]:
        value, reason = returned if isinstance(returned, tuple) and len(returned) == 2 else (returned, None)  # noqa: PLR2004 - (value, reason)
        if reason is not None and not isinstance(reason, str):
            return failed(self.measures, f"the function returned {shown(returned)}; allowed: {_RETURNS}")
        if value is None:
            return unscored(self.measures, reason or "the function says that it does not apply")
        number = _number(value)
        if number is None:
            return failed(self.measures, f"the function returned {shown(returned)}; allowed: {_RETURNS}")
        return (scored(self.measures[0], number, reason),)


def _number(value: object) -> float | None:
    """The value as a float, also of numpy's scalars; None when it is no number."""
    if isinstance(value, int | float):
        return float(value)
    if isinstance(value, str | bytes) or not hasattr(value, "__float__") or getattr(value, "ndim", 0) != 0:
        return None
    return float(value)


def _parameters(function: Callable[..., Any], spec: MetricSpec) -> dict[str, inspect.Parameter]:
    if inspect.iscoroutinefunction(function) or inspect.isgeneratorfunction(function):
        raise OptionError(f"metric '{spec.name}' is an async function or a generator; allowed: a plain function")
    try:
        parameters = dict(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        raise OptionError(
            f"metric '{spec.name}' does not say which parameters it has; allowed: a Python function"
        ) from None
    for name, parameter in parameters.items():
        if parameter.kind in (parameter.POSITIONAL_ONLY, parameter.VAR_POSITIONAL):
            raise OptionError(
                f"metric '{spec.name}' has the parameter '{name}' that cannot be given by name; "
                f"allowed: {', '.join(GIVEN)} and options, without / and *"
            )
    return parameters


def _check_options(spec: MetricSpec, parameters: dict[str, inspect.Parameter], *, takes_all: bool) -> None:
    own = {
        name: parameter
        for name, parameter in parameters.items()
        if name not in GIVEN and parameter.kind is not parameter.VAR_KEYWORD
    }
    for name in spec.options:
        if name in GIVEN or (name not in own and not takes_all):
            raise unknown_option(spec.name, name, own)
    for name, parameter in own.items():
        if parameter.default is parameter.empty and name not in spec.options:
            raise OptionError(
                f"metric '{spec.name}' needs the option '{name}'; its function names it without a default; "
                f"without options a function may name {', '.join(GIVEN)}"
            )


def _measure(function: Callable[..., Any], spec: MetricSpec) -> Measure:
    name = spec.name.rpartition(":")[2]
    higher = getattr(function, "higher_is_better", True)
    low, high = getattr(function, "low", 0.0), getattr(function, "high", 1.0)
    if not isinstance(higher, bool):
        raise OptionError(f"metric '{spec.name}': its higher_is_better is {shown(higher)}; allowed: True or False")
    if not _is_finite(low) or not (high is None or (_is_finite(high) and high > low)):
        raise OptionError(
            f"metric '{spec.name}': its low is {shown(low)} and high {shown(high)}; "
            f"allowed: finite numbers, low below high; high may be None"
        )
    upper = None if high is None else float(high)
    return Measure(name, "score", float(low), upper, higher_is_better=higher, signature=_signature(function, spec))


def _is_finite(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _signature(function: Callable[..., Any], spec: MetricSpec) -> str:
    options = "|".join(f"{name}:{value!r}" for name, value in sorted(spec.options.items()))
    return "|".join(part for part in (f"own:{spec.name}", f"source:{_source_hash(function)}", options) if part)


def _source_hash(function: Callable[..., Any]) -> str:
    """Hash of the whole file the function stands in: its helpers are there too."""
    try:
        source = inspect.getsource(inspect.getmodule(function) or function)
    except (OSError, TypeError):
        return "unknown"
    return content_hash([source])
