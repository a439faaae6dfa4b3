"""The `prompt-suite` command, called in a project of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from harness import cli
from tests.unit.recorded_project import RecordedProject

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    PromptSuite = Callable[..., tuple[int, str, str]]


@pytest.fixture
def prompt_suite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> PromptSuite:
    """Runs `prompt-suite …` in `tmp_path`; exit code, what it printed, and what it complained of."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "160")

    def run(*arguments: str) -> tuple[int, str, str]:
        try:
            code = cli.main(arguments)
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else -1
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return run


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RecordedProject:
    monkeypatch.chdir(tmp_path)
    return RecordedProject(tmp_path)
