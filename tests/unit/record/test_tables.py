from __future__ import annotations

import errno
import gc
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq
import pytest
from msgspec.structs import replace

from harness.record.scores import SCORE_COLUMNS, score_groups
from harness.record.tables import Table, Tables, write_here
from harness.record.trials import TRIAL_COLUMNS, trial_groups
from harness.schema import CallError, CheckSpec, Generation, Score, TrialResult
from tests.unit.report.run_records import Shape, build_record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    import pyarrow as pa

    from harness.record.parquet import Group
    from harness.schema import RunRecord, Status

SHAPE = Shape(samples=1, variants=("zero_shot",), backends=(("local", "m"),))


def written(columns: Mapping[str, str], groups: Callable[[], Iterable[Group]]) -> pa.Table:
    """The table as this process writes it, having read what the process of its own wrote as well: both are equal."""
    with TemporaryDirectory() as folder:
        here, there = Path(folder, "here"), Path(folder, "there")
        write_here([Table(here, columns, groups)])
        tables = Tables()
        tables.send([Table(there, columns, groups)])
        tables.written()
        tables.close()
        found = pq.read_table(here)
        assert found.schema == pq.read_table(there).schema
        assert found.to_pylist() == pq.read_table(there).to_pylist()
        return found


def trials_table(record: RunRecord) -> pa.Table:
    return written(TRIAL_COLUMNS, lambda: trial_groups(record.suites, record.results))


def scores_table(record: RunRecord) -> pa.Table:
    return written(SCORE_COLUMNS, lambda: score_groups(record.suites, record.results))


def record_of(result: TrialResult, *checks: CheckSpec) -> RunRecord:
    """A run of one trial."""
    built = build_record(SHAPE)
    suite = replace(built.suites[0], checks=checks)
    return replace(built, suites=(suite,), results=(result,))


def first() -> TrialResult:
    return build_record(SHAPE).results[0]


def row(record: RunRecord) -> dict[str, Any]:
    found: dict[str, Any] = trials_table(record).to_pylist()[0]
    return found


def passed(record: RunRecord) -> dict[str, bool | None]:
    return {each["metric"]: each["passed"] for each in scores_table(record).to_pylist()}


def test_run_without_trials_has_tables_with_typed_columns() -> None:
    empty = replace(build_record(SHAPE), results=())
    assert (trials_table(empty).num_rows, scores_table(empty).num_rows) == (0, 0)
    assert str(trials_table(empty).schema.field("latency_s").type) == "double"
    assert str(scores_table(empty).schema.field("passed").type) == "bool"


def test_trial_that_was_not_run_has_nulls_and_no_scores() -> None:
    result = TrialResult(first().trial, "not_run", None, None, None, (), ())
    made = row(record_of(result))
    empty = "output raw_output error finish_reason latency_s input_tokens cost_usd from_cache retries started_at"
    assert {made[name] for name in empty.split()} == {None}
    assert made["outcome"] == "not_run"
    assert scores_table(record_of(result)).num_rows == 0


def test_error_is_kind_and_message() -> None:
    result = replace(first(), error=CallError("timeout", "no answer within 60 s"))
    assert row(record_of(result))["error"] == "timeout: no answer within 60 s"


def test_half_a_surrogate_pair_does_not_break_the_tables() -> None:
    half = "half \ud800"
    result = first()
    sample = replace(result.trial.sample, sample_id=half, group=half, tags=(half,), references=(half,))
    scores = (Score("exact_match", None, "failed", half),)
    result = replace(
        result,
        trial=replace(result.trial, sample=sample),
        output=half,
        generation=Generation(half),
        error=CallError("output", half),
        missed=(half,),
        scores=scores,
    )
    made = row(record_of(result))
    assert [made[name] for name in ("sample", "group", "output", "raw_output")] == ["half ?"] * 4
    assert [made[name] for name in ("tags", "references", "missed")] == [["half ?"]] * 3
    assert made["error"] == "output: half ?"
    assert scores_table(record_of(result)).to_pylist()[0]["reason"] == "half ?"


