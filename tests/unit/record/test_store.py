from __future__ import annotations

import json
import re
import subprocess
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace
from pandas.testing import assert_frame_equal

from harness.errors import RecordError
from harness.record import RunStore, load_run, new_run_id
from tests.unit.report.run_records import Shape, build_record

if TYPE_CHECKING:
    from tests.unit.record.conftest import Recorded

UNWRITABLE = (
    "{reports}: the run cannot be recorded ({why}); a writable folder with free space is needed; "
    "choose another with --prompt-reports DIR"
)


def test_run_id_is_utc_time_and_four_random_digits() -> None:
    before = datetime.now(UTC)
    ids = {new_run_id() for _ in range(20)}
    assert all(re.fullmatch(r"[0-9]{8}T[0-9]{6}\.[0-9]{3}Z-[0-9a-f]{4}", each) for each in ids)
    assert len(ids) > 1
    for each in ids:
        named = datetime.strptime(each.partition("Z-")[0], "%Y%m%dT%H%M%S.%f").replace(tzinfo=UTC)
        assert before - timedelta(milliseconds=1) < named <= datetime.now(UTC)


def test_run_ids_are_in_the_order_in_which_they_were_given() -> None:
    ids = []
    for _ in range(20):
        ids.append(new_run_id())
        time.sleep(0.002)
    assert ids == sorted(ids)


def test_run_folder_holds_tables_texts_and_manifest_and_nothing_half_written(recorded: Recorded) -> None:
    assert recorded.folder == recorded.reports / "runs" / recorded.record.manifest.run_id
    names = sorted(path.name for path in recorded.folder.iterdir())
    assert names == ["run.json", "scores.parquet", "summary.md", "trials.parquet"]
    assert (recorded.folder / "summary.md").read_text() == "# A run\n"


def test_manifest_is_written_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    there: dict[str, set[str]] = {}
    replaced = Path.replace

    def noting(self: Path, target: Path) -> Path:
        there[target.name] = {path.name for path in target.parent.iterdir()}
        return replaced(self, target)

    monkeypatch.setattr(Path, "replace", noting)
    RunStore(tmp_path).write(build_record(Shape(samples=1)), {"summary.md": lambda: "", "report.html": lambda: ""})
    assert list(there) == ["scores.parquet", "trials.parquet", "summary.md", "report.html", "run.json", "latest"]
    assert {"trials.parquet", "scores.parquet", "summary.md", "report.html"} <= there["run.json"]


def test_file_that_cannot_be_finished_leaves_the_old_one_whole(
    recorded: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = RunStore(recorded.reports)
    store.write_index("old")

    def full(_self: Path, _target: Path) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(RecordError) as caught:
        store.write_index("new")
    assert str(caught.value) == UNWRITABLE.format(reports=recorded.reports, why="No space left on device")
    assert (recorded.reports / "index.html").read_text() == "old"


def test_latest_moves_to_the_newest_run(recorded: Recorded) -> None:
    latest = recorded.reports / "latest"
    assert latest.is_symlink()
    assert str(latest.readlink()) == f"runs/{recorded.record.manifest.run_id}"
    newer = replace(recorded.record.manifest, run_id="20990101T000000Z-0000")
    RunStore(recorded.reports).write(replace(recorded.record, manifest=newer), {})
    assert load_run(latest).manifest.run_id == "20990101T000000Z-0000"


def test_latest_is_a_text_file_where_links_are_not_allowed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_arguments: object, **_options: object) -> None:
        raise OSError(1, "Operation not permitted")

    monkeypatch.setattr(Path, "symlink_to", refused)
    record = build_record(Shape(samples=1))
    RunStore(tmp_path).write(record, {})
    assert (tmp_path / "latest").read_text() == f"runs/{record.manifest.run_id}\n"
    assert load_run(tmp_path / "latest").manifest == load_run(tmp_path / "runs" / record.manifest.run_id).manifest


def test_text_with_half_a_surrogate_pair_is_written(tmp_path: Path) -> None:
    folder = RunStore(tmp_path).write(build_record(Shape(samples=1)), {"summary.md": lambda: "half \ud800 a pair\n"})
    assert (folder / "summary.md").read_text(encoding="utf-8") == "half ? a pair\n"


def test_checking_makes_the_folder_and_leaves_nothing_in_it(tmp_path: Path) -> None:
    RunStore(tmp_path / "reports").prepare(())
    assert list((tmp_path / "reports/runs").iterdir()) == []


