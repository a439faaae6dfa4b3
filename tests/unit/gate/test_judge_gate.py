"""A gate and its number → a verdict in one sentence."""

# ruff: noqa: E501, ISC004 - tables of numbers and messages, a case a line

from __future__ import annotations

import pytest
from msgspec.structs import replace

from harness.gate import judge
from harness.gate.numbers import number, told_apart
from harness.schema import Aggregate, GateSpec

CELL = ("feedback", "few_shot", "smollm2")
EXACT = Aggregate("exact_match", "mean", 0.63333333, 0.5068, 0.7437, "wilson", 60, 0, 0)


def gate(text: str) -> GateSpec:
    name, operator, threshold = text.split(" ")
    metric, _, aggregation = name.rpartition(".")
    return GateSpec(text, metric or None, aggregation, operator, float(threshold))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "changes", "passed", "message"),
    [
        (
            "exact_match.mean >= 0.60",
            {},
            True,
            "exact_match.mean is 0.633, at least 0.60 asked (n = 60, 95 % interval 0.507 to 0.744): holds; "
            "the interval reaches below the threshold",
        ),
        (
            "exact_match.mean >= 0.50",
            {},
            True,
            "exact_match.mean is 0.633, at least 0.50 asked (n = 60, 95 % interval 0.507 to 0.744): holds",
        ),
        (
            "exact_match.mean >= 0.7",
            {},
            False,
            "exact_match.mean is 0.633, at least 0.7 asked (n = 60, 95 % interval 0.507 to 0.744): fails; "
            "the interval reaches above the threshold",
        ),
        (
            "exact_match.mean >= 0.9",
            {"n_unscored": 2, "n_failed": 1, "n_clusters": 20, "reason": "no reference"},
            False,
            "exact_match.mean is 0.633, at least 0.9 asked (n = 60, in 20 clusters, 2 unscored, 1 failed: no reference, "
            "95 % interval 0.507 to 0.744): fails",
        ),
        (
            "exact_match.mean <= 0.7",
            {},
            True,
            "exact_match.mean is 0.633, at most 0.7 asked (n = 60, 95 % interval 0.507 to 0.744): holds; "
            "the interval reaches above the threshold",
        ),
        (
            "exact_match.mean < 0.6",
            {},
            False,
            "exact_match.mean is 0.633, less than 0.6 asked (n = 60, 95 % interval 0.507 to 0.744): fails; "
            "the interval reaches below the threshold",
        ),
        (
            "exact_match.mean > 0.63333333",
            {"ci_low": None, "ci_high": None, "method": "none"},
            False,
            "exact_match.mean is 0.63333333, more than 0.63333333 asked (n = 60): fails",
        ),
        (
            "exact_match.mean >= 0.6333",
            {},
            True,
            "exact_match.mean is 0.63333, at least 0.6333 asked (n = 60, 95 % interval 0.507 to 0.744): holds; "
            "the interval reaches below the threshold",
        ),
        (
            "exact_match.n == 60",
            {"aggregation": "n", "value": 60.0, "ci_low": None, "ci_high": None, "method": "none"},
            True,
            "exact_match.n is 60, exactly 60 asked (n = 60): holds",
        ),
        (
            "exact_match.mean != 0",
            {},
            True,
            "exact_match.mean is 0.633, other than 0 asked (n = 60, 95 % interval 0.507 to 0.744): holds",
        ),
        (
            "latency_s.p95 <= 2",
            {"value": 1.2345, "ci_low": 0.9, "ci_high": None, "method": "order statistics"},
            True,
            "latency_s.p95 is 1.23 s, at most 2 s asked (n = 60, 95 % interval from 0.900, no upper end with so few): "
            "holds; the interval has no end above",
        ),
        (
            "latency_s.p50 >= 1",
            {"value": 1.2345, "ci_low": None, "ci_high": 3.0, "method": "order statistics"},
            True,
            "latency_s.p50 is 1.23 s, at least 1 s asked (n = 60, 95 % interval up to 3, no lower end with so few): "
            "holds; the interval has no end below",
        ),
        (
            "cost_usd.mean <= 0.10",
            {"value": 0.000123456, "ci_low": 0.0001, "ci_high": 0.0002, "method": "t"},
            True,
            "cost_usd.mean is 0.000123 USD, at most 0.10 USD asked (n = 60, 95 % interval 0.000100 to 0.000200): holds",
        ),
        (
            "output_tokens.sum <= 20000",
            {"aggregation": "sum", "value": 12345.0, "ci_low": None, "ci_high": None, "method": "none"},
            True,
            "output_tokens.sum is 12,345, at most 20000 asked (n = 60): holds",
        ),
        (
            "cost_usd.sum <= 1",
            {"value": 0.5, "n_unscored": 3, "ci_low": None, "ci_high": None, "method": "none", "reason": "price unknown"},
            False,
            "cost_usd.sum is 0.500 USD, at most 1 USD asked (n = 60, 3 unscored: price unknown): fails; "
            "the sum lacks 3 trials, so it may be larger",
        ),
        (
            "exact_match.sum >= 30",
            {"value": 38.0, "n_unscored": 3, "ci_low": None, "ci_high": None, "method": "none"},
            True,
            "exact_match.sum is 38, at least 30 asked (n = 60, 3 unscored): holds",
        ),
        (
            "error_rate <= 0.01",
            {"value": 1 / 60, "ci_low": 0.003, "ci_high": 0.0886},
            False,
            "error_rate is 0.0167, at most 0.01 asked (n = 60, 95 % interval 0.00300 to 0.0886): fails; "
            "the interval reaches below the threshold",
        ),
        (
            "exact_match.rate >= 0",
            {"value": 0.0, "ci_low": 0.0, "ci_high": 0.06},
            True,
            "exact_match.rate is 0, at least 0 asked (n = 60, 95 % interval 0 to 0.0600): holds",
        ),
    ],
)  # fmt: skip
def test_a_verdict_says_value_threshold_n_and_interval(
    text: str, changes: dict[str, object], *, passed: bool, message: str
) -> None:
    condition, found = gate(text), replace(EXACT, **changes)
    verdict = judge(condition, CELL, found)
    assert (verdict.message, verdict.passed) == (message, passed)
    assert (verdict.suite, verdict.variant, verdict.backend) == CELL
    assert verdict.gate is condition
    assert verdict.aggregate is found


