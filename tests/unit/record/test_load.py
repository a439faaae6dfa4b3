from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

import harness
from harness.errors import RecordError
from harness.record import list_runs, load_manifest, load_run
from harness.schema import SCHEMA_VERSION

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.record.conftest import Recorded


def said(path: Path) -> str:
    with pytest.raises(RecordError) as caught:
        load_manifest(path)
    return str(caught.value)


def test_manifest_comes_back_as_it_was(recorded: Recorded) -> None:
    manifest, written = load_manifest(recorded.folder), recorded.record.manifest
    assert (manifest.run_id, manifest.complete, manifest.git_commit) == (written.run_id, True, written.git_commit)
    assert manifest.totals == written.totals
    assert list(manifest.suites) == list(written.suites)


def test_run_is_found_by_its_folder_as_text_or_path_and_by_latest(recorded: Recorded) -> None:
    for path in (recorded.folder, str(recorded.folder), recorded.reports / "latest"):
        run = harness.load_run(path)
        assert (len(run.trials), run.manifest.run_id) == (
            len(recorded.record.results),
            recorded.record.manifest.run_id,
        )


def test_run_is_shown_in_a_line_and_not_with_all_that_it_holds(recorded: Recorded) -> None:
    run = harness.load_run(recorded.folder)
    totals = recorded.record.manifest.totals
    outcomes = ", ".join(f"{totals[key]} {key}" for key in ("passed", "failed", "error") if totals[key])
    n_held = sum(verdict["passed"] for verdict in run.manifest.verdicts)
    shown = (
        f"20261122T201849.042Z-3f9a; feedback; {totals['trials']} trials: {outcomes}; "
        f"{n_held} of {len(run.manifest.verdicts)} gates held; unknown for the answers"
    )
    assert str(run) == repr(run) == f"<Run {shown}>"


def test_notebook_shows_a_run_as_a_table_with_its_text_escaped(recorded: Recorded) -> None:
    run = harness.load_run(recorded.folder)
    manifest = replace(run.manifest, suites=({"name": "<script>\x1b"},), complete=False, verdicts=())
    html = replace(run, manifest=manifest)._repr_html_()
    assert "<th>Suites</th><td>&lt;script&gt;\\x1b</td>" in html
    assert "3f9a (incomplete)</td>" in html
    assert "Gates" not in html


def test_folder_without_a_manifest_is_no_run(recorded: Recorded) -> None:
    (recorded.folder / "run.json").unlink()
    assert said(recorded.reports / "latest") == (
        f"{recorded.reports / 'latest'}: no recorded run is here; a folder with run.json is expected, such as "
        "reports/latest; record one with: pytest --prompt-suite"
    )


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "Expecting value: line 1 column 1 (char 0)"),
        (b'{"schema_version": 1', "Expecting ',' delimiter: line 1 column 21 (char 20)"),
        (b"\xff", "'utf-8' codec can't decode byte 0xff in position 0: invalid start byte"),
        (b"[]", "it says no schema_version"),
        (b"{}", "it says no schema_version"),
        (b'{"schema_version": "1"}', "it says no schema_version"),
        (b'{"schema_version": 1}', "run_id is missing"),
        (b'{"schema_version": true}', "it says no schema_version"),
        (b'{"schema_version": -5}', "schema_version is no whole number from 1"),
        (b'{"schema_version": 1, "run_id": 7}', "run_id is a whole number, not text"),
    ],
)
def test_damaged_manifest_is_one_clear_line(recorded: Recorded, content: bytes, why: str) -> None:
    file = recorded.folder / "run.json"
    file.write_bytes(content)
    assert said(recorded.folder) == (
        f"{file}: the manifest is damaged ({why}); a run.json as recorded is needed; record the run again"
    )


def test_part_that_is_not_as_recorded_is_damage(recorded: Recorded) -> None:
    file = recorded.change(suites=[{"name": "s", "prompts": {"p": None}}])
    assert said(recorded.folder) == (
        f"{file}: the manifest is damaged (suites[0].prompts[...] is null, not a mapping); a run.json as recorded is "
        "needed; record the run again"
    )


def test_manifest_nested_without_end_is_damage(recorded: Recorded) -> None:
    (recorded.folder / "run.json").write_text("[" * 100_000)
    assert said(recorded.folder).startswith(f"{recorded.folder / 'run.json'}: the manifest is damaged (")


