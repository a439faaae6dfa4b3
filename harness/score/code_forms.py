"""An answer and its sample → the program to run and its tests, by the form of the dataset."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from harness.sandbox import Program
from harness.schema import ColumnUse
from harness.score.code_tests import flaw_of_tests
from harness.score.code_text import code_of, joined

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from harness.schema import Answer

FORMS = ("humaneval", "mbpp", "plain")
_IMPORTS = re.compile(r"^(?:import|from)[ \t]+\S.*$", re.MULTILINE)


class UnfitSampleError(Exception):
    """The sample lacks what its form needs, or its tests check nothing."""


class Case(Struct, frozen=True):
    """What is run, and the part of it that the model wrote."""

    program: Program
    """The program with its tests."""
    first_line: int
    """The model's first line in the program, from 1."""


def columns_of_form(form: str, tests: str, *, is_named: bool) -> tuple[ColumnUse, ...]:
    """The columns that a form reads; `tests` names that of `plain`, and `is_named` says whether the user does.

    MBPP's setup is needed by some of its tasks only. A program may also be measured without any tests.
    """
    if form == "humaneval":
        return tuple(ColumnUse(name, "form") for name in ("prompt", "test", "entry_point"))
    if form == "mbpp":
        return ColumnUse("test_list", "form"), ColumnUse("test_setup_code", "form", is_needed=False)
    return (ColumnUse(tests, "tests", is_needed=is_named),)


def case_of(form: str, answer: Answer, tests: str) -> Case:
    """The case of an answer; `tests` names the column that `plain` reads. UnfitSampleError when a column is missing."""
    readers: Mapping[str, Callable[[], Case]] = {
        "humaneval": lambda: _humaneval(answer),
        "mbpp": lambda: _mbpp(answer),
        "plain": lambda: _plain(answer, tests),
    }
    return readers[form]()


def _humaneval(answer: Answer) -> Case:
    columns = answer.variables
    prompt, tests = _text(columns, "prompt"), _text(columns, "test")
    entry = _text(columns, "entry_point").strip()
    whole = joined(code_of(answer.output, entry), prompt, entry)
    program = Program(
        whole.source, tests=tests, helpers=prompt, entry=entry, calls_check=True, is_strict=True, module="answer"
    )
    return Case(program, whole.first_line)


def _mbpp(answer: Answer) -> Case:
    columns = answer.variables
    listed = _given(columns, "test_list")
    if isinstance(listed, str):
        listed = [listed]
    if not isinstance(listed, list | tuple) or not listed or not all(isinstance(test, str) for test in listed):
        raise UnfitSampleError("the sample's column 'test_list' holds no list of tests")
    setup = columns.get("test_setup_code") or ""
    if not isinstance(setup, str):
        raise UnfitSampleError("the sample's column 'test_setup_code' holds no text")
    imports = "".join(f"{line}\n" for line in _IMPORTS.findall(setup))
    imports += "\n\n" if imports else ""  # as the style guide has it, which the answer is measured by
    source = f"{imports}{code_of(answer.output)}\n"
    tests = _checking("\n".join(listed))
    return Case(Program(source, tests=tests, setup=setup, module="answer"), imports.count("\n") + 1)


def _plain(answer: Answer, column: str) -> Case:
    given = answer.variables.get(column)
    if isinstance(given, list | tuple) and all(isinstance(line, str) for line in given):
        given = "\n".join(given)
    if given is not None and not isinstance(given, str):
        raise UnfitSampleError(f"the sample's column '{column}' holds no text")
    tests = _checking(given) if given and given.strip() else None
    return Case(Program(f"{code_of(answer.output)}\n", tests=tests), 1)


def _checking(tests: str) -> str:
    flaw = flaw_of_tests(tests)
    if flaw is not None:
        raise UnfitSampleError(flaw)
    return tests


def _text(columns: Mapping[str, Any], name: str) -> str:
    found = _given(columns, name)
    if not isinstance(found, str) or not found.strip():
        raise UnfitSampleError(f"the sample's column '{name}' holds no text")
    return found


def _given(columns: Mapping[str, Any], name: str) -> Any:
    if name not in columns:
        raise UnfitSampleError(f"the sample has no column '{name}'")
    return columns[name]
