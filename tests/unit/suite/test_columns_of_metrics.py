"""Columns that only a metric reads: used like those of a prompt."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from harness.errors import FilesError
from harness.rooms import catalogue

if TYPE_CHECKING:
    from tests.unit.suite.conftest import Project

ROWS = '{"id": "a", "text": "one", "label": "x", "facts": "1"}\n'
OWN = """\
from harness.schema import Measure

class Own:
    needs_references = False
    columns = ("nope",)
    measures = (Measure("own", "score", 0.0, 1.0, True, "own|1"),)

    def __init__(self, options):
        pass

    def score(self, answers):
        raise AssertionError
"""


def _load(project: Project, metrics: str) -> tuple[str, ...]:
    project.write("datasets/facts.jsonl", ROWS)
    project.suite(
        f"dataset: {{path: ../../datasets/facts.jsonl, reference: label}}\nprompts: [zero_shot]\nmetrics: {metrics}\n"
    )
    return tuple(project.load().samples[0].variables)


def test_column_that_a_metric_reads_is_used(project: Project) -> None:
    assert "facts" in _load(project, "[exact_match, json_valid]")


def test_column_that_nothing_reads_is_a_mistake(project: Project) -> None:
    with pytest.raises(FilesError, match="column 'facts' is used by no prompt"):
        _load(project, "[exact_match]")


def test_column_is_not_complained_of_where_its_metric_cannot_be_made(project: Project) -> None:
    with pytest.raises(FilesError) as raised:
        _load(project, "[exact_match, {json_valid: {strict: true}}]")
    assert len(raised.value.mistakes) == 1
    assert "option 'strict'" in raised.value.mistakes[0].message


# -- columns that no row has ----------------------------------------------------------------------------------------

NO_ROW = "is in no row of datasets/facts.jsonl; available: id, text, label, facts"


@pytest.mark.parametrize(
    ("metric", "column", "advice"),
    [
        ("judge: {backend: smollm2, material: [text, fact]}", "fact", ". Did you mean 'facts'?"),
        ("judge: {backend: smollm2, material: [nope]}", "nope", "; name one of them"),
        ("field_accuracy: {column: nope}", "nope", "; name one of them"),
        ("code: {sandbox: none, tests: nope}", "nope", "; name one of them"),
        ("evaluate: {name: module.py, columns: {sources: nope}}", "nope", "; name one of them"),
    ],
)
def test_column_that_no_row_has_is_a_mistake_where_it_is_named(
    project: Project, *, metric: str, column: str, advice: str
) -> None:
    name = metric.partition(":")[0]
    if name == "evaluate":
        pytest.importorskip("evaluate")
    place = f"suites/demo/suite.yaml:5:{len('- ') + metric.rindex(column) + 1}"
    assert _mistakes(project, metric) == [f"{place}: metric '{name}' reads column '{column}', which {NO_ROW}{advice}"]


def test_column_that_the_suite_does_not_name_is_told_at_what_reads_it(project: Project) -> None:
    assert _mistakes(project, "code: {sandbox: none, form: mbpp}") == [
        f"suites/demo/suite.yaml:5:31: metric 'code' reads column 'test_list', which {NO_ROW}; add it to the rows"
    ]
    assert _mistakes(project, "'own.py:Own'") == [
        f"suites/demo/suite.yaml:5:3: metric 'own.py:Own' reads column 'nope', which {NO_ROW}; add it to the rows"
    ]


@pytest.mark.parametrize(
    ("columns", "told"),
    [
        ('["nope"]', f"reads column 'nope', which {NO_ROW}; add it to the rows"),
        ('["fact"]', f"reads column 'fact', which {NO_ROW}. Did you mean 'facts'?"),
    ],
)
def test_function_of_ones_own_says_what_it_reads(project: Project, columns: str, told: str) -> None:
    project.write("suites/demo/mine.py", f"def mine(output, sample):\n    return 1\n\nmine.columns = {columns}\n")
    assert _mistakes(project, "'mine.py:mine'") == [f"suites/demo/suite.yaml:5:3: metric 'mine.py:mine' {told}"]


@pytest.mark.parametrize(("columns", "shown"), [('"facts"', "'facts'"), ("3", "3"), ("[3]", "[3]")])
def test_columns_that_are_no_list_of_names_are_a_mistake(project: Project, columns: str, shown: str) -> None:
    project.write("suites/demo/mine.py", f"def mine(output, sample):\n    return 1\n\nmine.columns = {columns}\n")
    told = f"metric 'mine.py:mine': its columns is {shown}; allowed: a list of names of the dataset's columns"
    assert _mistakes(project, "'mine.py:mine'") == [f"suites/demo/suite.yaml:5:3: {told}"]


def test_each_column_of_a_form_is_told(project: Project) -> None:
    told = _mistakes(project, "code: {sandbox: none, form: humaneval}")
    assert [line.split(", which")[0] for line in told] == [
        f"suites/demo/suite.yaml:5:31: metric 'code' reads column '{name}'"
        for name in ("prompt", "test", "entry_point")
    ]


@pytest.mark.parametrize(
    "metric",
    [
        "judge: {backend: smollm2, material: [facts]}",
        "judge: {backend: smollm2, material: []}",
        "judge: {backend: smollm2}",
        "field_accuracy: {column: facts}",
        "code: {sandbox: none, tests: facts}",
        "code: {sandbox: none}",
    ],
)
def test_columns_that_are_there_or_not_named_are_no_mistake(project: Project, metric: str) -> None:
    _write(project, metric)
    assert len(project.load().samples) == 2


def test_setup_of_mbpp_may_be_in_no_row(project: Project) -> None:
    _write(project, "code: {sandbox: none, form: mbpp}")
    project.write("datasets/facts.jsonl", '{"id": "a", "text": "one", "label": "x", "test_list": ["assert f()"]}\n')
    assert len(project.load().samples) == 1


def test_preference_among_one_variant_is_a_mistake(project: Project) -> None:
    (told,) = _mistakes(project, "prefer: {backend: smollm2}")
    assert told == (
        "suites/demo/suite.yaml:5:3: metric 'prefer' compares variants, and the suite has one, zero_shot; allowed: a "
        "suite with two or more; add one under prompts, or rate each answer alone with the metric 'judge'"
    )


def _write(project: Project, metric: str) -> None:
    project.catalogue = catalogue()
    project.write("datasets/facts.jsonl", '{"id": "a", "text": "one", "label": "x"}\n' + ROWS.replace('"a"', '"b"'))
    project.write("suites/demo/module.py", "")
    project.write("suites/demo/own.py", OWN)
    project.suite(
        "dataset: {path: ../../datasets/facts.jsonl, reference: label, ignore: all}\nprompts: [zero_shot]\n"
        f"backends: [smollm2]\nmetrics:\n- {metric}\n"
    )


def _mistakes(project: Project, metric: str) -> list[str]:
    _write(project, metric)
    return project.mistakes().splitlines()
