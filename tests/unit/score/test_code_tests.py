"""Tests that check nothing are no tests."""

from __future__ import annotations

import pytest

from harness.errors import OptionError
from harness.score.code import Code
from harness.score.code_tests import flaw_of_tests


@pytest.mark.parametrize(
    "text",
    [
        "assert add(1, 2) == 3",
        "def test_add():\n    assert add(1, 2) == 3",
        "for a in range(3):\n    assert add(a, 0) == a",
        "check(add)",
        "class Point:\n    x = 1\n\nassert add(Point.x, 2) == 3",
    ],
)
def test_tests_that_check_something_are_run(text: str) -> None:
    assert flaw_of_tests(text, "tests") is None


@pytest.mark.parametrize(
    ("text", "flaw"),
    [
        ("# nothing", "the sample's column 'tests' checks nothing"),
        ("", "the sample's column 'tests' checks nothing"),
        ("'a text'\nx = 1", "the sample's column 'tests' checks nothing"),
        ("def check_add():\n    assert add(1, 2) == 3", "the sample's column 'tests' checks nothing"),
        (
            "class TestAdd:\n    def test_a(self):\n        assert add(1, 2) == 3",
            "the sample's column 'tests' has its tests in a class ('TestAdd', line 1)",
        ),
        (
            "\nasync def test_a():\n    assert False",
            "the sample's column 'tests' has asynchronous tests ('test_a', line 2)",
        ),
        (
            "def test_a():\n    yield\n    assert False",
            "the sample's column 'tests' has a test that is a generator ('test_a')",
        ),
        ("def test_a(", "the sample's column 'tests' is no Python: '(' was never closed, line 1"),
    ],
)
def test_tests_that_nobody_would_run_are_refused(text: str, flaw: str) -> None:
    found = flaw_of_tests(text, "tests")
    assert found is not None
    assert found.startswith(flaw)


def test_rule_that_ruff_does_not_know_is_refused() -> None:
    with pytest.raises(OptionError, match=r"metric 'code': option 'style' names 'ZZZ9', which ruff does not know"):
        Code({"style": ["E", "ZZZ9"]})
