from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from filelock import FileLock
from msgspec.structs import replace

import harness
from harness.errors import RecordError
from harness.record import RunStore, history
from harness.record.history import HISTORY_COLUMNS
from harness.record.tables import Tables
from harness.schema import GateSpec
from tests.unit.record.measured_runs import run_of
from tests.unit.report.run_records import Shape

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import Any

    from harness.schema import RunRecord

SHAPE = Shape(samples=2, variants=("zero_shot",), failing_gate=False)
LACKS = "{path}: the history lacks this run ({why}); a writable file is needed; the run itself is recorded"
DAMAGED = (
    "{path}: the history is damaged ({why}); the file as recorded is needed; move it away: the next run begins another"
)
FIRST, SECOND = "20261121T000000Z-aaaa", "20261122T000000Z-bbbb"


def record(reports: Path, run_id: str, run: RunRecord | None = None) -> list[str]:
    """Record a run; what was told."""
    told: list[str] = []
    run = run or run_of(SHAPE)
    manifest = replace(run.manifest, run_id=run_id)
    RunStore(reports, notice=told.append).write(replace(run, manifest=manifest), {})
    return told


def runs_in(reports: Path) -> list[str]:
    return list(dict.fromkeys(harness.load_history(reports)["run_id"]))


def test_run_adds_what_its_cells_came_to(tmp_path: Path) -> None:
    run = run_of(SHAPE)
    assert record(tmp_path, FIRST, run) == []
    frame = harness.load_history(tmp_path)
    assert list(frame.columns) == list(HISTORY_COLUMNS)
    cell = run.cells[0]
    own = frame[frame["backend"] == "smollm2"]
    assert list(zip(own["metric"], own["aggregation"], strict=True)) == [
        *((each.metric, each.aggregation) for each in cell.aggregates),
        ("latency_s", "p95"),
    ]
    row = own.iloc[0]
    assert (row["run_id"], row["suite"], row["variant"]) == (FIRST, "feedback", "zero_shot")
    assert (row["model"], row["prompt"], row["prompt_version"]) == ("SmolLM2-135M-Instruct", "zero_shot", "1.0")
    assert (row["prompt_hash"], row["dataset_hash"]) == ("5a1fe0b3c2d49788", "9b1c77aa02de4451")
    assert (row["git_commit"], row["complete"]) == ("76e7105d2c1f+", True)
    exact = cell.aggregates[0]
    assert (row["value"], row["ci_low"], row["ci_high"]) == (exact.value, exact.ci_low, exact.ci_high)
    assert (row["n_scored"], row["n_unscored"], row["n_failed"]) == (exact.n_scored, 0, 0)
    assert row["started_at"] == pd.Timestamp("2026-11-22T20:18:49Z")


def test_columns_have_tidy_types(tmp_path: Path) -> None:
    record(tmp_path, FIRST)
    types = harness.load_history(tmp_path).dtypes
    assert str(types["started_at"]).startswith("datetime64[")
    assert str(types["started_at"]).endswith(", UTC]")
    assert {str(types[name]) for name in ("suite", "variant", "backend", "metric", "aggregation")} == {"category"}
    assert {str(types[name]) for name in ("value", "ci_low", "ci_high")} == {"float64"}
    assert {str(types[name]) for name in ("n_scored", "n_unscored", "n_failed")} == {"int64"}
    assert str(types["complete"]) == "bool"


def test_value_that_there_is_not_is_missing(tmp_path: Path) -> None:
    record(tmp_path, FIRST)
    frame = harness.load_history(tmp_path)
    lacking = frame[(frame["metric"] == "cost_usd") & (frame["backend"] == "smollm2")]
    assert lacking["value"].isna().all()
    assert list(lacking["n_unscored"]) == [2]


def test_what_gates_are_judged_by_beyond_the_table_is_there_once(tmp_path: Path) -> None:
    run = run_of(SHAPE)
    verdict = run.verdicts[0]
    aggregate = replace(verdict.aggregate, metric="passes_tests", aggregation="pass@k", value=0.5)
    gate = GateSpec("passes_tests.pass@5 >= 0.3", "passes_tests", "pass@k", ">=", 0.3, k=5)
    verdicts = (*run.verdicts, *[replace(verdict, gate=gate, aggregate=aggregate)] * 2)
    record(tmp_path, FIRST, replace(run, verdicts=verdicts))
    frame = harness.load_history(tmp_path)
    assert list(frame[frame["aggregation"] == "pass@5"]["value"]) == [0.5]
    keys = ["run_id", "suite", "variant", "backend", "metric", "aggregation"]
    assert not frame.duplicated(keys).any()


