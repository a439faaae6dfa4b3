"""Trial results → a row of the result table, and the number that a gate is judged by."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from harness.gate import cell_aggregate, make_cell
from harness.schema import (
    BackendSpec,
    CallError,
    GateSpec,
    Generation,
    Measure,
    OutputSpec,
    PromptVersion,
    Sample,
    Score,
    Techniques,
    Trial,
    TrialResult,
    Variant,
)
from tests.builders import make_suite

if TYPE_CHECKING:
    from harness.schema import (
        Aggregate,
        Cell,
        Outcome,
        Suite,
    )

BLEU = Measure("bleu", "percent", 0.0, 100.0, higher_is_better=True, signature="bleu")
LATENCY = Measure("latency_s", "s", 0.0, None, higher_is_better=False, signature="latency_s")
PROMPT = PromptVersion("few_shot", "1.1", "v1.1.yaml", (), {}, (), Techniques(), OutputSpec(), "0")
SUITE = make_suite(
    variants=(Variant("other", replace(PROMPT, name="other")), Variant("few_shot@prod", PROMPT)),
    backends=(BackendSpec("a", "callable", "m-a", {}, Path()), BackendSpec("b", "callable", "m-b", {}, Path())),
    measures=(BLEU, LATENCY),
)
KEY = ("s", "few_shot@prod", "b")


def result(number: int, outcome: Outcome = "passed", *, cost_usd: float | None = 0.5, **fields: Any) -> TrialResult:
    sample = Sample(f"s{number}", {}, (), fields.pop("group", None), (), "d.jsonl:1")
    trial = Trial(
        f"t{number}-{fields.get('repeat', 1)}", "s", "few_shot@prod", "b", sample, fields.pop("repeat", 1), ()
    )
    if outcome == "not_run":
        return TrialResult(trial, outcome, None, None, None, (), ())
    if outcome == "error":
        failed = tuple(Score(measure.name, None, "failed", "no answer") for measure in SUITE.measures)
        return TrialResult(trial, outcome, None, None, CallError("timeout", "no answer"), failed, ())
    scores = (Score("bleu", 10.0 * number, "scored"), Score("latency_s", float(number), "scored"))
    generation = Generation("x", latency_s=float(number), cost_usd=cost_usd)
    return TrialResult(trial, outcome, "x", generation, fields.pop("error", None), scores, ())


def cell(results: list[TrialResult], suite: Suite = SUITE, **corpus: float) -> Cell:
    return make_cell(suite, KEY, results, corpus=corpus)


def judged_by(
    gate: tuple[str | None, Any], results: list[TrialResult], suite: Suite = SUITE, **corpus: float
) -> Aggregate:
    metric, aggregation = gate
    return cell_aggregate(GateSpec("g", metric, aggregation, ">=", 0.0), suite, results, corpus=corpus)


def test_row_names_prompt_version_and_model_behind_its_names() -> None:
    row = cell([result(1)])
    assert (row.suite, row.variant, row.backend) == KEY
    assert (row.prompt, row.prompt_version, row.model) == ("few_shot", "1.1", "m-b")


def test_outcomes_are_counted_and_unreadable_answers_apart_from_errors() -> None:
    unreadable = result(3, "failed", error=CallError("output", "no match"))
    row = cell([result(1), result(2, "failed"), unreadable, result(4, "error"), result(5, "not_run")])
    assert (row.n_trials, row.n_passed, row.n_failed, row.n_errors, row.n_not_run) == (5, 1, 2, 1, 1)
    assert row.n_unreadable == 1


def test_aggregates_are_means_then_corpus_values_then_the_error_rate() -> None:
    row = cell([result(1), result(3)], bleu=17.0)
    assert [(one.metric, one.aggregation, one.value) for one in row.aggregates] == [
        ("bleu", "mean", 20.0),
        ("latency_s", "mean", 2.0),
        ("bleu", "corpus", 17.0),
        ("error_rate", "error_rate", 0.0),
    ]
    assert row.latency_p95 is not None
    assert row.latency_p95.value == pytest.approx(2.9)


def test_trials_that_were_not_run_are_in_no_number_but_the_count() -> None:
    row = cell([result(1), result(2, "not_run"), result(3, "error")])
    mean, error_rate = row.aggregates[0], row.aggregates[-1]
    assert (mean.n_scored, mean.n_failed) == (1, 1)
    assert (error_rate.value, error_rate.n_scored) == (0.5, 2)


@pytest.mark.parametrize(("costs", "expected"), [([0.5, 0.25], 0.75), ([0.0], 0.0), ([0.5, None], None), ([], 0)])
def test_cost_is_unknown_when_one_answer_s_is(costs: list[float | None], expected: float | None) -> None:
    results = [result(number, cost_usd=cost) for number, cost in enumerate(costs)]
    assert cell([*results, result(9, "error")]).cost_usd == expected


@pytest.mark.parametrize(
    ("repeats", "groups", "n_clusters"),
    [(1, [None, None], None), (1, ["g", "g"], 1), (1, ["g", None], 2), (2, [None, None], 2)],
)
def test_clusters_are_groups_else_samples_of_repeated_trials(
    *, repeats: int, groups: list[str | None], n_clusters: int | None
) -> None:
    suite = replace(SUITE, repeats=repeats)
    results = [
        result(number, group=group, repeat=repeat)
        for number, group in enumerate(groups, start=1)
        for repeat in range(1, repeats + 1)
    ]
    for gate in (("bleu", "mean"), (None, "error_rate")):
        assert judged_by(gate, results, suite).n_clusters == n_clusters


@pytest.mark.parametrize(
    ("gate", "value"),
    [
        (("bleu", "mean"), 20.0),
        (("bleu", "max"), 30.0),
        (("latency_s", "sum"), 4.0),
        (("bleu", "corpus"), 17.0),
        (("latency_s", "corpus"), None),
        ((None, "error_rate"), 0.0),
    ],
)
def test_gate_is_judged_by_the_number_it_names(gate: tuple[str | None, Any], value: float | None) -> None:
    assert judged_by(gate, [result(1), result(3)], bleu=17.0).value == value


def test_gate_over_no_results_has_no_value() -> None:
    assert judged_by(("bleu", "mean"), []).value is None
    assert judged_by((None, "error_rate"), [result(1, "not_run")]).value is None
