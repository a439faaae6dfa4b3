"""`prompt-suite promote`: what it looks at, what it refuses, what it writes."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from harness.errors import HarnessError
from harness.suite import move_label, write_edits

if TYPE_CHECKING:
    from harness.suite import FileEdit
    from tests.unit.conftest import PromptSuite
    from tests.unit.recorded_project import RecordedProject

ASKED = ("promote", "support@1.1", "prod-a")
TAIL = (
    "; every gate must hold in a complete run of the files as they are; run: pytest --prompt-suite "
    "suites/desk/suite.yaml"
)


def refused(run: str, reasons: str) -> str:
    head = f"prompt-suite: promote: prod-a stays where it is, run {run} does not show that support@1.1 has earned it: "
    return f"{head}{reasons}{TAIL}\n"


def test_label_moves_when_every_gate_holds_and_both_files_stay_as_they_were_else(
    prompt_suite: PromptSuite, project: RecordedProject
) -> None:
    project.answers({"support@1.1": range(3)})
    run = project.run()
    before = {version: project.text(version) for version in ("1.0", "1.1")}
    (project.folder / "prompts/support/v1.1.yaml").chmod(0o640)
    code, out, err = prompt_suite(*ASKED)
    assert (code, err) == (0, "")
    first, *gates, last = out.splitlines()
    assert first == f"gates of support@1.1 in run {run}:"
    assert [line.partition(": ")[0] for line in gates] == [
        "✓ exact_match.mean >= 0.5  support@1.1 on saved",
        "✓ error_rate <= 0  support@1.1 on saved",
    ]
    files = "suites/desk/prompts/support/v1.1.yaml, suites/desk/prompts/support/v1.0.yaml"
    assert last == f"prod-a is at support@1.1 now, was at 1.0; wrote {files}"
    assert project.text("1.0") == before["1.0"].replace("[prod-a]  # live", "[]  # live")
    assert project.text("1.1") == before["1.1"].replace("labels: []", "labels: [prod-a]")
    assert sorted(path.name for path in (project.folder / "prompts/support").iterdir()) == ["v1.0.yaml", "v1.1.yaml"]
    assert (project.folder / "prompts/support/v1.1.yaml").stat().st_mode & 0o777 == 0o640
    assert prompt_suite(*ASKED) == (0, "support@1.1 has label prod-a already; nothing is written\n", "")
    assert prompt_suite("promote", "support@1.1", "prod-b", "--suite", "suites/desk")[0] == 0, "the same run shows it"


def test_dry_run_prints_the_difference_and_writes_nothing(prompt_suite: PromptSuite, project: RecordedProject) -> None:
    project.run()
    before = [project.text("1.0"), project.text("1.1")]
    code, out, _ = prompt_suite(*ASKED, "--dry-run")
    assert code == 0
    assert out[out.index("---") :] == (
        "--- suites/desk/prompts/support/v1.1.yaml\n"
        "+++ suites/desk/prompts/support/v1.1.yaml\n"
        "@@ -2,3 +2,3 @@\n"
        '   version: "1.1"   # as the file\'s name\n'
        "-  labels: []\n"
        "+  labels: [prod-a]\n"
        " inputs: {text: str}\n"
        "--- suites/desk/prompts/support/v1.0.yaml\n"
        "+++ suites/desk/prompts/support/v1.0.yaml\n"
        "@@ -2,3 +2,3 @@\n"
        '   version: "1.0"   # as the file\'s name\n'
        "-  labels: [prod-a]  # live\n"
        "+  labels: []  # live\n"
        " inputs: {text: str}\n"
        "--dry-run: nothing is written\n"
    )
    assert [project.text("1.0"), project.text("1.1")] == before


def test_gate_that_does_not_hold_keeps_the_label_where_it_is(
    prompt_suite: PromptSuite, project: RecordedProject
) -> None:
    project.answers({"support@1.1": range(15)})
    run = project.run()
    before = [project.text("1.0"), project.text("1.1")]
    code, out, err = prompt_suite(*ASKED)
    assert (code, err) == (1, refused(run, "1 gate not held (exact_match.mean >= 0.5)"))
    assert "✗ exact_match.mean >= 0.5  support@1.1 on saved: " in out
    assert [project.text("1.0"), project.text("1.1")] == before


def test_only_the_gates_of_the_version_count(prompt_suite: PromptSuite, project: RecordedProject) -> None:
    project.answers({"support@1.0": range(15)})
    project.run()
    assert prompt_suite(*ASKED)[0] == 0


def test_regression_gate_that_warns_is_accepted_on_request_only(
    prompt_suite: PromptSuite, project: RecordedProject
) -> None:
    suite = (project.folder / "suite.yaml").read_text()
    project.write("suite.yaml", f"{suite}  - regression: exact_match\n")
    project.run(save=True)
    project.answers({"support@1.1": range(3)})
    run = project.run()
    code, out, err = prompt_suite(*ASKED, "--run", run)
    assert "! exact_match.regression <= 0  support@1.1 on saved: " in out
    assert (code, err) == (
        1,
        refused(run, "1 gate with a warning (exact_match.regression <= 0)").rstrip()
        + ", or accept warnings with --accept-warnings\n",
    )
    assert prompt_suite(*ASKED, "--run", run, "--accept-warnings")[0] == 0
    assert "labels: [prod-a]" in project.text("1.1")


def test_prompt_that_was_edited_since_the_run_is_refused(prompt_suite: PromptSuite, project: RecordedProject) -> None:
    run = project.run()
    project.write("prompts/support/v1.1.yaml", project.text("1.1").replace("Say", "Please say"))
    assert prompt_suite(*ASKED)[::2] == (1, refused(run, "the prompt of support@1.1 was edited since"))


def test_other_rows_gates_that_were_not_judged_and_an_incomplete_run_are_refused(
    prompt_suite: PromptSuite, project: RecordedProject
) -> None:
    run = project.run(judged=False, limit=5)
    reasons = (
        "it ran over other rows than the suite's dataset has now; 2 gates not judged (exact_match.mean >= 0.5, "
        "error_rate <= 0)"
    )
    assert prompt_suite(*ASKED)[::2] == (1, refused(run, reasons))
    broken = project.run(complete=False)
    assert prompt_suite(*ASKED, "--run", broken)[::2] == (1, refused(broken, "the run is incomplete"))
    assert prompt_suite(*ASKED)[2] == refused(run, reasons), "the latest complete run is looked at"


def test_version_without_a_gate_has_nothing_that_speaks_for_it(
    prompt_suite: PromptSuite, project: RecordedProject
) -> None:
    suite = (project.folder / "suite.yaml").read_text()
    project.write("suite.yaml", suite.partition("gates:")[0])
    run = project.run()
    reason = "suites/desk/suite.yaml has no gate for support@1.1: nothing speaks for it"
    assert prompt_suite(*ASKED)[::2] == (1, refused(run, reason))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["support", "prod-a"],
            "promote: 'support' names no version; PROMPT@VERSION is allowed; write for example few_shot@1.1",
        ),
        (
            ["support@1.2", "prod-a"],
            (
                "promote: prompt 'support' has no version '1.2'; versions: 1.0, 1.1; name one as support@1.1. "
                "Did you mean '1.1'?"
            ),
        ),
        (
            ["support@1.1", "2.0"],
            "promote: label '2.0' looks like a version; other words are allowed; rename it",
        ),
        (
            ["other@1.1", "prod-a"],
            (
                "promote: no suite below suites/ has a prompt 'other'; prompts there: support; name one of them, or a "
                "suite elsewhere with --suite PATH."
            ),
        ),
        (
            ["suport@1.1", "prod-a"],
            (
                "promote: no suite below suites/ has a prompt 'suport'; prompts there: support; name one of them, or a "
                "suite elsewhere with --suite PATH. Did you mean 'support'?"
            ),
        ),
        (
            ["support@prod-a", "prod-b"],
            (
                "promote: prompt 'support' has no version 'prod-a' (it is a label, at 1.0); versions: 1.0, 1.1; name "
                "one as support@1.0."
            ),
        ),
        (
            ["support", "prod-a", "--suite", "suites/desk"],
            "promote: 'support' names no version; PROMPT@VERSION is allowed; write for example few_shot@1.1",
        ),
        (
            ["support@1.1", "prod-a", "--suite", "desk"],
            (
                "promote: --suite desk: there is no such file or folder; a suite file or its folder is allowed; "
                "available: suites/desk"
            ),
        ),
        (
            ["support@1.1", "prod a"],
            "promote: label 'prod a' cannot follow '@'; letters, digits and . _ - + are allowed; rename it",
        ),
        (
            ["support@1.1", "prod-a", "--run", "nope"],
            (
                "run 'nope': no run and no file is called so; a run id, a path, latest or previous is allowed; no run "
                "is recorded yet."
            ),
        ),
    ],
)
def test_what_cannot_be_meant_is_a_usage_error(
    prompt_suite: PromptSuite, project: RecordedProject, *, arguments: list[str], message: str
) -> None:
    assert project.folder.is_dir()
    assert prompt_suite("promote", *arguments) == (4, "", f"prompt-suite: {message}\n")


def test_version_that_the_suite_does_not_list_is_a_usage_error(
    prompt_suite: PromptSuite, project: RecordedProject
) -> None:
    suite = (project.folder / "suite.yaml").read_text()
    project.write("suite.yaml", suite.replace(", support@1.1]", "]"))
    assert prompt_suite(*ASKED) == (
        4,
        "",
        (
            "prompt-suite: promote: suites/desk/suite.yaml lists no variant of support@1.1, so no run of it can have "
            "tested it; it lists support@1.0; add it under prompts: and run the suite\n"
        ),
    )


def test_without_a_run_there_is_one_clear_line(prompt_suite: PromptSuite, project: RecordedProject) -> None:
    assert project.folder.is_dir()
    assert prompt_suite(*ASKED) == (
        1,
        "",
        (
            "prompt-suite: run latest: no complete run has suite 'desk' below reports; one is needed; record a run "
            "with: pytest --prompt-suite\n"
        ),
    )


def test_labels_that_cannot_be_edited_are_left_with_what_to_write(
    prompt_suite: PromptSuite, project: RecordedProject
) -> None:
    project.prompt("1.0", "\n    - >-\n      prod-a")
    project.run()
    assert prompt_suite(*ASKED)[::2] == (
        2,
        (
            "suites/desk/prompts/support/v1.0.yaml: its labels cannot be edited without rewriting more; a list in "
            "brackets or one label a line is allowed; write by hand: labels: []\n"
        ),
    )


def edits(project: RecordedProject) -> tuple[FileEdit, ...]:
    return move_label(project.folder, "support@1.1", "prod-a", root=project.root).edits


def test_second_file_that_cannot_be_replaced_leaves_the_first_as_it_was(
    project: RecordedProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = [project.text("1.0"), project.text("1.1")]
    replace = Path.replace

    def failing(self: Path, target: Path) -> Path:
        if target.name == "v1.0.yaml":
            raise PermissionError(13, "Permission denied", str(target))
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", failing)
    with pytest.raises(HarnessError) as caught:
        write_edits(edits(project))
    path = project.folder / "prompts/support/v1.0.yaml"
    assert str(caught.value) == (
        "suites/desk/prompts/support/v1.0.yaml: cannot be written (Permission denied); a writable folder is needed; no "
        "file was changed"
    )
    assert [project.text("1.0"), project.text("1.1")] == before
    assert len(list(path.parent.iterdir())) == 2


def test_read_only_file_is_not_replaced(prompt_suite: PromptSuite, project: RecordedProject) -> None:
    project.run()
    path = project.folder / "prompts/support/v1.0.yaml"
    path.chmod(0o444)
    before = [project.text("1.0"), project.text("1.1")]
    shown = "suites/desk/prompts/support/v1.0.yaml"
    assert prompt_suite(*ASKED)[::2] == (
        1,
        (
            f"prompt-suite: {shown}: is read-only; a writable file is needed; no file was changed; run: chmod u+w "
            f"{shown}\n"
        ),
    )
    assert [project.text("1.0"), project.text("1.1")] == before
    assert prompt_suite(*ASKED, "--dry-run")[0] == 0
    path.chmod(0o644)
    assert prompt_suite(*ASKED)[0] == 0


def test_suites_that_share_a_prompts_name_are_told_apart(prompt_suite: PromptSuite, project: RecordedProject) -> None:
    other, third = project.root / "suites/other", project.root / "suites/third"
    for folder, prompt in ((other, "support"), (third, "short")):
        (folder / "prompts" / prompt).mkdir(parents=True)
        (folder / "suite.yaml").write_text("name: x\n")
    assert prompt_suite(*ASKED)[::2] == (
        4,
        (
            "prompt-suite: promote: 2 suites below suites/ have a prompt 'support'; one is needed; name it with "
            "--suite PATH, one of: suites/desk, suites/other\n"
        ),
    )


def test_folder_without_suites_is_said(prompt_suite: PromptSuite) -> None:
    assert prompt_suite(*ASKED)[::2] == (
        4,
        (
            "prompt-suite: promote: there is no suite.yaml below suites/; the suite with the prompt is needed; go to "
            "the project's folder, or name the suite with --suite PATH\n"
        ),
    )


def test_label_that_no_version_had_is_called_new(prompt_suite: PromptSuite, project: RecordedProject) -> None:
    project.run()
    out = prompt_suite("promote", "support@1.1", "prod-b")[1]
    assert out.splitlines()[-1] == (
        "prod-b is at support@1.1 now, a new label; wrote suites/desk/prompts/support/v1.1.yaml"
    )


def test_suite_that_was_edited_since_the_run_is_refused(prompt_suite: PromptSuite, project: RecordedProject) -> None:
    run = project.run()
    suite = (project.folder / "suite.yaml").read_text()
    project.write("suite.yaml", suite.replace("exact_match.mean >= 0.5", "exact_match.mean >= 0.4"))
    reasons = "suites/desk/suite.yaml was edited since; 1 gate not judged (exact_match.mean >= 0.4)"
    assert prompt_suite(*ASKED)[::2] == (1, refused(run, reasons))


def test_file_that_was_changed_meanwhile_is_not_overwritten(project: RecordedProject) -> None:
    planned = edits(project)
    project.write("prompts/support/v1.0.yaml", project.text("1.0") + "# mine\n")
    with pytest.raises(HarnessError) as caught:
        write_edits(planned)
    assert str(caught.value) == (
        "suites/desk/prompts/support/v1.0.yaml: was changed meanwhile; nothing is written; run the command again"
    )
    assert project.text("1.0").endswith("# mine\n")
    assert "prod-a" not in project.text("1.1")


def test_byte_order_mark_links_and_line_ends_stay(project: RecordedProject) -> None:
    path = project.folder / "prompts/support/v1.1.yaml"
    real = project.root / "real.yaml"
    real.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    path.unlink()
    path.symlink_to(os.path.relpath(real, path.parent))
    before = real.read_bytes()
    write_edits(edits(project))
    assert path.is_symlink()
    assert real.read_bytes() == before.replace(b"labels: []", b"labels: [prod-a]")
