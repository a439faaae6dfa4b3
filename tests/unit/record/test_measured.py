from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from msgspec.structs import replace

from harness.errors import RecordError
from harness.record import RunStore, load_run, measured_of_record, measured_of_run, sample_hash
from harness.record.rounding import rounded
from harness.schema import Score
from tests.unit.record.measured_runs import CLEAN, plain, run_of
from tests.unit.report.run_records import HOSTILE, Shape, with_output

if TYPE_CHECKING:
    from pathlib import Path

    from harness.schema import RunRecord


def both(reports: Path, record: RunRecord) -> tuple[dict[str, Any], dict[str, Any]]:
    folder = RunStore(reports).write(record, {})
    live = {name: plain(own) for name, own in measured_of_record(record).items()}
    return live, {name: plain(own) for name, own in measured_of_run(folder).items()}


@pytest.mark.parametrize(
    "shape",
    [
        CLEAN,
        Shape(samples=40, repeats=2),
        Shape(samples=12, hostile=True, failing_metric=True),
        Shape(samples=8, complete=False, suites=("feedback", "support")),
        Shape(samples=1, variants=("zero_shot",), complete=False),
    ],
    ids=["clean", "repeats and errors", "hostile", "not run, two suites", "nothing ran"],
)
def test_run_in_memory_and_its_folder_yield_the_same(tmp_path: Path, shape: Shape) -> None:
    live, recorded = both(tmp_path, run_of(shape))
    assert live == recorded
    assert sorted(live) == sorted(shape.suites)


def test_rows_hold_what_the_trials_were_and_gave(tmp_path: Path) -> None:
    record = with_output(run_of(), 1, "Überraschung \U0001f600")
    folder = RunStore(tmp_path).write(record, {})
    measured = measured_of_run(folder)["feedback"]
    assert list(measured.cells)[:2] == [("zero_shot", "smollm2"), ("zero_shot", "local")]
    rows = measured.cells["zero_shot", "smollm2"]
    results = record.results[:3]
    assert rows.samples == ["fe001", "fe002", "fe003"]
    assert rows.repeats == [1, 1, 1]
    assert rows.groups == ["customer-0"] * 3
    assert rows.contents == [sample_hash(result.trial.sample) for result in results]
    assert rows.outputs[1] == "Überraschung \U0001f600"
    assert rows.references == [result.trial.sample.references for result in results]
    assert rows.outcomes == [result.outcome for result in results]
    expected = [score.value for result in results for score in result.scores if score.metric == "exact_match"]
    assert rows.values["exact_match"].tolist() == expected
    assert np.isnan(rows.values["cost_usd"]).all()


def test_facts_are_those_of_the_manifest(tmp_path: Path) -> None:
    measured = measured_of_run(RunStore(tmp_path).write(run_of(), {}))["feedback"]
    assert (measured.ref, measured.suite) == ("20261122T201849.042Z-3f9a", "feedback")
    assert measured.dataset_hash == "9b1c77aa02de4451"
    assert measured.prompts["few_shot@1.1"] == {"prompt": "few_shot", "version": "1.1", "hash": "5a1fe0b3c2d49788"}
    assert measured.backends["local"] == {"provider": "openai", "model": "my-model-7b"}
    bleu = measured.measures["bleu"]
    assert (bleu.unit, bleu.low, bleu.high, bleu.higher_is_better) == ("percent", 0, 100, True)
    assert not measured.measures["latency_s"].higher_is_better


def test_only_the_suites_that_are_asked_for_are_there(tmp_path: Path) -> None:
    folder = RunStore(tmp_path).write(run_of(Shape(samples=2, suites=("feedback", "support"))), {})
    assert list(measured_of_run(folder, suites=["support"])) == ["support"]


