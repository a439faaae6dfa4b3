"""Answers that people have rated, as files have them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from harness.errors import FilesError
from harness.schema import Measure
from harness.suite import LabelColumns, read_labels

if TYPE_CHECKING:
    from pathlib import Path

    from harness.suite import Labels

TONE = Measure("judge.tone", "score", 1.0, 5.0, higher_is_better=True, signature="")
PREFER = Measure("prefer", "score", 0.0, 1.0, higher_is_better=True, signature="")
COLUMNS = LabelColumns(human={"judge.tone": ("judge.tone", "tone")})
PAIRS = LabelColumns(human={"prefer": ("prefer",)}, other="other")


def _read(folder: Path, name: str, text: str, *, columns: LabelColumns = COLUMNS, limit: int | None = None) -> Labels:
    (folder / name).write_text(text)
    measure = TONE if columns.other is None else PREFER
    return read_labels(folder / name, folder, columns, measures=[measure], limit=limit)


def test_csv_and_json_lines_give_the_same(tmp_path: Path) -> None:
    lines = '{"id": "a", "output": "x", "tone": 3}\n{"id": "b", "output": "y", "tone": 4.5}\n'
    one = _read(tmp_path, "l.jsonl", lines)
    two = _read(tmp_path, "l.csv", "id,output,tone\na,x,3\nb,y,4.5\n")
    assert one.human == two.human == {"judge.tone": {"a": 3.0, "b": 4.5}}
    assert one.outputs == two.outputs == {"a": ("x", None), "b": ("y", None)}
    assert (one.shown, two.shown) == ("l.jsonl", "l.csv")


def test_several_people_are_averaged_and_empty_cells_are_nobody(tmp_path: Path) -> None:
    lines = '{"output": "x", "tone": [3, 4]}\n{"output": "y", "tone": null}\n{"output": "z", "tone": ""}\n'
    assert list(_read(tmp_path, "l.jsonl", lines).human["judge.tone"].values()) == [3.5]


@pytest.mark.parametrize("cell", ["3;4", " 3 ; 4; ", "[3, 4]", '["3", 4.0]'])
def test_several_people_stand_in_a_text_as_well(tmp_path: Path, cell: str) -> None:
    quoted = cell.replace('"', '""')
    found = _read(tmp_path, "l.csv", f'id,output,tone\na,x,"{quoted}"\nb,y,\nc,z," "\n')
    assert found.human == {"judge.tone": {"a": 3.5}}


def test_several_people_may_judge_a_pair(tmp_path: Path) -> None:
    found = _read(tmp_path, "l.csv", "id,output,other,prefer\na,x,y,1;tie\n", columns=PAIRS)
    assert found.human == {"prefer": {"a": 0.75}}


@pytest.mark.parametrize(
    ("cell", "said"),
    [("7", "the number 7"), ("0.5", "the number 0.5"), ("3;7", "the number 7"), ("[3", "the text '[3'")],
)
def test_number_off_the_scale_is_told_as_a_number(tmp_path: Path, cell: str, said: str) -> None:
    with pytest.raises(FilesError) as caught:
        _read(tmp_path, "l.csv", f"id,output,tone\na,x,{cell}\n")
    assert str(caught.value).splitlines()[0] == (
        f"l.csv:2: the rating in column 'tone' is {said}; a number from 1 to 5, or a list of them (4;5 in a text) is "
        "allowed: the scale of 'judge.tone'; mend it, or leave it empty"
    )


@pytest.mark.parametrize("named", [(), ("tone",)])
def test_column_without_any_rating_is_a_mistake(tmp_path: Path, named: tuple[str, ...]) -> None:
    columns = LabelColumns(human={"judge.tone": ("tone",)}, named=named)
    with pytest.raises(
        FilesError, match=r"column 'tone' holds no rating of 'judge\.tone' in the rows used, every cell"
    ):
        _read(tmp_path, "l.csv", "id,output,tone\na,x,\nb,y,\n", columns=columns)


def test_measure_that_nobody_rated_is_left_out_beside_one_that_somebody_did(tmp_path: Path) -> None:
    (tmp_path / "l.csv").write_text("id,output,tone,prefer\na,x,3,\n")
    columns = LabelColumns(human={"judge.tone": ("tone",), "prefer": ("prefer",)})
    found = read_labels(tmp_path / "l.csv", tmp_path, columns, measures=[TONE, PREFER])
    assert found.human == {"judge.tone": {"a": 3.0}}


def test_the_measures_whole_name_goes_before_the_criterions(tmp_path: Path) -> None:
    found = _read(tmp_path, "l.csv", "id,output,tone,judge.tone\na,x,3,5\n")
    assert found.human == {"judge.tone": {"a": 5.0}}


@pytest.mark.parametrize(("said", "value"), [("1", 1.0), ("2", 0.0), ("0", 0.5), ("tie", 0.5), ("TIE", 0.5)])
def test_people_name_the_better_of_a_pair(tmp_path: Path, said: str, value: float) -> None:
    found = _read(tmp_path, "l.csv", f"id,output,other,prefer\na,x,y,{said}\n", columns=PAIRS)
    assert found.human == {"prefer": {"a": value}}
    assert found.outputs == {"a": ("x", "y")}


@pytest.mark.parametrize("said", ["3", "0.5", "first", "-1"])
def test_anything_else_of_a_pair_is_a_mistake(tmp_path: Path, said: str) -> None:
    with pytest.raises(FilesError, match="1, 2, 0 or tie, or a list of them"):
        _read(tmp_path, "l.csv", f"id,output,other,prefer\na,x,y,{said}\n", columns=PAIRS)


@pytest.mark.parametrize("said", ["0", "6", "nan", "inf", "good"])
def test_ratings_off_the_scale_are_mistakes(tmp_path: Path, said: str) -> None:
    with pytest.raises(
        FilesError, match=r"a number from 1 to 5, or a list of them \(4;5 in a text\) is allowed: the scale of 'judge"
    ):
        _read(tmp_path, "l.csv", f"id,output,tone\na,x,{said}\n")


def test_true_is_no_rating(tmp_path: Path) -> None:
    with pytest.raises(FilesError, match="a number from 1 to 5"):
        _read(tmp_path, "l.jsonl", '{"output": "x", "tone": true}\n')


def test_a_limit_takes_the_same_choice_of_rows_each_time(tmp_path: Path) -> None:
    text = "id,output,tone\n" + "".join(f"s{at},x{at},3\n" for at in range(50))
    one, two = (_read(tmp_path, "l.csv", text, limit=10) for _ in range(2))
    assert len(one.samples) == 10
    assert one.samples == two.samples
    assert set(one.human["judge.tone"]) == {sample.sample_id for sample in one.samples}


def test_references_and_groups_are_read_where_they_are_named(tmp_path: Path) -> None:
    columns = LabelColumns(human={"judge.tone": ("tone",)}, references=("gold",), group="talk")
    found = _read(tmp_path, "l.csv", "id,output,tone,gold,talk\na,x,3,right,t1\n", columns=columns)
    assert (found.samples[0].references, found.samples[0].group) == (("right",), "t1")
    with pytest.raises(FilesError, match=r"column 'gold' is in no row; available: id, output, tone\."):
        _read(tmp_path, "l.csv", "id,output,tone\na,x,3\n", columns=columns)


def test_column_that_was_named_for_ratings_has_to_be_there(tmp_path: Path) -> None:
    columns = LabelColumns(human={"judge.tone": ("to",)}, named=("to",))
    with pytest.raises(
        FilesError, match=r"column 'to' is in no row; available: id, output, tone\. Did you mean 'tone'"
    ):
        _read(tmp_path, "l.csv", "id,output,tone\na,x,3\n", columns=columns)


def test_missing_file_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(FilesError):
        read_labels(tmp_path / "none.csv", tmp_path, COLUMNS, measures=[TONE])