def test_newer_form_is_told_apart_from_damage_even_when_its_fields_differ(recorded: Recorded) -> None:
    file = recorded.folder / "run.json"
    file.write_text(json.dumps({"schema_version": SCHEMA_VERSION + 1, "runs": []}))
    assert said(recorded.folder) == (
        f"{file}: recorded in form {SCHEMA_VERSION + 1}; this version reads up to {SCHEMA_VERSION}; "
        "run: pip install -U pytest-prompt-suite"
    )


def test_field_that_this_version_does_not_know_is_passed_over(recorded: Recorded) -> None:
    recorded.change(mood="good")
    assert load_manifest(recorded.folder).run_id == recorded.record.manifest.run_id


def test_list_is_newest_first_with_what_is_wrong_of_those_that_cannot_be_read(recorded: Recorded) -> None:
    runs = recorded.reports / "runs"
    content = json.loads((recorded.folder / "run.json").read_text())
    for run_id in ("20990101T000000Z-0000", "20980101T000000Z-0000", "20970101T000000Z-0000", "20960101T000000Z-0000"):
        (runs / run_id).mkdir()
        (runs / run_id / "run.json").write_text(json.dumps({**content, "run_id": run_id}))
    (runs / "20980101T000000Z-0000" / "run.json").write_text("{")
    (runs / "20970101T000000Z-0000" / "run.json").write_text(json.dumps(content))
    (runs / "20960101T000000Z-0000" / "run.json").unlink()
    (runs / "stray.txt").write_text("")
    assert [(run.folder.name, run.manifest is None, run.problem) for run in list_runs(recorded.reports)] == [
        ("20990101T000000Z-0000", False, ""),
        (
            "20980101T000000Z-0000",
            True,
            "the manifest is damaged (Expecting property name enclosed in double quotes: line 1 column 2 (char 1))",
        ),
        ("20970101T000000Z-0000", True, f"it is that of run {recorded.folder.name}"),
        (recorded.folder.name, False, ""),
    ]


def test_no_reports_folder_lists_nothing(tmp_path: Path) -> None:
    assert list(list_runs(tmp_path / "absent")) == []


def test_runs_that_cannot_be_listed_are_said(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("")
    with pytest.raises(RecordError) as caught:
        list(list_runs(tmp_path))
    assert str(caught.value) == (
        f"{tmp_path / 'runs'}: the recorded runs cannot be listed (Not a directory); a folder that can be read is "
        "needed; mend it, or name another place with --reports DIR"
    )


@pytest.mark.parametrize("lies", ["fifo", "folder", "link"])
def test_manifest_that_is_no_regular_file_is_damage(recorded: Recorded, lies: str) -> None:
    file = recorded.folder / "run.json"
    file.unlink()
    if lies == "fifo":
        os.mkfifo(file)
    elif lies == "folder":
        file.mkdir()
    else:
        file.symlink_to("nowhere")
    why = {
        "fifo": "it is a pipe or a device, no regular file",
        "folder": "it is a folder",
        "link": "it is a link to nothing",
    }[lies]
    assert said(recorded.folder) == (
        f"{file}: the manifest is damaged ({why}); a run.json as recorded is needed; record the run again"
    )


def test_latest_that_points_nowhere_is_said(recorded: Recorded) -> None:
    latest = recorded.reports / "latest"
    for point in (lambda: latest.symlink_to("runs/gone"), lambda: latest.write_text("runs/gone\n")):
        latest.unlink()
        point()
        assert said(latest) == (
            f"{latest}: it points at the run gone, which is not there; a run that is there is needed; name one by its "
            "id, or record one with: pytest --prompt-suite"
        )


def test_latest_that_is_no_link_and_no_text_is_said(recorded: Recorded) -> None:
    latest = recorded.reports / "latest"
    latest.unlink()
    latest.write_bytes(b"\xff\xfe")
    assert said(latest) == (
        f"{latest}: it does not say where the newest run is ('utf-8' codec can't decode byte 0xff in position 0: "
        "invalid start byte); a link to its folder is expected, or a text with the path; remove it: the next run "
        "writes it anew"
    )


@pytest.mark.parametrize("table", ["trials.parquet", "scores.parquet"])
def test_damaged_table_is_one_clear_line(recorded: Recorded, table: str) -> None:
    (recorded.folder / table).write_bytes(b"PAR1 no more")
    with pytest.raises(RecordError) as caught:
        load_run(recorded.folder)
    start, end = f"{recorded.folder}: a table is missing or damaged (", "); both are needed; record the run again"
    assert str(caught.value).startswith(start)
    assert str(caught.value).endswith(end)
    assert "\n" not in str(caught.value)
