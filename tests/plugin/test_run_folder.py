"""What a run leaves behind."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pandas as pd
import pytest

import harness
from harness.errors import RecordError
from tests.plugin.conftest import ROWS

if TYPE_CHECKING:
    from pathlib import Path

    from tests.plugin.conftest import Project

# As written in the design's list of files.
TRIAL_COLUMNS = """
suite variant prompt prompt_version backend model sample repeat trial_id group tags messages
output raw_output error finish_reason latency_s input_tokens output_tokens
cached_input_tokens cost_usd from_cache retries started_at
"""
SCORE_COLUMNS = "trial_id suite variant backend sample repeat metric value status passed reason cost_usd signature"


def test_run_folder_holds_what_the_interface_lists(project: Project) -> None:
    project.add('checks: [exact_match]\ngates: ["error_rate <= 0"]\n')
    project.run()
    names = {path.name for path in project.latest.iterdir()}
    assert names == {"run.json", "trials.parquet", "scores.parquet", "spans.jsonl", "summary.md", "report.html"}
    manifest = json.loads((project.latest / "run.json").read_text())
    assert project.latest.resolve().name == manifest["run_id"]
    assert manifest["complete"] is True
    assert manifest["totals"]["trials"] == 8
    assert manifest["totals"]["failed"] == 2
    assert [verdict["passed"] for verdict in manifest["verdicts"]] == [True, True]
    assert (project.path / "reports/index.html").is_file()


def test_trials_parquet_has_the_columns_of_the_interface(project: Project) -> None:
    project.run()
    trials = pd.read_parquet(project.latest / "trials.parquet")
    assert list(trials.columns)[: len(TRIAL_COLUMNS.split())] == TRIAL_COLUMNS.split()
    row = trials.set_index("trial_id").iloc[0]
    assert (row["suite"], row["variant"], row["prompt"], row["prompt_version"]) == ("capitals", "plain", "plain", "1.0")
    assert (row["sample"], row["repeat"], row["output"], row["raw_output"]) == ("fr", 1, "Paris", "Paris")
    assert json.loads(row["messages"]) == [
        {"role": "system", "content": "Answer with the capital only."},
        {"role": "user", "content": "What is the capital of France?"},
    ]
    assert list(row["tags"]) == ["europe"]
    assert pd.isna(row["cost_usd"])


def test_scores_parquet_says_which_checks_passed(project: Project) -> None:
    project.add("checks: [exact_match]\n")
    project.run()
    scores = pd.read_parquet(project.latest / "scores.parquet")
    assert list(scores.columns) == SCORE_COLUMNS.split()
    exact = scores[scores["metric"] == "exact_match"]
    assert exact["passed"].tolist() == [True, True, True, True, False, True, True, False]
    assert exact["value"].tolist() == [1, 1, 1, 1, 0, 1, 1, 0]
    assert scores[scores["metric"] == "latency_s"]["passed"].isna().all()
    assert scores[scores["metric"] == "cost_usd"]["status"].eq("unscored").all()
    assert scores["signature"].str.len().gt(0).all()


def test_load_run_gives_dataframes(project: Project) -> None:
    project.run()
    run = harness.load_run(project.path / "reports" / "latest")
    assert (len(run.trials), run.manifest.complete) == (8, True)
    assert set(run.scores["trial_id"]) == set(run.trials["trial_id"])


def test_load_run_of_nothing_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(RecordError) as caught:
        harness.load_run(tmp_path)
    assert str(caught.value) == (
        f"{tmp_path}: no recorded run is here; a folder with run.json is expected, such as reports/latest; "
        "record one with: pytest --prompt-suite"
    )


def test_each_run_has_a_folder_of_its_own_and_latest_moves(project: Project) -> None:
    project.run()
    first = project.latest.resolve()
    project.run()
    assert project.latest.resolve() != first
    assert len(list((project.path / "reports/runs").iterdir())) == 2


def test_history_follows_a_metric_over_runs(project: Project) -> None:
    project.run()
    project.run()
    history = harness.load_history(project.path / "reports")
    rows = history[(history["metric"] == "exact_match") & (history["aggregation"] == "mean")]
    assert rows["run_id"].nunique() == 2
    assert (
        list(zip(rows["variant"], rows["value"], rows["n_scored"], strict=True))
        == [
            ("plain", 1.0, 4),
            ("shouted", 0.5, 4),
        ]
        * 2
    )
    assert rows["complete"].all()


def test_damaged_history_is_said_and_kept(project: Project) -> None:
    (project.path / "reports").mkdir()
    (project.path / "reports/history.parquet").write_text("no table")
    result = project.run()
    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines(
        ["*reports/history.parquet: it was damaged (*); *; the old one is kept as history.parquet.damaged-1"]
    )
    assert (project.path / "reports/history.parquet.damaged-1").read_text() == "no table"


def test_row_s_hash_tells_an_edited_row(project: Project) -> None:
    project.run()
    before = harness.load_run(project.latest).trials.set_index("trial_id")["sample_hash"]
    assert before.str.fullmatch("[0-9a-f]{16}").all()
    project.rows([{**ROWS[0], "tags": ["europe", "west"]}, *ROWS[1:]])
    project.run()
    after = harness.load_run(project.latest).trials.set_index("trial_id")
    edited = after["sample_hash"] != before[after.index]
    assert list(after[edited]["sample"]) == ["fr", "fr"]


def test_second_run_is_answered_from_the_cache(project: Project) -> None:
    calls = project.count_calls()
    project.run()
    project.run()
    assert harness.load_run(project.latest).trials["from_cache"].all()
    assert calls.read_text() == "x" * 8


def test_changed_application_is_asked_again(project: Project) -> None:
    project.run()
    calls = project.count_calls()
    project.run()
    assert calls.read_text() == "x" * 8


def test_reports_go_where_the_option_says(project: Project) -> None:
    project.run("--prompt-reports", "elsewhere")
    assert (project.path / "elsewhere/latest/run.json").is_file()
    assert not (project.path / "reports").exists()


def test_reports_folder_that_cannot_be_made_is_said_before_the_first_call(project: Project) -> None:
    (project.path / "file").write_text("")
    calls = project.count_calls()
    result = project.run("--prompt-reports", "file/below")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        [
            (
                "ERROR: *file/below: the run cannot be recorded (Not a directory); "
                "a writable folder with free space is needed; choose another with --prompt-reports DIR"
            )
        ]
    )
    assert not calls.exists()


def test_hostile_model_text_is_recorded_and_shown_harmless(project: Project) -> None:
    project.write(
        "app.py", "def answer(messages):\n    return '\\x1b[2Jgone \\ud800 </script><script>alert(1)</script>'\n"
    )
    project.add("checks: [exact_match]\n")
    result = project.run("-k", "plain and fr")
    assert "\x1b[2J" not in result.stdout.str()
    result.stdout.fnmatch_lines(["  \\x1b[2Jgone \\ud800 </script>*"])
    assert "<script>alert(1)" not in (project.latest / "report.html").read_text()
    trials = harness.load_run(project.latest).trials
    assert trials["raw_output"][0].startswith("\x1b[2Jgone ? </script>")


def test_gate_whose_item_runs_twice_has_one_verdict(project: Project) -> None:
    project.add('gates: ["exact_match.mean >= 0.1"]\n')
    result = project.run("--keep-duplicates", "suites", "suites/capitals")
    assert result.ret == pytest.ExitCode.OK
    manifest = json.loads((project.latest / "run.json").read_text())
    assert [verdict["variant"] for verdict in manifest["verdicts"]] == ["plain", "shouted"]
