"""Text in the log of a job of GitHub Actions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.plugin.github import _command, inert


def is_command(line: str) -> bool:
    """As the runner's ActionCommand takes a line: after white space `::`, or `##[` anywhere."""
    return line.lstrip().startswith("::") or "##[" in line


@given(st.text(alphabet=":#[] \t%ax\n", max_size=30))
def test_no_line_is_a_command_and_nothing_is_lost(text: str) -> None:
    shown = inert(text)
    assert not any(is_command(line) for line in shown.split("\n"))
    assert shown.replace("\\x3a", ":").replace("\\x23", "#") == text


@pytest.mark.parametrize("text", ["std::vector", "a ::b", "## heading", "key: value"])
def test_what_is_no_command_stays_as_it_is(text: str) -> None:
    assert inert(text) == text


def test_properties_and_message_are_escaped_as_the_reference_says() -> None:
    line = _command("a:b,c%", "50 % of a: b, c", {"file": "x,y:z.yaml", "line": "3"})
    assert line == "file=x%2Cy%3Az.yaml,line=3,title=a%3Ab%2Cc%25::50 %25 of a: b, c"
