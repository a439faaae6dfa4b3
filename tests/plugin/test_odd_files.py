"""Suite files that are no files, links to suites, and names that are equal by chance."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.plugin.conftest import Project


def collected(result: pytest.RunResult) -> list[str]:
    return [line for line in result.outlines if "::" in line]


def _folder(path: Path) -> None:
    path.mkdir()


def _dangling(path: Path) -> None:
    path.symlink_to("nowhere.yaml")


def _loop(path: Path) -> None:
    path.symlink_to(path.name)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (_folder, "suites/other/suite.yaml: is a directory; *"),
        (os.mkfifo, "suites/other/suite.yaml: is a device or a pipe; *"),
        (_dangling, "suites/other/suite.yaml: the file does not exist; *"),
        (_loop, "suites/other/suite.yaml: cannot be read: Too many levels of symbolic links; *"),
    ],
)
def test_suite_file_that_is_no_file_is_a_mistake_and_not_passed_over(
    project: Project, *, make: Callable[[Path], None], said: str
) -> None:
    other = project.path / "suites" / "other"
    other.mkdir()
    make(other / "suite.yaml")
    result = project.run()
    assert result.ret == pytest.ExitCode.INTERRUPTED
    result.stdout.fnmatch_lines([said, "*Interrupted: 1 error during collection*"])
    result.stdout.no_fnmatch_line("*Traceback*")
    assert not (project.path / "reports").exists()


def test_pipe_named_on_the_command_line_is_a_mistake(project: Project) -> None:
    (project.suite / "suite.yaml").unlink()
    os.mkfifo(project.suite / "suite.yaml")
    result = project.run("suites/capitals/suite.yaml")
    assert result.ret == pytest.ExitCode.INTERRUPTED
    result.stdout.fnmatch_lines(["suites/capitals/suite.yaml: is a device or a pipe; *"])


def test_suite_file_that_is_no_file_can_be_ignored(project: Project) -> None:
    other = project.path / "suites" / "other"
    (other / "suite.yaml").mkdir(parents=True)
    assert project.run("--ignore", str(other / "suite.yaml")).ret == pytest.ExitCode.OK


def test_linked_folder_is_a_suite_of_the_link_s_name(project: Project) -> None:
    elsewhere = project.path / "elsewhere"
    shutil.move(project.suite, elsewhere)
    project.suite.symlink_to(elsewhere)
    result = project.run("-k", "capitals")
    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines(["capitals  4 samples*"])


def test_two_links_to_one_folder_are_one_suite(project: Project) -> None:
    (project.path / "suites" / "same").symlink_to(project.suite)
    result = project.run()
    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines(["*8 trials,*", "*16 passed*"])


def test_linked_suite_file_uses_the_prompts_beside_the_link(project: Project) -> None:
    shared = project.path / "shared.yaml"
    shutil.move(project.suite / "suite.yaml", shared)
    (project.suite / "suite.yaml").symlink_to(shared)
    assert project.run().ret == pytest.ExitCode.OK


def test_trials_of_equal_names_are_told_apart(project: Project) -> None:
    project.rows([{"id": name, "country": "Peru", "capital": "Lima"} for name in ("a", "a-r2", "b::c", "b:\\x3ac")])
    arguments = ("--collect-only", "-q", "--prompt-repeats", "2", "-k", "plain")
    ids = collected(project.run(*arguments))
    assert len(ids) == len(set(ids)) == 8
    assert "suites/capitals/suite.yaml::plain[atlas-a-r2]" in ids
    chosen = [node for node in ids if "~" in node]
    assert len(chosen) == 3
    for node in chosen:
        assert collected(project.run(node, "--collect-only", "-q", "--prompt-repeats", "2")) == [node]


def test_names_of_folders_and_files_are_shown_harmless(project: Project) -> None:
    odd = project.path / "suites" / "a\x1b[31m"
    shutil.move(project.suite, odd)
    suite = odd / "suite.yaml"
    suite.write_text("name: capitals\n" + suite.read_text())
    result = project.run("-v", "-rA", "--junitxml=j.xml")
    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines(["suites/a\\x1b?31m/suite.yaml::plain?atlas-fr? PASSED*"])
    assert "\x1b" not in str(result.stdout)
    suite.write_text(suite.read_text().replace("capitals.jsonl", "no\u202esuch.jsonl"))
    broken = project.run()
    assert broken.ret == pytest.ExitCode.INTERRUPTED
    assert "\x1b" not in str(broken.stdout)
    assert "\u202e" not in str(broken.stdout)