def test_trial_without_scores_has_no_values(tmp_path: Path) -> None:
    record = run_of(Shape(samples=4, variants=("zero_shot",), complete=False))
    rows = measured_of_run(RunStore(tmp_path).write(record, {}))["feedback"].cells["zero_shot", "local"]
    gone = [place for place, outcome in enumerate(rows.outcomes) if outcome == "not_run"]
    assert gone == [2, 3]
    assert all(np.isnan(values[gone]).all() for values in rows.values.values())
    assert [rows.outputs[place] for place in gone] == [None, None]


def test_half_a_surrogate_pair_is_the_same_on_both_sides(tmp_path: Path) -> None:
    record = with_output(run_of(), 0, HOSTILE[4])
    live, recorded = both(tmp_path, record)
    assert live == recorded
    assert live["feedback"]["cells"][0][1]["outputs"][0].startswith("half a pair: ?")


def test_run_of_an_earlier_version_has_no_hash_of_its_rows(tmp_path: Path) -> None:
    folder = RunStore(tmp_path).write(run_of(), {})
    trials = pq.read_table(folder / "trials.parquet")
    pq.write_table(trials.drop_columns(["sample_hash"]), folder / "trials.parquet")
    rows = measured_of_run(folder)["feedback"].cells["zero_shot", "local"]
    assert rows.contents == [None] * 3
    assert rows.samples == ["fe001", "fe002", "fe003"]


def test_tables_in_any_order_and_layout_are_read(tmp_path: Path) -> None:
    record = run_of(Shape(samples=5, repeats=2))
    folder = RunStore(tmp_path).write(record, {})
    scores = pq.read_table(folder / "scores.parquet")
    backwards = scores.take(list(range(scores.num_rows))[::-1])
    pq.write_table(backwards, folder / "scores.parquet", row_group_size=7, use_dictionary=False)
    assert plain(measured_of_run(folder)["feedback"]) == plain(measured_of_record(record)["feedback"])


def without(column: str) -> Any:
    return lambda table: table.drop_columns([column])


def as_text(column: str) -> Any:
    return lambda table: table.set_column(
        table.column_names.index(column), column, pa.array(["x"] * table.num_rows, pa.string())
    )


def with_first(column: str, value: Any) -> Any:
    """Puts another value into the first row."""
    return lambda table: table.set_column(
        table.column_names.index(column),
        column,
        pa.array([value, *table[column].to_pylist()[1:]], table[column].type),
    )


@pytest.mark.parametrize(
    ("name", "change_and_why"),
    [
        ("trials", (without("output"), "trials.parquet has no column output")),
        (
            "trials",
            (
                lambda table: table.append_column("x", table["group"]).rename_columns([*table.column_names, "group"]),
                "trials.parquet has two columns of one name",
            ),
        ),
        ("trials", (as_text("repeat"), "trials.parquet: column repeat is string")),
        ("trials", (lambda table: pa.concat_tables([table, table]), "trials.parquet: a trial is in it twice")),
        ("trials", (lambda table: table.slice(1), "trials.parquet has 11 rows, run.json speaks of 12")),
        ("trials", (lambda table: table.slice(0, 0), "trials.parquet has 0 rows, run.json speaks of 12")),
        ("trials", (with_first("variant", None), "trials.parquet: column variant is empty in 1 of 12 rows")),
        ("trials", (with_first("outcome", "fine"), "trials.parquet: an outcome is 'fine'")),
        ("trials", (with_first("repeat", 0), "trials.parquet: a repeat is no whole number from 1")),
        (
            "trials",
            (with_first("sample", "fe002"), "trials.parquet: a sample is in it twice with the same repeat"),
        ),
        ("scores", (with_first("value", math.inf), "scores.parquet: a value is beyond 1e+100")),
        ("scores", (lambda table: pa.concat_tables([table, table]), "scores.parquet: a score is in it twice")),
        (
            "scores",
            (lambda table: table.slice(1), "scores.parquet: trials that were scored have no row of exact_match"),
        ),
        ("scores", (as_text("value"), "scores.parquet: column value is string")),
        ("scores", (as_text("trial_id"), "scores.parquet: no trial of trials.parquet is called 'x'")),
    ],
)
def test_table_that_is_not_as_recorded_is_one_clear_line(
    tmp_path: Path, name: str, change_and_why: tuple[Any, str]
) -> None:
    change, why = change_and_why
    folder = RunStore(tmp_path).write(run_of(), {})
    file = folder / f"{name}.parquet"
    pq.write_table(change(pq.read_table(file)), file)
    with pytest.raises(RecordError) as caught:
        measured_of_run(folder)
    assert str(caught.value) == (
        f"{folder}: a table is missing or damaged ({why}); both are needed; record the run again"
    )


