from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from harness.errors import HarnessError, RecordError
from harness.record import RunStore, measured_of_record, resolve, resolve_suites, write_baseline
from tests.unit.record.measured_runs import run_of
from tests.unit.report.run_records import Shape

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

OLDEST, MIDDLE, NEWEST = "20261120T000000Z-aaaa", "20261121T000000Z-bbbb", "20261122T000000Z-cccc"
SHAPE = Shape(samples=2, variants=("zero_shot",))


class Project:
    """A root with reports below it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.reports = root / "reports"

    def run(self, run_id: str, *, complete: bool = True, suite: str = "feedback") -> Path:
        record = run_of(replace(SHAPE, suites=(suite,), complete=complete), run_id)
        return RunStore(self.reports).write(record, {})

    def baseline(self, run_id: str, reports: Path | None = None) -> Path:
        record = run_of(replace(SHAPE, suites=("feedback",)), run_id)
        measured = measured_of_record(record)["feedback"]
        return write_baseline(reports or self.reports, measured, record.manifest, with_errors=True).path

    def ref(self, ref: str | None, *, suite: str = "feedback", current: str | None = None) -> str | None:
        found = resolve(ref, self.reports, self.root, suite=suite, current=current)
        if found is None:
            return None
        assert found.suite == suite
        assert found.cells
        return found.ref

    def said(self, ref: str | None, *, suite: str = "feedback", current: str | None = None) -> str:
        with pytest.raises(HarnessError) as caught:
            self.ref(ref, suite=suite, current=current)
        return str(caught.value)

    def git(self, *arguments: str) -> str:
        who = ["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false"]
        command = ["git", "-C", str(self.root), *who, *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.chdir(tmp_path.parent)  # a path is one of the working directory first, which may have runs of its own
    return Project(tmp_path)


def test_without_a_reference_it_is_the_committed_baseline_if_there_is_one(project: Project) -> None:
    project.run(NEWEST)
    assert project.ref(None) is None
    project.baseline(OLDEST)
    assert project.ref(None) == "reports/baselines/feedback.jsonl"
    assert project.ref(None, suite="support") is None


def test_none_wants_no_baseline(project: Project) -> None:
    project.baseline(OLDEST)
    assert project.ref("none") is None


def test_run_is_named_by_its_id_or_the_beginning_of_it(project: Project) -> None:
    for run_id in (OLDEST, MIDDLE):
        project.run(run_id)
    assert project.ref(OLDEST) == OLDEST
    assert project.ref("20261121") == MIDDLE
    assert project.said("2026112") == (
        f"baseline '2026112': 2 runs begin so ({MIDDLE}, {OLDEST}); one is allowed; give more of its id"
    )


def test_latest_is_the_newest_complete_run_that_has_the_suite(project: Project) -> None:
    project.run(OLDEST)
    project.run(MIDDLE)
    project.run(NEWEST, complete=False)
    project.run("20261123T000000Z-dddd", suite="support")
    assert project.ref("latest") == MIDDLE
    assert project.ref("previous") == OLDEST


def unsure(ref: str, lost: str, remedy: str) -> str:
    return (
        f"baseline {ref}: a run newer than it would be cannot be read: {lost}; the newest one must be readable, so "
        f"that no older one takes its place unsaid; name a run by its id, or {remedy}"
    )


def test_newest_run_that_cannot_be_read_is_no_reason_to_take_an_older_one(project: Project) -> None:
    project.run(OLDEST)
    folder = project.run(NEWEST)
    (folder / "run.json").write_text("{}")
    damage = f"reports/runs/{NEWEST}/run.json: the manifest is damaged (it says no schema_version)"
    for ref in ("latest", "previous"):
        assert project.said(ref) == unsure(ref, damage, "move the folder out of reports/runs")
    assert project.ref("latest", current=NEWEST) == OLDEST
    assert project.said(NEWEST) == (
        f"{folder}/run.json: the manifest is damaged (it says no schema_version); a run.json as recorded is needed; "
        "record the run again"
    )


def test_run_without_a_manifest_never_ended_and_an_older_damaged_one_matters_to_none(project: Project) -> None:
    (project.run(OLDEST) / "run.json").write_text("{")
    project.run(MIDDLE)
    (project.reports / "runs" / NEWEST).mkdir()
    assert project.ref("latest") == MIDDLE
    assert "cannot be read" in project.said("previous")


def test_newest_run_that_is_gone_is_no_reason_to_take_an_older_one(project: Project) -> None:
    project.run(OLDEST)
    shutil.rmtree(project.run(NEWEST))
    lost = f"reports/latest points at {NEWEST}, which is not there"
    assert project.said("latest") == unsure("latest", lost, "remove reports/latest")
    assert project.said("reports/latest") == (
        f"{project.reports / 'latest'}: it points at the run {NEWEST}, which is not there; a run that is there is "
        "needed; name one by its id, or record one with: pytest --prompt-suite"
    )
    (project.reports / "latest").unlink()
    assert project.ref("latest") == OLDEST


def test_copy_of_a_run_is_not_taken_for_another_run(project: Project) -> None:
    folder = project.run(OLDEST)
    shutil.copytree(folder, project.reports / "runs" / NEWEST)
    lost = f"reports/runs/{NEWEST}/run.json: it is that of run {OLDEST}"
    assert project.said("latest") == unsure("latest", lost, "move the folder out of reports/runs")


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (os.mkfifo, "it is a pipe or a device, no regular file"),
        (lambda path: path.symlink_to("/dev/zero"), "it is a pipe or a device, no regular file"),
        (lambda path: path.symlink_to("nowhere"), "it is a link to nothing"),
        (lambda path: path.symlink_to(path), "Too many levels of symbolic links"),
    ],
    ids=["pipe", "device", "dangling link", "loop"],
)
def test_what_is_no_regular_file_is_one_clear_line(project: Project, make: Callable[[Path], None], why: str) -> None:
    for name, refs in (
        ("odd", (str(project.root / "odd"),)),
        ("reports/baselines/feedback.jsonl", (None, str(project.reports / "baselines"))),
    ):
        path = project.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        make(path)
        for ref in refs:
            assert project.said(ref) == (
                f"{name}: the baseline cannot be read ({why}); a file that --prompt-save-baseline wrote is needed; "
                "restore it, or save it anew"
            )


def test_committed_baseline_of_another_suite_is_not_taken_for_it(project: Project) -> None:
    project.baseline(OLDEST).rename(project.reports / "baselines/support.jsonl")
    assert project.said(None, suite="support") == (
        "reports/baselines/support.jsonl: suite 'support' is not in it; a baseline of this suite is needed; it has: "
        "feedback."
    )


def test_two_files_of_one_suite_are_said(project: Project) -> None:
    file = project.baseline(OLDEST)
    shutil.copy(file, file.with_name("feedback-old.jsonl"))
    with pytest.raises(RecordError) as caught:
        resolve_suites(str(file.parent), project.reports, project.root)
    assert str(caught.value) == (
        "reports/baselines/feedback.jsonl: suite 'feedback' is in reports/baselines/feedback-old.jsonl, too; one file "
        "a suite is allowed; name one of them, or move one away"
    )


def test_run_that_is_compared_is_never_its_own_baseline(project: Project) -> None:
    project.run(OLDEST)
    folder = project.run(NEWEST)
    assert project.ref("latest", current=NEWEST) == OLDEST
    assert project.said(str(folder), current=NEWEST) == (
        f"reports/runs/{NEWEST}: this is the run that is compared; another one is needed; name a run by its id, or "
        "give latest"
    )
    assert "no run and no file is called so" in project.said(NEWEST, current=NEWEST)


def test_no_complete_run_is_said(project: Project) -> None:
    project.run(OLDEST, complete=False)
    assert project.said("latest") == (
        "baseline latest: no complete run has suite 'feedback' below reports; one is needed; record a run with: "
        "pytest --prompt-suite"
    )
    project.run(NEWEST)
    assert project.said("previous") == (
        "baseline previous: only one complete run has suite 'feedback' below reports; two are needed; record a run "
        "with: pytest --prompt-suite"
    )


def test_path_is_a_run_folder_latest_a_file_or_a_folder_of_baselines(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project.reports.parent)  # a project of one's own may have a run as well
    folder = project.run(OLDEST)
    file = project.baseline(MIDDLE)
    for ref in (str(folder), f"reports/runs/{OLDEST}", "reports/latest"):
        assert project.ref(ref) == OLDEST
    for ref in (str(file), "reports/baselines/feedback.jsonl", "reports/baselines"):
        assert project.ref(ref) == "reports/baselines/feedback.jsonl"
    monkeypatch.chdir(project.reports)
    assert project.ref("baselines/feedback.jsonl") == "reports/baselines/feedback.jsonl"
    (project.reports / "latest").unlink()
    (project.reports / "latest").write_text(f"runs/{OLDEST}\n")
    assert project.ref("latest") == OLDEST
    assert project.ref("reports/latest") == OLDEST


def test_suite_that_is_not_there_is_said_with_those_that_are(project: Project) -> None:
    project.run(OLDEST)
    project.baseline(MIDDLE)
    for ref, where in (
        (OLDEST, f"reports/runs/{OLDEST}"),
        ("reports/baselines", "reports/baselines"),
        ("reports/baselines/feedback.jsonl", "reports/baselines/feedback.jsonl"),
    ):
        assert project.said(ref, suite="feedbacks") == (
            f"{where}: suite 'feedbacks' is not in it; a baseline of this suite is needed; it has: feedback. "
            "Did you mean 'feedback'?"
        )


@pytest.mark.parametrize("ref", ["lastest", "", "x" * 5000, "a\0b", "20270101T000000Z-aaaa", "../nowhere"])
def test_unknown_reference_is_one_line_that_lists_what_there_is(project: Project, ref: str) -> None:
    assert "a run id, a path, latest, previous, git:REV or none is allowed; no run is recorded yet." in project.said(
        ref
    )
    for run_id in (OLDEST, MIDDLE, NEWEST):
        project.run(run_id)
    said = project.said(ref)
    assert f"recorded below reports: {NEWEST}, {MIDDLE}, {OLDEST}." in said
    assert said.isprintable()
    assert len(said) < 700


def test_what_was_meant_is_guessed(project: Project) -> None:
    assert project.said("lastest").endswith(" Did you mean 'latest'?")
    project.run(OLDEST)
    assert project.said(OLDEST.replace("a", "e")).endswith(f" Did you mean '{OLDEST}'?")


def test_list_of_runs_is_cut(project: Project) -> None:
    for number in range(7):
        project.run(f"20261120T00000{number}Z-0000")
    assert "20261120T000002Z-0000, … (2 more)." in project.said("nothing")


def committed(project: Project) -> str:
    project.git("init", "-q", "-b", "main")
    project.baseline(OLDEST)
    project.git("add", "-f", "reports/baselines")
    project.git("commit", "-q", "-m", "first")
    return project.git("rev-parse", "HEAD")


def test_committed_baseline_of_a_revision(project: Project) -> None:
    commit = committed(project)
    file = project.baseline(NEWEST)
    file.write_text("damaged now")
    for revision in ("main", "HEAD", commit, commit[:10]):
        assert project.ref(f"git:{revision}") == f"git:{revision}:reports/baselines/feedback.jsonl"


def test_damage_in_a_revision_is_said_with_its_place(project: Project) -> None:
    committed(project)
    (project.reports / "baselines/feedback.jsonl").write_text("[]\n")
    project.git("commit", "-q", "-a", "-m", "damaged")
    assert project.said("git:HEAD").startswith("git:HEAD:reports/baselines/feedback.jsonl:1: is [];")
    assert project.ref("git:HEAD~1") is not None


@pytest.mark.parametrize("revision", ["nowhere", "", "--all", "-x", "HEAD:reports", "a\x1bb", "HEAD~7"])
def test_unknown_revision_is_one_clear_line(project: Project, revision: str) -> None:
    committed(project)
    shown = revision.replace("\x1b", "\\x1b")
    assert project.said(f"git:{revision}") == (
        f"git:{shown}: there is no such revision; a branch, tag or commit that was fetched is needed; give another "
        "revision, or the path of a baseline"
    )


def test_revision_without_the_suite_s_baseline_is_said(project: Project) -> None:
    commit = committed(project)
    assert project.said("git:main", suite="support") == (
        f"git:main: there is no reports/baselines/support.jsonl in commit {commit[:12]}; a commit that has it is "
        "needed; give another revision, or the path of a baseline"
    )


def test_no_checkout_is_said(project: Project) -> None:
    assert project.said("git:main") == (
        "git:main: there is no git checkout; one with baselines in it is needed; give another revision, or the path "
        "of a baseline"
    )


def test_reports_outside_the_checkout_have_no_revisions(project: Project) -> None:
    committed(project)
    inner = Project(project.root / "inner")
    inner.reports = project.root.parent / "elsewhere"
    inner.root.mkdir()
    assert inner.said("git:main") == (
        f"git:main: {inner.reports}/baselines/feedback.jsonl lies outside the checkout {project.root}; a baseline "
        "below it is needed; give its path instead of a revision"
    )


def test_missing_git_is_said(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(project.root))
    assert project.said("git:main") == (
        "git:main: git is not installed; it is needed for a baseline of another revision; install it, or give the "
        "path of a baseline"
    )


def test_null_character_in_a_revision_is_one_clear_line(project: Project) -> None:
    committed(project)
    assert project.said("git:a\0b") == (
        "git:a\\x00b: git cannot be asked (embedded null byte); an answer of it is needed; give the path of a baseline"
    )
