"""A suite of generated code: refused before any call without a sandbox, gated on pass@k with one."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.plugin.conftest import Project

SUITE = """\
dataset: {path: problems.jsonl}
prompts: [complete]
backends:
  - {name: coder, provider: callable, function: "app.py:answer"}
repeats: 2
metrics:
  - code: {form: humaneval, sandbox: SANDBOX}
gates:
  - error_rate <= 0
  - passes_tests.pass@1 >= 0.4
  - passes_tests.pass@2 >= 0.6
"""
APP = """\
from pathlib import Path

def answer(messages):
    with (Path(__file__).parent / "calls").open("a") as file:
        file.write("x")
    name = messages[-1]["content"].split("(")[0].split()[-1]
    return {"double": "    return 2 * number\\n", "halve": "    return number\\n"}[name]
"""
PROBLEMS = [
    {"id": name, "prompt": f"def {name}(number):\n    '''What the name says.'''\n", "entry_point": name,
     "test": f"def check(candidate):\n    assert candidate(4) == {expected}\n"}
    for name, expected in (("double", 8), ("halve", 2))
]  # fmt: skip


@pytest.fixture
def coding(project: Project) -> Project:
    """Two problems, one of which is solved."""
    shutil.rmtree(project.suite / "prompts")
    project.write("suite.yaml", SUITE)
    project.write("app.py", APP)
    project.write("problems.jsonl", "".join(json.dumps(problem) + "\n" for problem in PROBLEMS))
    project.write("prompts/complete/v1.0.yaml", 'inputs: {prompt: str}\ntemplate: "{{ prompt }}"\n')
    return project


def use(project: Project, sandbox: str) -> None:
    project.write("suite.yaml", SUITE.replace("SANDBOX", sandbox))


def test_pass_at_k_is_gated_and_the_lack_of_a_sandbox_is_in_the_report(coding: Project) -> None:
    use(coding, "none")
    result = coding.run()
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.assert_outcomes(passed=6, failed=1)
    result.stdout.fnmatch_lines(["*passes_tests.pass@2 is 0.500, at least 0.6 asked (n = 4, in 2 clusters, *): fails*"])
    report = (coding.latest / "report.html").read_text("utf-8")
    assert "sandbox:none, python-" in report


def test_without_its_sandbox_the_suite_is_refused_before_any_call(
    coding: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(coding, "docker")
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
    result = coding.run()
    assert result.ret == pytest.ExitCode.INTERRUPTED
    result.stdout.fnmatch_lines(
        [
            (
                "suites/capitals/suite.yaml:7:*: metric 'code': no sandbox holds on this machine (docker: *); allowed: "
                "docker, bubblewrap or wasm, so that no generated program runs unguarded; run: apt-get install "
                "bubblewrap util-linux, or: pip install 'pytest-prompt-suite?wasm?'"
            )
        ]
    )
    assert not (coding.suite / "calls").exists()
