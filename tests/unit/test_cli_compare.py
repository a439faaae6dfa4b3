"""`prompt-suite compare`: what it compares, with which margin, what it says where there is nothing to compare."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pandas as pd
import pytest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.unit.conftest import PromptSuite
    from tests.unit.recorded_project import RecordedProject

GATE = "  - regression: {metric: exact_match, margin: 0.2}\n"


@pytest.fixture
def runs(project: RecordedProject) -> tuple[str, str]:
    """Two runs of 100 rows: of 1.0 nothing differs, of 1.1 every twentieth answer became wrong."""
    return two_runs(project, "")


def two_runs(project: RecordedProject, gate: str) -> tuple[str, str]:
    project.write("suite.yaml", (project.folder / "suite.yaml").read_text() + gate)
    project.rows(100)
    project.answers({})
    first = project.run()
    project.answers({"support@1.1": range(0, 100, 20)})
    return first, project.run()


def findings(prompt_suite: PromptSuite, *arguments: str) -> Mapping[str, tuple[str, float]]:
    """Of exact_match, by variant: the finding and the margin."""
    (found,) = json.loads(prompt_suite("compare", *arguments, "--format", "json")[1])
    return {row["variant"]: (row["finding"], row["margin"]) for row in found["rows"] if row["metric"] == "exact_match"}


def test_margin_is_that_of_the_suites_own_gate_and_an_option_wins(
    prompt_suite: PromptSuite, project: RecordedProject
) -> None:
    runs = two_runs(project, GATE)
    code, out, _ = prompt_suite("compare", *runs)
    assert code == 0
    assert "margin (the suite's regression gates): 0.2 of exact_match" in out.splitlines()
    assert out.splitlines()[2] == "2 unchanged", "a drop of 0.05 lies within the margin"
    assert findings(prompt_suite, *runs)["support@1.1"] == ("unchanged", 0.2)
    assert findings(prompt_suite, *runs, "--margin", "0")["support@1.1"] == ("inconclusive", 0.0)
    out = prompt_suite("compare", *runs, "--margin", "0.01", "--format", "markdown")[1]
    assert "margin: 0.01 of every metric (--margin)." in out.splitlines()


def test_comparing_by_hand_says_what_the_gates_of_the_run_said(
    prompt_suite: PromptSuite, project: RecordedProject
) -> None:
    suite = (project.folder / "suite.yaml").read_text().replace("[exact_match]", "[exact_match, f1]")
    project.write("suite.yaml", f"{suite}{GATE}")
    project.rows(60)
    project.answers({})
    project.run(save=True)
    project.answers({"support@1.1": range(0, 60, 3)})
    run = project.run()
    rows = pd.read_parquet(project.reports / "runs" / run / "comparison.parquet").set_index(["metric", "variant"])
    (found,) = json.loads(prompt_suite("compare", "reports/baselines", run, "--format", "json")[1])
    assert len(found["rows"]) == len(rows) == 4
    for row in found["rows"]:
        told = rows.loc[(row["metric"], row["variant"])]
        assert (row["finding"], row["margin"], row["is_gated"]) == tuple(told[["verdict", "margin", "is_gated"]])
        assert row["p_adjusted"] == pytest.approx(None if pd.isna(told["p_adjusted"]) else told["p_adjusted"])
    assert rows.loc[("exact_match", "support@1.1"), "verdict"] == "regressed"


def test_gate_of_one_variant_gives_its_margin_to_no_other(prompt_suite: PromptSuite, project: RecordedProject) -> None:
    runs = two_runs(project, "  - {regression: {metric: exact_match, margin: 0.2}, variants: [support@1.0]}\n")
    assert findings(prompt_suite, *runs) == {
        "support@1.0": ("unchanged", 0.2),
        "support@1.1": ("inconclusive", 0.0),
    }


def test_run_that_knows_no_margins_takes_those_of_the_other_side(
    prompt_suite: PromptSuite, project: RecordedProject
) -> None:
    first, second = two_runs(project, GATE)
    path = project.reports / "runs" / second / "run.json"
    manifest = json.loads(path.read_text())
    for suite in manifest["suites"]:
        assert suite.pop("margins")[0]["margin"] == 0.2
    path.write_text(json.dumps(manifest))
    assert findings(prompt_suite, first, second)["support@1.1"] == ("unchanged", 0.2)


def test_without_a_gate_the_margin_is_0_and_that_is_said(prompt_suite: PromptSuite, runs: tuple[str, str]) -> None:
    code, out, _ = prompt_suite("compare", *runs)
    assert code == 0
    assert "margin: 0 (no regression gate; see --margin): only equal values are unchanged" in out.splitlines()
    assert "1 inconclusive, 1 unchanged" in out.splitlines()


def test_two_variants_have_the_margin_of_the_gate(prompt_suite: PromptSuite, project: RecordedProject) -> None:
    _, run = two_runs(project, GATE)
    assert findings(prompt_suite, run, "--variants", "support@1.0", "support@1.1") == {
        "support@1.1": ("unchanged", 0.2)
    }


def test_table_fits_eighty_columns(
    prompt_suite: PromptSuite, runs: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    lines = prompt_suite("compare", *runs)[1].splitlines()
    assert max(map(len, lines)) <= 80
    (row,) = [line for line in lines if line.startswith("?")]
    assert row.split()[-5:] == ["1.000", "0.950", "-0.050", "100", "0.12"]
    assert "n: pairs of the same sample and repeat; p: corrected for 2 comparisons" in lines


def test_example_in_the_hint_works_as_it_stands(prompt_suite: PromptSuite, runs: tuple[str, str]) -> None:
    assert runs[0] != runs[1]
    code, _, err = prompt_suite("compare", "latest")
    assert (code, err) == (
        4,
        (
            "prompt-suite: compare: there is nothing to compare latest with; one of B, --variants OLD NEW and "
            "--backends OLD NEW is allowed; write for example: prompt-suite compare previous latest\n"
        ),
    )
    assert prompt_suite(*err.rpartition("prompt-suite ")[2].split())[0] == 0


@pytest.mark.parametrize("names", [["--variants", "support@1.0"], ["--backends", "saved"]])
def test_one_name_twice_is_a_usage_error(prompt_suite: PromptSuite, runs: tuple[str, str], names: list[str]) -> None:
    option, name = names
    assert prompt_suite("compare", runs[0], option, name, name)[::2] == (
        4,
        f"prompt-suite: compare: OLD and NEW are both {name}; two of {runs[0]} are needed; name another\n",
    )


def test_two_ways_at_once_are_a_usage_error(prompt_suite: PromptSuite, runs: tuple[str, str]) -> None:
    code, _, err = prompt_suite("compare", *runs, "--variants", "support@1.0", "support@1.1")
    assert code == 4
    assert err.startswith("prompt-suite: compare: B and --variants are given; one of B, ")


@pytest.mark.parametrize("name", ["nope", "none"])
@pytest.mark.parametrize("place", [0, 1])
def test_name_of_no_run_is_a_usage_error_that_allows_what_is_allowed(
    prompt_suite: PromptSuite, runs: tuple[str, str], *, name: str, place: int
) -> None:
    sides = ["latest", "latest"]
    sides[place] = name
    assert prompt_suite("compare", *sides) == (
        4,
        "",
        (
            f"prompt-suite: compare '{name}': no run and no file is called so; a run id, a path, latest, previous or "
            f"git:REV is allowed; recorded below reports: {', '.join(sorted(runs, reverse=True))}.\n"
        ),
    )


def test_first_run_has_nothing_before_it(prompt_suite: PromptSuite, project: RecordedProject) -> None:
    project.run()
    assert prompt_suite("compare", "previous", "latest") == (
        1,
        "",
        (
            "prompt-suite: compare previous: only one complete run is recorded below reports; two are needed; record "
            "a run with: pytest --prompt-suite\n"
        ),
    )


def test_revision_without_a_baseline_is_said(prompt_suite: PromptSuite, runs: tuple[str, str]) -> None:
    code, _, err = prompt_suite("compare", "git:main", runs[0])
    assert code == 1
    assert err == (
        "prompt-suite: compare git:main: there is no baseline in reports/baselines; git:REV is the committed baseline "
        "of a suite that has one now; save one with: pytest --prompt-suite --prompt-save-baseline\n"
    )


def test_values_that_no_pair_has_are_the_reason_where_nothing_can_be_compared(
    prompt_suite: PromptSuite, runs: tuple[str, str]
) -> None:
    first, second = runs
    assert prompt_suite("compare", first, second, "--metric", "latency_s") == (
        1,
        "",
        (
            f"prompt-suite: compare: nothing of {second} and {first} can be compared: latency_s: none of 100 pairs has "
            "a value on both sides\n"
        ),
    )
    code, _, err = prompt_suite("compare", second, "--variants", "support@1.0", "support@1.1", "--metric", "latency_s")
    assert code == 1
    assert f"nothing of support@1.1 of {second} and support@1.0 of {second} can be compared: latency_s: " in err


def test_runs_without_a_cell_in_common_are_told_with_their_cells(
    prompt_suite: PromptSuite, project: RecordedProject
) -> None:
    suite = (project.folder / "suite.yaml").read_text()
    project.write("suite.yaml", suite.replace(", support@1.1]", "]"))
    first = project.run()
    project.write("suite.yaml", suite.replace("[support@1.0, ", "["))
    second = project.run()
    code, _, err = prompt_suite("compare", first, second)
    assert code == 1
    assert err.endswith(
        "can be compared: no variant on a backend is in both; the first has support@1.1 on saved, the second "
        "support@1.0 on saved\n"
    )


def test_metric_that_is_measured_in_another_way_is_the_reason(
    prompt_suite: PromptSuite, project: RecordedProject
) -> None:
    first = project.run()
    suite = (project.folder / "suite.yaml").read_text()
    project.write("suite.yaml", suite.replace("[exact_match]", "[{exact_match: {ignore_case: true}}]"))
    second = project.run()
    code, _, err = prompt_suite("compare", first, second, "--metric", "exact_match")
    assert code == 1
    assert err.endswith(
        "exact_match: measured in another way on either side; run again, so that both are measured alike\n"
    )


def test_amounts_fail_nothing_unless_they_are_named(prompt_suite: PromptSuite, runs: tuple[str, str]) -> None:
    fail = ("--fail-on", "not compared")
    assert prompt_suite("compare", *runs, *fail)[0] == 0, "latency, tokens and cost have no value"
    assert prompt_suite("compare", *runs, *fail, "--metric", "latency_s", "--metric", "exact_match")[0] == 1
    assert prompt_suite("compare", *runs, "--fail-on", "inconclusive")[0] == 1
    assert prompt_suite("compare", *runs, "--fail-on", "regressed")[0] == 0


def dated(project: RecordedProject, run: str, run_id: str) -> None:
    """Call the run so."""
    folder = project.reports / "runs" / run
    path = folder / "run.json"
    path.write_text(path.read_text().replace(run, run_id))
    folder.rename(folder.with_name(run_id))
    (project.reports / "latest").unlink()


def test_latest_run_of_a_suite_is_the_latest_that_has_it(prompt_suite: PromptSuite, project: RecordedProject) -> None:
    suite = (project.folder / "suite.yaml").read_text()
    for number in (1, 2):
        dated(project, project.run(), f"20260101T00000{number}Z-0000")
    project.write("suite.yaml", f"name: other\n{suite}")
    dated(project, project.run(), "20260101T000003Z-0000")
    _, out, err = prompt_suite("compare", "previous", "latest", "--suite", "desk")
    assert err == ""
    assert out.splitlines()[1] == "desk  20260101T000002Z-0000 beside 20260101T000001Z-0000"
    assert prompt_suite("compare", "previous", "latest")[::2] == (
        1,
        (
            "prompt-suite: compare: no suite is in both; previous has desk, latest has other; name two runs of the "
            "same suite\n"
        ),
    )
    assert prompt_suite("compare", "previous", "latest", "--suite", "desks")[::2] == (
        4,
        "prompt-suite: --suite desks: previous has no such suite; available: desk. Did you mean 'desk'?\n",
    )


def test_unknown_names_are_told_of_the_side_that_lacks_them(prompt_suite: PromptSuite, runs: tuple[str, str]) -> None:
    first, second = runs
    assert prompt_suite("compare", first, second, "--suite", "desks")[::2] == (
        4,
        f"prompt-suite: --suite desks: {first} has no such suite; available: desk. Did you mean 'desk'?\n",
    )
    code, _, err = prompt_suite("compare", first, second, "--metric", "exact")
    assert (code, err.startswith(f"prompt-suite: --metric exact: {second} has no such measure; ")) == (4, True)
