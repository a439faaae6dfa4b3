"""Where values differ by chance, and which samples pass sometimes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from harness.schema import (
    CheckSpec,
    Generation,
    Measure,
    Rating,
    Remedy,
    Sample,
    Score,
    Scores,
    Trial,
    TrialResult,
)
from harness.score.noise import flaky_samples, noises
from tests.builders import make_suite

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from harness.schema import Noise, Outcome, Suite

EXACT = Measure("exact_match", "score", 0.0, 1.0, higher_is_better=True, signature="exact")
F1 = Measure("f1", "score", 0.0, 1.0, higher_is_better=True, signature="f1")
JUDGE = Measure("judge.tone", "score", 1.0, 5.0, higher_is_better=True, signature="judge")
LATENCY = Measure("latency_s", "s", 0.0, None, higher_is_better=False, signature="latency")


def suite_of(*measures: Measure, repeats: int, **fields: Any) -> Suite:
    return make_suite(measures=measures, repeats=repeats, **fields)


def result(
    sample: int, repeat: int, scores: Sequence[Score], *, variant: str = "v", cost_usd: float | None = None,
    judged: float | None = None, **fields: Any,
) -> TrialResult:  # fmt: skip
    trial = Trial(
        f"{variant}-{sample}-{repeat}", "s", variant, "b", Sample(f"s{sample}", {}, (), None, (), ""), repeat, ()
    )
    packed = Scores(tuple(each.metric for each in scores), scores, costs={} if judged is None else {0: judged})
    outcome: Outcome = "failed" if fields.get("missed") else "passed"
    generation = Generation("x", cost_usd=cost_usd)
    return TrialResult(trial, outcome, "x", generation, None, packed, fields.get("missed", ()))


def repeated(value: Callable[[int, int], float], n: int = 20, k: int = 3, **fields: Any) -> list[TrialResult]:
    """One measure's values, by sample and repeat."""
    return [
        result(sample, repeat, [Score("f1", value(sample, repeat), "scored")], **fields)
        for sample in range(n)
        for repeat in range(1, k + 1)
    ]


def only(found: Sequence[Noise]) -> Noise:
    (noise,) = found
    return noise


# -- variances ------------------------------------------------------------------------------------------------------


def test_nothing_is_said_without_repeats_and_of_amounts() -> None:
    assert noises(suite_of(F1, repeats=1), repeated(lambda sample, _: sample / 20, k=1), {}) == []
    assert noises(suite_of(LATENCY, repeats=3), repeated(lambda sample, _: sample / 20), {}) == []
    assert noises(suite_of(F1, repeats=3), [], {}) == []


def test_what_differs_between_samples_only_is_no_noise_of_answers() -> None:
    found = only(noises(suite_of(F1, repeats=3), repeated(lambda sample, _: sample / 20), {}))
    assert found.generations == pytest.approx(0.0, abs=1e-12)
    assert found.samples == pytest.approx(np.var(np.arange(20) / 20, ddof=1))
    assert (found.ratings, found.n_samples, found.n_generations, found.n_ratings) == (None, 20, 60, 60)
    assert found.standard_error == pytest.approx(np.std(np.arange(20) / 20, ddof=1) / 20**0.5)
    assert found.remedy == Remedy("samples", 80, 20, cost=180.0, is_usd=False)


def test_values_drawn_anew_each_time_are_noise_of_answers() -> None:
    generator = np.random.default_rng(0)
    found = only(noises(suite_of(F1, repeats=3), repeated(lambda _s, _r: float(generator.random()), n=400), {}))
    assert found.generations == pytest.approx(1 / 12, rel=0.1)
    assert found.samples is not None
    assert found.samples < 0.01
    assert found.variance == pytest.approx(found.samples + 1 / 12, rel=0.1)


def test_variants_are_no_noise_and_all_are_asked_more() -> None:
    every = [
        each
        for variant, shift in (("v", 0.0), ("w", 0.5))
        for each in repeated(lambda sample, _, shift=shift: shift + sample / 100, variant=variant)  # type: ignore[misc]
    ]
    found = only(noises(suite_of(F1, repeats=3), every, {}))
    assert found.samples == pytest.approx(np.var(np.arange(20) / 100, ddof=1))
    assert found.n_samples == 40
    assert found.remedy == Remedy("samples", 80, 20, cost=360.0, is_usd=False)


