"""The reference speaks of everything there is, and links lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from harness.cli import _parser

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("suites/**/*.md")])
COMMAND_LINE = (ROOT / "docs/reference/command-line.md").read_text()


def test_every_option_and_setting_is_documented(pytestconfig: pytest.Config) -> None:
    group = next(group for group in pytestconfig._parser._groups if group.name == "prompt-suite")
    options = [name for option in group.options for name in option.names()]
    assert len(options) >= 8
    settings = [name for name in pytestconfig._parser._inidict if name.startswith("prompt_")]
    assert len(settings) >= 7
    for name in [*options, *settings]:
        assert f"`{name}" in COMMAND_LINE, name


def test_nothing_is_documented_that_is_not_there(pytestconfig: pytest.Config) -> None:
    group = next(group for group in pytestconfig._parser._groups if group.name == "prompt-suite")
    known = {name for option in group.options for name in option.names()}
    for page in PAGES:
        for name in re.findall(r"--prompt-[a-z-]+", page.read_text()):
            assert name in known, f"{page.relative_to(ROOT)} speaks of {name}"


def test_every_command_is_documented() -> None:
    choices = next(action.choices for action in _parser()._actions if isinstance(action.choices, dict))
    names = list(choices)
    assert "init" in names
    for name in names:
        assert f"`prompt-suite {name}" in COMMAND_LINE, name


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_to_files(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text()):
        if not target.startswith(("http:", "https:", "mailto:")):
            assert (page.parent / target).exists(), target
