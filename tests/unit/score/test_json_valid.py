from __future__ import annotations

import pytest

from harness.score.json_valid import json_flaw


@pytest.mark.parametrize("text", ["{}", " [1, 2.5e3]\n", '"a"', "null", "-0", "1" * 5000, '{"a": 1, "a": 2}'])
def test_json_has_no_flaw(text: str) -> None:
    assert json_flaw(text) is None


@pytest.mark.parametrize(
    ("text", "flaw"),
    [
        ("", "line 1, column 1: Expecting value"),
        ("Here it is: {}", "line 1, column 1: Expecting value"),
        ('{"a": 1}\nDone.', "line 2, column 1: Extra data"),
        ("{'a': 1}", "line 1, column 2: Expecting property name enclosed in double quotes"),
        ("[NaN]", "NaN is not JSON"),
        ("-Infinity", "-Infinity is not JSON"),
        ("[" * 100_000 + "]" * 100_000, "nested too deeply"),
    ],
)
def test_the_flaw_is_named_with_its_place(text: str, flaw: str) -> None:
    assert json_flaw(text) == flaw
