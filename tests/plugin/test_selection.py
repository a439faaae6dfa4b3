"""Which trials run, and in which order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.plugin.conftest import Project

ALL = [
    f"suites/capitals/suite.yaml::{variant}[atlas-{sample}]"
    for variant in ("plain", "shouted")
    for sample in ("fr", "pe", "jp", "td")
]


def collected(result: pytest.RunResult) -> list[str]:
    return [line for line in result.outlines if "::" in line]


def test_items_have_the_names_of_the_interface(project: Project) -> None:
    result = project.run("--collect-only", "-q")
    assert collected(result) == ALL
    assert result.ret == pytest.ExitCode.OK
    assert not (project.path / "reports").exists()
    assert not (project.path / ".prompt_cache").exists()


def test_repeats_get_a_suffix_from_the_second_on(project: Project) -> None:
    result = project.run("--collect-only", "-q", "--prompt-repeats", "2", "--prompt-limit", "1", "-k", "plain")
    assert collected(result) == [ALL[0], ALL[0].replace("fr]", "fr-r2]")]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("plain and atlas", ALL[:4]),
        ("shouted and jp", [ALL[6]]),
        ("not shouted", ALL[:4]),
        ("capitals", ALL),
        ("europe", [ALL[0], ALL[4]]),
        ("prod-b", ALL[4:]),
    ],
    ids=["variant and backend", "sample", "not", "suite", "tag", "label"],
)
def test_keyword_selects(project: Project, expression: str, expected: list[str]) -> None:
    assert collected(project.run("--collect-only", "-q", "-k", expression)) == expected


def test_mark_tells_suites_from_tests(project: Project) -> None:
    project.pytester.makepyfile(test_other="def test_other(): pass")
    chosen = collected(project.run("--collect-only", "-q", "-m", "prompt_suite", "suites", "test_other.py"))
    assert chosen == ALL
    others = collected(project.run("--collect-only", "-q", "-m", "not prompt_suite", "suites", "test_other.py"))
    assert others == ["test_other.py::test_other"]


def test_node_id_selects_one_trial_or_one_variant(project: Project) -> None:
    assert collected(project.run("--collect-only", "-q", ALL[5])) == [ALL[5]]
    variant = "suites/capitals/suite.yaml::shouted"
    assert collected(project.run("--collect-only", "-q", variant)) == ALL[4:]


def test_last_failed_runs_what_failed(project: Project) -> None:
    project.add("checks: [exact_match]\n")
    project.run().assert_outcomes(passed=6, failed=2)
    result = project.run("--lf", "-v")
    result.assert_outcomes(failed=2)
    assert {line.split()[0] for line in result.outlines if " FAILED" in line and "::" in line and "%" in line} == {
        ALL[4],
        ALL[7],
    }


def test_failed_first_puts_what_failed_first(project: Project) -> None:
    project.add("checks: [exact_match]\n")
    project.run()
    result = project.run("--ff", "--collect-only", "-q")
    assert collected(result)[:2] == [ALL[4], ALL[7]]


def test_gates_come_last_and_are_items(project: Project) -> None:
    project.add('gates: ["exact_match.mean >= 0.5", {gate: "exact_match.mean >= 0.9", variants: [plain]}]\n')
    items = collected(project.run("--collect-only", "-q"))
    assert items == [
        *ALL,
        "suites/capitals/suite.yaml::gate[exact_match.mean>=0.5-plain-atlas]",
        "suites/capitals/suite.yaml::gate[exact_match.mean>=0.5-shouted-atlas]",
        "suites/capitals/suite.yaml::gate[exact_match.mean>=0.9-plain-atlas]",
    ]


def test_gate_selected_alone_runs_the_trials_it_speaks_of(project: Project) -> None:
    project.add('gates: ["exact_match.mean >= 0.9"]\n')
    project.run().assert_outcomes(passed=9, failed=1)
    result = project.run("--lf")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*exact_match.mean is 0.5*"])


def test_gate_speaks_of_its_whole_cell_however_few_of_its_trials_are_selected(project: Project) -> None:
    project.add('checks: [exact_match]\ngates: ["exact_match.mean >= 0.9"]\n')
    project.run().assert_outcomes(passed=7, failed=3)
    result = project.run("--lf")
    result.assert_outcomes(failed=3)
    result.stdout.fnmatch_lines(["*exact_match.mean is 0.500, at least 0.9 asked (n = 4,*"])


def test_limit_and_repeats_are_settings_too(project: Project) -> None:
    project.pytester.makeini("[pytest]\nprompt_limit = 1\nprompt_repeats = 2\n")
    assert len(collected(project.run("--collect-only", "-q"))) == 4
    assert len(collected(project.run("--collect-only", "-q", "--prompt-limit", "2"))) == 8


def test_backend_of_the_command_line_replaces_the_suites(project: Project) -> None:
    defined = 'backends: [{name: other, provider: callable, function: "capitals/app.py:answer"}]\n'
    (project.path / "suites" / "backends.yaml").write_text(defined)
    names = collected(project.run("--collect-only", "-q", "--prompt-backend", "other", "-k", "fr"))
    assert names == [f"suites/capitals/suite.yaml::{variant}[other-fr]" for variant in ("plain", "shouted")]
    project.run("--prompt-backend", "other").assert_outcomes(passed=8)