@pytest.mark.parametrize(
    ("changes", "passed", "warns", "message"),
    [
        (
            {"value": 2.3, "ci_low": 1.5, "ci_high": None},
            True,
            True,
            "latency_s.p95 is 2.30 s, at most 2 s asked (n = 60, 95 % interval from 1.50, no upper end with so few): "
            "beyond, which may be chance, because the interval reaches below the threshold: warns",
        ),
        (
            {"value": 2.3, "ci_low": 2.1, "ci_high": 3.0},
            False,
            False,
            "latency_s.p95 is 2.30 s, at most 2 s asked (n = 60, 95 % interval 2.10 to 3): fails",
        ),
        (
            {"value": 2.3, "ci_low": None, "ci_high": None, "method": "none", "n_scored": 1},
            True,
            True,
            "latency_s.p95 is 2.30 s, at most 2 s asked (n = 1): beyond, which may be chance, because so few values "
            "bound nothing: warns",
        ),
        (
            {"value": 1.9, "ci_low": 1.5, "ci_high": 3.0},
            True,
            False,
            "latency_s.p95 is 1.90 s, at most 2 s asked (n = 60, 95 % interval 1.50 to 3): holds; "
            "the interval reaches above the threshold",
        ),
        (
            {"value": None, "ci_low": None, "ci_high": None, "method": "none", "n_scored": 0},
            False,
            False,
            "latency_s.p95: nothing was scored (nothing ran), at most 2 s asked: a gate over nothing fails",
        ),
    ],
)
def test_promised_percentile_fails_only_where_its_interval_lies_beyond(
    changes: dict[str, object], *, passed: bool, warns: bool, message: str
) -> None:
    condition = replace(gate("latency_s.p95 <= 2"), judged_by="missed", origin="few_shot@1.1")
    verdict = judge(condition, CELL, replace(EXACT, **{"method": "order statistics", **changes}))
    assert (verdict.message, verdict.passed, verdict.warns) == (message, passed, warns)


NOTHING = Aggregate("exact_match", "mean", None, None, None, "none", 0, 0, 0)


@pytest.mark.parametrize("operator", [">=", "<=", ">", "<", "==", "!="])
def test_a_gate_over_nothing_fails_whatever_it_asks(operator: str) -> None:
    assert not judge(gate(f"exact_match.mean {operator} 0"), CELL, NOTHING).passed


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"n_unscored": 60, "reason": "no reference"},
            "exact_match.mean: nothing was scored (60 unscored: no reference), at least 0.60 asked: "
            "a gate over nothing fails",
        ),
        ({}, "exact_match.mean: nothing was scored (nothing ran), at least 0.60 asked: a gate over nothing fails"),
        (
            {"n_scored": 5},
            "exact_match.mean: has no value (n = 5), at least 0.60 asked: a gate over nothing fails",
        ),
        (
            {"n_failed": 1, "reason": "\x1b[31m" + "x" * 100},
            f"exact_match.mean: nothing was scored (1 failed: \\x1b[31m{'x' * 71}…), at least 0.60 asked: "
            "a gate over nothing fails",
        ),
    ],
)
def test_a_gate_over_nothing_says_why_there_is_nothing(changes: dict[str, object], message: str) -> None:
    found = replace(NOTHING, **changes)
    assert judge(gate("exact_match.mean >= 0.60"), CELL, found).message == message


def test_a_threshold_that_is_not_at_the_end_of_the_text_is_written_out() -> None:
    spec = GateSpec("latency_p95: 1200ms", "latency_s", "p95", "<=", 1.2, origin="few_shot@1.1")
    found = replace(EXACT, value=1.0, ci_low=None, ci_high=None, method="none")
    assert judge(spec, CELL, found).message == "latency_s.p95 is 1 s, at most 1.20 s asked (n = 60): holds"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"), (1.0, "1"), (0.633333, "0.633"), (1.2345, "1.23"), (12.345, "12.3"), (123.45, "123"),
        (1234.5, "1,234"), (1234567.0, "1,234,567"), (0.0123456, "0.0123"), (0.00001234, "0.0000123"), (1e-20, "0.000000000000"),
        (-0.5, "-0.500"), (-1234.56, "-1,235"), (0.99996, "1.000"), (9.999, "10.00"),
    ],
)  # fmt: skip
def test_numbers_have_three_digits_that_mean_something(value: float, text: str) -> None:
    assert number(value) == text


@pytest.mark.parametrize(
    ("value", "threshold", "text"),
    [
        (0.5996, 0.6, "0.5996"), (0.59999999, 0.6, "0.59999999"), (0.6004, 0.6, "0.6004"), (0.6, 0.6, "0.600"),
        (1999.6, 2000, "1,999.6"), (0.61, 0.6, "0.610"), (0.1 + 0.2, 0.3, "0.30000000000000004"),
    ],
)  # fmt: skip
def test_a_value_has_as_many_digits_as_it_takes_to_see_the_side(value: float, threshold: float, text: str) -> None:
    assert told_apart(value, threshold) == text
