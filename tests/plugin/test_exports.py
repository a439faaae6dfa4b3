"""A run handed on: a CTRF file; annotations and the job's summary in GitHub Actions, whatever a model answers."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from tests.plugin.conftest import SHOUTED

if TYPE_CHECKING:
    from pathlib import Path

    from tests.plugin.conftest import Project

JUDGED = """\
checks: [exact_match]
gates:
  - "error_rate <= 0"
  - "exact_match.mean >= 0.9"
"""
HOSTILE = """
def answer(messages):
    return "100%\\n::set-output name=token::stolen\\n   ::stop-commands::x\\r\\n::error::forged ##[add-mask]Lima"
"""


@pytest.fixture
def summary(project: Project, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The summary's file of a job in GitHub Actions, whose checkout is the folder above the project."""
    path = project.path / "step-summary.md"
    path.write_text("what an earlier step said\n")
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(path))
    monkeypatch.setenv("GITHUB_WORKSPACE", str(project.path.parent))
    project.add(JUDGED)
    return path


def commands(result: pytest.RunResult) -> list[str]:
    """The lines that the runner would take for commands."""
    return [line for line in result.outlines if line.lstrip().startswith("::") or "##[" in line]


def ctrf(path: Path) -> dict[str, str]:
    """Name → status."""
    tests = json.loads(path.read_text())["results"]["tests"]
    return {test["name"]: test["status"] for test in tests}


@pytest.mark.parametrize("workers", [(), ("-n", "2")])
def test_ctrf_file_holds_trials_and_gates(project: Project, workers: tuple[str, ...]) -> None:
    project.add(JUDGED)
    result = project.run("--prompt-ctrf", "new/ctrf.json", *workers)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    found = ctrf(project.path / "new" / "ctrf.json")
    assert len(found) == 8 + 4
    assert [name for name, status in found.items() if status == "failed"] == [
        "shouted[atlas-fr]",
        "shouted[atlas-td]",
        "gate[exact_match.mean>=0.9-shouted-atlas]",
    ]


def test_setting_names_the_file_from_the_root_folder(project: Project) -> None:
    project.pytester.makepyprojecttoml('[tool.pytest]\nprompt_ctrf = "ctrf.json"')
    assert project.run("-k", "plain and fr").ret == pytest.ExitCode.OK
    assert list(ctrf(project.path / "ctrf.json").values()) == ["passed"]


@pytest.mark.parametrize(("name", "said"), [("", "the file's name is empty"), ("suites", "'suites' is a folder")])
def test_name_that_is_no_files_is_refused_before_a_call(project: Project, name: str, said: str) -> None:
    calls = project.count_calls()
    result = project.run(f"--prompt-ctrf={name}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        [f"ERROR: --prompt-ctrf: {said}; the name of a file is needed; write for example ctrf.json"]
    )
    assert not calls.exists()


def test_file_that_cannot_be_written_fails_the_session_and_the_run_is_kept(project: Project) -> None:
    (project.path / "file").write_text("")
    result = project.run("--prompt-ctrf", "file/ctrf.json")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["*file/ctrf.json: cannot be written (*); *The run itself is recorded"])
    assert (project.latest / "run.json").exists()


def test_what_failed_is_annotated_at_its_place(project: Project, summary: Path) -> None:
    result = project.run()
    folder = project.path.name
    line = (project.suite / "suite.yaml").read_text().splitlines().index('  - "exact_match.mean >= 0.9"') + 1
    assert commands(result) == [
        (
            f"::error file={folder}/suites/capitals/suite.yaml,line={line},"
            "title=gate[exact_match.mean>=0.9-shouted-atlas]::exact_match.mean is 0.500, at least 0.9 asked "
            "(n = 4, 95 %25 interval 0.150 to 0.850): fails"
        ),
        *(
            f"::error file={folder}/suites/capitals/suite.yaml,title=shouted[atlas-{sample}]"
            "::missed check: exact_match: it is 0"
            for sample in ("fr", "td")
        ),
    ]
    assert summary.read_text() == f"what an earlier step said\n{(project.latest / 'summary.md').read_text()}\n"


def test_workers_annotate_once(project: Project, summary: Path) -> None:
    assert len(commands(project.run("-n", "2", "-qq"))) == 3
    assert summary.read_text().count("2 of 4 gates") + summary.read_text().count("1 of 4 gates") == 1


def test_first_ten_are_annotated_and_the_rest_is_counted(project: Project, summary: Path) -> None:
    project.rows([{"id": f"s{number}", "country": "Nowhere", "capital": "None"} for number in range(20)])
    told = commands(project.run())
    assert summary.exists()
    assert len(told) == 10 + 1
    assert ["title=gate[" in line for line in told[:3]] == [True, True, False]
    assert told[-1] == "::notice title=prompt suites::32 more: see the summary of this job"


def test_gate_that_warns_is_a_warning_and_one_of_a_prompt_stands_in_its_file(project: Project, summary: Path) -> None:
    baseline = SHOUTED.replace('version: "1.0"', 'version: "1.0", performance_baseline: {exact_match: 0.9}')
    project.write("prompts/shouted/v1.0.yaml", baseline)
    project.add("  - regression: {metric: exact_match, margin: 0.02}\n")
    project.run("--prompt-save-baseline")
    project.write("app.py", "def answer(messages):\n    return 'Paris'\n")
    told = commands(project.run("--prompt-cache", "off"))
    assert summary.exists()
    assert any(line.startswith("::warning ") and "exact_match.regression<=0.02" in line for line in told)
    place = re.compile(r"::error file=[^,]*/prompts/shouted/v1\.0\.yaml,line=1,title=gate\[exact_match\.mean>=0\.9")
    assert any(place.match(line) for line in told)


@pytest.mark.parametrize("options", [(), ("-v",), ("-rA",), ("-n", "2")])
def test_answer_cannot_become_a_command(project: Project, summary: Path, options: tuple[str, ...]) -> None:
    project.write("app.py", HOSTILE)
    result = project.run(*options)
    assert "\\x3a:set-output name=token" in result.stdout.str()
    assert "\\x23#[add-mask]" in result.stdout.str()
    assert all(line.startswith(("::error file=", "::notice title=")) for line in commands(result))
    assert not re.search(r"(?m)^\s*::", summary.read_text())


def test_outside_of_actions_nothing_is_annotated_and_answers_are_shown_as_they_are(
    project: Project,
) -> None:
    project.add(JUDGED)
    project.write("app.py", HOSTILE)
    shown = project.run().stdout.str()
    assert "::error file=" not in shown
    assert "  ::set-output name=token::stolen" in shown


def test_summary_that_cannot_be_written_fails_nothing(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(project.path))
    result = project.run("-k", "plain")
    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines(["GITHUB_STEP_SUMMARY: * cannot be written (Is a directory); the summary is in *"])
