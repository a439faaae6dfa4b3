"""`prompt-suite baseline` and `prompt-suite report`."""

from __future__ import annotations

import webbrowser
from typing import TYPE_CHECKING

import pytest

from harness.record import load_manifest

if TYPE_CHECKING:
    from tests.unit.conftest import PromptSuite
    from tests.unit.recorded_project import RecordedProject


@pytest.mark.parametrize("arguments", [["baseline"], ["baseline", "list"]])
def test_no_baseline_is_one_clear_line(prompt_suite: PromptSuite, arguments: list[str]) -> None:
    line = (
        "reports/baselines: no baseline is saved; save one with: pytest --prompt-suite --prompt-save-baseline, "
        "or: prompt-suite baseline save RUN\n"
    )
    assert prompt_suite(*arguments) == (0, line, "")


def test_recorded_run_becomes_the_baseline_that_is_then_listed_and_shown(
    prompt_suite: PromptSuite, project: RecordedProject
) -> None:
    project.answers({"support@1.1": range(5)})
    run = project.run()
    saved = "reports/baselines/desk.jsonl: 40 trials of 2 cells saved\n"
    assert prompt_suite("baseline", "save", "latest") == (0, saved, "")
    code, out, _ = prompt_suite("baseline")
    head, _, row, note = out.splitlines()
    assert (code, head.split(), note) == (
        0,
        "suite run date cells samples trials".split(),
        "cells: variants on backends",
    )
    assert row.split()[:2] == ["desk", run]
    assert row.split()[-3:] == ["2", "20", "40"]
    code, out, _ = prompt_suite("baseline", "show", "desk")
    lines = out.splitlines()
    facts = load_manifest(project.reports / "latest").suites[0]
    assert (code, lines[0]) == (0, "desk  reports/baselines/desk.jsonl")
    assert lines[1].startswith(f"run {run}, 20")
    assert lines[1].endswith(" UTC; 40 trials")
    assert lines[2] == f"hash of the dataset's rows: {facts['dataset_hash']}"
    assert max(map(len, lines)) <= 80
    hashes = [line.split()[-1] for line in lines if line.startswith("support@")]
    assert hashes == [facts["prompts"][name]["hash"] for name in ("support@1.0", "support@1.1")]
    means = [line.split() for line in lines if line.startswith("exact_match")]
    assert [(row[1], row[2], row[3], row[-1]) for row in means] == [
        ("support@1.0", "saved", "1.000", "20"),
        ("support@1.1", "saved", "0.750", "20"),
    ]


def test_backend_of_an_older_run_is_told_with_its_run(prompt_suite: PromptSuite, project: RecordedProject) -> None:
    first = project.run(save=True)
    suite = (project.folder / "suite.yaml").read_text()
    project.write("suite.yaml", suite.replace("name: saved,", "name: other,"))
    second = project.run()
    assert prompt_suite("baseline", "save", second)[0] == 0
    out = prompt_suite("baseline")[1]
    assert out.splitlines()[0].endswith("from older runs")
    assert out.splitlines()[2].endswith("  support@1.0 on saved, support@1.1 on saved")
    means = [line.split() for line in prompt_suite("baseline", "show", "desk")[1].splitlines() if "exact_match" in line]
    assert {(row[2], row[-1]) for row in means} == {("saved", first), ("other", second)}


def test_run_that_is_incomplete_or_has_no_such_suite_is_refused(
    prompt_suite: PromptSuite, project: RecordedProject
) -> None:
    run = project.run(complete=False)
    assert prompt_suite("baseline", "save", run) == (
        1,
        "",
        (
            f"prompt-suite: run {run}: it is incomplete (0 trials of suite 'desk' not run); a baseline is made of "
            "complete runs; finish it with --prompt-resume\n"
        ),
    )
    assert prompt_suite("baseline", "save", run, "--suite", "dest") == (
        4,
        "",
        f"prompt-suite: --suite dest: run {run} has no such suite; available: desk. Did you mean 'desk'?\n",
    )
    assert prompt_suite("baseline", "show", "desk") == (
        4,
        "",
        "prompt-suite: baseline show: there is no baseline of suite 'desk' below reports/baselines; available: none.\n",
    )


def test_damaged_baseline_is_told_beside_the_others_with_exit_code_1(
    prompt_suite: PromptSuite, project: RecordedProject
) -> None:
    project.run(save=True)
    (project.reports / "baselines/other.jsonl").write_text("{}\n")
    code, out, _ = prompt_suite("baseline")
    assert code == 1
    assert [line.split()[0] for line in out.splitlines()[2:]] == ["desk", "cells:", "reports/baselines/other.jsonl:1:"]


def test_report_says_where_it_is_and_opens_it_on_request(
    prompt_suite: PromptSuite, project: RecordedProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []

    def no_browser(uri: str) -> bool:
        opened.append(uri)
        return False

    monkeypatch.setattr(webbrowser, "open", no_browser)
    run = project.run()
    assert prompt_suite("report") == (
        0,
        f"{project.reports}/runs/{run}/report.html\n".replace(f"{project.root}/", ""),
        "",
    )
    code, out, _ = prompt_suite("report", run, "--open")
    assert (code, out.splitlines()[-1]) == (0, "--open: no browser was found; open the report by hand")
    assert opened == [(project.reports / "runs" / run / "report.html").as_uri()]


def test_report_of_an_incomplete_run_is_called_so_and_a_missing_one_is_one_clear_line(
    prompt_suite: PromptSuite, project: RecordedProject
) -> None:
    run = project.run(complete=False)
    assert prompt_suite("report", run)[1] == f"reports/runs/{run}/report.html  (incomplete run)\n"
    (project.reports / "runs" / run / "report.html").unlink()
    assert prompt_suite("report", run) == (
        1,
        "",
        (
            f"prompt-suite: reports/runs/{run}/report.html: the report is not there; a run writes it, and it cannot "
            "be made from the tables alone; run again: recorded answers cost nothing\n"
        ),
    )
