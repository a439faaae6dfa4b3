"""Rubric files: every mistake at once, each where it is written."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from harness.rooms import catalogue

if TYPE_CHECKING:
    from tests.unit.suite.conftest import Project as BaseProject

SOUND = """\
name: support
version: 1.10
criteria:
  tone: The answer is polite.
  help:
    description: The answer solves the problem.
    steps: |
      1. Find the problem.
"""


@pytest.fixture
def project(project: BaseProject) -> BaseProject:
    project.catalogue = catalogue()
    return project


def _suite(project: BaseProject, rubric: str | None, *, options: str = "", more: str = "") -> None:
    if rubric is not None:
        project.write("suites/demo/r.yaml", rubric)
    project.suite(
        "dataset: {path: ../../datasets/demo.jsonl, reference: label}\nprompts: [zero_shot]\n"
        f"metrics:\n  - judge: {{backend: smollm2, rubric: r.yaml{options}}}\n{more}"
    )


def test_rubric_file_gives_measures_scale_and_signature(project: BaseProject) -> None:
    _suite(project, f"{SOUND}scale: [0, 3]\n")
    measures = [each for each in project.load().measures if each.name.startswith("judge.")]
    assert [(each.name, each.low, each.high, each.about) for each in measures] == [
        ("judge.tone", 0.0, 3.0, "The answer is polite."),
        ("judge.help", 0.0, 3.0, "The answer solves the problem."),
    ]
    assert all("|rubric:support@1.10#" in each.signature for each in measures), "the version as it is written"
    assert [each.signature.split("|steps:")[1].split("|")[0] for each in measures] == ["generated", "own"]


def test_scale_may_be_left_out(project: BaseProject) -> None:
    _suite(project, SOUND)
    assert project.load().measures[0].high == 5.0


def test_all_mistakes_of_a_rubric_file_are_told_where_they_are(project: BaseProject) -> None:
    _suite(
        project,
        "nmae: support\nversion: true\nscale: [5, 1]\ncriteria:\n  bad name: It is polite.\n  weight: 3\n  empty:\n"
        "  help: {descripton: It helps.}\n",
        more='gates: ["judge.tone.mean >= 3"]\n',
    )
    lines = project.mistakes().splitlines()
    assert [line.split(";")[0] for line in lines] == [
        "suites/demo/r.yaml:1:1: key 'nmae' is unknown",
        "suites/demo/r.yaml:1:1: key 'name' is missing",
        "suites/demo/r.yaml:2:10: 'version' is the truth value true",
        "suites/demo/r.yaml:3:8: scale is [5, 1]",
        "suites/demo/r.yaml:5:3: 'bad name' cannot name a criterion",
        "suites/demo/r.yaml:6:3: criterion 'weight' is 3",
        "suites/demo/r.yaml:7:3: criterion 'empty' is null",
        "suites/demo/r.yaml:8:9: key 'description' is missing",
        "suites/demo/r.yaml:8:10: key 'descripton' is unknown",
    ]
    assert lines[1].endswith("it is required; write for example 'name: support'")
    assert lines[0].endswith("allowed: name, version, criteria, scale. Did you mean 'name'?")
    assert lines[3].endswith(
        "allowed: least and greatest whole number from 0 to 100, in this order; write for example 'scale: [1, 5]'"
    )


@pytest.mark.parametrize(
    ("rubric", "told"),
    [
        (
            f"{SOUND}  tone: Twice.\n",
            "r.yaml:9:3: key 'tone' is given twice, first on line 4; once is allowed; remove one",
        ),
        (
            "name: a: b\n",
            "r.yaml:1:8: is not valid YAML: mapping values are not allowed in this context; check quotes, brackets",
        ),
        (
            "- a\n",
            "r.yaml:1:1: the file is a list; a mapping with keys like name, version, criteria, scale is allowed;",
        ),
        (
            "name: a\nversion: 1\ncriteria: {}\n",
            "r.yaml:3:11: 'criteria' is an empty mapping; at least one entry is allow",
        ),
        (
            None,
            "suite.yaml:4:39: file 'r.yaml' does not exist; a path relative to this file is allowed; there is",
        ),
    ],
)
def test_file_that_is_no_rubric_is_told_where_it_fails(project: BaseProject, rubric: str | None, told: str) -> None:
    _suite(project, rubric)
    assert project.mistakes().startswith(f"suites/demo/{told}")
    assert "\n" not in project.mistakes()


def test_criterion_that_the_file_lacks_is_a_mistake_of_the_suite(project: BaseProject) -> None:
    _suite(project, SOUND, options=", criteria: [tune]")
    assert (
        "suite.yaml:4:47: metric 'judge': criterion 'tune' is not in rubric 'support'; available:" in project.mistakes()
    )


def test_broken_rubric_of_two_metrics_is_told_once(project: BaseProject) -> None:
    _suite(project, "name: a\nversion: 1\n", more="  - prefer: {backend: smollm2, rubric: r.yaml}\n")
    assert project.mistakes().count("r.yaml:1:1: key 'criteria' is missing") == 1
