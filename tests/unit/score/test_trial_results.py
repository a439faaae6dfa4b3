from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import OutputError
from harness.schema import (
    CallError,
    CheckSpec,
    Generation,
    MetricSpec,
    Sample,
    Trial,
)
from harness.score import Scorer, answers_of, trial_results
from tests.builders import make_suite

if TYPE_CHECKING:
    from harness.schema import (
        Suite,
    )

SCORER = Scorer((MetricSpec("exact_match", {}, Path()),))


def suite(*checks: CheckSpec) -> Suite:
    return make_suite(measures=SCORER.measures, checks=checks)


def trial(sample_id: str) -> Trial:
    return Trial(sample_id, "s", "v", "b", Sample(sample_id, {}, ("yes",), None, (), "d:1"), 1, ())


def read(_trial: Trial, text: str) -> str:
    if text == "mumble":
        raise OutputError("no match")
    return text.strip()


def test_each_trial_gets_its_own_answers_scores() -> None:
    answered: list[tuple[Trial, Generation | CallError]] = [
        (trial("a"), Generation("yes ")),
        (trial("b"), CallError("timeout", "no answer after 60 s")),
        (trial("c"), Generation("no")),
        (trial("d"), Generation("mumble")),
    ]
    results = trial_results(suite(), answered, scorer=SCORER, read_answer=read)
    assert [(result.trial.trial_id, result.outcome, result.output) for result in results] == [
        ("a", "passed", "yes"),
        ("b", "error", None),
        ("c", "passed", "no"),
        ("d", "passed", ""),
    ]
    assert [result.scores[0].value for result in results] == [1.0, None, 0.0, 0.0]
    assert {score.status for score in results[1].scores} == {"failed"}
    assert results[3].error == CallError("output", "no match")
    assert len(answers_of(results)) == 3


def test_missed_check_fails_the_trial_and_tells_the_value() -> None:
    check = CheckSpec("exact_match == 1", "exact_match", "==", 1.0)
    results = trial_results(
        suite(check), [(trial("a"), Generation("yes")), (trial("b"), Generation("no"))], scorer=SCORER, read_answer=read
    )
    assert [(result.outcome, result.missed) for result in results] == [
        ("passed", ()),
        ("failed", ("exact_match == 1: it is 0",)),
    ]


def test_check_on_a_value_that_is_missing_fails_closed() -> None:
    check = CheckSpec("cost_usd <= 1", "cost_usd", "<=", 1.0)
    (result,) = trial_results(suite(check), [(trial("a"), Generation("yes"))], scorer=SCORER, read_answer=read)
    assert result.outcome == "failed"
    assert result.missed[0].startswith("cost_usd <= 1: there is no value: ")


def test_check_at_its_threshold_holds_as_its_operator_says() -> None:
    generation = Generation("yes", latency_s=2.0)
    for operator, expected in [("<=", "passed"), ("<", "failed"), (">=", "passed"), (">", "failed"), ("!=", "failed")]:
        check = CheckSpec(f"latency_s {operator} 2", "latency_s", operator, 2.0)  # type: ignore[arg-type]
        (result,) = trial_results(suite(check), [(trial("a"), generation)], scorer=SCORER, read_answer=read)
        assert result.outcome == expected, operator
