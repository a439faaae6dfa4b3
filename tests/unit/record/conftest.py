"""A recorded run to read back and to damage."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from harness.record import RunStore
from tests.unit.report.run_records import Shape, build_record

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

    from harness.schema import RunRecord


class Recorded:
    """A run folder with what was written into it."""

    def __init__(self, reports: Path, record: RunRecord) -> None:
        self.reports = reports
        self.record = record
        self.folder = RunStore(reports).write(record, {"summary.md": lambda: "# A run\n"})

    def change(self, **fields: Any) -> Path:
        """Put other fields into run.json; the file."""
        path = self.folder / "run.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), **fields}))
        return path


@pytest.fixture
def recorded(tmp_path: Path) -> Recorded:
    return Recorded(tmp_path / "reports", build_record(Shape(samples=4)))
