from __future__ import annotations

import sys
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest

from harness.errors import OptionError
from harness.own_code import load_object, source_sha256

if TYPE_CHECKING:
    from pathlib import Path

FORMS = "allowed: file.py:function, relative to the file that names it, or package.module:function"


def load(name: str, folder: Path) -> object:
    return load_object(name, folder, kind="metric")


def said(name: str, folder: Path) -> str:
    with pytest.raises(OptionError) as caught:
        load(name, folder)
    return str(caught.value)


@pytest.mark.parametrize("name", ["rate", ":rate", "own.py:", "own.py:a.b", "own.py:1"])
def test_name_of_neither_form_is_refused(tmp_path: Path, name: str) -> None:
    assert said(name, tmp_path) == f"metric '{name}' names no function; {FORMS}"
    with pytest.raises(OptionError) as caught:
        source_sha256(name, tmp_path, kind="function")
    assert str(caught.value) == f"function '{name}' names no function; {FORMS}"


def test_whatever_a_file_holds_can_be_named(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text("RATE = None\n")
    assert load("own.py:RATE", tmp_path) is None


@pytest.mark.parametrize(("named", "meant"), [("rat", ". Did you mean 'rate'?"), ("xyz", "")])
def test_missing_name_is_told_with_what_was_meant(tmp_path: Path, named: str, meant: str) -> None:
    (tmp_path / "own.py").write_text("def rate(): ...\ndef _rat(): ...\n")
    assert said(f"own.py:{named}", tmp_path) == f"metric 'own.py:{named}': own.py has no '{named}'; {FORMS}{meant}"


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("x = (\n", "SyntaxError: line 1: '(' was never closed"),
        ("raise ValueError('two\\nlines \\x1b')\n", "ValueError: two lines \\x1b"),
        ("raise SystemExit(3)\n", "SystemExit: 3"),
    ],
)
def test_file_that_cannot_be_loaded_is_one_line_and_leaves_nothing_behind(
    tmp_path: Path, source: str, why: str
) -> None:
    (tmp_path / "own.py").write_text(source)
    before = set(sys.modules), list(sys.path)
    for _ in range(2):
        assert said("own.py:rate", tmp_path) == (f"metric 'own.py:rate': own.py cannot be loaded: {why}; mend it")
    assert (set(sys.modules), list(sys.path)) == before


def test_edit_of_the_same_length_within_a_second_is_seen(tmp_path: Path) -> None:
    for value in (1, 2, 3):
        (tmp_path / "own.py").write_text(f"RATE = {value}\n")
        assert load("own.py:RATE", tmp_path) == value


def test_neighbours_of_two_folders_with_equal_names_are_kept_apart(tmp_path: Path) -> None:
    for name in ("one", "two", "one"):
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        (folder / "neighbour_of_code.py").write_text(f"NAME = '{name}'\n")
        (folder / "own.py").write_text("from neighbour_of_code import NAME\n")
        assert load("own.py:NAME", folder) == name


def test_neighbour_never_stands_in_for_the_standard_library(tmp_path: Path) -> None:
    (tmp_path / "json.py").write_text("raise RuntimeError('shadowed')\n")
    (tmp_path / "own.py").write_text("import json\nNAME = json.dumps(1)\n")
    assert load("own.py:NAME", tmp_path) == "1"


def test_hash_is_of_the_file_and_runs_nothing(tmp_path: Path) -> None:
    content = b"raise RuntimeError('run')\n"
    (tmp_path / "own.py").write_bytes(content)
    (tmp_path / "package_of_own_code").mkdir()
    (tmp_path / "package_of_own_code/__init__.py").write_bytes(content)
    (tmp_path / "package_of_own_code/inner.py").write_bytes(content + b"#")
    assert source_sha256("own.py:x", tmp_path, kind="function") == sha256(content).hexdigest()
    inner = source_sha256("package_of_own_code.inner:x", tmp_path, kind="function")
    assert inner == sha256(content + b"#").hexdigest()
    assert "package_of_own_code" not in sys.modules


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("absent.py:x", "{folder}/absent.py cannot be read (No such file or directory)"),
        ("no_such_package.module:x", "there is no module 'no_such_package.module'"),
        ("sys:x", "there is no module 'sys'"),
    ],
)
def test_source_that_is_not_there_is_told(tmp_path: Path, name: str, why: str) -> None:
    with pytest.raises(OptionError) as caught:
        source_sha256(name, tmp_path, kind="function")
    assert str(caught.value) == f"function '{name}': {why.format(folder=tmp_path)}; {FORMS}"
