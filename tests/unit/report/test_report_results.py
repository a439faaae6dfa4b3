from __future__ import annotations

import pytest
from msgspec.structs import replace

from harness.report.interval import Axis, axis_of
from harness.report.results import clear_leaders
from harness.schema import Aggregate, Cell, Measure

COLUMN = ("f1", "mean")


def cell(variant: str, low: float | None, high: float | None, *, backend: str = "local") -> Cell:
    middle = None if low is None or high is None else (low + high) / 2
    one = Aggregate("f1", "mean", middle, low, high, "t", 50, 0, 0)
    return Cell("s", variant, backend, "m", "p", "1", 50, 50, 0, 0, 0, (one,), None, None)


def test_overlapping_intervals_have_no_leader() -> None:
    assert clear_leaders([cell("a", 0.4, 0.6), cell("b", 0.55, 0.9)], COLUMN, higher=True) == set()


def test_touching_intervals_have_no_leader() -> None:
    assert clear_leaders([cell("a", 0.4, 0.6), cell("b", 0.6, 0.9)], COLUMN, higher=True) == set()


@pytest.mark.parametrize(("higher", "leader"), [(True, "b"), (False, "a")])
def test_interval_apart_from_all_others_leads_in_the_direction_of_the_metric(higher: bool, leader: str) -> None:  # noqa: FBT001 - a parameter
    cells = [cell("a", 0.1, 0.2), cell("b", 0.8, 0.9), cell("c", 0.4, 0.6)]
    assert clear_leaders(cells, COLUMN, higher=higher) == {(leader, "local")}


def test_leader_is_sought_within_each_backend() -> None:
    cells = [
        cell("a", 0.1, 0.2),
        cell("b", 0.8, 0.9),
        cell("a", 0.5, 0.7, backend="smollm2"),
        cell("b", 0.6, 0.8, backend="smollm2"),
    ]
    assert clear_leaders(cells, COLUMN, higher=True) == {("b", "local")}


def test_single_variant_or_a_missing_interval_gives_no_leader() -> None:
    assert clear_leaders([cell("a", 0.1, 0.2)], COLUMN, higher=True) == set()
    assert clear_leaders([cell("a", 0.1, 0.2), cell("b", None, None)], COLUMN, higher=True) == set()
    lacking = replace(cell("b", 0.8, 0.9), aggregates=())
    assert clear_leaders([cell("a", 0.1, 0.2), lacking], COLUMN, higher=True) == set()


def test_axis_is_the_range_of_a_bounded_metric_and_else_ends_beyond_the_greatest_number() -> None:
    bounded = Measure("bleu", "percent", 0, 100, higher_is_better=True, signature="")
    open_ended = Measure("latency_s", "s", 0, None, higher_is_better=False, signature="")
    aggregates = [Aggregate("latency_s", "mean", 1.0, 0.5, 2.0, "t", 9, 0, 0)]
    assert axis_of(aggregates, bounded) == Axis(0, 100)
    assert axis_of(aggregates, open_ended).high == pytest.approx(2.1)
    assert axis_of(aggregates, open_ended, [4.0]).high == pytest.approx(4.2)


def test_place_stays_inside_the_drawing_even_on_an_axis_without_length() -> None:
    assert Axis(0, 0).place(5) == Axis(0, 1).place(-3) == 3.0
    assert Axis(0, 1).place(7) == 109.0
