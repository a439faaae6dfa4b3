"""An answer and its sample → the program to run and its tests, by the form of the dataset."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from msgspec import Struct

from harness.sandbox import Program
from harness.schema import ColumnUse
from harness.score.code_samples import tests_of_mbpp, tests_of_plain
from harness.score.code_tests import parsed
from harness.score.code_text import code_of, joined

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from harness.schema import Answer

FORMS = ("humaneval", "mbpp", "plain")


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
    """The case of an answer to a sample without a flaw; `tests` names the column that `plain` reads."""
    readers: Mapping[str, Callable[[], Case]] = {
        "humaneval": lambda: _humaneval(answer),
        "mbpp": lambda: _mbpp(answer),
        "plain": lambda: _plain(answer, tests),
    }
    return readers[form]()


def _humaneval(answer: Answer) -> Case:
    prompt, tests = answer.variables["prompt"], answer.variables["test"]
    entry = answer.variables["entry_point"].strip()
    whole = joined(code_of(answer.output, entry), prompt, entry)
    program = Program(
        whole.source, tests=tests, helpers=prompt, entry=entry, calls_check=True, is_strict=True, module="answer"
    )
    return Case(program, whole.first_line)


def _mbpp(answer: Answer) -> Case:
    setup = answer.variables.get("test_setup_code") or ""
    imports = "".join(f"{line}\n" for line in _imports_of(setup))
    imports += "\n\n" if imports else ""  # as the style guide has it, which the answer is measured by
    source = f"{imports}{code_of(answer.output)}\n"
    tests = "\n".join(tests_of_mbpp(answer.variables) or ())
    return Case(Program(source, tests=tests, setup=setup, module="answer"), imports.count("\n") + 1)


def _imports_of(setup: str) -> list[str]:
    """The outermost imports, each on as many lines as it has."""
    imports = (node for node in parsed(setup) if isinstance(node, ast.Import | ast.ImportFrom))
    return [ast.get_source_segment(setup, node) or "" for node in imports]


def _plain(answer: Answer, column: str) -> Case:
    return Case(Program(f"{code_of(answer.output)}\n", tests=tests_of_plain(answer.variables, column)), 1)
