from __future__ import annotations

import csv
import datetime as dt
import decimal
import json
import math
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

if TYPE_CHECKING:
    from tests.unit.suite.conftest import Project

ROWS: list[dict[str, Any]] = [
    {"id": "a", "text": "Fine, really.", "label": "positive"},
    {"id": "b", "text": "Zu groß\nund zu teuer", "label": "negative"},
]


def _delimited(rows: list[dict[str, Any]], delimiter: str) -> bytes:
    def cell(text: str) -> str:
        return f'"{text}"' if delimiter in text or "\n" in text else text

    lines = [delimiter.join(rows[0]), *(delimiter.join(cell(value) for value in row.values()) for row in rows)]
    return "\r\n".join(lines).encode()


def _write_parquet(project: Project, columns: dict[str, Any]) -> None:
    project.rows(b"", "demo.parquet")
    pq.write_table(pa.table(columns), project.root / "datasets/demo.parquet")


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["plain", "with-bom"])
@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("demo.jsonl", "\n\n".join(json.dumps(row) for row in ROWS).encode()),
        ("demo.json", json.dumps(ROWS, indent=1).encode()),
        ("demo.csv", _delimited(ROWS, ",")),
        ("demo.tsv", _delimited(ROWS, "\t")),
        ("demo.yaml", json.dumps(ROWS).encode()),
    ],
)
def test_every_form_yields_the_same_samples(project: Project, *, name: str, content: bytes, mark: bytes) -> None:
    project.rows(mark + content, name)
    samples = project.load().samples
    assert [dict(sample.variables) for sample in samples] == ROWS
    assert [sample.references for sample in samples] == [("positive",), ("negative",)]


def test_parquet_yields_the_same_samples(project: Project) -> None:
    _write_parquet(project, {key: [row[key] for row in ROWS] for key in ROWS[0]})
    samples = project.load().samples
    assert [dict(sample.variables) for sample in samples] == ROWS
    assert [sample.location for sample in samples] == ["datasets/demo.parquet[0]", "datasets/demo.parquet[1]"]


def test_every_form_has_the_same_dataset_hash(project: Project) -> None:
    project.rows(json.dumps(ROWS), "demo.json")
    from_json = project.load().dataset_hash
    project.rows(_delimited(ROWS, ","), "demo.csv")
    assert project.load().dataset_hash == from_json


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("demo.jsonl", b'\n{"id":"a","text":"x","label":"p"}\n\n{"id":"b","text":"x","label":"p"}\n', [2, 4]),
        ("demo.json", b'[{"id":"a","text":"x","label":"p"},\n\n{"id":"b",\n"text":"x","label":"p"}]', [1, 3]),
        ("demo.csv", b'id,text,label\na,"x\ny",p\n\nb,x,p\n', [2, 5]),
        ("demo.yaml", b"# rows\n- {id: a, text: x, label: p}\n-\n  id: b\n  text: x\n  label: p\n", [2, 4]),
    ],
)
def test_a_location_names_the_line_where_the_row_starts(
    project: Project, *, name: str, content: bytes, expected: list[int]
) -> None:
    project.rows(content, name)
    assert [sample.location for sample in project.load().samples] == [f"datasets/{name}:{line}" for line in expected]


def test_csv_cells_are_read_as_the_declared_types(project: Project) -> None:
    project.prompt("inputs: {text: str, n: int, x: float, ok: bool, any_: any}\ntemplate: x\n")
    project.rows("id,text,label,n,x,ok,any_\n1,007,08,-7,1.5e1,TRUE,3\n", "demo.csv")
    sample = project.load().samples[0]
    assert sample.variables == {
        "id": "1", "text": "007", "label": "08", "n": -7, "x": 15.0, "ok": True, "any_": "3",
    }  # fmt: skip
    assert sample.references == ("08",)


def test_csv_cells_may_be_longer_than_the_csv_module_allows_by_itself(project: Project) -> None:
    before = csv.field_size_limit()
    project.rows(f"id,text,label\na,{'x' * 200_000},p\n", "demo.csv")
    assert len(project.load().samples[0].variables["text"]) == 200_000
    assert csv.field_size_limit() == before


def test_yaml_rows_keep_words_and_numbers_as_they_are_written(project: Project) -> None:
    project.prompt("inputs: {text: str, n: float}\ntemplate: x\n")
    project.rows("- {id: 010, text: 1.10, label: no, n: 1.50}\n- {id: 2, text: 'on', label: 1.10, n: 2}\n", "demo.yaml")
    first, second = project.load().samples
    assert (first.sample_id, first.references, dict(first.variables)) == (
        "010", ("no",), {"id": 10, "text": "1.10", "label": "no", "n": 1.5},
    )  # fmt: skip
    assert second.references == ("1.10",)
    assert type(second.variables["n"]) is int


def test_parquet_dates_decimals_and_missing_numbers_become_plain(project: Project) -> None:
    project.prompt("inputs: {text: str, day: str, price: str, n: any, xs: list}\ntemplate: x\n")
    _write_parquet(
        project,
        {
            "id": [1],
            "text": ["x"],
            "label": ["p"],
            "day": [dt.date(2026, 11, 22)],
            "price": [decimal.Decimal("1.10")],
            "n": [math.nan],
            "xs": [["a", "b"]],
        },
    )
    variables = project.load().samples[0].variables
    assert variables == {
        "id": 1, "text": "x", "label": "p", "day": "2026-11-22", "price": "1.10", "n": None, "xs": ["a", "b"],
    }  # fmt: skip


def test_parquet_bytes_are_a_mistake(project: Project) -> None:
    _write_parquet(project, {"id": ["a"], "text": [b"\0"], "label": ["p"]})
    assert project.mistakes() == (
        "datasets/demo.parquet[0]: column 'text' holds bytes; text, numbers, lists and mappings are allowed; convert it"
    )


def test_parquet_mistakes_of_one_kind_are_counted(project: Project) -> None:
    _write_parquet(project, {"id": [str(n) for n in range(30)], "text": ["x"] * 30, "label": [""] * 30})
    lines = project.mistakes().split("\n")
    assert lines[0] == (
        "datasets/demo.parquet[0]: sample '0': reference column 'label' is empty; "
        "a value in every row is allowed; fill it or remove the row"
    )
    assert lines[20:] == ["datasets/demo.parquet: … and 10 more: rows without a reference"]


def test_parquet_infinity_is_a_mistake(project: Project) -> None:
    project.prompt("inputs: {text: float}\ntemplate: x\n")
    _write_parquet(project, {"id": ["a", "b"], "text": [1.0, -math.inf], "label": ["p", "q"]})
    assert project.mistakes() == (
        "datasets/demo.parquet[1]: column 'text' holds -inf; finite numbers are allowed; replace it"
    )


def test_parquet_columns_have_names_of_their_own(project: Project) -> None:
    project.rows(b"", "demo.parquet")
    columns = [pa.array(["a"]), pa.array(["x"]), pa.array(["y"])]
    pq.write_table(pa.table(columns, names=["id", "text", "text"]), project.root / "datasets/demo.parquet")
    assert project.mistakes() == "datasets/demo.parquet: column 'text' is there twice; once is allowed; rename one"


def test_a_cut_parquet_file_is_a_mistake(project: Project) -> None:
    _write_parquet(project, {"id": ["a"], "text": ["x"], "label": ["p"]})
    path = project.root / "datasets/demo.parquet"
    path.write_bytes(b"PAR1" + b"\xff" * 20 + path.read_bytes()[-8:])
    assert project.mistakes().startswith("datasets/demo.parquet: is no readable Parquet file: ")
