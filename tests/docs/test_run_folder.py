"""The reference of a run's tables has each of their columns."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from harness.record.compared import COMPARISON_COLUMNS
from harness.record.scores import SCORE_COLUMNS
from harness.record.trials import TRIAL_COLUMNS

PAGE = (Path(__file__).parents[2] / "docs/reference/run-folder.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "columns"),
    [("trials", TRIAL_COLUMNS), ("scores", SCORE_COLUMNS), ("comparison", COMPARISON_COLUMNS)],
)
def test_reference_names_each_column_of_a_table(name: str, columns: dict[str, str]) -> None:
    section = PAGE.partition(f"## `{name}.parquet`\n")[2].partition("\n## ")[0]
    told = {
        word
        for line in section.splitlines()
        for word in re.findall(r"`(\w+)`", line.split("|")[1] if "|" in line else "")
    }
    assert told - {"column"} == set(columns)