@pytest.mark.parametrize(
    ("value", "checks", "holds"),
    [
        (1.0, [], None),
        (1.0, ["=="], True),
        (0.0, ["=="], False),
        (0.0, ["==", "<="], False),
        (0.0, ["<=", "=="], False),
        (1.0, ["<=", "=="], True),
        (None, ["=="], False),
    ],
)
def test_score_passed_when_every_check_on_its_measure_holds(
    *, value: float | None, checks: list[Any], holds: bool | None
) -> None:
    status: Status = "failed" if value is None else "scored"
    result = replace(first(), scores=(Score("exact_match", value, status),))
    specs = [CheckSpec(f"exact_match {sign} 1", "exact_match", sign, 1.0) for sign in checks]
    assert passed(record_of(result, *specs)) == {"exact_match": holds}


def test_trial_without_an_answer_passed_no_check() -> None:
    error = CallError("timeout", "no answer")
    scores = (Score("exact_match", None, "failed", "no answer"), Score("f1", None, "failed", "no answer"))
    result = TrialResult(first().trial, "error", None, None, error, scores, ())
    check = CheckSpec("exact_match == 1", "exact_match", "==", 1.0)
    assert passed(record_of(result, check)) == {"exact_match": False, "f1": None}


def test_rows_beyond_one_group_are_all_there_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    record = build_record(replace(SHAPE, samples=7))
    monkeypatch.setattr("harness.record.trials._GROUP", 3)
    monkeypatch.setattr("harness.record.scores._GROUP", 3)
    assert trials_table(record)["trial_id"].to_pylist() == [result.trial.trial_id for result in record.results]
    assert scores_table(record).num_rows == sum(len(result.scores) for result in record.results)


def test_tables_are_written_without_loading_arrow_here() -> None:
    script = """if True:
        import sys
        from pathlib import Path
        from tests.unit.report.run_records import Shape, build_record
        from harness.record.scores import SCORE_COLUMNS, score_groups
        from harness.record.tables import Table, Tables
        record = build_record(Shape(samples=1, variants=("a",), backends=(("local", "m"),)))
        tables = Tables()
        rows = lambda: score_groups(record.suites, record.results)
        tables.send([Table(Path(sys.argv[1], "scores"), SCORE_COLUMNS, rows)])
        tables.written()
        print(Path(sys.argv[1], "scores").exists(), {"pyarrow", "numpy", "pandas"} & set(sys.modules))
    """
    with TemporaryDirectory() as folder:
        done = subprocess.run([sys.executable, "-c", script, folder], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("True set()\n", "")


def one_table(path: Path) -> Table:
    record = build_record(SHAPE)
    return Table(path, TRIAL_COLUMNS, lambda: trial_groups(record.suites, record.results))


def test_file_that_cannot_be_written_is_an_oserror_and_the_others_are_written(tmp_path: Path) -> None:
    tables = Tables()
    tables.send([one_table(tmp_path / "none" / "t.parquet"), one_table(tmp_path / "t.parquet")])
    with pytest.raises(OSError, match="No such file or directory") as caught:
        tables.written()
    assert caught.value.errno == errno.ENOENT
    assert pq.read_table(tmp_path / "t.parquet").num_rows == 1
    tables.close()


def test_tables_are_written_here_when_their_process_was_killed(tmp_path: Path) -> None:
    tables = Tables()
    assert tables._process is not None
    tables._process.kill()
    tables._process.wait()
    tables.send([one_table(tmp_path / "t.parquet")])
    tables.written()
    assert pq.read_table(tmp_path / "t.parquet").num_rows == 1
    tables.close()


def test_tables_are_written_here_when_no_process_can_be_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "no-python"))
    tables = Tables()
    tables.send([one_table(tmp_path / "t.parquet")])
    tables.written()
    assert pq.read_table(tmp_path / "t.parquet").num_rows == 1
    tables.close()


def test_process_ends_with_the_object_that_started_it() -> None:
    tables = Tables()
    process = tables._process
    assert process is not None
    assert process.poll() is None
    del tables
    gc.collect()
    assert process.poll() == 0
