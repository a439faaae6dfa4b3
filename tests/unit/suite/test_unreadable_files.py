from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

import pytest

from harness.errors import FilesError
from harness.suite.text_file import unreadable

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.suite.conftest import Project

SUITE = "suites/demo/suite.yaml"
ROWS = "datasets/demo.jsonl"
PROMPT = "suites/demo/prompts/zero_shot/v1.0.yaml"
MIB = 1024 * 1024


NUL = "{}:1:8: holds a NUL byte; only UTF-8 text is allowed; save the file as UTF-8 without it"
UTF_16 = "{}:1:1: is UTF-16; only UTF-8 is allowed; save the file as UTF-8"
LATIN_1 = "{}:2:14: the byte 0xe9 is not UTF-8; only UTF-8 is allowed; save the file as UTF-8"
CONTROL = (
    "{}:2:7: holds the control character U+0007; YAML allows printable text only; "
    'remove it or write it as an escape in "double quotes"'
)
ESCAPED_NUL = "{}:1:14: 'description' holds a NUL character; printable text is allowed; remove it"
BAD_ROWS = (
    "{0}:2:22: the byte 0xfc is not UTF-8; only UTF-8 is allowed; save the file as UTF-8\n"
    "{0}:3:9: holds a NUL byte; only UTF-8 text is allowed; save the file as UTF-8 without it"
)


@pytest.mark.parametrize(
    ("path", "content", "expected"),
    [
        pytest.param(SUITE, b"name: a\0b\n", NUL, id="nul"),
        pytest.param(SUITE, "name: demo\n".encode("utf-16"), UTF_16, id="utf-16"),
        pytest.param(SUITE, "name: demo\n".encode("utf-16-le"), NUL.replace("1:8", "1:2"), id="utf-16-without-mark"),
        pytest.param(SUITE, b"name: demo\ndescription: \xe9t\xe9\n", LATIN_1, id="latin-1"),
        pytest.param(SUITE, b"name: demo\nbell: \x07\n", CONTROL, id="control-character"),
        pytest.param(SUITE, b'description: "\\0"\n', ESCAPED_NUL, id="escaped-nul"),
        pytest.param(PROMPT, b"\xff\xfei\0", UTF_16, id="prompt-in-utf-16"),
        pytest.param(ROWS, b'{"id": "a"}\n{"id": "b", "text": "\xfc"}\n{"id": "\0"}\n', BAD_ROWS, id="rows"),
        pytest.param(ROWS, '{"id": "a"}\n'.encode("utf-16"), UTF_16, id="rows-in-utf-16"),
    ],
)
def test_bytes_that_are_no_text_are_told_with_their_position(
    project: Project, *, path: str, content: bytes, expected: str
) -> None:
    project.write(path, content)
    told = project.mistakes().split("\n")
    assert [line for line in told if line in expected.format(path).split("\n")] == expected.format(path).split("\n")


def test_thousands_of_bad_lines_are_counted(project: Project) -> None:
    project.rows(b"\xff\n" * 5000)
    lines = project.mistakes().split("\n")
    assert len(lines) == 21
    assert lines[-1] == f"{ROWS}: … and 4,980 more: lines that are no UTF-8 text"


@pytest.mark.parametrize("path", [SUITE, ROWS, PROMPT])
def test_a_directory_is_no_file(project: Project, path: str) -> None:
    project.remove(path)
    (project.root / path).mkdir(parents=True)
    assert project.mistakes() == f"{path}: is a directory; a file is allowed; name a file inside it"


def test_a_missing_suite_file_is_told(project: Project) -> None:
    project.remove(SUITE)
    expected = f"{SUITE}: the file does not exist; a path to a file is allowed; check the spelling"
    assert project.mistakes() == expected


@pytest.mark.parametrize("path", [SUITE, ROWS, PROMPT])
def test_a_file_that_the_system_refuses_is_told(project: Project, path: str) -> None:
    (project.root / path).unlink()
    (project.root / path).symlink_to(project.root / path)  # unreadable for root too
    reason = os.strerror(errno.ELOOP)
    assert project.mistakes() == (f"{path}: cannot be read: {reason}; a readable file is allowed; mend its permissions")


def test_a_file_without_permission_is_told() -> None:
    error = PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    assert str(unreadable(error, "a.yaml")) == (
        "a.yaml: cannot be read: Permission denied; a readable file is allowed; mend its permissions"
    )


def test_a_pipe_is_not_waited_for(project: Project) -> None:
    (project.root / ROWS).unlink()
    os.mkfifo(project.root / ROWS)
    assert project.mistakes() == (
        f"{ROWS}: is a device or a pipe; a regular file is allowed; copy its content into a file"
    )


def _of_size(path: Path, size: int) -> None:
    with path.open("wb") as stream:
        stream.truncate(size)  # sparse: takes no room


@pytest.mark.parametrize("path", [SUITE, PROMPT])
def test_a_yaml_file_of_a_hundred_megabytes_is_refused_unread(project: Project, path: str) -> None:
    _of_size(project.root / path, 100 * MIB)
    assert project.mistakes() == (
        f"{path}: has 104,857,600 bytes; at most 4,194,304 are allowed; keep rows in a .jsonl dataset"
    )


@pytest.mark.parametrize("name", ["demo.jsonl", "demo.csv"])
def test_a_line_of_a_hundred_megabytes_is_refused(project: Project, name: str) -> None:
    project.rows(b"", name)
    _of_size(project.root / "datasets" / name, 100 * MIB)
    assert project.mistakes() == (
        f"datasets/{name}:1: the line has more than 67,108,864 bytes; fewer are allowed; one row a line"
    )


def test_a_json_file_beyond_the_limit_is_refused_unread(project: Project) -> None:
    project.rows(b"", "demo.json")
    _of_size(project.root / "datasets/demo.json", 300 * MIB)
    assert project.mistakes() == (
        "datasets/demo.json: has 314,572,800 bytes; at most 268,435,456 are allowed; keep rows in a .jsonl dataset"
    )


@pytest.mark.parametrize("opening", ["[", "{a: ", "- ", "? "])
def test_deep_nesting_is_refused_without_being_followed(project: Project, opening: str) -> None:
    project.suite(opening * 500_000)
    with pytest.raises(
        FilesError,
        match=r"^suites/demo/suite\.yaml:1:[0-9]+: is nested too deeply; 60 levels are allowed; make it flatter$",
    ):
        project.load()


@pytest.mark.parametrize("name", ["demo.jsonl", "demo.json"])
@pytest.mark.parametrize("depth", [61, 900, 100_000])
def test_deep_json_is_a_mistake(project: Project, name: str, depth: int) -> None:
    row = '{"id": "a", "text": "x", "label": ' + "[" * depth + "]" * depth + "}"
    project.rows(row if name == "demo.jsonl" else f"[{row}]", name)
    assert "bad JSON: nested too deeply; 60 levels are allowed; make it flatter" in project.mistakes()


def test_a_number_of_thousands_of_digits_is_a_mistake(project: Project) -> None:
    project.rows('{"id": ' + "9" * 5000 + "}")
    assert project.mistakes() == (
        f"{ROWS}:1: bad JSON: a number with thousands of digits; shorter ones are allowed; put it in quotes"
    )