def test_runs_follow_each_other_and_one_that_is_resumed_is_there_once(tmp_path: Path) -> None:
    unfinished = run_of(replace(SHAPE, complete=False))
    for run_id, run in ((FIRST, None), (SECOND, unfinished), ("20261123T000000Z-cccc", None)):
        record(tmp_path, run_id, run)
    before = harness.load_history(tmp_path)
    assert not before[before["run_id"] == SECOND]["complete"].any()
    record(tmp_path, SECOND)
    assert runs_in(tmp_path) == [FIRST, "20261123T000000Z-cccc", SECOND]
    after = harness.load_history(tmp_path)
    assert after["complete"].all()
    assert len(after) == len(before)


def test_run_without_a_trial_adds_nothing(tmp_path: Path) -> None:
    assert record(tmp_path, FIRST, replace(run_of(SHAPE), cells=(), verdicts=(), results=())) == []
    assert harness.load_history(tmp_path).empty


@pytest.mark.parametrize(
    "content",
    [b"", b"PAR1 no more", b"PAR1" + b"\0" * 100 + b"PAR1"],
    ids=["empty", "cut", "filled with nulls"],
)
def test_damaged_history_is_moved_aside_and_said(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "history.parquet"
    for number in (1, 2):
        path.write_bytes(content)
        (told,) = record(tmp_path, FIRST)
        assert told.startswith(f"{path}: it was damaged (")
        assert told.endswith(
            f"); a new one begins with this run; the old one is kept as history.parquet.damaged-{number}"
        )
        assert told.isprintable()
        assert (tmp_path / f"history.parquet.damaged-{number}").read_bytes() == content
        assert runs_in(tmp_path) == [FIRST]


def test_table_of_something_else_is_moved_aside(tmp_path: Path) -> None:
    path = tmp_path / "history.parquet"
    for table in (pa.table({"x": [1]}), pa.table({"run_id": ["a"], "value": ["text"]})):
        pq.write_table(table, path)
        (told,) = record(tmp_path, FIRST)
        assert "it was damaged (" in told
        assert runs_in(tmp_path) == [FIRST]


def test_columns_of_other_versions_stay(tmp_path: Path) -> None:
    record(tmp_path, FIRST)
    path = tmp_path / "history.parquet"
    table = pq.read_table(path)
    pq.write_table(table.drop_columns(["complete"]).append_column("mood", pa.array(["x"] * table.num_rows)), path)
    assert record(tmp_path, SECOND) == []
    frame = harness.load_history(tmp_path)
    assert runs_in(tmp_path) == [FIRST, SECOND]
    first = frame["run_id"] == FIRST
    assert (frame[first]["mood"] == "x").all()
    assert frame[~first]["mood"].isna().all()
    assert frame[first]["complete"].isna().all()
    assert frame[~first]["complete"].all()


def test_history_that_is_being_written_for_long_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "_PATIENCE_S", 0.05)
    record(tmp_path, FIRST)
    with FileLock(tmp_path / ".history.lock"):
        told = record(tmp_path, SECOND)
    why = "another run has been writing it for 0.05 s"
    assert told == [LACKS.format(path=tmp_path / "history.parquet", why=why)]
    assert (tmp_path / "runs" / SECOND / "run.json").is_file()
    assert runs_in(tmp_path) == [FIRST]


@pytest.mark.parametrize(
    ("make", "whys"),
    [
        (lambda path: path.mkdir(), ("it is a folder", "it is a folder")),
        (os.mkfifo, ("it is no regular file", "it is a pipe or a device, no regular file")),
        (lambda path: path.symlink_to("nowhere"), ("it is no regular file", "it is a link to nothing")),
    ],
    ids=["folder", "pipe", "dangling link"],
)
def test_what_is_no_file_is_said_and_left_where_it_is_and_the_run_is_recorded(
    tmp_path: Path, make: Callable[[Path], None], whys: tuple[str, str]
) -> None:
    path = tmp_path / "history.parquet"
    make(path)
    assert record(tmp_path, FIRST) == [LACKS.format(path=path, why=whys[0])]
    assert (tmp_path / "runs" / FIRST / "run.json").is_file()
    assert not path.is_file()
    with pytest.raises(RecordError) as caught:
        harness.load_history(tmp_path)
    assert str(caught.value) == DAMAGED.format(path=path, why=whys[1])


