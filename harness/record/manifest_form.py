"""The form of run.json: what everything behind the loader relies on, described once and checked on reading."""

from __future__ import annotations

import re
from collections import Counter
from typing import Annotated, Any

from msgspec import UNSET, Meta, Struct, UnsetType, ValidationError, convert  # noqa: TC002 - it reads the annotations

from harness.schema import LARGEST_VALUE, Finding, Unit  # noqa: TC001 - as above
from harness.wording import one_line

_MOST = 2**53
Count = Annotated[int, Meta(ge=0, le=_MOST)]
Amount = Annotated[float, Meta(ge=-LARGEST_VALUE, le=LARGEST_VALUE)]
"""Finite: comparisons with NaN do not hold."""
SuiteName = Annotated[str, Meta(pattern=r"^\w[\w.@+-]{0,99}\Z")]
"""As suites may be called: it becomes the name of a baseline's file."""

_KINDS = {
    "str": "text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "object": "a mapping",
    "array": "a list",
    "null": "null",
}
_EXPECTED = re.compile(r"Expected `(?P<wanted>[^`]*)`, got `(?P<found>[^`]*)`")
_MISSING = re.compile(r"Object missing required field `(?P<name>[^`]*)`")
_RANGE = re.compile(r"Expected `(?P<kind>int|float)` (?P<side>[<>])= (?P<bound>\S+)")
_PLACE = re.compile(r" - at (?:`key` in )?`(?P<place>[^`]*)`\Z")


class _Prompt(Struct):
    prompt: str
    version: str
    hash: str


class _Backend(Struct):
    provider: str
    model: str
    source: str | UnsetType = UNSET


class MeasureForm(Struct):
    """What a manifest says of a measure."""

    name: str
    unit: Unit
    low: Annotated[float, Meta(le=LARGEST_VALUE)]
    """Perhaps -Infinity, which Python's JSON knows."""
    high: Amount | None
    higher_is_better: bool
    signature: str
    about: str = ""
    calibration: str = ""

    def __post_init__(self) -> None:
        """Refuse a range that holds no value; convert makes a ValidationError of it."""
        if self.high is not None and not self.low < self.high:
            raise ValueError(f"low is {self.low:g} and high {self.high:g}")


class _Suite(Struct):
    name: SuiteName
    path: str = ""
    suite_hash: str | None = None
    dataset_hash: str | None = None
    n_samples: Count = 0
    repeats: Annotated[int, Meta(ge=1, le=_MOST)] = 1
    prompts: dict[str, _Prompt] = {}
    backends: dict[str, _Backend] = {}
    judges: dict[str, _Backend] = {}
    measures: list[MeasureForm] | UnsetType = UNSET
    """Whoever reads values needs it; the list of runs does not."""

    def __post_init__(self) -> None:
        """Refuse a measure that is there twice."""
        if self.measures is not UNSET and (twice := _twice(each.name for each in self.measures)):
            raise ValueError(f"measure '{twice}' is in it twice")


class _Totals(Struct):
    trials: Count | None = None
    passed: Count | None = None
    failed: Count | None = None
    error: Count | None = None
    not_run: Count | None = None
    stopped_early: Count | None = None
    quarantined: Count | None = None
    from_cache: Count | None = None
    calls: Count | None = None
    retries: Count | None = None
    input_tokens: Amount | None = None
    output_tokens: Amount | None = None
    cost_usd: Amount | None = None
    spent_usd: Amount | None = None


class _Verdict(Struct):
    suite: str
    gate: str
    passed: bool
    origin: str | None = None
    variant: str | None = None
    backend: str | None = None
    judged: bool = True
    warns: bool = False
    message: str = ""
    finding: Finding | None = None


class _Cell(Struct):
    suite: str
    variant: str
    backend: str
    n_trials: Count
    n_passed: Count
    n_failed: Count
    n_errors: Count
    n_not_run: Count


class _Comparison(Struct):
    suite: str
    baseline: str
    findings: dict[Finding, Count]


class _Run(Struct):
    """The fields of RunManifest; others are passed over."""

    schema_version: Annotated[int, Meta(ge=1, le=_MOST)]
    run_id: str
    started_at: str
    wall_s: Amount
    complete: bool
    versions: dict[str, str]
    git_commit: str | None
    suites: list[_Suite]
    totals: _Totals
    verdicts: list[_Verdict]
    cells: list[_Cell]
    backends: list[dict[str, Any]] = []
    judgings: list[dict[str, Any]] = []
    comparisons: list[_Comparison] = []
    noise: list[dict[str, Any]] = []
    flaky: list[dict[str, Any]] = []
    sights: list[dict[str, Any]] = []
    recording: dict[str, Any] | None = None

    def __post_init__(self) -> None:
        """Refuse a suite that is there twice."""
        if twice := _twice(each.name for each in self.suites):
            raise ValueError(f"suite '{twice}' is in it twice")


def _twice(names: Any) -> str | None:
    return next((name for name, count in Counter(names).items() if count > 1), None)


def flaw_of(content: Any) -> str | None:
    """The first thing about run.json's content that is not as the form has it; None where all is."""
    try:
        convert(content, _Run)
    except ValidationError as error:
        return _told(str(error))
    except UnicodeError:
        return "half of a surrogate pair stands where a word of the harness's own should"
    return None


def _told(text: str) -> str:
    """A message of msgspec in the words of ours: where, what is there, what should be."""
    found = _PLACE.search(text)
    place = found["place"].removeprefix("$").removeprefix(".") if found else ""
    what = _PLACE.sub("", text)
    if missing := _MISSING.search(what):
        return f"{f'{place}.' if place else ''}{missing['name']} is missing"
    place = place or "it"
    if kinds := _EXPECTED.search(what):
        return f"{place} is {_kind(kinds['found'])}, not {_kind(kinds['wanted'])}"
    if bound := _RANGE.search(what):
        return f"{place} is {_outside(bound)}"
    if "matching regex" in what:
        return f"{place} is no name of a suite"
    told = what[:1].lower() + what[1:].replace("`", "")
    return one_line(told if place == "it" else f"{place}: {told}")


def _kind(names: str) -> str:
    return " or ".join(_KINDS.get(name, name) for name in names.split(" | "))


def _outside(bound: re.Match[str]) -> str:
    """What a number is that its field cannot hold."""
    if bound["kind"] == "float":
        return "no finite number"
    return f"no whole number from {bound['bound']}" if bound["side"] == ">" else "too large a number"
