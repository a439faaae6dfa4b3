"""What JUnit's file says of gates and trials as properties."""

from __future__ import annotations

from harness.plugin.properties import of_gate
from tests.unit.report.comparison_records import IMPROVED, NOT_COMPARED, REGRESSED, regression_verdict


def test_regression_gate_says_how_much_worse_it_is_and_at_which_level() -> None:
    found = dict(of_gate(regression_verdict(REGRESSED, alpha=0.1)))
    assert {name: found[name] for name in ("value", "ci_low", "ci_high", "confidence", "n", "finding")} == {
        "value": "0.12", "ci_low": "0.0401", "ci_high": "0.21", "confidence": "0.9", "n": "60", "finding": "regressed",
    }  # fmt: skip


def test_what_is_better_is_below_nothing() -> None:
    found = dict(of_gate(regression_verdict(IMPROVED, passed=True)))
    assert (found["value"], found["ci_low"], found["ci_high"]) == ("-0.2", "-0.31", "-0.11")


def test_gate_without_an_interval_has_no_level() -> None:
    assert "confidence" not in dict(of_gate(regression_verdict(NOT_COMPARED)))
