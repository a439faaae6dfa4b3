from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

import harness
from harness.errors import RecordError
from harness.record import list_manifests, load_manifest, load_run
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
        f"20261122T201849Z-3f9a; feedback; {totals['trials']} trials: {outcomes}; "
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
        (b'{"schema_version": 1, "run_id": 7}', "run_id is of the wrong type"),
    ],
)
def test_damaged_manifest_is_one_clear_line(recorded: Recorded, content: bytes, why: str) -> None:
    file = recorded.folder / "run.json"
    file.write_bytes(content)
    assert said(recorded.folder) == (
        f"{file}: the manifest is damaged ({why}); a run.json as recorded is needed; record the run again"
    )


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("started_at", None),
        ("wall_s", "1"),
        ("complete", "yes"),
        ("versions", []),
        ("git_commit", 7),
        ("suites", {}),
        ("totals", None),
        ("verdicts", None),
        ("cells", "x"),
    ],
)
def test_field_of_the_wrong_type_is_damage(recorded: Recorded, field: str, wrong: Any) -> None:
    file = recorded.change(**{field: wrong})
    assert said(recorded.folder) == (
        f"{file}: the manifest is damaged ({field} is of the wrong type); a run.json as recorded is needed; "
        "record the run again"
    )


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"suites": [7]}, "suites holds what is no mapping"),
        ({"cells": [None]}, "cells holds what is no mapping"),
        ({"totals": {"trials": "many"}}, "trials is no number"),
        ({"totals": {"trials": None}, "wall_s": float("nan")}, "wall_s is no number"),
    ],
)
def test_what_the_list_of_runs_could_not_show_is_damage(recorded: Recorded, fields: dict[str, Any], why: str) -> None:
    recorded.change(**fields)
    assert f"the manifest is damaged ({why}); " in said(recorded.folder)


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


def test_list_is_newest_first_without_what_cannot_be_read(recorded: Recorded) -> None:
    runs = recorded.reports / "runs"
    for run_id in ("20990101T000000Z-0000", "20980101T000000Z-0000", "20970101T000000Z-0000"):
        (runs / run_id).mkdir()
        content = json.loads((recorded.folder / "run.json").read_text())
        (runs / run_id / "run.json").write_text(json.dumps({**content, "run_id": run_id}))
    (runs / "20980101T000000Z-0000" / "run.json").write_text("{")
    (runs / "stray.txt").write_text("")
    assert [manifest.run_id for manifest in list_manifests(recorded.reports)] == [
        "20990101T000000Z-0000",
        "20970101T000000Z-0000",
        recorded.record.manifest.run_id,
    ]


def test_no_reports_folder_lists_nothing(tmp_path: Path) -> None:
    assert list_manifests(tmp_path / "absent") == []


@pytest.mark.parametrize("table", ["trials.parquet", "scores.parquet"])
def test_damaged_table_is_one_clear_line(recorded: Recorded, table: str) -> None:
    (recorded.folder / table).write_bytes(b"PAR1 no more")
    with pytest.raises(RecordError) as caught:
        load_run(recorded.folder)
    start, end = f"{recorded.folder}: a table is missing or damaged (", "); both are needed; record the run again"
    assert str(caught.value).startswith(start)
    assert str(caught.value).endswith(end)
    assert "\n" not in str(caught.value)
