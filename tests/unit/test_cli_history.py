"""`prompt-suite history`: which runs it shows, and when it speaks of a drift."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from harness.record import RunStore
from tests.unit.record.measured_runs import run_of
from tests.unit.report.run_records import Shape

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.unit.conftest import PromptSuite

SHAPE = Shape(samples=1, variants=("zero_shot",), failing_gate=False)
STEADY = [0.60, 0.62, 0.59, 0.61, 0.60, 0.62, 0.58, 0.61, 0.60, 0.61]
ASKED = ("history", "--backend", "local")


def record(reports: Path, values: Sequence[float], *, first: int = 0, rows: str = "a", complete: bool = True) -> None:
    """A run a day with this mean of exact_match over 100 samples: one is recorded, the others follow in its form."""
    path = reports / "history.parquet"
    if not path.exists():
        RunStore(reports).write(run_of(SHAPE, "run-00"), {})
        path.rename(reports / "form.parquet")
    form, known = pd.read_parquet(reports / "form.parquet"), [pd.read_parquet(path)] if path.exists() else []
    for day, value in enumerate(values, start=first):
        run = form.assign(run_id=f"run-{day:02}", started_at=f"2026-{1 + day // 28:02}-{1 + day % 28:02}T20:00:00Z")
        run = run.assign(dataset_hash=rows, complete=complete)
        mean = (run["metric"] == "exact_match") & (run["aggregation"] == "mean")
        run.loc[mean, ["value", "ci_low", "ci_high"]] = [value, value - 0.09, value + 0.09]
        run.loc[mean, "n_scored"] = 100
        known.append(run)
    pd.concat(known).to_parquet(path)


def test_no_history_is_one_clear_line(prompt_suite: PromptSuite) -> None:
    line = "reports: no history yet; every run adds to it; record one with: pytest --prompt-suite\n"
    assert prompt_suite("history", "--fail-on-drift") == (0, line, "")
    assert prompt_suite("history", "--format", "json") == (0, "[]\n", "")


def test_runs_are_shown_oldest_first_with_their_intervals_drawn(prompt_suite: PromptSuite, tmp_path: Path) -> None:
    record(tmp_path / "reports", [0.5, 0.6, 0.7])
    code, out, err = prompt_suite(*ASKED)
    assert (code, err) == (0, "")
    assert out == (
        "feedback: exact_match ↑ of zero_shot on local\n"
        "\n"
        "date (UTC)         run      exact_match    95 % interval     n   0.41 to 0.79\n"
        "────────────────────────────────────────────────────────────────────────────────────────────────\n"
        "2026-01-01 20:00   run-00         0.500   0.410 to 0.590   100   ├──────●──────┤················\n"
        "2026-01-02 20:00   run-01         0.600   0.510 to 0.690   100   ········├──────●──────┤········\n"
        "2026-01-03 20:00   run-02         0.700   0.610 to 0.790   100   ················├──────●──────┤\n"
        "\n"
        "too few runs to tell a drift: 6 over the same rows are needed, there are 3\n"
    )


def test_run_whose_manifest_cannot_be_read_is_named_beside_the_history(
    prompt_suite: PromptSuite, tmp_path: Path
) -> None:
    record(tmp_path / "reports", STEADY)
    (tmp_path / "reports/runs/run-00/run.json").write_text("{}")
    code, out, err = prompt_suite(*ASKED, "--format", "json")
    assert (code, len(json.loads(out)[0]["points"])) == (0, 10)
    assert err == (
        "note: reports/runs/run-00/run.json: the manifest is damaged (it says no schema_version); its rows of the "
        "history are shown, units and directions are those of other runs; move the folder out of reports/runs\n"
    )


def test_run_that_does_not_say_whether_it_was_complete_counts_in_no_drift(
    prompt_suite: PromptSuite, tmp_path: Path
) -> None:
    record(tmp_path / "reports", STEADY)
    path = tmp_path / "reports/history.parquet"
    pd.read_parquet(path).drop(columns=["complete"]).to_parquet(path)
    (series,) = json.loads(prompt_suite(*ASKED, "--format", "json")[1])
    assert (series["points"], len(series["incomplete"])) == ([], 10)


@pytest.mark.parametrize("is_noted", [False, True])
def test_table_fits_eighty_columns(
    prompt_suite: PromptSuite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_noted: bool
) -> None:
    reports = tmp_path / "reports"
    record(reports, [0.5, 0.6, 0.7])
    history = pd.read_parquet(reports / "history.parquet")
    history["run_id"] = history["run_id"].str.replace("run-", "20260101T200000Z-ab")
    if is_noted:
        history.loc[history["run_id"].str.endswith("02"), "prompt_hash"] = "other"
    history.to_parquet(reports / "history.parquet")
    monkeypatch.setenv("COLUMNS", "80")
    lines = prompt_suite(*ASKED)[1].splitlines()
    assert max(map(len, lines)) <= 80
    ends = [] if is_noted else ["0.610", "to", "0.790"]
    head, row = lines[2].split(), lines[6].split()
    assert head == ["run", "exact_match", *([] if is_noted else ["95", "%", "interval"]), "n", "0.41", "to", "0.79"]
    assert row[:2] + row[2 : 2 + len(ends)] == ["20260101T200000Z-ab02", "0.700", *ends]
    assert lines[6].endswith("  prompt changed") == is_noted
    assert "┤" in lines[6]


def test_steady_history_has_no_drift(prompt_suite: PromptSuite, tmp_path: Path) -> None:
    record(tmp_path / "reports", STEADY)
    code, out, _ = prompt_suite(*ASKED, "--fail-on-drift", "--last", "4")
    assert code == 0
    assert out.endswith("\n6 older runs not shown (--last N)\nno drift is shown over 10 runs\n")
    assert sum("run-" in line for line in out.splitlines()) == 4


def test_ten_small_drops_are_noticed_and_fail_on_request(prompt_suite: PromptSuite, tmp_path: Path) -> None:
    drops = [0.60 - 0.012 * step for step in range(1, 11)]
    record(tmp_path / "reports", [*STEADY, *drops])
    code, out, _ = prompt_suite(*ASKED)
    assert code == 0
    (line,) = [line for line in out.splitlines() if line.startswith("drifts")]
    told = (
        "drifts down since 2026-01-11 20:00 (run run-10): -0.07 on average from the 10 runs before to the 10 runs since"
    )
    assert line == told
    assert "each step alone may be chance, all of them to one side are not" in out.splitlines()
    assert prompt_suite(*ASKED, "--fail-on-drift")[0] == 1
    assert prompt_suite("history", "--metric", "latency_s.p95", "--fail-on-drift")[0] == 0


def test_drift_to_the_better_is_told_and_fails_nothing(prompt_suite: PromptSuite, tmp_path: Path) -> None:
    record(tmp_path / "reports", [*STEADY, *(0.60 + 0.012 * step for step in range(1, 11))])
    code, out, _ = prompt_suite(*ASKED, "--fail-on-drift")
    assert code == 0
    assert "\ndrifts up since " in out


def test_drift_whose_direction_nobody_knows_any_more_fails(prompt_suite: PromptSuite, tmp_path: Path) -> None:
    record(tmp_path / "reports", [*STEADY, *(0.60 + 0.012 * step for step in range(1, 11))])
    for manifest in (tmp_path / "reports/runs").glob("*/run.json"):
        manifest.unlink()
    code, out, _ = prompt_suite(*ASKED, "--fail-on-drift")
    assert code == 1
    assert out.startswith("feedback: exact_match of zero_shot on local\n")


def test_runs_over_other_rows_are_shown_and_left_out_of_the_drift(prompt_suite: PromptSuite, tmp_path: Path) -> None:
    record(tmp_path / "reports", [0.2] * 6, rows="b")
    record(tmp_path / "reports", STEADY, first=6)
    code, out, _ = prompt_suite(*ASKED, "--fail-on-drift")
    assert code == 0
    assert sum(line.endswith("other rows") for line in out.splitlines()) == 6
    assert out.endswith("\nno drift is shown over 10 runs\n")


def test_incomplete_runs_are_shown_apart(prompt_suite: PromptSuite, tmp_path: Path) -> None:
    record(tmp_path / "reports", [0.6, 0.6])
    record(tmp_path / "reports", [0.1], first=2, complete=False)
    out = prompt_suite(*ASKED)[1]
    assert out.endswith(
        "too few runs to tell a drift: 6 over the same rows are needed, there are 2\n"
        "incomplete, not counted: 2026-01-03 20:00  run-02  0.100, n 100\n"
    )


def test_json_and_markdown_have_the_same_runs(prompt_suite: PromptSuite, tmp_path: Path) -> None:
    record(tmp_path / "reports", STEADY)
    (series,) = json.loads(prompt_suite(*ASKED, "--format", "json", "--last", "2")[1])
    assert [point["value"] for point in series["points"]] == STEADY[-2:]
    assert (series["metric"], series["higher_is_better"], series["is_drifting"]) == ("exact_match", True, False)
    assert series["words"] == "no drift is shown over 10 runs"
    lines = prompt_suite(*ASKED, "--format", "markdown", "--last", "2")[1].splitlines()
    assert lines[0].startswith("### feedback: exact")
    assert lines[-2:] == ["", "no drift is shown over 10 runs"]
    assert sum("run-" in line for line in lines) == 2


@pytest.mark.parametrize(
    ("option", "message"),
    [
        (["--metric", "exact"], "history: no run has metric 'exact'; available: "),
        (["--suite", "feedbak"], "history: no run has suite 'feedbak'; available: feedback. Did you mean 'feedback'?"),
        (["--variant", "x"], "history: no run has variant 'x'; available: zero_shot."),
    ],
)
def test_name_that_no_run_has_is_a_usage_error(
    prompt_suite: PromptSuite, tmp_path: Path, *, option: list[str], message: str
) -> None:
    record(tmp_path / "reports", [0.6])
    code, out, err = prompt_suite("history", *option)
    assert (code, out) == (4, "")
    assert err.startswith(f"prompt-suite: {message}")
