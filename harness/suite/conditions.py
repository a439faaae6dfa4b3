"""The text of checks and gates → what is compared with what."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple, get_args

from harness.errors import OptionError
from harness.schema import Aggregation, Operator
from harness.suite.values import quoted
from harness.wording import did_you_mean, listed

if TYPE_CHECKING:
    from harness.schema import Measure

OPERATORS: tuple[str, ...] = get_args(Operator)
AGGREGATES: tuple[str, ...] = tuple(name for name in get_args(Aggregation) if name not in ("error_rate", "difference"))
_SHAPE = re.compile(r"\s*(?P<subject>[^\s<>=!]+)\s*(?P<operator>[<>=!]+)\s*(?P<value>\S+)\s*")
_MEANT = {"=>": ">=", "=<": "<=", "=": "==", "===": "==", "<>": "!=", ">>": ">", "<<": "<", "!": "!="}
_NOT_AS_WRITTEN = ("error_rate", "pass@k", "difference")
"""The first stands alone, the second has a number where its k is, the third is what `regression:` asks about."""
_CORPUS_METRICS = ("bleu", "chrf")
_UNBOUNDED = ("n", "sum")
"""Aggregates that do not lie in their measure's range."""


class Condition(NamedTuple):
    """`subject operator threshold`, with the value's own spelling."""

    subject: str
    operator: Operator
    threshold: float
    text: str
    """With white space normalised."""


def parse_condition(text: str, example: str) -> Condition:
    """The parts of `SUBJECT OP VALUE`; raises OptionError."""
    match = _SHAPE.fullmatch(text)
    if match is None:
        raise OptionError(f"{quoted(text)} is no condition; NAME OP VALUE is allowed; write for example '{example}'")
    subject, sign, value = match["subject"], match["operator"], match["value"]
    if sign not in OPERATORS:
        meant = f" Did you mean '{_MEANT[sign]}'?" if sign in _MEANT else ""
        raise OptionError(f"operator {quoted(sign)} is unknown; allowed: {listed(OPERATORS)}.{meant}".rstrip("."))
    return Condition(subject, _operator(sign), _number(value, example), f"{subject} {sign} {value}")


def pass_at(subject: str) -> tuple[str, int] | None:
    """`passes_tests.pass@3` → the metric and 3; None for another aggregate. Raises OptionError when k is no number."""
    metric, mark, written = subject.rpartition(".pass@")
    if not mark:
        return None
    if not written.isdecimal() or not written.isascii() or int(written) < 1:
        raise OptionError(
            f"aggregate {quoted(f'pass@{written}')} names no number of answers; pass@1, pass@2 … are allowed; write "
            f"for example '{metric}.pass@1 >= 0.3'"
        )
    return metric, int(written)


def split_aggregate(subject: str) -> tuple[str, Aggregation]:
    """`exact_match.mean` → the metric and the aggregate; raises OptionError."""
    metric, dot, aggregate = subject.rpartition(".")
    for known in get_args(Aggregation):
        if dot and aggregate == known and known not in _NOT_AS_WRITTEN:
            return metric, known
    if not dot:
        raise OptionError(
            f"{quoted(subject)} has no aggregate; METRIC.AGGREGATE is allowed, with {listed(AGGREGATES)}; "
            f"write for example '{subject}.mean'"
        )
    meant = did_you_mean(aggregate, AGGREGATES)
    raise OptionError(f"aggregate {quoted(aggregate)} is unknown; allowed: {listed(AGGREGATES)}" + _sentence(meant))


def check_range(condition: Condition, measure: Measure, aggregation: Aggregation | None) -> None:
    """Raises OptionError when the threshold lies where the value never can, or the aggregate is not defined."""
    if aggregation == "corpus" and measure.name not in _CORPUS_METRICS:
        raise OptionError(
            f"{quoted(measure.name)} has no corpus value; 'corpus' is for {listed(_CORPUS_METRICS)}; use 'mean'"
        )
    if aggregation == "pass@k" and (measure.low, measure.high) != (0.0, 1.0):
        raise OptionError(
            f"{quoted(measure.name)} says of no answer that it is right; pass@k is for metrics from 0 to 1; use 'mean'"
        )
    if aggregation in _UNBOUNDED:
        return
    low, high = (0.0, 1.0) if aggregation in ("rate", "pass@k") else (measure.low, measure.high)
    if condition.threshold < low or (high is not None and condition.threshold > high):
        bounds = f"{low:g} to {high:g}" if high is not None else f"{low:g} and more"
        raise OptionError(
            f"threshold {condition.threshold:g} lies outside the range of {quoted(condition.subject)}; "
            f"{bounds} is allowed; choose a value in the range"
        )


def _number(value: str, example: str) -> float:
    try:
        number = float(value)
    except ValueError:
        number = float("nan")
    if number - number != 0:
        raise OptionError(f"{quoted(value)} is no number; a finite number is allowed; write for example '{example}'")
    return number


def _operator(sign: str) -> Operator:
    return next(known for known in get_args(Operator) if known == sign)


def _sentence(meant: str) -> str:
    return f".{meant}" if meant else f"; write for example 'exact_match.{AGGREGATES[0]} >= 0.6'"
