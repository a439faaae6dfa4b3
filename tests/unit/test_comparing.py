"""`harness.compare`: two recorded runs as a DataFrame."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pytest
from msgspec.structs import replace

import harness
from harness.errors import RecordError
from harness.record import COMPARISON_COLUMNS, RunStore
from tests.unit.record.measured_runs import run_of
from tests.unit.report.run_records import Shape

if TYPE_CHECKING:
    from harness.schema import Score

SHAPE = Shape(samples=40, variants=("zero_shot", "few_shot@1.1"))
LOADED = """\
import sys
from pathlib import Path
from tests.unit.recorded_project import RecordedProject
project = RecordedProject(Path(sys.argv[1]))
for _ in range(2):
    project.run(save="harness.comparison" not in sys.modules)
    print("harness.comparison" in sys.modules)
"""
ROOT = Path(__file__).parents[2]
FIRST, SECOND = "20261121T000000Z-aaaa", "20261122T000000Z-bbbb"


def altered(score: Score) -> Score:
    if score.value is None:
        return score
    if score.metric == "exact_match":
        return replace(score, value=1.0 - score.value)
    return replace(score, value=0.75 * score.value) if score.metric in {"f1", "latency_s"} else score


def recorded(reports: Path) -> tuple[Path, Path]:
    """Two runs; of the second, every third trial has its scores lowered or raised."""
    run = run_of(SHAPE, FIRST)
    changed = [replace(each, scores=tuple(map(altered, each.scores))) for each in run.results[::3]]
    results = list(run.results)
    results[::3] = changed
    other = run_of(SHAPE, SECOND)
    store = RunStore(reports)
    return store.write(run, {}), store.write(replace(other, results=tuple(results)), {})


def test_run_beside_itself_has_no_difference(tmp_path: Path) -> None:
    first, _ = recorded(tmp_path)
    frame = harness.compare(first, first)
    assert list(frame.columns) == list(COMPARISON_COLUMNS)
    assert len(frame) > 10
    compared = frame[frame["n_paired"] > 0]
    assert (compared["difference"] == 0).all()
    assert (compared["n_up"] + compared["n_down"] == 0).all()
    assert not set(compared["verdict"]) & {"regressed", "improved"}


def test_the_other_way_round_differences_change_their_sign_only(tmp_path: Path) -> None:
    first, second = recorded(tmp_path)
    there, back = harness.compare(first, second), harness.compare(second, first)
    keys = ["suite", "variant", "backend", "metric", "n_paired", "n_family", "method", "test", "margin"]
    pd.testing.assert_frame_equal(there[keys], back[keys])
    assert (there["difference"].abs() > 0).sum() >= 6
    for column, other in (("difference", "difference"), ("ci_low", "ci_high"), ("ci_high", "ci_low")):
        pd.testing.assert_series_equal(there[column], -back[other], check_names=False)
    for column, other in (("mean", "mean_baseline"), ("n_up", "n_down"), ("n_new", "n_gone")):
        pd.testing.assert_series_equal(there[column], back[other], check_names=False)
    for column in ("p_value", "p_adjusted"):
        pd.testing.assert_series_equal(there[column], back[column])


def test_difference_is_the_second_run_less_the_first(tmp_path: Path) -> None:
    first, second = recorded(tmp_path)
    frame = harness.compare(str(first), second)
    row = frame[(frame["metric"] == "f1") & (frame["difference"] != 0)].iloc[0]
    assert row["difference"] < 0
    assert row["difference"] == pytest.approx(row["mean"] - row["mean_baseline"])
    assert set(frame["baseline"]) == {FIRST}


def test_loaded_runs_and_paths_are_the_same_and_changed_frames_change_nothing(tmp_path: Path) -> None:
    first, second = recorded(tmp_path)
    loaded = harness.load_run(first)
    loaded.scores["value"] = 0.0
    pd.testing.assert_frame_equal(harness.compare(loaded, harness.load_run(second)), harness.compare(first, second))


def test_runs_without_a_common_suite_are_one_clear_line(tmp_path: Path) -> None:
    folders = [
        RunStore(tmp_path).write(run_of(Shape(samples=1, suites=(suite,)), run_id), {})
        for suite, run_id in (("feedback", FIRST), ("support", SECOND))
    ]
    with pytest.raises(RecordError) as caught:
        harness.compare(*folders)
    assert str(caught.value) == (
        "compare: no suite is in both; the first run has feedback, the second support; name two runs of the same suite"
    )
    with pytest.raises(RecordError, match="no recorded run is here"):
        harness.compare(folders[0], tmp_path / "nowhere")


def test_run_that_compares_with_nothing_does_not_load_what_compares(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOADED, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["False", "True"], "the second run has the baseline that the first one made"