def with_column(name: str, values: Any) -> Any:
    """Changes a table's column, or takes it away."""

    def changed(table: pa.Table) -> pa.Table:
        place = table.column_names.index(name)
        left = table.drop_columns([name])
        return left if values is None else left.add_column(place, name, pa.array(values(table.num_rows)))

    return changed


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (with_column("value", None), "it has no column value"),
        (with_column("value", lambda n: ["high"] * n), "column value is string"),
        (with_column("value", lambda n: [float("inf")] * n), "column value holds a number that is none of a run's"),
        (with_column("n_scored", lambda n: [-1] * n), "column n_scored holds a number that is none of a run's"),
        (with_column("started_at", lambda n: ["noon"] * n), "column started_at holds what is no time"),
        (with_column("variant", lambda n: [None, *["v"] * (n - 1)]), "column variant is empty in 1 of 16 rows"),
    ],
)
def test_history_in_another_form_is_one_clear_line_and_is_moved_aside_not_lost(
    tmp_path: Path, change: Any, why: str
) -> None:
    path = tmp_path / "history.parquet"
    record(tmp_path, FIRST)
    pq.write_table(change(pq.read_table(path)), path)
    before = path.read_bytes()
    with pytest.raises(RecordError) as caught:
        harness.load_history(tmp_path)
    assert str(caught.value) == DAMAGED.format(path=path, why=why)
    (told,) = record(tmp_path, SECOND)
    assert "it was damaged (" in told
    assert (tmp_path / "history.parquet.damaged-1").read_bytes() == before
    assert runs_in(tmp_path) == [SECOND]


def test_history_that_pandas_wrote_again_goes_on(tmp_path: Path) -> None:
    record(tmp_path, FIRST)
    path = tmp_path / "history.parquet"
    pd.read_parquet(path).astype({"suite": "category"}).to_parquet(path)
    assert record(tmp_path, SECOND) == []
    assert runs_in(tmp_path) == [FIRST, SECOND]


def test_history_is_written_here_when_the_process_is_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written = Tables.written

    def killed(self: Tables) -> None:
        written(self)
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    monkeypatch.setattr(Tables, "written", killed)
    assert record(tmp_path, FIRST) == []
    (tmp_path / "history.parquet").write_bytes(b"damaged")
    assert "it was damaged (" in record(tmp_path, SECOND)[0]
    assert runs_in(tmp_path) == [SECOND]


def test_nothing_half_written_is_left(tmp_path: Path) -> None:
    record(tmp_path, FIRST)
    assert sorted(path.name for path in tmp_path.iterdir() if path.name != ".history.lock") == [
        "history.parquet",
        "latest",
        "runs",
    ]


SCRIPT = """if True:
    import sys
    from pathlib import Path
    from harness.record import RunStore
    from msgspec.structs import replace
    from tests.unit.report.run_records import Shape, build_record
    run = build_record(Shape(samples=1, variants=("zero_shot",)))
    told = []
    for number in range(4):
        manifest = replace(run.manifest, run_id=f"run-{sys.argv[2]}-{number}")
        store = RunStore(Path(sys.argv[1]), notice=told.append)
        store.write(replace(run, manifest=manifest), {})
    print(told, {"pyarrow", "numpy", "pandas"} & set(sys.modules))
"""


def test_runs_at_the_same_time_are_all_there_and_none_loads_arrow(tmp_path: Path) -> None:
    command = [sys.executable, "-c", SCRIPT, str(tmp_path)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    processes = [
        subprocess.Popen([*command, str(number)], stdout=subprocess.PIPE, text=True, env=environment)
        for number in range(3)
    ]
    assert [process.communicate()[0] for process in processes] == ["[] set()\n"] * 3
    assert sorted(runs_in(tmp_path)) == sorted(f"run-{one}-{two}" for one in range(3) for two in range(4))


def test_no_history_and_a_damaged_one_are_one_clear_line(tmp_path: Path) -> None:
    path = tmp_path / "history.parquet"
    with pytest.raises(RecordError) as caught:
        harness.load_history(tmp_path)
    assert str(caught.value) == (
        f"{path}: no history is here; every run adds to it; record one with: pytest --prompt-suite"
    )
    path.write_bytes(b"PAR1 no more")
    with pytest.raises(RecordError) as caught:
        harness.load_history(str(tmp_path))
    assert str(caught.value).startswith(f"{path}: the history is damaged (")
    assert str(caught.value).endswith("; the file as recorded is needed; move it away: the next run begins another")
    assert str(caught.value).isprintable()
