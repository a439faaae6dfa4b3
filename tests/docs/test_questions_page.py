"""Each question of the page has an answer, in a project with two recorded runs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from harness.record import RunStore
from tests.unit.record.measured_runs import run_of
from tests.unit.report.run_records import Shape

if TYPE_CHECKING:
    from harness.schema import RunRecord, TrialResult

PAGE = Path(__file__).parents[2] / "docs/how-to/questions-in-pandas.md"
SHAPE = Shape(samples=30, repeats=2, variants=("zero_shot", "few_shot@1.1"))
FIRST, LAST = "20261121T000000Z-aaaa", "20261122T000000Z-bbbb"


def worse(result: TrialResult) -> TrialResult:
    """Wrong: nobody knows the first sample, the old prompt every fourth, the new one wavers on the odd ones."""
    trial = result.trial
    number = int(trial.sample.sample_id.removeprefix("fe"))
    is_wrong = number % 2 == 1 and trial.repeat == 2 if trial.variant != "zero_shot" else number % 4 == 0
    if number != 1 and not is_wrong:
        return result
    scores = tuple(
        replace(score, value=0.0) if score.metric in {"exact_match", "f1"} and score.value is not None else score
        for score in result.scores
    )
    return replace(result, output="something else", scores=scores)


@pytest.fixture
def reports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    first, last = (run_of(SHAPE, run_id) for run_id in (FIRST, LAST))
    store = RunStore(tmp_path / "reports")
    store.write(first, {})
    store.write(changed(last), {})
    return tmp_path / "reports"


def changed(run: RunRecord) -> RunRecord:
    manifest = replace(run.manifest, started_at="2026-11-23T20:18:49Z")
    return replace(run, manifest=manifest, results=tuple(map(worse, run.results)))


def test_every_question_is_answered(reports: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert (reports / "latest").exists()
    text = PAGE.read_text("utf-8")
    parts = re.split(r"^## ", text, flags=re.MULTILINE)
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
