from __future__ import annotations

import pytest

from harness.stats import (
    REASONS,
    Decision,
    Difference,
    Rule,
    decide,
    paired_difference,
    paired_test,
)


def difference(value: float, low: float | None, high: float | None, *, n: int = 100, **more: object) -> Difference:
    fields: dict[str, object] = {
        "method": "t", "confidence": 0.95, "n": n, "n_clusters": None, "sd": 0.3, "effect": None,
        "n_up": n // 4, "n_down": n // 4, "n_same": n - 2 * (n // 4), "n_ties": 0, "is_share": False,
    }  # fmt: skip
    return Difference(value, low, high, **{**fields, **more})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("value", "low", "high", "p", "verdict", "reason"),
    [
        (-0.05, -0.08, -0.03, 0.01, "regressed", "drop"),
        (-0.05, -0.08, -0.005, 0.01, "regressed", "drop"),  # the seen drop counts, not the whole interval
        (-0.05, -0.08, -0.01, 0.05, "inconclusive", "not_shown"),  # p is not below alpha
        (0.05, 0.01, 0.08, 0.01, "improved", "rise"),
        (0.01, 0.005, 0.015, 0.01, "improved", "rise"),  # the margin is for drops
        (0.0, -0.01, 0.01, 1.0, "unchanged", "within_margin"),
        (0.01, -0.005, 0.02, 0.5, "unchanged", "within_margin"),  # the margin itself is inside
        (-0.01, -0.015, -0.005, 0.01, "unchanged", "small_drop"),
        (-0.015, -0.025, -0.005, 0.01, "inconclusive", "drop_near_margin"),
        (0.82 - 0.84, -0.03, -0.01, 0.01, "inconclusive", "drop_near_margin"),  # exactly the margin, but for rounding
        (0.0, -0.05, 0.05, 1.0, "inconclusive", "not_shown"),
        (0.0, None, None, 1.0, "inconclusive", "not_shown"),
    ],
)
def test_the_table_of_verdicts(
    *, value: float, low: float | None, high: float | None, p: float, verdict: str, reason: str
) -> None:
    found = decide(difference(value, low, high), p, Rule(margin=0.02))
    assert (found.verdict, found.reason) == (verdict, reason)


def test_lower_is_better_mirrors_the_verdict() -> None:
    rule = Rule(margin=0.02, higher_is_better=False)
    assert decide(difference(0.05, 0.03, 0.08), 0.01, rule).verdict == "regressed"
    assert decide(difference(-0.05, -0.08, -0.03), 0.01, rule).verdict == "improved"
    assert decide(difference(0.01, -0.05, 0.015), 0.5, rule).is_not_worse
    assert not decide(difference(0.01, -0.01, 0.05), 0.5, rule).is_not_worse


def test_equal_pairs_are_unchanged_whatever_their_number_and_the_margin() -> None:
    for n in (1, 5, 100):
        same = paired_difference([1.0] * n, [1.0] * n)
        assert same is not None
        assert decide(same, 1.0, Rule()) == Decision("unchanged", "identical", None, is_not_worse=True)


def test_without_a_margin_any_shown_drop_is_a_regression_and_only_equal_pairs_are_unchanged() -> None:
    assert decide(difference(-1e-6, -2e-6, -1e-9), 0.01, Rule()).verdict == "regressed"
    assert decide(difference(1e-6, -1e-9, 2e-6), 0.5, Rule()).verdict == "inconclusive"


def test_three_pairs_that_changed_alike_prove_nothing() -> None:
    found = paired_difference([0.4] * 3, [0.5] * 3)
    test = paired_test([0.4] * 3, [0.5] * 3)
    assert found is not None
    assert test is not None
    assert (found.low, found.high) == (found.value, found.value)
    decided = decide(found, test.p_value, Rule(margin=0.2))
    assert (decided.verdict, decided.reason, decided.n_needed) == ("inconclusive", "too_few", 3)
    assert not decided.is_not_worse


def test_fifty_pairs_that_changed_alike_are_a_verdict() -> None:
    found = paired_difference([0.4] * 50, [0.5] * 50)
    assert found is not None
    assert decide(found, 2.0**-49, Rule(margin=0.02)).verdict == "regressed"
    assert decide(found, 2.0**-49, Rule(margin=0.2)).reason == "small_drop"


def test_clusters_are_what_can_be_too_few() -> None:
    found = decide(difference(-0.1, -0.3, 0.1, n=60, n_clusters=4), 0.125, Rule(margin=0.02))
    assert found.reason == "too_few"
    assert found.n_needed is not None
    assert found.n_needed >= 30  # six clusters of fifteen pairs at the least


def test_a_single_cluster_needs_as_many_as_can_show_anything() -> None:
    found = decide(difference(-0.1, None, None, n=10, n_clusters=1, sd=None), 1.0, Rule())
    assert (found.reason, found.n_needed) == ("too_few", 50)


def test_not_worse_is_told_of_what_is_inconclusive() -> None:
    found = decide(difference(0.02, -0.01, 0.05), 0.2, Rule(margin=0.02))
    assert (found.verdict, found.is_not_worse) == ("inconclusive", True)


def test_every_reason_has_words() -> None:
    assert len(REASONS) == len(set(REASONS.values())) == 8


@pytest.mark.parametrize(
    ("p", "rule", "message"),
    [
        (0.5, Rule(margin=-0.1), r"margin is -0\.1, p 0\.5 and n_tests 1"),
        (1.5, Rule(), r"margin is 0\.0, p 1\.5 and n_tests 1"),
        (0.5, Rule(n_tests=0), r"margin is 0\.0, p 0\.5 and n_tests 0"),
    ],
)
def test_what_is_no_rule_is_refused(p: float, rule: Rule, message: str) -> None:
    with pytest.raises(ValueError, match=rf"^{message}; allowed: a margin from 0, p from 0 to 1, n_tests from 1$"):
        decide(difference(0.0, -0.1, 0.1), p, rule)
