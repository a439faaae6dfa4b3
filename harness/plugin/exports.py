"""A recorded run for others: a CTRF file where one is wanted; summary and annotations in a job of GitHub Actions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from harness import record as records
from harness.errors import RecordError
from harness.plan import gate_name, item_name
from harness.plugin import github
from harness.plugin.settings import read_ctrf

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from harness.schema import RunRecord


class Exports:
    """Registered as a plugin beside the session."""

    def __init__(self, config: pytest.Config) -> None:
        """Find out what is wanted. pytest.UsageError: the CTRF file can have no such name."""
        self._root = config.rootpath
        self._ctrf = read_ctrf(config)
        self._annotations: list[str] = []

    def write(self, record: RunRecord, folder: Path, *, say: Callable[[str], None]) -> None:
        """Hand the run on; `say` is told when the job's summary cannot be written, which fails nothing.

        Raises:
            RecordError: the CTRF file cannot be written.

        """
        if github.is_there():
            self._annotations = github.annotation_lines(record, self._root)
        try:
            github.append_summary(folder)
        except RecordError as error:
            say(str(error))
        if self._ctrf is not None:
            from harness.report.ctrf import Names, render_ctrf  # few runs want it: not at their start

            records.write_export(self._ctrf, render_ctrf(record, Names(item_name, gate_name)))

    @pytest.hookimpl(trylast=True)
    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """The annotations, each on a line of its own, whatever -q says: they are for the job, not for its reader."""
        if self._annotations:
            terminalreporter.ensure_newline()
        for line in self._annotations:
            terminalreporter.write_line(line)