@pytest.mark.parametrize("read", [measured_of_run, load_run])
@pytest.mark.parametrize("name", ["trials", "scores"])
def test_table_that_is_not_there_is_one_clear_line(tmp_path: Path, name: str, read: Any) -> None:
    folder = RunStore(tmp_path).write(run_of(), {})
    file = folder / f"{name}.parquet"
    file.unlink()
    for why in ("No such file or directory", "it is a pipe or a device, no regular file"):
        with pytest.raises(RecordError) as caught:
            read(folder)
        assert str(caught.value) == (
            f"{folder}: a table is missing or damaged ({name}.parquet: {why}); both are needed; record the run again"
        )
        if not file.exists():
            os.mkfifo(file)


def test_frames_are_those_of_the_manifest(tmp_path: Path) -> None:
    folder = RunStore(tmp_path).write(run_of(), {})
    for change, why in (
        (lambda table: table.slice(1), "trials.parquet has 11 rows, run.json speaks of 12"),
        (without("messages"), "trials.parquet has no column messages"),
        (as_text("latency_s"), "trials.parquet: column latency_s is string"),
    ):
        whole = (folder / "trials.parquet").read_bytes()
        pq.write_table(change(pq.read_table(folder / "trials.parquet")), folder / "trials.parquet")
        with pytest.raises(RecordError) as caught:
            load_run(folder)
        assert f"({why})" in str(caught.value)
        (folder / "trials.parquet").write_bytes(whole)
    assert len(load_run(folder).trials) == 12


def test_page_of_a_table_that_changed_on_its_disk_is_noticed(tmp_path: Path) -> None:
    folder = RunStore(tmp_path).write(run_of(), {})
    file = folder / "scores.parquet"
    found = pq.ParquetFile(file).metadata.row_group(0).column(7)
    content = bytearray(file.read_bytes())
    content[(found.dictionary_page_offset or found.data_page_offset) + found.total_compressed_size - 1] ^= 1
    file.write_bytes(content)
    for read in (measured_of_run, load_run):
        with pytest.raises(RecordError, match=r"scores\.parquet: .*CRC"):
            read(folder)


def test_tables_that_pandas_wrote_again_are_read(tmp_path: Path) -> None:
    folder = RunStore(tmp_path).write(run_of(), {})
    before = plain(measured_of_run(folder)["feedback"])
    for name in ("trials", "scores"):
        file = folder / f"{name}.parquet"
        pq.write_table(pa.Table.from_pandas(pq.read_table(file).to_pandas()), file)
    assert plain(measured_of_run(folder)["feedback"]) == before
    assert len(load_run(folder).trials) == 12


def test_manifest_that_does_not_say_what_values_mean_is_damaged(tmp_path: Path) -> None:
    folder = RunStore(tmp_path).write(run_of(), {})
    content = json.loads((folder / "run.json").read_text())
    del content["suites"][0]["measures"]
    (folder / "run.json").write_text(json.dumps(content))
    with pytest.raises(RecordError) as caught:
        measured_of_run(folder)
    assert str(caught.value) == (
        f"{folder}: the manifest is damaged (suites do not say what their measures are: 'measures'); "
        "a run.json as recorded is needed; record the run again"
    )


