"""What is written of `make bench` holds."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.figures import Figure, print_figures
from benchmarks.run import BENCHMARKS

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "CONTRIBUTING.md", *ROOT.glob("docs/**/*.md")]


def held(_folder: Path) -> Iterator[Figure]:
    yield Figure("a", 1.0, 1.0, "x", "")


def missed(_folder: Path) -> Iterator[Figure]:
    yield Figure("b", 1.01, 1.0, "x", "(why)")


def test_benchmarks_that_pages_name_are_there() -> None:
    named = [
        name
        for page in PAGES
        for names in re.findall(r"benchmarks\.run((?: \w+)+)", page.read_text())
        for name in names.split()
    ]
    assert {"instant", "latency"} <= set(named) <= set(BENCHMARKS)


def test_figures_on_their_bars_hold(capsys: pytest.CaptureFixture[str]) -> None:
    assert print_figures({"held": held}, []) == 0
    assert capsys.readouterr().out.split() == ["a", "1", "x", "bar", "1", "ok"]


def test_missed_figure_is_said_and_ends_with_exit_code_1_after_all_others(capsys: pytest.CaptureFixture[str]) -> None:
    assert print_figures({"missed": missed, "held": held}, []) == 1
    first, second = capsys.readouterr().out.splitlines()
    assert "bar 1     MISSED  (why)" in first
    assert second.startswith("a ")


def test_one_benchmark_can_be_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert print_figures({"missed": missed, "held": held}, ["held"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 1


def test_unknown_benchmark_is_named_with_those_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert print_figures({"missed": missed, "held": held}, ["held", "hold"]) == 4
    assert capsys.readouterr().out == "no benchmark is called hold; available: missed, held\n"
