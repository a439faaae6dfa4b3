"""Exit codes and what a failure says."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pandas as pd
import pytest

if TYPE_CHECKING:
    from tests.plugin.conftest import Project


def test_all_held_is_exit_code_0(project: Project) -> None:
    result = project.run()
    result.assert_outcomes(passed=8)
    assert result.ret == pytest.ExitCode.OK


def test_metrics_only_measure_and_fail_nothing(project: Project) -> None:
    assert project.run("-k", "shouted").ret == pytest.ExitCode.OK


def test_missed_check_fails_its_item_and_shows_the_evidence(project: Project) -> None:
    project.add("checks: [exact_match]\n")
    result = project.run("-k", "shouted and td")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(
        [
            "*shouted?atlas-td?*",
            "missed check: exact_match: it is 0",
            "system:",
            "  Answer with the capital only.",
            "user:",
            "  What is the capital of CHAD?",
            "answer*:",
            "  I do not know",
            "reference:",
            "  N'Djamena",
            "scores:",
            "  exact_match 0 *latency_s *",
            "FAILED suites/capitals/suite.yaml::shouted?atlas-td? - missed check: exact_match: it is 0",
        ]
    )
    result.stdout.no_fnmatch_line("*Traceback*")
    result.stdout.no_fnmatch_line("*session.py*")


def test_gate_says_value_threshold_n_and_interval(project: Project) -> None:
    project.add('gates: ["exact_match.mean >= 0.9"]\n')
    result = project.run()
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.assert_outcomes(passed=9, failed=1)
    # Wilson, 2 of 4: 0.150 to 0.850 (statsmodels proportion_confint(2, 4, method="wilson") = 0.1500, 0.8500)
    result.stdout.fnmatch_lines(["*exact_match.mean is 0.5*0.9*n = 4*0.150 to 0.850*"])


def test_gate_over_nothing_fails(project: Project) -> None:
    project.add('gates: ["cost_usd.mean <= 0.1"]\n')
    result = project.run()
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["*cost_usd.mean*nothing was scored*"])


def test_error_is_told_apart_from_a_miss(project: Project) -> None:
    project.write("app.py", "def answer(messages):\n    key = 'of-mine'\n    raise KeyError('broken app')\n")
    project.add("checks: [exact_match]\n")
    result = project.run("-k", "plain and fr", "--showlocals")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["no answer (callable): *KeyError: 'broken app' (suites/capitals/app.py:3); mend it"])
    result.stdout.no_fnmatch_line("*of-mine*")  # a variable of the function
    result.stdout.no_fnmatch_line("*missed check*")


def promise(project: Project, baseline: str) -> None:
    prompt = (project.suite / "prompts/shouted/v1.0.yaml").read_text()
    project.write("prompts/shouted/v1.0.yaml", prompt.replace('"1.0",', f'"1.0", performance_baseline: {baseline},'))


def test_performance_baseline_becomes_gates(project: Project) -> None:
    promise(project, "{exact_match: 0.8, latency_p95: 2s}")
    project.rows([{"id": f"es{number}", "country": "Spain", "capital": "Madrid"} for number in range(10)])
    result = project.run("-k", "shouted")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.assert_outcomes(passed=11, failed=1, deselected=10)
    # scipy 1.17.1: 2 * binom.cdf(0, 10, 0.8) = 2.0e-7; Wilson, 0 of 10: 0 to 0.278
    result.stdout.fnmatch_lines(
        [
            "gate exact_match.mean >= 0.8 (performance_baseline of shouted@1.0) does not hold",
            (
                "  shouted on atlas: exact_match is 0 on 10 trials, at least 0.8 promised by performance_baseline of "
                "shouted@1.0; regressed: worse, by more than chance explains (p < 0.001, 95 % interval 0 to 0.278)"
            ),
        ]
    )
    (comparison,) = json.loads((project.latest / "run.json").read_text())["comparisons"]
    assert (comparison["baseline"], comparison["findings"]) == (
        "performance_baseline of shouted@1.0",
        {"regressed": 1},
    )
    table = pd.read_parquet(project.latest / "comparison.parquet")
    assert table[["metric", "mean", "mean_baseline", "n_paired", "n_new", "verdict"]].to_numpy().tolist() == [
        ["exact_match", 0.0, 0.8, 10, 0, "regressed"]
    ]


def test_performance_baseline_that_chance_may_miss_warns(project: Project) -> None:
    promise(project, "{exact_match: 0.8}")
    result = project.run("--prompt-baseline", "none")
    assert result.ret == pytest.ExitCode.OK
    result.assert_outcomes(passed=9)
    (verdict,) = json.loads((project.latest / "run.json").read_text())["verdicts"]
    # scipy 1.17.1: 2 * binom.cdf(2, 4, 0.8) = 0.3616; Wilson, 2 of 4: 0.150 to 0.850
    assert verdict["message"] == (
        "exact_match is 0.500 on 4 trials, at least 0.8 promised by performance_baseline of shouted@1.0; inconclusive: "
        "so few samples that even the same value in all of them could be chance (p = 0.36, 95 % interval 0.150 to "
        "0.850); about 28 more samples would tell"
    )
    assert (verdict["finding"], verdict["passed"], verdict["warns"]) == ("inconclusive", True, True)
    report = (project.latest / "report.html").read_text()
    assert "Nothing else differs" not in report
    assert "4 trials" in report


def test_performance_baseline_is_judged_the_same_by_xdist(project: Project) -> None:
    promise(project, "{exact_match: 0.8}")
    result = project.pytester.runpytest_subprocess("--prompt-suite", "-n", "2")
    assert result.ret == pytest.ExitCode.OK
    (verdict,) = json.loads((project.latest / "run.json").read_text())["verdicts"]
    assert (verdict["finding"], verdict["n"], verdict["warns"]) == ("inconclusive", 4, True)


def test_mistakes_in_files_are_exit_code_2_and_all_at_once(project: Project) -> None:
    project.add("colour: red\nrepeats: many\n")
    result = project.run()
    assert result.ret == pytest.ExitCode.INTERRUPTED
    result.stdout.fnmatch_lines(["suites/capitals/suite.yaml:7:1: *colour*", "suites/capitals/suite.yaml:8:10: *many*"])
    result.stdout.no_fnmatch_line("*Traceback*")
    assert not (project.path / "reports").exists()


def test_template_mistake_is_found_before_the_first_call(project: Project) -> None:
    calls = project.count_calls()
    project.rows([{"id": "fr", "country": 7, "capital": "Paris"}])
    result = project.run()
    assert result.ret == pytest.ExitCode.INTERRUPTED
    result.stdout.fnmatch_lines(["suites/capitals/capitals.jsonl:1:*'fr'*country*"])
    assert not calls.exists()


def test_nothing_selected_is_exit_code_5(project: Project) -> None:
    assert project.run("-k", "absent").ret == pytest.ExitCode.NO_TESTS_COLLECTED


def test_missing_suites_folder_is_a_usage_error(pytester: pytest.Pytester) -> None:
    result = pytester.runpytest_inprocess("--prompt-suite")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        [
            (
                "ERROR: --prompt-suite: there is no folder suites/ in *; it holds suites when no path is given; "
                "name a suite file or folder, or make a first suite with: prompt-suite init suites/first"
            )
        ]
    )


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--prompt-limit", "0"], "*--prompt-limit: invalid whole number from 1 value: '0'*"),
        (["--prompt-repeats", "-1"], "*--prompt-repeats: invalid whole number from 1 value: '-1'*"),
        (["--prompt-concurrency", "x"], "*--prompt-concurrency: invalid whole number from 1 value: 'x'*"),
        (["--prompt-cache", "maybe"], "*--prompt-cache: invalid choice: 'maybe'*"),
    ],
)
def test_wrong_option_is_a_usage_error(project: Project, arguments: list[str], text: str) -> None:
    result = project.run(*arguments)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([text])


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (
            "prompt_limit = 0",
            "*setting prompt_limit: 0 is no whole number from 1; write for example*",
        ),
        ("prompt_cache = maybe", "*setting prompt_cache: 'maybe' is unknown; allowed: use, refresh, off, only*"),
    ],
)
def test_wrong_setting_is_a_usage_error(project: Project, line: str, text: str) -> None:
    project.pytester.makeini(f"[pytest]\n{line}\n")
    result = project.run()
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([text])


def test_two_suites_of_one_name_are_refused(project: Project) -> None:
    second = project.path / "suites" / "again"
    second.mkdir()
    (second / "suite.yaml").write_text((project.suite / "suite.yaml").read_text() + "name: capitals\n")
    for name in ("app.py", "capitals.jsonl"):
        (second / name).write_text((project.suite / name).read_text())
    (second / "prompts").symlink_to(project.suite / "prompts")
    result = project.run()
    assert result.ret == pytest.ExitCode.INTERRUPTED
    result.stdout.fnmatch_lines(
        ["*the suite's name 'capitals' is taken by suites/again/suite.yaml; names must differ*"]
    )


def test_first_failure_stops_the_run_and_says_so(project: Project) -> None:
    project.add("checks: [exact_match]\n")
    result = project.run("-x", "--prompt-concurrency", "1")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    manifest = json.loads((project.latest / "run.json").read_text())
    assert manifest["complete"] is False
    result.stdout.fnmatch_lines(["*INCOMPLETE*"])


def test_unreadable_answer_counts_as_wrong_not_as_an_error(project: Project) -> None:
    for name in ("plain", "shouted"):
        text = (project.suite / f"prompts/{name}/v1.0.yaml").read_text()
        project.write(f"prompts/{name}/v1.0.yaml", text + "output: {regex: '(Paris|Lima)'}\n")
    project.add('gates: ["error_rate <= 0"]\n')
    result = project.run("-k", "plain")
    assert result.ret == pytest.ExitCode.OK
    trials = pd.read_parquet(project.latest / "trials.parquet")
    assert sorted(trials["output"]) == ["", "", "Lima", "Paris"]
    assert trials["error"].dropna().str.startswith("output: ").sum() == 2


@pytest.mark.parametrize("arguments", [[], ["--collect-only"], ["-k", "plain"]])
def test_unknown_backend_on_the_command_line_is_a_usage_error(project: Project, arguments: list[str]) -> None:
    calls = project.count_calls()
    result = project.run("--prompt-backend", "atlass", *arguments)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        ["ERROR: --prompt-backend: backend 'atlass' is unknown; available: atlas, smollm2. Did you mean 'atlas'?"]
    )
    result.stdout.no_fnmatch_line("*Traceback*")
    assert not calls.exists()
