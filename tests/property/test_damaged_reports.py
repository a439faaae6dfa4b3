"""Nothing that lies in `reports/` ends in a traceback, however damaged."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.property.damaged_reports import CHANGES, CUTS, Damaged, changed_table, cut_bytes, damaged_json

if TYPE_CHECKING:
    from pathlib import Path

    from tests.property.damaged_reports import Damage

EXAMPLES = settings(max_examples=15, deadline=None)


@pytest.fixture(scope="module")
def damaged(tmp_path_factory: pytest.TempPathFactory) -> Damaged:
    return Damaged(tmp_path_factory.mktemp("damaged"))


ODD: st.SearchStrategy[Any] = st.sampled_from(
    [
        None, True, 0, -1, 7, 10**30, 2**63, 0.5, -0.0, 1e308, float("nan"), float("inf"), float("-inf"), "", "x",
        "../../x", "a\nb\x1b[31m", "\ud800", "\0", "latest", "2026-11-22T20:18:49Z", [], [None], [1, "x"], {},
        {"a": None}, {"": []}, [[[]]], {"name": "desk"},
    ]
)  # fmt: skip
WAYS = st.tuples(st.integers(0, 3), st.lists(st.integers(0, 30), min_size=1, max_size=6))
CUT = st.tuples(st.sampled_from(CUTS), st.integers(0, 2**20))
TABLES = st.sampled_from(["trials", "scores", "history"])
FEW = st.lists(st.integers(0, 25), min_size=1, max_size=3, unique=True)
"""Which of the commands and readers are tried."""


def manifest(way: tuple[int, list[int]], value: Any) -> Damage:
    def damage(damaged: Damaged) -> tuple[Path, bytes]:
        file = damaged.run / "run.json"
        return file, json.dumps(damaged_json(json.loads(damaged.content(file)), way, value)).encode()

    return damage


def baseline(line: int, way: tuple[int, list[int]], value: Any) -> Damage:
    def damage(damaged: Damaged) -> tuple[Path, bytes]:
        lines = damaged.content(damaged.baseline).splitlines()
        lines[line] = json.dumps(damaged_json(json.loads(lines[line]), way, value)).encode()
        return damaged.baseline, b"\n".join(lines)

    return damage


def text(name: str, cut: tuple[str, int]) -> Damage:
    def damage(damaged: Damaged) -> tuple[Path, bytes]:
        file = damaged.baseline if name == "baseline" else damaged.run / "run.json"
        return file, cut_bytes(damaged.content(file), *cut)

    return damage


def table(name: str, cut: tuple[str, int]) -> Damage:
    def damage(damaged: Damaged) -> tuple[Path, bytes]:
        file = damaged.table(name)
        return file, cut_bytes(damaged.content(file), *cut)

    return damage


def column(name: str, place: int, change: str) -> Damage:
    def damage(damaged: Damaged) -> tuple[Path, bytes]:
        file = damaged.table(name)
        return file, changed_table(damaged.content(file), place, change)

    return damage


def test_all_commands_do_their_work_where_nothing_is_damaged(damaged: Damaged) -> None:
    said = {" ".join(command): damaged.call(command) for command in damaged.commands()}
    damaged.mend()
    assert "too few samples" in said.pop("doctor suites/desk")[1]
    assert {name: text for name, (code, text) in said.items() if code != 0} == {}
    for read in damaged.readers():
        read()


@EXAMPLES
@given(st.builds(manifest, WAYS, ODD), FEW)
def test_manifest_with_another_value_somewhere(damaged: Damaged, damage: Damage, chosen: list[int]) -> None:
    damaged.check(damage, chosen)


@EXAMPLES
@given(st.builds(baseline, st.integers(0, 16), WAYS, ODD), FEW)
def test_baseline_with_another_value_somewhere(damaged: Damaged, damage: Damage, chosen: list[int]) -> None:
    damaged.check(damage, chosen)


@EXAMPLES
@given(st.builds(text, st.sampled_from(["run", "baseline"]), CUT), FEW)
def test_text_with_other_bytes(damaged: Damaged, damage: Damage, chosen: list[int]) -> None:
    damaged.check(damage, chosen)


@EXAMPLES
@given(st.builds(table, TABLES, CUT), FEW)
def test_table_with_other_bytes(damaged: Damaged, damage: Damage, chosen: list[int]) -> None:
    damaged.check(damage, chosen)


@EXAMPLES
@given(st.builds(column, TABLES, st.integers(0, 40), st.sampled_from(sorted(CHANGES))), FEW)
def test_table_with_another_column(damaged: Damaged, damage: Damage, chosen: list[int]) -> None:
    damaged.check(damage, chosen)
