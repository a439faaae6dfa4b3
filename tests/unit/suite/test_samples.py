from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from harness.errors import UsageError

if TYPE_CHECKING:
    from tests.unit.suite.conftest import Project

DATASET = "suites/demo/suite.yaml"


def _suite(project: Project, dataset: str) -> None:
    project.suite(f"dataset: {{path: ../../datasets/demo.jsonl, {dataset}}}\nprompts: [zero_shot]\n")


def _rows(project: Project, rows: list[dict[str, Any]]) -> None:
    project.rows("\n".join(json.dumps(row) for row in rows))


def _many(n: int) -> list[dict[str, Any]]:
    return [{"id": f"s{i}", "text": "x", "label": "p"} for i in range(n)]


def _ids(project: Project, **options: Any) -> list[str]:
    return [sample.sample_id for sample in project.load(**options).samples]


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("p", ("p",)),
        (["p", "q"], ("p", "q")),
        (3, ("3",)),
        (1.5, ("1.5",)),
        (False, ("false",)),
        ([1, "x"], ("1", "x")),
        ({"b": 1, "a": "é"}, ('{"a":"é","b":1}',)),
        ([{"b": 1, "a": None}], ('[{"a":null,"b":1}]',)),
    ],
)
def test_a_reference_cell_becomes_texts(project: Project, cell: Any, expected: tuple[str, ...]) -> None:
    _rows(project, [{"id": "a", "text": "x", "label": cell}])
    assert project.load().samples[0].references == expected


def test_several_reference_columns_are_joined(project: Project) -> None:
    _suite(project, "reference: [label, other]")
    _rows(project, [{"id": "a", "text": "x", "label": "p", "other": ["q", "r"]}])
    assert project.load().samples[0].references == ("p", "q", "r")


def test_no_reference_is_allowed_where_no_metric_needs_one(project: Project) -> None:
    _suite(project, "ignore: label")
    assert {sample.references for sample in project.load().samples} == {()}


def test_ids_come_from_the_content_when_there_is_no_id_column(project: Project) -> None:
    rows = [{"text": "x", "label": "p"}, {"text": "y", "label": "p"}]
    _rows(project, rows)
    before = _ids(project)
    _rows(project, [{"text": "new", "label": "p"}, rows[1], {"label": "p", "text": "x"}])
    after = _ids(project)
    assert [len(sample_id) for sample_id in before] == [12, 12]
    assert (after[1], after[2]) == (before[1], before[0])


def test_the_id_column_may_hold_numbers(project: Project) -> None:
    _rows(project, [{"id": 0, "text": "x", "label": "p"}, {"id": 7, "text": "x", "label": "p"}])
    assert _ids(project) == ["0", "7"]


def test_group_and_tags_are_read(project: Project) -> None:
    _suite(project, "reference: label, group: user")
    _rows(
        project,
        [
            {"id": "a", "text": "x", "label": "p", "user": 7, "tags": ["long", "hard"]},
            {"id": "b", "text": "x", "label": "p", "user": "u", "tags": "short, easy,"},
            {"id": "c", "text": "x", "label": "p", "user": "u", "tags": None},
        ],
    )
    samples = project.load().samples
    assert [sample.group for sample in samples] == ["7", "u", "u"]
    assert [sample.tags for sample in samples] == [("long", "hard"), ("short", "easy"), ()]


def test_limit_takes_the_head(project: Project) -> None:
    _suite(project, "reference: label, limit: 2")
    suite = project.load()
    assert [sample.sample_id for sample in suite.samples] == ["a", "b"]
    assert suite.n_rows == 3


@pytest.mark.parametrize("seed", [0, 1])
def test_a_seeded_sample_depends_on_seed_and_ids_only(project: Project, seed: int) -> None:
    _suite(project, f"reference: label, limit: 5, seed: {seed}")
    rows = _many(50)
    _rows(project, rows)
    before = _ids(project)
    _rows(project, [{"id": "inserted", "text": "x", "label": "p"}, *rows])
    after = [sample_id for sample_id in _ids(project) if sample_id != "inserted"]
    assert before != [row["id"] for row in rows[:5]]
    assert before == sorted(before, key=lambda sample_id: int(sample_id[1:]))
    assert set(after) <= set(before)
    assert len(after) >= 4


def test_seeds_0_and_1_draw_differently(project: Project) -> None:
    _rows(project, _many(50))
    _suite(project, "reference: label, limit: 5, seed: 0")
    drawn = _ids(project)
    _suite(project, "reference: label, limit: 5, seed: 1")
    assert _ids(project) != drawn


def test_the_option_limit_replaces_the_files(project: Project) -> None:
    _suite(project, "reference: label, limit: 1")
    assert _ids(project, limit=2) == ["a", "b"]
    assert _ids(project, limit=99) == ["a", "b", "c"]


@pytest.mark.parametrize("value", [0, -1])
@pytest.mark.parametrize("option", ["limit", "repeats"])
def test_a_limit_below_one_is_a_usage_error(project: Project, option: str, value: int) -> None:
    options: dict[str, Any] = {option: value}
    with pytest.raises(UsageError) as caught:
        project.load(**options)
    assert str(caught.value) == (
        f"--prompt-{option}: {value} is too low; at least 1 is allowed; leave the option out for all"
    )


def test_the_option_repeats_replaces_the_files(project: Project) -> None:
    assert project.load().repeats == 1
    assert project.load(repeats=3).repeats == 3


def test_a_mistake_beyond_the_limit_is_still_told(project: Project) -> None:
    _rows(project, [*_many(3), {"id": "late", "label": "p"}])
    _suite(project, "reference: label, limit: 1")
    assert "demo.jsonl:4: sample 'late': variable 'text' is missing" in project.mistakes()


@pytest.mark.parametrize("ignore", ["ignore: notes", "ignore: [notes]", "ignore: all"])
def test_ignored_columns_are_no_mistake_and_stay_in_the_sample(project: Project, ignore: str) -> None:
    _suite(project, f"reference: label, {ignore}")
    _rows(project, [{"id": "a", "text": "x", "label": "p", "notes": "n"}])
    assert project.load().samples[0].variables["notes"] == "n"


def test_a_replayed_column_is_used(project: Project) -> None:
    project.suite(
        "dataset: {path: ../../datasets/demo.jsonl, reference: label}\nprompts: [zero_shot]\n"
        "backends: [{name: saved, provider: replay, column: answer}]\n"
    )
    _rows(project, [{"id": "a", "text": "x", "label": "p", "answer": "p"}])
    assert project.load().samples[0].variables["answer"] == "p"


def test_the_dataset_hash_follows_content_order_and_references(project: Project) -> None:
    rows = [{"id": "a", "text": "x", "label": "p"}, {"id": "b", "text": "y", "label": "p"}]
    hashes = []
    for changed in (rows, rows[::-1], [{**rows[0], "text": "z"}, rows[1]]):
        _rows(project, changed)
        hashes.append(project.load().dataset_hash)
    _rows(project, [{"label": "p", "text": "x", "id": "a"}, rows[1]])
    same = project.load().dataset_hash
    _suite(project, "ignore: [label]")
    hashes.append(project.load().dataset_hash)
    assert len(set(hashes)) == 4
    assert same == hashes[0]
