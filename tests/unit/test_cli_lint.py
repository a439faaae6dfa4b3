"""`prompt-suite lint`: what gates can see with so few samples."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from harness import cli

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_folder_without_suites_is_said_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.main(["lint"]) == 4
    assert capsys.readouterr().err == (
        "prompt-suite: lint: there is no folder suites/ here; a project's folder, a suite file or a folder of suites "
        "is allowed; name one, or make a suite with: prompt-suite init\n"
    )


def test_lint_tells_the_smallest_drop_that_regression_gates_and_thresholds_see(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    suite, rows = tmp_path / "suites/topics/suite.yaml", tmp_path / "suites/topics/rows.jsonl"
    (tmp_path / "suites/topics/prompts/plain").mkdir(parents=True)
    (tmp_path / "suites/topics/prompts/plain/v1.0.yaml").write_text('inputs: {text: str}\ntemplate: "{{ text }}"\n')
    rows.write_text("".join(json.dumps({"id": f"s{n}", "text": "x", "label": "y"}) + "\n" for n in range(60)))
    suite.write_text(
        "dataset: {path: rows.jsonl, reference: label}\nprompts: [plain, {prompt: plain, name: other}]\n"
        "metrics: [exact_match]\ngates: [exact_match.mean >= 0.6, {regression: {metric: exact_match, margin: 0.02}}]\n"
    )
    assert cli.main(["lint"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    where = "suites/topics/suite.yaml"
    smallest = "above 0.23 (among 2 comparisons; 0.20 for one gate alone); assumed: one answer in ten flips by itself"
    nearest = "fails in 80 % of runs only where the true share is below 0.54"
    assert out.splitlines() == [
        f"{where}: 60 samples, 2 variants, 1 backend, 120 trials, 2 gates",
        f"{where}: 60 samples can only see drops of exact_match {smallest}",
        f"{where}: with 60 samples the gate exact_match.mean >= 0.6 {nearest}",
    ]
    (tmp_path / "reports/baselines").mkdir(parents=True)
    (tmp_path / "reports/baselines/topics.jsonl").write_text("{broken\n")
    cli.main(["lint"])
    assert capsys.readouterr().err.startswith("prompt-suite: reports/baselines/topics.jsonl:1: ")


def test_lint_names_samples_whose_tests_are_no_python_with_their_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "prompts/plain").mkdir(parents=True)
    (tmp_path / "prompts/plain/v1.0.yaml").write_text('inputs: {text: str}\ntemplate: "{{ text }}"\n')
    tests = ["assert x == 1", *["assert x =="] * 22]
    rows = [{"id": f"s{n}", "text": "Set x.", "tests": each} for n, each in enumerate(tests)]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "suite.yaml").write_text(
        "name: snippets\ndataset: {path: rows.jsonl}\nprompts: [plain]\nmetrics: [code: {sandbox: none}]\n"
    )
    assert cli.main(["lint", "suite.yaml"]) == 0
    told = capsys.readouterr().err.splitlines()
    assert told[0] == (
        "warning: rows.jsonl:2: sample 's1' cannot be scored by 'code': the sample's column 'tests' is no Python: "
        "invalid syntax, line 1"
    )
    assert len(told) == 21
    assert told[-1] == "warning: … and 2 more samples that 'code' cannot score"
