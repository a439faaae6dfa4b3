"""The gates of a suite that ships mean something: its prompt keeps them, a damaged copy does not. On the real model."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from harness import load_run
from harness.backends.models import find

ROOT = Path(__file__).parents[2]
GATE = "gate[[]exact_match.mean>=0.50-few_shot_similar-smollm2[]]"
VARIANT = ("-k", "few_shot_similar", "--prompt-limit", "20", "-v")
NEXT_TOPIC = {"exchange": "pin", "pin": "lost", "lost": "delivery", "delivery": "refund", "refund": "exchange"}

pytestmark = [
    pytest.mark.model,
    pytest.mark.skipif(find("smollm2") is None, reason="no model; run: prompt-suite models install smollm2"),
]


@pytest.fixture
def examples(pytester: pytest.Pytester) -> Path:
    """The examples of `few_shot` in a copy of the feedback suite."""
    shutil.copytree(ROOT / "suites/feedback", pytester.path / "suites/feedback")
    shutil.copy(ROOT / "suites/backends.yaml", pytester.path / "suites")
    for file in ("datasets/feedback.jsonl", "reports/baselines/feedback.jsonl"):
        (pytester.path / file).parent.mkdir(parents=True)
        shutil.copy(ROOT / file, pytester.path / file)
    return pytester.path / "suites/feedback/prompts/few_shot/examples.jsonl"


def _with_labels_slipped(text: str) -> str:
    """Each example answered with the topic after its own, as when one column of a sheet is moved."""
    rows = [json.loads(line) for line in text.splitlines()]
    return "".join(json.dumps({**row, "label": NEXT_TOPIC[row["label"]]}) + "\n" for row in rows)


def _share_right(project: Path) -> float:
    scores = load_run(project / "reports/latest").scores
    values = scores[scores["metric"] == "exact_match"]["value"]
    assert len(values) == 20
    return float(values.mean())


@pytest.mark.usefixtures("examples")
def test_the_suite_as_it_ships_is_green(pytester: pytest.Pytester) -> None:
    result = pytester.runpytest_subprocess("--prompt-suite", *VARIANT)
    result.stdout.fnmatch_lines([f"*{GATE} PASSED*"])
    assert result.ret == pytest.ExitCode.OK
    assert _share_right(pytester.path) >= 0.6


def test_a_damaged_prompt_turns_it_red_and_the_gate_is_named(pytester: pytest.Pytester, examples: Path) -> None:
    examples.write_text(_with_labels_slipped(examples.read_text("utf-8")), "utf-8")
    result = pytester.runpytest_subprocess("--prompt-suite", *VARIANT)
    result.stdout.fnmatch_lines([f"FAILED suites/feedback/suite.yaml::{GATE}*"])
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert _share_right(pytester.path) <= 0.3
