from __future__ import annotations

import pytest
from msgspec.structs import replace

from harness.report.numbers import commit, duration, in_unit, interval, moment, sizes
from harness.schema import Aggregate


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [(0.5, "score", "0.500"), (41.26, "percent", "41.3"), (12.3456, "s", "12.35"), (0.0304, "s", "0.030"),
     (1200.0, "tokens", "1,200"), (3.25, "tokens", "3.2"), (None, "score", "\u2013"), (float("nan"), "score", "\u2013"),
     (0.0, "score", "0.000")],
)  # fmt: skip
def test_value_has_the_digits_of_its_unit(value: float | None, unit: str, shown: str) -> None:
    assert in_unit(value, unit) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0, "0.0 s"), (9.94, "9.9 s"), (59.6, "1 min 00 s"), (185, "3 min 05 s"), (7440, "2 h 04 min")],
)
def test_duration_is_rounded_to_what_matters(seconds: float, shown: str) -> None:
    assert duration(seconds) == shown


@pytest.mark.parametrize(
    ("iso", "shown"), [("2026-11-22T20:18:49.123Z", "2026-11-22 20:18 UTC"), ("", ""), ("soon", "soon")]
)
def test_moment_is_shown_to_the_minute(iso: str, shown: str) -> None:
    assert moment(iso) == shown


@pytest.mark.parametrize(("name", "shown"), [(None, "unknown"), ("a" * 40, "a" * 12), ("b" * 40 + "+", "b" * 12 + "+")])
def test_commit_is_short_and_keeps_its_plus(name: str | None, shown: str) -> None:
    assert commit(name) == shown


def test_clusters_of_one_trial_each_go_without_saying() -> None:
    assert sizes(Aggregate("f1", "mean", 0.5, 0.4, 0.6, "cluster-t", 58, 0, 0, 58)) == "n 58"


def test_aggregate_tells_its_sizes_and_interval() -> None:
    one = Aggregate("f1", "mean", 0.5, 0.4, 0.6, "cluster-t", 58, 2, 1, 20)
    assert sizes(one) == "n 58 · 20 clusters · 2 unscored · 1 failed"
    assert interval(one, "score") == "0.400 to 0.600"
    assert interval(Aggregate("bleu", "corpus", 40.0, None, None, "none", 9, 0, 0), "percent") == "no interval"
    few = Aggregate("latency_s", "p95", 0.5, 0.25, None, "order statistics", 9, 0, 0)
    assert interval(few, "s") == "from 0.250"
    assert interval(replace(few, ci_low=None, ci_high=1.5), "s") == "up to 1.50"
