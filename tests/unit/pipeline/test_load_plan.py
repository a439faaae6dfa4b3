from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from harness.pipeline import load_plan
from harness.schema import Settings
from harness.score import Scorer

if TYPE_CHECKING:
    from pathlib import Path

SUITE = """\
name: capitals
dataset: {path: rows.jsonl, reference: capital}
prompts: [plain]
backends:
  - {name: atlas, provider: replay, column: capital}
"""


@pytest.fixture
def suite_file(tmp_path: Path) -> Path:
    (tmp_path / "prompts/plain").mkdir(parents=True)
    (tmp_path / "prompts/plain/v1.yaml").write_text('inputs: {country: str}\ntemplate: "Capital of {{ country }}?"\n')
    (tmp_path / "rows.jsonl").write_text('{"id": "fr", "country": "France", "capital": "Paris"}\n')
    path = tmp_path / "suite.yaml"
    path.write_text(SUITE)
    return path


def settings(root: Path) -> Settings:
    return Settings(root=root, reports=root / "reports")


@pytest.mark.parametrize(
    "more",
    [
        "",
        "metrics: [exact_match, bleu]\n",
        "metrics: [latency_s, exact_match, cost_usd, rouge]\n",
        'metrics: [bleu]\nchecks: ["latency_s <= 1", "exact_match == 1"]\ngates: ["chrf.corpus >= 1"]\n',
    ],
)
def test_measures_of_a_loaded_suite_are_in_the_order_of_a_trial_s_scores(suite_file: Path, more: str) -> None:
    suite_file.write_text(SUITE + more)
    suite = load_plan(suite_file, settings(suite_file.parent)).suite
    assert suite.measures == Scorer(suite.metrics).measures


def test_plan_holds_rendered_trials_and_gates(suite_file: Path) -> None:
    suite_file.write_text(SUITE + 'gates: ["error_rate <= 0"]\n')
    plan = load_plan(suite_file, settings(suite_file.parent))
    assert [trial.messages[0].content for trial in plan.trials] == ["Capital of France?"]
    assert [(gate.text, cell) for gate, cell in plan.gates] == [("error_rate <= 0", ("capitals", "plain", "atlas"))]


def test_plan_without_rendering_has_trials_without_messages(suite_file: Path) -> None:
    plan = load_plan(suite_file, settings(suite_file.parent), render=False)
    assert [trial.messages for trial in plan.trials] == [()]
