from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from harness.errors import OptionError
from harness.schema import MetricSpec
from harness.score import create

if TYPE_CHECKING:
    from pathlib import Path

FILE = """\
name: support
version: "2"
scale: [0, 3]
criteria:
  tone: The answer is polite.
  help:
    description: The answer solves the customer's problem.
    steps: |
      1. Find the problem.
      2. See whether it is solved.
"""


def _measures(folder: Path, **options: Any) -> list[str]:
    metric = create(MetricSpec("judge", {"backend": "b", **options}, folder))
    return [f"{each.name} {each.low:g}-{each.high:g}" for each in metric.measures]


def _signature(folder: Path, **options: Any) -> str:
    return create(MetricSpec("judge", {"backend": "b", **options}, folder)).measures[0].signature


def _refused(folder: Path, **options: Any) -> tuple[str | None, str]:
    with pytest.raises(OptionError) as caught:
        _measures(folder, **options)
    return caught.value.key, str(caught.value)


@pytest.fixture
def rubric(tmp_path: Path) -> Path:
    (tmp_path / "rubric.yaml").write_text(FILE)
    return tmp_path


def test_built_in_rubric_is_used_where_none_is_given(tmp_path: Path) -> None:
    assert _measures(tmp_path) == ["judge.accuracy 1-5", "judge.completeness 1-5", "judge.clarity 1-5"]
    assert _measures(tmp_path, criteria=["clarity"], scale=[1, 10]) == ["judge.clarity 1-10"]


def test_own_criteria_are_described_in_the_suite(tmp_path: Path) -> None:
    assert _measures(tmp_path, criteria={"tone": "It is polite."}) == ["judge.tone 1-5"]


def test_rubric_file_gives_criteria_and_scale(rubric: Path) -> None:
    assert _measures(rubric, rubric="rubric.yaml") == ["judge.tone 0-3", "judge.help 0-3"]
    assert _measures(rubric, rubric="rubric.yaml", criteria=["help"], scale=[1, 5]) == ["judge.help 1-5"]


def test_signature_changes_with_all_that_changes_scores(rubric: Path) -> None:
    first = _signature(rubric, rubric="rubric.yaml")
    assert "rubric:support@2#" in first
    others = [
        _signature(rubric, rubric="rubric.yaml", samples=2),
        _signature(rubric, rubric="rubric.yaml", scale=[1, 5]),
        _signature(rubric, rubric="rubric.yaml", logprobs=False),
        _signature(rubric, rubric="rubric.yaml", steps=False),
        _signature(rubric, rubric="rubric.yaml", schema=False),
        _signature(rubric, rubric="rubric.yaml", material=["a"]),
    ]
    (rubric / "rubric.yaml").write_text(FILE.replace("polite", "very polite"))
    others.append(_signature(rubric, rubric="rubric.yaml"))
    assert len({first, *others}) == 8


def test_signature_says_whose_steps_each_criterion_has(rubric: Path) -> None:
    for more, told in (({}, ["generated", "own"]), ({"steps": False}, ["none", "own"])):
        metric = create(MetricSpec("judge", {"backend": "b", "rubric": "rubric.yaml", **more}, rubric))
        assert [each.signature.split("|steps:")[1].split("|")[0] for each in metric.measures] == told


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (
            {"criteria": ["acuracy"]},
            ("criteria", "criterion 'acuracy' is not in rubric 'answers'; available: accuracy, com"),
        ),
        (
            {"criteria": "accuracy"},
            ("criteria", "metric 'judge': criteria is 'accuracy'; allowed: a list of names from"),
        ),
        (
            {"criteria": {"bad name": "x"}},
            ("criteria", "metric 'judge': 'bad name' cannot name a criterion; allowed: at m"),
        ),
        (
            {"criteria": {"tone": ""}},
            ("criteria", "metric 'judge': criterion 'tone' is ''; allowed: what it means, or a"),
        ),
        (
            {"criteria": {"tone": 3}},
            ("criteria", "metric 'judge': criterion 'tone' is 3; allowed: what it means, or a"),
        ),
        (
            {"scale": [5, 1]},
            ("scale", "metric 'judge': scale is [5, 1]; allowed: least and greatest whole number from 0"),
        ),
        ({"scale": [1, 2.5]}, ("scale", "metric 'judge': scale is [1, 2.5]; allowed: least and greatest whole number")),
        ({"scale": 5}, ("scale", "metric 'judge': scale is 5; allowed: least and greatest whole number from 0 to 100")),
        ({"material": "a"}, ("material", "metric 'judge': material is 'a'; allowed: a list of columns, [] for none")),
        ({"samples": 0}, ("samples", "metric 'judge': option 'samples' is 0; allowed: a whole number from 1")),
        (
            {"rubric": "none.yaml"},
            ("rubric", "metric 'judge': rubric none.yaml cannot be read (No such file or directory)"),
        ),
        (
            {"rubric": "rubric.yaml", "criteria": {"a": "b"}},
            ("criteria", "metric 'judge': criteria with their meaning and"),
        ),
    ],
)
def test_wrong_options_are_told(rubric: Path, options: dict[str, Any], told: tuple[str, str]) -> None:
    key, message = _refused(rubric, **options)
    assert key == told[0]
    assert told[1] in message


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("- a", "rubric rubric.yaml is ['a']; allowed: a mapping with name, version, criteria, scale"),
        ("name: [", "rubric rubric.yaml is not valid YAML ("),
        (FILE + "kriteria: {}", "rubric rubric.yaml has the key 'kriteria'; allowed: name, version, criteria, scale."),
        (
            "version: 1\ncriteria: {a: b}",
            "rubric rubric.yaml has no name; it is in the signature; write for example name",
        ),
        ("name: a\nversion: 1", "rubric rubric.yaml: criteria is null; allowed: a mapping of names to what they mean"),
        (
            "name: a\nversion: 1\ncriteria: {a: {steps: b}}",
            "rubric rubric.yaml: criterion 'a' is {'steps': 'b'}; allowed",
        ),
    ],
)
def test_mistakes_of_a_rubric_file_are_told(rubric: Path, content: str, text: str) -> None:
    (rubric / "rubric.yaml").write_text(content)
    key, message = _refused(rubric, rubric="rubric.yaml")
    assert key == "rubric"
    assert message.startswith(f"metric 'judge': {text}")


def test_backend_is_needed(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="metric 'judge' needs the option 'backend'"):
        create(MetricSpec("judge", {}, tmp_path))
