"""The reference speaks of everything there is, and links lead somewhere."""

from __future__ import annotations

import re
from collections import Counter
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


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_anchors_of_links_are_there(page: Path) -> None:
    for target, anchor in re.findall(r"\]\(([^)#\s]*)#([^)\s]+)\)", _prose(page)):
        if not target.startswith(("http:", "https:")) and (not target or target.endswith(".md")):
            there = _anchors(page.parent / target if target else page)
            assert anchor in there, f"{target}#{anchor}; there are: {', '.join(sorted(there))}"


def test_anchors_are_those_that_github_makes(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# A `metric.mean`: beside *it*\n## [Run](x.md) in CI, twice!\n## Same\n## Same\n```\n# no heading\n```\n"
        '<a id="by-hand"></a>\n'
    )
    assert _anchors(page) == {"a-metricmean-beside-it", "run-in-ci-twice", "same", "same-1", "by-hand"}


def _prose(page: Path) -> str:
    """The page without its blocks of code."""
    return re.sub(r"^```.*?^```$", "", page.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)


def _anchors(page: Path) -> set[str]:
    """What a link to the page may end with: its headings as GitHub names them, and places that are named by hand."""
    text = _prose(page)
    found = set(re.findall(r'<a (?:id|name)="([^"]+)"', text))
    counts: Counter[str] = Counter()
    for title in re.findall(r"^#{1,6} +(.+?) *#*$", text, re.MULTILINE):
        shown = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", title).lower()
        slug = re.sub(r"[^\w\- ]", "", shown).replace(" ", "-")
        found.add(slug if not counts[slug] else f"{slug}-{counts[slug]}")
        counts[slug] += 1
    return found
