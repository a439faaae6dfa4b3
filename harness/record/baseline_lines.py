"""The lines of a baseline that people and merges may have damaged."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any, get_args

from harness.errors import RecordError
from harness.schema import LARGEST_VALUE, SCHEMA_VERSION, Measure, Outcome, Unit
from harness.wording import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MEASURE: Mapping[str, tuple[type, ...]] = {
    "unit": (str,),
    "low": (int, float, type(None)),
    "high": (int, float, type(None)),
    "higher_is_better": (bool,),
    "signature": (str,),
}
"""What is kept of a measure; a bound that is null is none."""
TRIAL: Mapping[str, tuple[type, ...]] = {
    "variant": (str,),
    "backend": (str,),
    "sample": (str,),
    "repeat": (int,),
    "content": (str, type(None)),
    "group": (str, type(None)),
    "outcome": (str,),
    "scores": (dict,),
    "output": (str, type(None)),
}
"""What a trial's line has, in this order; then `references`, where there are any."""
HEAD: Mapping[str, tuple[type, ...]] = {
    "suite": (str,),
    "run_id": (str,),
    "started_at": (str,),
    "dataset_hash": (str, type(None)),
    "prompts": (dict,),
    "backends": (dict,),
    "measures": (dict,),
    "kept": (list,),
}
"""What the first line has, in this order, after `schema_version`."""
KEPT: Mapping[str, tuple[type, ...]] = dict.fromkeys(("variant", "backend", "run_id", "started_at"), (str,))
"""What the first line says of each variant and backend that an earlier run measured."""
_BLANK = b" \t\r\n"
_MOST_REPEATS = 2**31
_KINDS = {
    str: "text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    dict: "a mapping",
    list: "a list",
}