def test_table_that_has_more_than_the_manifest_says_is_one_clear_line(tmp_path: Path) -> None:
    folder = RunStore(tmp_path).write(run_of(), {})
    file = folder / "run.json"
    content = json.loads(file.read_text())
    suite = content["suites"][0]
    for suites, why in (
        (
            [{**suite, "measures": suite["measures"][1:]}],
            "scores.parquet: run.json does not speak of measure exact_match",
        ),
        ([{**suite, "name": "other"}], "trials.parquet: run.json does not speak of suite feedback"),
    ):
        file.write_text(json.dumps({**content, "suites": suites}))
        with pytest.raises(RecordError) as caught:
            measured_of_run(folder)
        assert str(caught.value) == (
            f"{folder}: a table is missing or damaged ({why}); both are needed; record the run again"
        )


def test_row_s_hash_knows_its_content_and_neither_its_id_nor_its_place() -> None:
    sample = run_of().results[0].trial.sample
    same = [replace(sample, sample_id="other"), replace(sample, location="elsewhere:7")]
    other: list[dict[str, Any]] = [
        {"variables": {"text": "edited"}},
        {"references": ("neutral",)},
        {"references": ()},
        {"group": None},
        {"tags": ()},
    ]
    assert {sample_hash(each) for each in same} == {sample_hash(sample)}
    hashes = {sample_hash(sample), *(sample_hash(replace(sample, **fields)) for fields in other)}
    assert len(hashes) == 1 + len(other)


def test_row_s_hash_is_the_same_in_any_order_of_columns() -> None:
    sample = run_of().results[0].trial.sample
    one, two = ({"a": 1, "b": [None, 0.5]}, {"b": [None, 0.5], "a": 1})
    assert sample_hash(replace(sample, variables=one)) == sample_hash(replace(sample, variables=two))


def test_row_s_hash_is_made_once_a_sample(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def noting(sample: Any) -> str:
        asked.append(sample.sample_id)
        return "0"

    monkeypatch.setattr("harness.record.contents.sample_hash", noting)
    record = run_of(Shape(samples=3, repeats=2))
    store = RunStore(tmp_path)
    store.prepare(record.suites)
    store.add(record.results[:10])
    store.write(record, {})
    assert sorted(asked) == ["fe001", "fe002", "fe003"]


@pytest.mark.parametrize(
    ("value", "unit", "expected"),
    [
        (1 / 3, "score", 0.333333),
        (200 / 3, "percent", 66.6667),
        (1234567.0, "tokens", 1234567.0),
        (123456.0, "tokens", 123456.0),
        (0.00001234567, "usd", 0.0000123457),
        (1.23456, "s", 1.235),
        (0.0004, "s", 0.0),
        (-0.0, "score", 0.0),
        (1e-300, "score", 0.0),
        (1e300, "score", 1e300),
    ],
)
def test_values_have_the_digits_that_are_compared(value: float, unit: str, expected: float) -> None:
    assert repr(float(rounded(np.array([value]), unit)[0])) == repr(expected)


def test_no_value_stays_none(tmp_path: Path) -> None:
    assert np.isnan(rounded(np.array([np.nan]), "s")).all()
    record = run_of()
    first = record.results[0]
    scores = [replace(score, value=None, status="failed") for score in first.scores if isinstance(score, Score)]
    record = replace(record, results=(replace(first, scores=tuple(scores)), *record.results[1:]))
    live, recorded = both(tmp_path, record)
    assert live == recorded
    assert live["feedback"]["cells"][0][1]["values"]["f1"][0] is None


def test_reading_loads_neither_pandas_nor_the_rest_of_arrow(tmp_path: Path) -> None:
    folder = RunStore(tmp_path).write(run_of(), {})
    script = (
        "import sys; from harness.record import measured_of_run; print({'numpy', 'pyarrow'} & set(sys.modules));"
        "measured_of_run(sys.argv[1]);"
        "print(sorted({'pandas', 'pyarrow.dataset'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script, str(folder)], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n[]\n"
