"""Whether a sample can be scored by its form at all: a fault of the dataset is never one of the model's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.score.code_tests import flaw_of_check, flaw_of_python, flaw_of_tests
from harness.score.code_text import begun_at

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Columns = Mapping[str, Any]

_NO_COLUMN = "the sample has no column '{column}'"
_NO_TEXT = "the sample's column '{column}' holds no text"


def flaw_of_sample(form: str, columns: Columns, tests: str) -> str | None:
    """Why no answer to the sample can be scored, with its column; None when they can. `tests` is that of `plain`."""
    finders: Mapping[str, Callable[[], str | None]] = {
        "humaneval": lambda: _of_humaneval(columns),
        "mbpp": lambda: _of_mbpp(columns),
        "plain": lambda: _of_plain(columns, tests),
    }
    return finders[form]()


def tests_of_plain(columns: Columns, column: str) -> str | None:
    """The tests of the column that form `plain` reads; None when it has none. TypeError when they are no text."""
    given = columns.get(column)
    if isinstance(given, list | tuple) and all(isinstance(line, str) for line in given):
        given = "\n".join(given)
    if given is not None and not isinstance(given, str):
        raise TypeError
    return given if given and given.strip() else None


def tests_of_mbpp(columns: Columns) -> list[str] | None:
    """The tests of column `test_list`; None when it holds none."""
    listed = columns.get("test_list")
    if isinstance(listed, str):
        return [listed]
    if not isinstance(listed, list | tuple) or not listed or not all(isinstance(test, str) for test in listed):
        return None
    return list(listed)


def _of_humaneval(columns: Columns) -> str | None:
    for column in ("prompt", "test", "entry_point"):
        if column not in columns:
            return _NO_COLUMN.format(column=column)
        if not isinstance(columns[column], str) or not columns[column].strip():
            return _NO_TEXT.format(column=column)
    entry = columns["entry_point"].strip()
    if not entry.isidentifier():
        return "the sample's column 'entry_point' is no name of Python's"
    return flaw_of_check(columns["test"], "test") or _of_prompt(columns["prompt"], entry)


def _of_prompt(prompt: str, entry: str) -> str | None:
    """A prompt that begins the function becomes a part of the program, so that it must be Python with some body."""
    if begun_at(prompt, entry) is None or flaw_of_python(f"{prompt}\n    pass\n") is None:
        return None
    flaw = flaw_of_python(prompt)
    return None if flaw is None else f"the sample's column 'prompt' is no Python: {flaw}"


def _of_mbpp(columns: Columns) -> str | None:
    if "test_list" not in columns:
        return _NO_COLUMN.format(column="test_list")
    listed = tests_of_mbpp(columns)
    if listed is None:
        return "the sample's column 'test_list' holds no list of tests"
    setup = columns.get("test_setup_code") or ""
    if not isinstance(setup, str):
        return _NO_TEXT.format(column="test_setup_code")
    flaw = flaw_of_python(setup)
    if flaw is not None:
        return f"the sample's column 'test_setup_code' is no Python: {flaw}"
    return flaw_of_tests("\n".join(listed), "test_list")


def _of_plain(columns: Columns, column: str) -> str | None:
    try:
        tests = tests_of_plain(columns, column)
    except TypeError:
        return _NO_TEXT.format(column=column)
    return None if tests is None else flaw_of_tests(tests, column)
