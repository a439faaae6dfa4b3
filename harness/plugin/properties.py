"""Scores and verdicts as properties of test cases, for JUnit's file; nothing is made where none is written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.plugin.failure import printable, why_failed
from harness.wording import one_line

if TYPE_CHECKING:
    import pytest

    from harness.schema import TrialResult, Verdict

Properties = tuple[tuple[str, str], ...]
"""(name, value), in the order of the file."""

_LONGEST = 500
"""Characters of a reason or message: it stands in an attribute."""


def are_wanted(config: pytest.Config) -> bool:
    """Whether the session writes a JUnit file, in this process or in its controller."""
    return bool(config.getoption("xmlpath", None))


def of_trial(result: TrialResult) -> Properties:
    """Each measure's value, or its status and reason where it has none; then the outcome and, but for `passed`, why.

    Last, where there is one, the quarantine: its reason and its last day.
    """
    found = [(score.metric, _value(score.value, score.status, score.reason)) for score in result.scores]
    found.append(("outcome", result.outcome))
    if reason := why_failed(result):
        found.append(("reason", _line(reason)))
    if (held := result.trial.quarantine) is not None:
        found.append(("quarantine", _line(f"{held.reason} (until {held.until})")))
    return tuple(found)


def of_gate(verdict: Verdict) -> Properties:
    """Value, both ends of its interval and their level, n, what a regression gate found, and the verdict's sentence.

    Of a regression gate the value is how much worse it is, as its text asks; below 0 it is better.
    """
    value, low, high = verdict.asked
    numbers = (("value", value), ("ci_low", low), ("ci_high", high))
    found = [(name, _number(value)) for name, value in numbers if value is not None]
    if low is not None or high is not None:
        found.append(("confidence", _number(verdict.gate.confidence)))
    found.append(("n", str(verdict.aggregate.n_scored)))
    if verdict.finding is not None:
        found.append(("finding", verdict.finding))
    return (*found, ("message", _line(verdict.message)))


def keep(item: pytest.Item, properties: Properties) -> None:
    """Give them to the item, whose reports take them along; those of an earlier try go."""
    names = {name for name, _ in properties}
    others = [each for each in item.user_properties if each[0] not in names]
    item.user_properties = [*others, *properties]


def _value(value: float | None, status: str, reason: str | None) -> str:
    return _number(value) if value is not None else _line(f"{status}: {reason}" if reason else status)


def _number(value: float) -> str:
    return f"{value:.10g}"


def _line(text: str) -> str:
    return printable(one_line(text, longest=_LONGEST))