def test_folder_that_cannot_be_made_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    reports = tmp_path / "file" / "reports"
    for attempt in (lambda: RunStore(reports).prepare(()), lambda: RunStore(reports).write(build_record(), {})):
        with pytest.raises(RecordError) as caught:
            attempt()
        assert str(caught.value) == UNWRITABLE.format(reports=reports, why="Not a directory")


def test_manifest_holds_the_record_s(recorded: Recorded) -> None:
    manifest = json.loads((recorded.folder / "run.json").read_text())
    assert manifest["run_id"] == recorded.record.manifest.run_id
    assert manifest["totals"]["trials"] == len(recorded.record.results)


@pytest.mark.parametrize("name", ["latest", "index.html"])
def test_folder_in_the_place_of_a_file_is_said_before_the_run(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    with pytest.raises(RecordError) as caught:
        RunStore(tmp_path).prepare(())
    assert str(caught.value) == (
        f"{tmp_path / name}: is a folder; every run writes a file or link of this name; move it away, or choose "
        "another place with --prompt-reports DIR"
    )


def test_nothing_half_written_is_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_self: Path, _target: Path) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(RecordError):
        RunStore(tmp_path).write(build_record(Shape(samples=1)), {"summary.md": lambda: "", "report.html": lambda: ""})
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_rows_that_were_added_while_the_run_went_on_stand_before_the_rest(tmp_path: Path) -> None:
    record = build_record(Shape(samples=9))
    whole, piecewise = RunStore(tmp_path / "whole"), RunStore(tmp_path / "piecewise")
    whole.prepare(record.suites)
    piecewise.prepare(record.suites)
    for start in range(0, 6, 2):
        piecewise.add(record.results[start : start + 2])
    at_once, in_parts = (load_run(store.write(record, {})) for store in (whole, piecewise))
    assert_frame_equal(at_once.trials, in_parts.trials)
    assert_frame_equal(at_once.scores, in_parts.scores)
    assert list(in_parts.trials["trial_id"]) == [result.trial.trial_id for result in record.results]


def test_rows_that_were_added_are_there_when_their_process_was_killed(tmp_path: Path) -> None:
    record = build_record(Shape(samples=9))
    store = RunStore(tmp_path)
    store.prepare(record.suites)
    store.add(record.results[:4])
    assert store._tables is not None
    assert store._tables._process is not None
    store._tables._process.kill()
    store._tables._process.wait()
    store.add(record.results[4:8])
    run = load_run(store.write(record, {}))
    assert list(run.trials["trial_id"]) == [result.trial.trial_id for result in record.results]
    assert len(run.scores) == sum(len(result.scores) for result in record.results)


def ignored(folder: Path) -> set[str]:
    """What git passes over in the checkout at `folder`."""
    said = subprocess.run(
        ["git", "status", "--porcelain", "--ignored", "--untracked-files=all"],
        cwd=folder, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return {line[3:] for line in said.stdout.splitlines() if line.startswith("!!")}


def recorded_in(reports: Path) -> None:
    store = RunStore(reports)
    store.prepare(())
    record = build_record(Shape(samples=1))
    RunStore(reports).write(replace(record, manifest=replace(record.manifest, run_id="r1")), {})
    RunStore(reports).write_index("index")


@pytest.mark.parametrize("is_cloned", [False, True])
def test_git_passes_over_what_runs_write_and_keeps_baselines(tmp_path: Path, *, is_cloned: bool) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    reports = tmp_path / "reports"
    if is_cloned:
        (reports / "baselines").mkdir(parents=True)
        (reports / "baselines" / "s.jsonl").write_text("{}\n")
    recorded_in(reports)
    (reports / "baselines").mkdir(exist_ok=True)
    (reports / "baselines" / "t.jsonl").write_text("{}\n")
    assert {path.relative_to(reports).parts[0] for path in reports.rglob("*")} - {"baselines"} == {
        Path(name).relative_to("reports").parts[0] for name in ignored(tmp_path)
    }


def test_ignore_file_of_ones_own_is_kept_and_a_folder_in_use_gets_none(tmp_path: Path) -> None:
    own, used = tmp_path / "own", tmp_path / "used"
    for folder in (own, used):
        folder.mkdir()
    (own / ".gitignore").write_text("mine\n")
    (used / "notes.md").write_text("mine\n")
    for folder in (own, used):
        RunStore(folder).prepare(())
    assert (own / ".gitignore").read_text() == "mine\n"
    assert not (used / ".gitignore").exists()


def test_ignore_file_that_was_deleted_stays_away(tmp_path: Path) -> None:
    RunStore(tmp_path).prepare(())
    (tmp_path / ".gitignore").unlink()
    RunStore(tmp_path).prepare(())
    assert not (tmp_path / ".gitignore").exists()