def test_costs_are_those_of_the_run() -> None:
    found = only(noises(suite_of(F1, repeats=3), repeated(lambda sample, _: sample / 20, cost_usd=0.01), {}))
    assert found.remedy is not None
    assert found.remedy.is_usd
    assert found.remedy.cost == pytest.approx(1.80)
    free = only(noises(suite_of(F1, repeats=3), repeated(lambda sample, _: sample / 20, cost_usd=0.0), {}))
    assert free.remedy == Remedy("samples", 80, 20, cost=180.0, is_usd=False)


def test_values_that_never_differ_need_no_remedy() -> None:
    found = only(noises(suite_of(F1, repeats=3), repeated(lambda _s, _r: 1.0), {}))
    assert (found.variance, found.standard_error, found.remedy) == (0.0, 0.0, None)


def test_noise_of_a_judge_is_told_apart_and_beaten_by_more_verdicts_where_these_are_cheap() -> None:
    generator = np.random.default_rng(0)
    every, ratings = [], {}
    for sample in range(60):
        for repeat in (1, 2):
            given = [Rating("big", 3.0 + float(generator.normal()), number) for number in (1, 2, 3)]
            mean = sum(each.value or 0.0 for each in given) / 3
            one = result(sample, repeat, [Score("judge.tone", mean, "scored")], cost_usd=1.0, judged=0.003)
            every.append(one)
            ratings[one.trial.trial_id] = {"judge.tone": given}
    found = only(noises(suite_of(JUDGE, repeats=2), every, ratings))
    assert found.ratings == pytest.approx(1.0, rel=0.2)
    assert (found.n_samples, found.n_generations, found.n_ratings) == (60, 120, 360)
    assert found.remedy is not None
    assert (found.remedy.level, found.remedy.instead_of, found.remedy.is_usd) == ("ratings", 3, True)
    assert found.remedy.cost == pytest.approx(60 * 2 * (found.remedy.count - 3) * 0.001)


# -- flaky samples --------------------------------------------------------------------------------------------------


def exact(value: float | None) -> list[Score]:
    return [Score("exact_match", value, "scored" if value is not None else "unscored")]


def test_sample_is_flaky_when_its_checks_hold_in_some_repeats() -> None:
    suite = suite_of(EXACT, repeats=3, checks=(CheckSpec("exact_match", "exact_match", "==", 1.0),))
    every = [result(1, repeat, exact(1.0), missed=("it is 0",) * (repeat == 2)) for repeat in (1, 2, 3)]
    every += [result(2, repeat, exact(1.0), missed=("it is 0",)) for repeat in (1, 2, 3)]
    (found,) = flaky_samples(suite, every)
    assert (found.sample, found.what, found.n_passed, found.n) == ("s1", "checks", 2, 3)


def test_measures_of_passes_and_failures_tell_where_checks_do_not() -> None:
    every = [result(1, repeat, exact(float(repeat == 1))) for repeat in (1, 2, 3)]
    every += [result(2, repeat, exact(value)) for repeat, value in ((1, 1.0), (2, None), (3, 0.0))]
    found = flaky_samples(suite_of(EXACT, repeats=3), every)
    assert [(each.sample, each.what, each.n_passed, each.n) for each in found] == [
        ("s2", "exact_match", 1, 2),
        ("s1", "exact_match", 1, 3),
    ]


def test_scores_between_pass_and_failure_are_not_flaky() -> None:
    assert flaky_samples(suite_of(F1, repeats=3), repeated(lambda _, repeat: repeat / 3)) == []
    assert flaky_samples(suite_of(EXACT, repeats=1), [result(1, 1, exact(1.0))]) == []


def test_sample_is_named_once_whatever_measures_say() -> None:
    both = Measure("contains", "score", 0.0, 1.0, higher_is_better=True, signature="contains")
    every = [
        result(1, repeat, [*exact(float(repeat == 1)), Score("contains", float(repeat == 1), "scored")])
        for repeat in (1, 2)
    ]
    (found,) = flaky_samples(suite_of(EXACT, both, repeats=2), every)
    assert found.what == "exact_match"
