from __future__ import annotations

import subprocess
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from harness.record import Preparation, make_record
from harness.schema import SCHEMA_VERSION, Generation, Progress
from tests.unit.report.run_records import Shape, build_record

if TYPE_CHECKING:
    from pathlib import Path

    from harness.schema import RunRecord

RUN = ("20261122T201849.042Z-3f9a", datetime(2026, 11, 22, 20, 18, 49, tzinfo=UTC))
PROGRESS = Progress(
    total=8,
    done=8,
    errors=0,
    from_cache=0,
    calls=11,
    retries=3,
    in_flight=0,
    spent_usd=0.25,
    elapsed_s=1.5,
    wall_s=12.3456,
)


def made(root: Path, built: RunRecord | None = None, *, complete: bool = True) -> RunRecord:
    built = built or build_record(Shape(samples=4))
    parts = (built.suites, built.results, built.cells, built.verdicts)
    return make_record(run=RUN, prepared=Preparation(root), complete=complete, progress=PROGRESS, parts=parts)


def git(folder: Path, *arguments: str) -> str:
    who = ["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false"]
    done = subprocess.run(["git", "-C", str(folder), *who, *arguments], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_record_holds_its_parts_and_says_when_and_how_long(tmp_path: Path) -> None:
    built = build_record(Shape(samples=4))
    record = made(tmp_path, built)
    assert (record.suites, record.results) == (built.suites, built.results)
    assert (record.cells, record.verdicts) == (built.cells, built.verdicts)
    manifest = record.manifest
    assert (manifest.schema_version, manifest.run_id) == (SCHEMA_VERSION, "20261122T201849.042Z-3f9a")
    assert (manifest.started_at, manifest.wall_s) == ("2026-11-22T20:18:49+00:00", 12.346)


@pytest.mark.parametrize(
    ("ended", "shape", "complete"),
    [
        (True, Shape(samples=4), True),
        (False, Shape(samples=4), False),
        (True, Shape(samples=4, complete=False), False),
    ],
)
def test_run_is_complete_when_it_came_to_its_end_with_every_trial_run(
    tmp_path: Path, *, ended: bool, shape: Shape, complete: bool
) -> None:
    assert made(tmp_path, build_record(shape), complete=ended).manifest.complete is complete


def test_totals_count_outcomes_and_sum_what_is_known(tmp_path: Path) -> None:
    built = build_record(Shape(samples=4))
    generation = Generation("x", input_tokens=10, output_tokens=2, cost_usd=0.5, from_cache=True)
    results = tuple(replace(result, outcome="passed", generation=generation) for result in built.results[:3])
    last = replace(built.results[3], outcome="error", generation=None)
    totals = made(tmp_path, replace(built, results=(*results, last))).manifest.totals
    assert (totals["trials"], totals["passed"], totals["error"], totals["not_run"]) == (4, 3, 1, 0)
    assert (totals["from_cache"], totals["input_tokens"], totals["output_tokens"]) == (3, 30, 6)
    assert (totals["cost_usd"], totals["spent_usd"], totals["calls"], totals["retries"]) == (1.5, 0.25, 11, 3)


@pytest.mark.parametrize("unknown", ["input_tokens", "output_tokens", "cost_usd"])
def test_total_with_one_unknown_part_is_unknown(tmp_path: Path, unknown: str) -> None:
    built = build_record(Shape(samples=4))
    known = Generation("x", input_tokens=10, output_tokens=2, cost_usd=0.5)
    results = tuple(replace(result, generation=known) for result in built.results[:2])
    lacking: Any = {unknown: None}
    partly = replace(results[0], generation=replace(known, **lacking))
    totals = made(tmp_path, replace(built, results=(partly, results[1]))).manifest.totals
    assert totals[unknown] is None


def test_manifest_names_prompts_with_hashes_and_measures_with_signatures(tmp_path: Path) -> None:
    suite = made(tmp_path).manifest.suites[0]
    assert (suite["suite_hash"], suite["dataset_hash"]) == ("0f3a9c2b11d4e5f6", "9b1c77aa02de4451")
    assert set(suite["prompts"]) == {"zero_shot", "few_shot@1.1", "chain_of_thought"}
    assert set(suite["prompts"]["few_shot@1.1"]) == {"prompt", "version", "hash"}
    assert suite["backends"]["local"] == {"provider": "openai", "model": "my-model-7b"}
    assert {measure["name"]: measure["signature"] for measure in suite["measures"]}["f1"] == "f1|squad-1.1|v1"


def test_verdicts_say_what_was_asked_and_what_it_was_judged_by(tmp_path: Path) -> None:
    verdict = made(tmp_path).manifest.verdicts[0]
    names = "suite gate origin variant backend passed judged value ci_low ci_high n message finding warns showing"
    assert list(verdict) == names.split()
    assert verdict["gate"] == "exact_match.mean >= 0.30"


def test_versions_of_what_the_scores_depend_on_are_there(tmp_path: Path) -> None:
    assert {"python", "platform", "pytest-prompt-suite", "pytest", "sacrebleu"} <= set(made(tmp_path).manifest.versions)


def test_commit_is_the_head_with_a_plus_when_a_file_has_changed(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    (tmp_path / "file").write_text("a")
    git(tmp_path, "add", "file")
    git(tmp_path, "commit", "-q", "-m", "first")
    head = git(tmp_path, "rev-parse", "HEAD")
    (tmp_path / "untracked").write_text("")
    assert made(tmp_path).manifest.git_commit == head
    (tmp_path / "file").write_text("b")
    assert made(tmp_path).manifest.git_commit == f"{head}+"


@pytest.mark.parametrize("is_checkout", [False, True])
def test_commit_is_unknown_outside_a_checkout_and_before_the_first_one(tmp_path: Path, *, is_checkout: bool) -> None:
    if is_checkout:
        git(tmp_path, "init", "-q")
    assert made(tmp_path).manifest.git_commit is None


def test_commit_is_unknown_without_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert made(tmp_path).manifest.git_commit is None
