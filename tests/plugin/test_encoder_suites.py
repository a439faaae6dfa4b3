"""Suites whose metrics compare meanings."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pyarrow.parquet as pq
import pytest

from tests.encoders import needs_minilm

if TYPE_CHECKING:
    from tests.plugin.conftest import Project

MEASURES = ("bertscore_precision", "bertscore_recall", "bertscore_f1", "semantic_similarity")


def use(project: Project, metrics: str) -> None:
    path = project.suite / "suite.yaml"
    path.write_text(path.read_text("utf-8").replace("[exact_match]", metrics), "utf-8")


@needs_minilm
def test_meanings_are_scored_and_signed_with_the_weights_hash(project: Project) -> None:
    use(project, "[{bertscore: {idf: true}}, semantic_similarity]")
    project.add('checks: ["semantic_similarity >= 0.99"]\n')
    result = project.run("-k", "plain")
    assert result.ret == pytest.ExitCode.OK, result.stdout.str()
    trials = pq.read_table(project.latest / "trials.parquet").to_pylist()
    assert {trial["outcome"] for trial in trials} == {"passed"}
    signatures = json.loads((project.latest / "run.json").read_text("utf-8"))
    text = json.dumps(signatures)
    for name in MEASURES:
        assert f"{name}|model:minilm, int8 weights in ONNX Runtime|weights:8199be6f699a395f|" in text
    assert "|idf:the dataset's references|" in text


def test_encoder_that_is_not_installed_is_an_error_line_with_the_command(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harness.backends.models.find", lambda _name: None)
    calls = project.count_calls()
    use(project, "[bertscore]")
    result = project.run()
    assert result.ret != pytest.ExitCode.OK
    said = "metric 'bertscore': the encoder 'minilm' is not installed; run: prompt-suite models install minilm"
    result.stdout.fnmatch_lines([f"*suite.yaml:*: {said}"])
    assert not calls.exists()


def test_encoder_that_needs_torch_is_an_error_line_with_the_extra(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project.suite / "mine").mkdir()
    monkeypatch.setattr("harness.backends.encoder_files.importlib.util.find_spec", lambda _name: None)
    use(project, "[{bertscore: {model: ./mine}}]")
    result = project.run("--collect-only")
    assert result.ret != pytest.ExitCode.OK
    result.stdout.fnmatch_lines(
        ["*metric 'bertscore': option 'model' is './mine', which needs torch and transformers; *"]
    )
