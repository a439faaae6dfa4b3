"""The example of the page on rollouts prints what the page says."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pytest

PAGE = Path(__file__).parents[2] / "docs/how-to/roll-out-a-prompt.md"


def test_the_example_prints_what_the_page_says(capsys: pytest.CaptureFixture[str]) -> None:
    blocks = re.findall(r"^```(python|console)?\n(.*?)^```", PAGE.read_text("utf-8"), re.DOTALL | re.MULTILINE)
    names: dict[str, Any] = {}
    for kind, code in blocks:
        if kind == "python":
            exec(code, names)  # noqa: S102 - our own page
    assert capsys.readouterr().out == "".join(text for kind, text in blocks if not kind)
