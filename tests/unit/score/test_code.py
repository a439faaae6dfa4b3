"""The metric of generated code: forms, scores, reasons. Programs run without a sandbox here: it is tested elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from harness.errors import OptionError, SandboxError
from harness.schema import Answer
from harness.score.code import Code

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.schema import Score

PROBLEM = {
    "prompt": "def add(a, b):\n    '''Sum.'''\n",
    "entry_point": "add",
    "test": "def check(candidate):\n    assert candidate(1, 2) == 3\n",
}
TASK = {"test_list": ["assert area(2) == 4", "assert area(3) == 9"], "test_setup_code": "import math"}


def score(output: str, sample: Mapping[str, Any], **options: Any) -> dict[str, Score]:
    (found,) = Code({"sandbox": "none", **options}).score([Answer(output, (), sample, None)])
    return {each.metric: each for each in found}


def values(output: str, sample: Mapping[str, Any], **options: Any) -> list[float | None]:
    return [each.value for each in score(output, sample, **options).values()]


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ("    return a + b\n", [1, 1, 1, 1]),
        ("return a + b", [1, 1, 1, 1]),
        ("```python\ndef add(a, b):\n    return a + b\n```", [1, 1, 1, 1]),
        ("    return a+b\n", [1, 1, 1, 0]),
        ("    return a - b\n", [1, 1, 0, 1]),
        ("    return c\n", [1, 1, 0, 1]),
        ("    return (\n", [0, 0, 0, 0]),
        ("", [1, 1, 0, 1]),
        ("def add(a, b):\n    return a + b\n\n\nraise SystemError\n", [1, 0, 0, 1]),
    ],
)
def test_humaneval(output: str, expected: list[float]) -> None:
    assert values(output, PROBLEM, form="humaneval") == expected


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ("def area(side):\n    return side * side\n", [1, 1, 1, 1]),
        ("def area(side):\n    return int(math.pow(side, 2))\n", [1, 1, 1, 1]),
        ("def area(side):\n    return 4\n", [1, 1, 0, 1]),
        ("I cannot do that.", [0, 0, 0, 0]),
    ],
)
def test_mbpp(output: str, expected: list[float]) -> None:
    assert values(output, TASK, form="mbpp") == expected


def test_plain_runs_the_tests_of_the_named_column() -> None:
    sample = {"asserts": ["assert x == 1", "assert y == 2"]}
    assert values("x = 1\ny = 2\n", sample, tests="asserts") == [1, 1, 1, 1]
    assert values("x = 1\ny = 3\n", sample, tests="asserts") == [1, 1, 0, 1]


def test_plain_without_tests_measures_the_rest() -> None:
    found = score("print('hello')\n", {})
    assert [each.value for each in found.values()] == [1, 1, None, 1]
    assert (found["passes_tests"].status, found["passes_tests"].reason) == ("unscored", "the sample has no tests")


@pytest.mark.parametrize(
    ("form", "sample", "reason"),
    [
        ("humaneval", {}, "the sample has no column 'prompt'"),
        ("humaneval", {**PROBLEM, "prompt": " "}, "the sample's column 'prompt' holds no text"),
        ("mbpp", {}, "the sample has no column 'test_list'"),
        ("humaneval", {**PROBLEM, "test": 5}, "the sample's column 'test' holds no text"),
        ("mbpp", {"test_list": []}, "the sample's column 'test_list' holds no list of tests"),
        ("mbpp", {**TASK, "test_setup_code": 1}, "the sample's column 'test_setup_code' holds no text"),
        ("plain", {"tests": {"a": 1}}, "the sample's column 'tests' holds no text"),
        (
            "humaneval",
            {**PROBLEM, "test": "assert add(1, 2) == 3"},
            (
                "the sample's column 'test' defines no function 'check'; HumanEval's tests do, and it is called with "
                "the entry point"
            ),
        ),
        (
            "humaneval",
            {**PROBLEM, "test": "def check(candidate)\n    pass"},
            "the sample's column 'test' is no Python: expected ':', line 1",
        ),
        (
            "humaneval",
            {**PROBLEM, "test": "def check():\n    assert add(1, 2) == 3"},
            "the sample's column 'test' has a 'check' without a parameter, which the entry point is to be handed to",
        ),
        (
            "humaneval",
            {**PROBLEM, "test": "async def check(candidate):\n    assert candidate(1, 2) == 4"},
            "the sample's column 'test' has a 'check' that nobody would run: it is asynchronous or a generator",
        ),
        (
            "humaneval",
            {**PROBLEM, "prompt": "def add(a, b:\n"},
            "the sample's column 'prompt' is no Python: '(' was never closed, line 1",
        ),
        ("humaneval", {**PROBLEM, "entry_point": "add("}, "the sample's column 'entry_point' is no name of Python's"),
        (
            "mbpp",
            {**TASK, "test_setup_code": "import ("},
            "the sample's column 'test_setup_code' is no Python: invalid syntax, line 1",
        ),
        (
            "mbpp",
            {**TASK, "test_list": ["assert area(2) == 4", "assert ("]},
            "the sample's column 'test_list' is no Python: '(' was never closed, line 2",
        ),
        ("plain", {"tests": "return 1"}, "the sample's column 'tests' is no Python: 'return' outside function, line 1"),
    ],
)
def test_sample_without_its_columns_is_unscored(form: str, sample: Mapping[str, Any], reason: str) -> None:
    found = score("x = 1\n", sample, form=form)
    assert {(each.status, each.reason) for each in found.values()} == {("unscored", reason)}


def test_imports_of_the_setup_over_several_lines_are_the_answers_too() -> None:
    sample = {**TASK, "test_setup_code": "from math import (\n    pow,\n)\nlimit = '''\nimport nothing\n'''"}
    assert values("def area(side):\n    return int(pow(side, 2))\n", sample, form="mbpp") == [1, 1, 1, 1]


def test_escape_that_python_doubts_is_no_flaw_of_the_tests() -> None:
    assert values("x = 1\n", {"tests": r"assert '\d' and x == 1"}) == [1, 1, 1, 1]


def test_answer_may_bind_the_entry_point_by_an_import() -> None:
    assert values("from operator import add\n", PROBLEM, form="humaneval") == [1, 1, 1, 1]
    assert values("import operator\n\nadd = operator.add\n", PROBLEM, form="humaneval") == [1, 1, 1, 1]
    assert values("from operator import sub as add\n", PROBLEM, form="humaneval") == [1, 1, 0, 1]


def test_body_that_imports_under_the_name_of_the_entry_point_stays_a_body() -> None:
    body = "    from operator import add\n\n    return add(a, b)\n"
    assert values(body, PROBLEM, form="humaneval") == [1, 1, 1, 1]
    assert values("from operator import add\nreturn add(a, b)", PROBLEM, form="humaneval") == [1, 1, 1, 1]


def test_prompt_in_prose_is_no_part_of_the_program() -> None:
    sample = {**PROBLEM, "prompt": "Write a function 'add' that gives the sum of two numbers."}
    assert values("def add(a, b):\n    return a + b\n", sample, form="humaneval") == [1, 1, 1, 1]
    assert values("x = 1\n", sample, form="humaneval") == [1, 1, 0, 1]


def test_sandbox_that_fails_to_start_makes_failed_scores_and_no_failed_program(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    error = SandboxError("the sandbox failed to start (exit code 1): no namespaces")
    monkeypatch.setattr("harness.score.code.run_all", lambda _sandbox, programs, _limits: [error] * len(programs))
    found = score("return a + b", PROBLEM, form="humaneval")
    assert [each.status for each in found.values()] == ["failed", "failed", "failed", "scored"]
    assert found["passes_tests"].reason == str(error)


def test_reason_holds_output_on_one_line_escaped_and_bounded() -> None:
    output = "print('\\x1b[31mred\\x00', 'x' * 5000, 'end', sep='\\n')\nreturn 0"
    reason = score(output, PROBLEM, form="humaneval")["passes_tests"].reason
    assert reason is not None
    assert "\n" not in reason
    assert "\x1b" not in reason
    assert "end" in reason
    assert len(reason) < 3000


def test_style_flaws_are_named_and_only_the_models_lines_count() -> None:
    sample = {**PROBLEM, "prompt": "import os,sys\ndef add(a,b):\n    '''Sum.'''\n"}
    assert values("    return a + b\n", sample, form="humaneval")[3] == 1
    found = score("    x=1\n    return a+b\n", sample, form="humaneval")["follows_style_guide"]
    assert found.reason == "E225 in line 4, E226 in line 5"


def test_style_rules_and_line_length_are_options() -> None:
    text = f"x = '{'a' * 85}'\n"
    assert values(text, {})[3] == 0
    assert values(text, {}, line_length=120)[3] == 1
    assert values(text, {}, style=["W"])[3] == 1
    assert values("import os\n", {}, style=["F401"])[3] == 0


@pytest.mark.parametrize("style", [[], "", ["E", 1], ["E; rm"], "e501", {"E": 1}])
def test_style_must_name_rules(style: Any) -> None:
    with pytest.raises(OptionError, match="option 'style' is not a list of ruff's rules"):
        Code({"sandbox": "none", "style": style})


def test_many_answers_keep_their_order() -> None:
    metric = Code({"form": "humaneval", "sandbox": "none"})
    outputs = ["return a + b", "return a - b", "return ("] * 5
    found = metric.score([Answer(output, (), PROBLEM, None) for output in outputs])
    assert [row[2].value for row in found] == [1, 0, 0] * 5
    assert metric.score([]) == []


def test_signature_names_the_sandbox() -> None:
    measures = Code({"form": "mbpp", "sandbox": "none", "timeout_s": 2}).measures
    assert "|sandbox:none, python-" in measures[2].signature
    assert "|form:mbpp|timeout:2 s|memory:256 MB|" in measures[2].signature
