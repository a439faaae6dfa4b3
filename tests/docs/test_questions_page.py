"""Each question of the page has an answer, in a project with two recorded runs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
from msgspec.structs import replace

from harness.record import RunStore
from tests.unit.record.measured_runs import run_of
from tests.unit.report.run_records import Shape

if TYPE_CHECKING:
    from harness.schema import TrialResult

PAGE = Path(__file__).parents[2] / "docs/how-to/questions-in-pandas.md"
SHAPE = Shape(samples=30, repeats=2, variants=("zero_shot", "few_shot@1.1"))
FIRST, LAST = "20261121T000000Z-aaaa", "20261122T000000Z-bbbb"


def worse(result: TrialResult) -> TrialResult:
    """Wrong: nobody knows the first sample, the old prompt every fourth, the new one wavers on the odd ones.

    Of the suite `answers` all is wrong that is not wrong here.
    """
    trial = result.trial
    number = int(trial.sample.sample_id[2:])
    is_wrong = number % 2 == 1 and trial.repeat == 2 if trial.variant != "zero_shot" else number % 4 == 0
    if (number == 1 or is_wrong) == (trial.suite == "answers"):
        return result
    scores = tuple(
        replace(score, value=0.0) if score.metric in {"exact_match", "f1"} and score.value is not None else score
        for score in result.scores
    )
    return replace(result, output="something else", scores=scores)


def write_runs(root: Path, *suites: str) -> None:
    store = RunStore(root / "reports")
    first, last = (run_of(replace(SHAPE, suites=suites), run_id) for run_id in (FIRST, LAST))
    manifest = replace(last.manifest, started_at="2026-11-23T20:18:49Z")
    store.write(first, {})
    store.write(replace(last, manifest=manifest, results=tuple(map(worse, last.results))), {})


def answers(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """What the page's code made of the reports of this folder, each block with something to show."""
    parts = re.split(r"^## ", PAGE.read_text("utf-8"), flags=re.MULTILINE)
    assert len(parts) == 11, "ten questions"
    names: dict[str, Any] = {}
    for part in parts:
        blocks = re.findall(r"^```python\n(.*?)^```", part, re.DOTALL | re.MULTILINE)
        assert blocks, part
        for code in blocks:
            exec(code, names)  # noqa: S102 - our own page
            printed = capsys.readouterr().out
            assert printed.strip() or "print(" not in code
            assert "Empty DataFrame" not in printed, code
            assert printed not in {"[]\n", "Series([], dtype: int64)\n"}, code
    return names


@pytest.mark.parametrize("suites", [("feedback",), ("feedback", "answers")], ids=["a suite", "two suites"])
def test_every_question_is_answered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *, suites: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    write_runs(tmp_path, *suites)
    assert set(answers(capsys)["found"]["suite"]) == set(suites)


def test_a_suite_has_the_same_answers_whatever_else_is_in_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found = []
    for name, suites in (("alone", ["feedback"]), ("beside", ["feedback", "answers"])):
        write_runs(tmp_path / name, *suites)
        monkeypatch.chdir(tmp_path / name)
        found.append(answers(capsys))
    alone, beside = found
    for name in ("means", "best", "wide", "won", "groups", "tags", "repeats"):
        pd.testing.assert_series_equal(_mine(beside[name]), _mine(alone[name]), obj=name)
    for name in ("failed", "lost"):
        mine = beside[name][beside[name]["suite"] == "feedback"]
        assert mine["trial_id"].tolist() == alone[name]["trial_id"].tolist()
    assert beside["by"].size()["feedback"].equals(alone["by"].size()["feedback"])
    assert beside["moves"]["feedback"].to_numpy().tolist() == alone["moves"]["feedback"].to_numpy().tolist()
    assert beside["moves"].columns.names == ["suite", "variant", "backend"]
    assert set(beside["found"]["suite"]) == {"feedback", "answers"}


def _mine(frame: Any) -> pd.Series[Any]:
    """The rows of the suite feedback, each of which is told by the suite first, as one column."""
    assert frame.index.names[0] == "suite"
    mine = frame.loc[["feedback"]]
    return mine if isinstance(mine, pd.Series) else mine.stack()  # noqa: PD013 - the index is to stay


def test_quarantined_trials_count_in_no_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    write_runs(tmp_path, "feedback")
    before = answers(capsys)
    path = tmp_path / "reports/runs" / LAST / "trials.parquet"
    table = pd.read_parquet(path)
    held = table["sample"] == table["sample"].iloc[10]
    table["quarantined"] = held
    table.to_parquet(path)
    after = answers(capsys)
    assert len(before["trials"]) - len(after["trials"]) == held.sum() > 0
    gone = set(table.loc[held, "trial_id"])
    assert not gone & set(after["scores"]["trial_id"])
    assert gone & set(before["scores"]["trial_id"])
