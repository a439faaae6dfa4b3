"""The program in a model's text."""

from __future__ import annotations

import pytest

from harness.score.code_text import code_of, defines, joined

PROMPT = """\
from typing import List


def helper(x):
    return x


def solve(items: List[int]) -> int:
    '''Sum.'''
"""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x = 1\n", "x = 1"),
        ("    return 1\n", "    return 1"),
        ("Here:\n```python\nx = 1\n```\nbye", "x = 1"),
        ("```\nx = 1\n```", "x = 1"),
        ("```Python\nx = 1\n", "x = 1"),
        ("~~~py\nx = 1\n~~~", "x = 1"),
        ("````python\ns = '''\n```\n'''\n````", "s = '''\n```\n'''"),
        ("```bash\npip install x\n```\n```python\nx = 1\n```", "x = 1"),
        ("```bash\nls\n```", "```bash\nls\n```"),
        ("1. First:\n   ```python\n   x = 1\n   ```", "   x = 1"),
        ("", ""),
    ],
)
def test_code_is_the_fenced_block_in_python_or_the_whole_text(text: str, expected: str) -> None:
    assert code_of(text) == expected


def test_of_several_blocks_the_one_that_defines_the_entry_is_taken() -> None:
    text = "```python\nsolve([1])\n```\n```python\ndef solve(items):\n    return 0\n```\n```python\nprint(2)\n```"
    assert code_of(text, "solve") == "def solve(items):\n    return 0"
    assert code_of(text, "other") == "solve([1])"


@pytest.mark.parametrize(
    ("code", "is_defined"),
    [
        ("def solve(x): pass", True),
        ("async def solve(x): pass", True),
        ("class solve: pass", True),
        ("solve = lambda x: x", True),
        ("solve: object = print", True),
        ("    def solve(x):\n        pass", True),
        ("    def solve(x):\n        pass\n    return solve", False),
        ("def solver(x): pass", False),
        ("solve(1)", False),
        ("solve == 1", False),
        ("def other():\n    def solve(x): pass", False),
        ("# def solve(x):", False),
        ("from fast import solve", True),
        ("from fast import (\n    other,\n    quick as solve,\n)", True),
        ("import fast as solve", True),
        ("import solve.fast", True),
        ("from fast import *", True),
        ("import fast.solve", False),
        ("from solve import other", False),
        ("from fast import solve as other", False),
        ("other = solve = print", True),
        ("other, (solve, *rest) = pair", True),
        ("x = 1; solve = print", True),
        ("try:\n    from fast import solve\nexcept ImportError:\n    solve = None", True),
        ("if True: solve = print", True),
        ("for solve in pair:\n    pass", True),
        ("with fast() as solve:\n    pass", True),
        ("solve.x = 1", False),
        ("table[solve] = 1", False),
        ("solve += 1", False),
        ("other = lambda solve=1: solve", False),
        ("def other(): x = 1; solve = 2", False),
        ("x = f'solve = {solve}'", False),
        ("'''\ndef solve(x):\n'''", False),
        ("from fast import solve\nreturn solve(1)", False),
        ("    solve = 1\n    return solve", False),
        ("def solve(x): pass\nreturn 1", True),
        ("def solve(x): return (", True),
        ("Sure!\ndef solve(x): pass\nIt's done", True),
    ],
)
def test_entry_is_defined_at_the_outermost_level(code: str, is_defined: bool) -> None:  # noqa: FBT001 - a parameter
    assert defines(code, "solve") is is_defined


def test_body_is_put_below_the_prompt() -> None:
    whole = joined("    return sum(items)", PROMPT, "solve")
    assert whole.source == f"{PROMPT}    return sum(items)\n"
    assert whole.is_body
    assert whole.source.split("\n")[whole.first_line - 1] == "    return sum(items)"


def test_whole_program_keeps_imports_and_helpers_of_the_prompt() -> None:
    whole = joined("def solve(items):\n    return helper(0)", PROMPT, "solve")
    assert whole.source == (
        "from typing import List\n\n\ndef helper(x):\n    return x\n\n\ndef solve(items):\n    return helper(0)\n"
    )
    assert not whole.is_body
    assert whole.source.split("\n")[whole.first_line - 1] == "def solve(items):"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("return 1", "    return 1"),
        ("total = 0\n    for x in items:\n        total += x\n    return total",
         "    total = 0\n    for x in items:\n        total += x\n    return total"),
        ("total = 0\nfor x in items:\n    total += x\nreturn total",
         "    total = 0\n    for x in items:\n        total += x\n    return total"),
        ("if not items:\n        return 0\n    return 1", "    if not items:\n        return 0\n    return 1"),
        ("for x in items:\n    return x", "    for x in items:\n        return x"),
        ("\n\n  return 1", "  return 1"),
        ("\treturn 1", "\treturn 1"),
        ("x = 1\n\treturn x", "\tx = 1\n\treturn x"),
    ],
)  # fmt: skip
def test_body_gets_lost_indentation_back(body: str, expected: str) -> None:
    assert joined(body, PROMPT, "solve").source == f"{PROMPT}{expected}\n"


def test_prompt_without_a_last_line_end_gets_one() -> None:
    assert joined("    return 1", "def solve():", "solve").source == "def solve():\n    return 1\n"
