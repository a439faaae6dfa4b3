"""json_schema against the official test suite of draft 2020-12 (data/json_schema/SOURCE.md)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from harness.errors import OptionError
from harness.schema import Answer, MetricSpec
from harness.score import create

if TYPE_CHECKING:
    from harness.schema import Score

FILES = sorted((Path(__file__).parent / "data/json_schema/draft2020-12").glob("*.json"))
ELSEWHERE = "http://localhost:1234/"
"""Where the suite's own server has further schemas."""

UNKNOWN_PATTERNS = {
    "pattern with Unicode property escape requires unicode mode",
    "patternProperties with Unicode property escape",
}
r"""Python's `re` has no \p{Letter}: such a schema is refused when it is read."""
OWN_METASCHEMA = "schema that uses custom metaschema with with no validation vocabulary"
"""One case of it is that `minimum` means nothing there; we do not know the metaschema, which lies elsewhere."""
RESOLVED_WITHIN = {
    "Location-independent identifier with absolute URI",
    "Location-independent identifier with base URI change in subschema",
    "same $anchor with different base uri",
    "Recursive references between schemas",
    "ignore unrecognized optional vocabulary",
    OWN_METASCHEMA,
}
"""They have such addresses and need nothing from there; every other schema with one is refused when it is read."""


def _scores(group: dict[str, Any]) -> list[tuple[Score, bool]]:
    metric = create(MetricSpec("json_schema", {"schema": group["schema"]}, Path()))
    answers = [Answer(json.dumps(test["data"]), (), {}, None) for test in group["tests"]]
    return [(row[0], test["valid"]) for row, test in zip(metric.score(answers), group["tests"], strict=True)]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_case_is_as_the_suite_says_or_refers_to_elsewhere(path: Path) -> None:
    n_right = 0
    groups = json.loads(path.read_text("utf-8"))
    for group in groups:
        if group["description"] in UNKNOWN_PATTERNS:
            with pytest.raises(OptionError, match="is not a 'regex'"):
                _scores(group)
            continue
        if ELSEWHERE in json.dumps(group["schema"]) and group["description"] not in RESOLVED_WITHIN:
            with pytest.raises(OptionError, match="leaves the schema, and is not followed"):
                _scores(group)
            continue
        for score, is_valid in _scores(group):
            if score.value != is_valid:
                assert group["description"] == OWN_METASCHEMA, (group["description"], score.reason)
            else:
                n_right += 1
    assert n_right > 0 or path.stem == "refRemote"


def test_one_case_alone_is_not_as_the_suite_says() -> None:
    path = next(path for path in FILES if path.stem == "vocabulary")
    group = next(each for each in json.loads(path.read_text("utf-8")) if each["description"] == OWN_METASCHEMA)
    assert [score.value == is_valid for score, is_valid in _scores(group)].count(False) == 1


def test_the_whole_suite_is_run() -> None:
    groups = [group for path in FILES for group in json.loads(path.read_text("utf-8"))]
    assert sum(len(group["tests"]) for group in groups) == 1299