class Lines:
    """The lines of a file that may be damaged; blank ones at its end, which editors and merges add, are none."""

    def __init__(self, text: bytes, shown: str) -> None:
        """Of this text; `shown` is what messages call the file."""
        self._lines = text.removeprefix(b"\xef\xbb\xbf").rstrip(_BLANK).splitlines()
        self._shown = shown

    def head(self) -> dict[str, Any]:
        """The first line's content."""
        content = self._object(1, self._lines[0]) if self._lines else {}
        head = content.get("baseline")
        if not isinstance(head, dict) or type(head.get("schema_version")) is not int:
            raise self._damaged(1, 'is not the first line of a baseline; {"baseline": {"schema_version": …}} is')
        if head["schema_version"] < 1:
            raise self._damaged(1, f"schema_version is {_shown(head['schema_version'])}; a whole number from 1 is")
        if head["schema_version"] > SCHEMA_VERSION:
            raise RecordError(
                f"{self._shown}:1: recorded in form {head['schema_version']}; this version reads up to "
                f"{SCHEMA_VERSION}; run: pip install -U pytest-prompt-suite"
            )
        self._check(1, head, HEAD)
        for field in ("prompts", "backends"):
            for name, facts in head[field].items():
                if not isinstance(facts, dict) or not all(isinstance(fact, str) for fact in facts.values()):
                    raise self._damaged(1, f"{field}: {one_line(name)!r} is no mapping of texts; such a mapping is")
        for entry in head["kept"]:
            if not isinstance(entry, dict):
                raise self._damaged(1, f"kept: {_shown(entry)} is no mapping; such a mapping is")
            self._check(1, entry, KEPT)
        return head

    def measures(self, head: Mapping[str, Any]) -> dict[str, Measure]:
        """What the values mean, by measure."""
        found = {}
        for name, facts in head["measures"].items():
            self._check(1, facts if isinstance(facts, dict) else {}, MEASURE)
            self._check_range(one_line(name), facts)
            kept = {fact: facts[fact] for fact in MEASURE}
            found[name] = Measure(name, **{**kept, "low": -math.inf if kept["low"] is None else kept["low"]})
        return found

    def _check_range(self, name: str, facts: Mapping[str, Any]) -> None:
        """Refuse a unit that there is not, and a range that holds no value."""
        if facts["unit"] not in get_args(Unit):
            raise self._damaged(
                1, f"measures: {name!r}: unit is {_shown(facts['unit'])}; one of {', '.join(get_args(Unit))} is"
            )
        ends = {end: facts[end] for end in ("low", "high") if facts[end] is not None}
        for end, value in ends.items():
            if not _is_finite(value):
                raise self._damaged(1, f"measures: {name!r}: {end} is {_shown(value)}; a finite number or null is")
        if len(ends) > 1 and not ends["low"] < ends["high"]:
            between = f"low is {_shown(ends['low'])} and high {_shown(ends['high'])}"
            raise self._damaged(1, f"measures: {name!r}: {between}; low below high is")

    def trials(self, measures: Mapping[str, Measure]) -> Iterator[dict[str, Any]]:
        """The trials, one a line; each is there once."""
        seen: dict[tuple[Any, ...], int] = {}
        for number, line in enumerate(self._lines[1:], start=2):
            trial = self._object(number, line)
            self._check(number, trial, TRIAL)
            self._check_values(number, trial, measures)
            key = (trial["variant"], trial["backend"], trial["sample"], trial["repeat"])
            before = seen.setdefault(key, number)
            if before != number:
                raise self._damaged(number, f"is the trial of line {before} again; one line a trial is")
            yield trial

    def _check_values(self, number: int, trial: Mapping[str, Any], measures: Mapping[str, Measure]) -> None:
        for name, value in trial["scores"].items():
            if name not in measures:
                raise self._damaged(
                    number, f"scores: {one_line(name)!r} is no measure of the first line; one of those is"
                )
            if value is not None and not _is_finite(value):
                raise self._damaged(number, f"scores: {name} is {_shown(value)}; a finite number or null is")
        if len(trial["scores"]) < len(measures):
            lacking = next(name for name in measures if name not in trial["scores"])
            raise self._damaged(number, f"scores: {one_line(lacking)!r} is missing; a finite number or null is")
        if trial["outcome"] not in get_args(Outcome):
            raise self._damaged(
                number, f"outcome is {_shown(trial['outcome'])}; one of {', '.join(get_args(Outcome))} is"
            )
        if not 1 <= trial["repeat"] < _MOST_REPEATS:
            raise self._damaged(number, f"repeat is {_shown(trial['repeat'])}; a whole number from 1 is")
        references = trial.get("references", [])
        if not isinstance(references, list) or not all(isinstance(text, str) for text in references):
            raise self._damaged(number, "references is no list of texts; such a list is")

    def _object(self, number: int, line: bytes) -> dict[str, Any]:
        try:
            content = _parsed(line)
        except (ValueError, RecursionError) as error:
            raise self._damaged(number, f"is no JSON ({one_line(str(error))}); one object a line is") from error
        if not isinstance(content, dict):
            raise self._damaged(number, f"is {_shown(content)}; one object a line is")
        return content

    def _check(self, number: int, content: Mapping[str, Any], kinds: Mapping[str, tuple[type, ...]]) -> None:
        for name, allowed in kinds.items():
            if name not in content:
                raise self._damaged(number, f"{name} is missing; {_named(allowed)} is")
            if type(content[name]) not in allowed:
                raise self._damaged(number, f"{name} is {_shown(content[name])}; {_named(allowed)} is")

    def _damaged(self, number: int, what: str) -> RecordError:
        """`what` ends with what is allowed, as the subject of `allowed`."""
        return RecordError(
            f"{self._shown}:{number}: {what} allowed; restore the file from version control, or save it anew: "
            "pytest --prompt-suite --prompt-save-baseline"
        )


def _is_finite(value: Any) -> bool:
    try:
        return type(value) in {int, float} and math.isfinite(value) and abs(value) <= LARGEST_VALUE
    except OverflowError:
        return False


def _named(allowed: tuple[type, ...]) -> str:
    return " or ".join(_KINDS.get(kind, "null") for kind in allowed)


def _shown(value: Any) -> str:
    return one_line(json.dumps(value), longest=60)


def _parsed(line: bytes) -> Any:
    """Its JSON; ValueError when it is none."""
    import orjson

    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError:
        return json.loads(line.decode("utf-8"), parse_constant=_no_number)  # halves of a surrogate pair are allowed


def _no_number(text: str) -> Any:
    raise ValueError(f"{text} is no number of JSON")
