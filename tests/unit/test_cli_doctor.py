"""`prompt-suite doctor`: what it looks at, and what it calls lacking."""

from __future__ import annotations

import platform
from importlib.metadata import version
from typing import TYPE_CHECKING

import pytest

from harness import checkup

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.conftest import PromptSuite
    from tests.unit.recorded_project import RecordedProject


@pytest.fixture(autouse=True)
def bare_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing optional is installed."""
    monkeypatch.setenv("PROMPT_SUITE_MODELS", str(tmp_path / "models"))
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    monkeypatch.setattr(checkup, "find_spec", lambda _name: None)
    monkeypatch.setattr("shutil.which", lambda _name: None)


def suite_part(out: str) -> list[str]:
    return out.partition("\n\n")[2].splitlines()


def test_bare_machine_is_told_what_to_install_and_that_is_no_failure(prompt_suite: PromptSuite) -> None:
    code, out, err = prompt_suite("doctor")
    assert (code, err) == (0, "")
    assert out == (
        "installed\n"
        f"✓ pytest-prompt-suite {version('pytest-prompt-suite')}, Python {platform.python_version()}\n"
        "· encoder minilm: not installed; run: prompt-suite models install minilm\n"
        "· encoder minilm-fp32: not installed; run: prompt-suite models install minilm-fp32\n"
        "· model smollm2: not installed; run: prompt-suite models install smollm2\n"
        "· sandbox: none found; generated code cannot be run; run: apt-get install bubblewrap util-linux, or: "
        "pip install 'pytest-prompt-suite[wasm]'\n"
        "· extra bertscore: not installed; run: pip install 'pytest-prompt-suite[bertscore]'\n"
        "· extra evaluate: not installed; run: pip install 'pytest-prompt-suite[evaluate]'\n"
        "· extra hub: not installed; run: pip install 'pytest-prompt-suite[hub]'\n"
        "· extra nltk: not installed; run: pip install 'pytest-prompt-suite[nltk]'\n"
        "· extra otel: not installed; run: pip install 'pytest-prompt-suite[otel]'\n"
        "· extra wasm: not installed; run: pip install 'pytest-prompt-suite[wasm]'\n"
        "· git: not installed; runs are recorded without their commit, and git:REV is no baseline\n"
        "\n"
        "no suite is below suites/; make one with: prompt-suite init suites/first\n"
    )


def test_what_is_there_is_found_and_sandboxes_are_started_on_request_only(
    prompt_suite: PromptSuite, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(checkup, "find_spec", lambda _name: True)
    monkeypatch.setattr("shutil.which", lambda name: f"/usr/bin/{name}")
    (tmp_path / ".git").mkdir()
    started: list[str] = []

    class Proven:
        kind = "bubblewrap"

        def __init__(self) -> None:
            started.append(self.kind)

    monkeypatch.setattr("harness.sandbox.choose", Proven)
    out = prompt_suite("doctor")[1]
    assert "✓ sandbox: docker, bubblewrap, wasm found, not proven to hold; --probe starts it\n" in out
    assert "✓ git: installed, and this is a checkout\n" in out
    assert "✓ extra otel: installed\n" in out
    assert started == []
    assert "✓ sandbox: bubblewrap, proven to hold\n" in prompt_suite("doctor", "--probe")[1]
    assert started == ["bubblewrap"]


def test_suite_without_gates_and_baseline_is_told_all_that_it_lacks(
    prompt_suite: PromptSuite, project: RecordedProject
) -> None:
    suite = (project.folder / "suite.yaml").read_text().partition("gates:")[0]
    suite = suite.replace("[support@1.0, support@1.1]", "[support, {prompt: support@prod-a, name: live}]")
    project.write("suite.yaml", suite.replace("group: customer, ignore: [plan]", "ignore: [plan, customer]"))
    code, out, _ = prompt_suite("doctor")
    assert code == 1
    assert suite_part(out) == [
        "suites/desk/suite.yaml",
        "✗ no gate: nothing can fail; write for example gates: [error_rate <= 0.01]",
        (
            "✗ no regression gate: a drop that stays above the other gates passes; write for example "
            "regression: {metric: exact_match, margin: 0.02} under gates"
        ),
        "✗ no baseline (reports/baselines/desk.jsonl): run pytest --prompt-suite --prompt-save-baseline",
        (
            "✗ prompts without a version: support, support@prod-a; a moved label or a new file changes what is tested "
            "under the same name; write for example few_shot@1.1"
        ),
        "· no group: rows of one customer or document count as independent; where they are not, name dataset: group",
        "",
        "1 of 1 suite lacks something that a nightly job relies on",
    ]


def with_regression(project: RecordedProject, margin: float = 0.02) -> None:
    suite = (project.folder / "suite.yaml").read_text()
    project.write("suite.yaml", f"{suite}  - regression: {{metric: exact_match, margin: {margin}}}\n")


def test_suite_that_has_everything_lacks_nothing(prompt_suite: PromptSuite, project: RecordedProject) -> None:
    project.rows(150)
    project.answers({})
    with_regression(project)
    project.run(save=True)
    code, out, _ = prompt_suite("doctor", "suites/desk")
    assert (code, suite_part(out)) == (0, ["suites/desk/suite.yaml", "✓ nothing is lacking"])


def test_too_few_samples_for_the_margin_are_told_with_what_they_can_see(
    prompt_suite: PromptSuite, project: RecordedProject
) -> None:
    with_regression(project)
    project.run(save=True)
    code, out, _ = prompt_suite("doctor")
    (line,) = [line for line in suite_part(out) if line.startswith("✗")]
    assert code == 1
    assert line == (
        "✗ too few samples: 20 samples in 20 groups can only see drops of exact_match above 0.42 (among 2 comparisons; "
        "0.37 for one gate alone); assumed: one answer in five is given anew"
    )
    project.rows(5)
    out = prompt_suite("doctor")[1]
    few = "5 samples in 5 groups can show no drops of exact_match among 2 comparisons: it takes at least 7"
    assert f"✗ too few samples: {few}\n" in out
    assert "✗ the baseline was saved over other rows than the dataset has now: save it again" in out


def test_baseline_of_another_suite_or_that_is_no_file_is_lacking(
    prompt_suite: PromptSuite, project: RecordedProject
) -> None:
    with_regression(project)
    path = project.reports / "baselines/desk.jsonl"
    project.run(save=True)
    path.write_text(path.read_text().replace('"suite":"desk"', '"suite":"front"', 1))
    out = prompt_suite("doctor")[1]
    assert "✗ reports/baselines/desk.jsonl is the baseline of suite 'front': save it again\n" in out
    path.unlink()
    path.symlink_to("nowhere")
    assert "the baseline cannot be read (it is a link to nothing)" in prompt_suite("doctor")[1]


def test_mistakes_missing_models_and_keys_are_told(
    prompt_suite: PromptSuite, project: RecordedProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DESK_KEY", raising=False)
    suite = (project.folder / "suite.yaml").read_text()
    added = (
        "  - smollm2\n  - {name: far, provider: openai, model: m, base_url: 'http://127.0.0.1:9/v1', "
        "api_key_env: DESK_KEY}\n"
    )
    project.write("suite.yaml", suite.replace("metrics:", f"{added}metrics:"))
    lines = suite_part(prompt_suite("doctor")[1])
    assert "✗ backend smollm2: the model 'smollm2' is not installed; run: prompt-suite models install smollm2" in lines
    assert "✗ backend far: the variable DESK_KEY with its key is not set" in lines
    project.write("suite.yaml", suite + "colour: red\n")
    code, out, _ = prompt_suite("doctor")
    assert code == 1
    assert suite_part(out)[1].startswith("✗ suites/desk/suite.yaml:9:1: key 'colour' is unknown; allowed: name, ")


def test_gate_on_a_judge_that_nobody_compared_with_people_is_lacking(
    prompt_suite: PromptSuite, project: RecordedProject
) -> None:
    suite = (project.folder / "suite.yaml").read_text()
    judge = "[exact_match, {judge: {backend: saved, criteria: [accuracy], uncalibrated: allow}}]"
    gate = "  - judge.accuracy.mean >= 2\n"
    project.write("suite.yaml", suite.replace("[exact_match]", judge) + gate)
    lines = suite_part(prompt_suite("doctor")[1])
    what = "a gate stands on judge.accuracy, whose judge was not compared with people: judge calibrate"
    assert f"✗ {what}" in lines


def test_folder_without_a_suite_is_a_usage_error(prompt_suite: PromptSuite, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    code, _, err = prompt_suite("doctor", "empty")
    assert (code, err) == (
        4,
        (
            "prompt-suite: empty: there is no suite.yaml below it; a suite file or a folder of suites is allowed; "
            "make one with: prompt-suite init empty/first\n"
        ),
    )
