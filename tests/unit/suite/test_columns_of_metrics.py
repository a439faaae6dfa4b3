"""Columns that only a metric reads: used like those of a prompt."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from harness.errors import FilesError

if TYPE_CHECKING:
    from tests.unit.suite.conftest import Project

ROWS = '{"id": "a", "text": "one", "label": "x", "facts": "1"}\n'


def _load(project: Project, metrics: str) -> tuple[str, ...]:
    project.write("datasets/facts.jsonl", ROWS)
    project.suite(
        f"dataset: {{path: ../../datasets/facts.jsonl, reference: label}}\nprompts: [zero_shot]\nmetrics: {metrics}\n"
    )
    return tuple(project.load().samples[0].variables)


def test_column_that_a_metric_reads_is_used(project: Project) -> None:
    assert "facts" in _load(project, "[exact_match, json_valid]")


def test_column_that_nothing_reads_is_a_mistake(project: Project) -> None:
    with pytest.raises(FilesError, match="column 'facts' is used by no prompt"):
        _load(project, "[exact_match]")


def test_column_is_not_complained_of_where_its_metric_cannot_be_made(project: Project) -> None:
    with pytest.raises(FilesError) as raised:
        _load(project, "[exact_match, {json_valid: {strict: true}}]")
    assert len(raised.value.mistakes) == 1
    assert "option 'strict'" in raised.value.mistakes[0].message
