"""Each file under broken/ is a change to the demo project and the whole text expected of it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.unit.suite.conftest import Project

CASES = sorted((Path(__file__).parent / "broken").glob("*.txt"))


def _parts(case: Path) -> dict[str, str]:
    """Heading → text; a heading is a line `--- path`, `--- no path` or `--- expected`."""
    pieces = re.split(
        r"^--- (?=suites/|datasets/|no |expected$)(.+)\n", case.read_text(encoding="utf-8"), flags=re.MULTILINE
    )
    return dict(zip(pieces[1::2], pieces[2::2], strict=True))


def test_the_table_has_at_least_forty_files() -> None:
    assert len(CASES) >= 40


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_every_mistake_is_told_with_its_position(project: Project, case: Path) -> None:
    parts = _parts(case)
    expected = parts.pop("expected")
    for heading, text in parts.items():
        if heading.startswith("no "):
            project.remove(heading.removeprefix("no "))
        else:
            project.write(heading, text)
    assert project.mistakes() == expected.rstrip("\n")
