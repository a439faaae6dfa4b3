"""What a run shows about its judges."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from harness.schema import (
    Measure,
    OutputSpec,
    PromptVersion,
    Rating,
    Sample,
    Suite,
    Techniques,
    Trial,
    TrialResult,
    Variant,
)
from harness.score.judgings import followed_position, judgings

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from harness.schema import Fact

JUDGE = Measure("judge.tone", "score", 1.0, 5.0, higher_is_better=True, signature="judge")


def _suite(*variants: str) -> Suite:
    prompt = PromptVersion("p", "1", "", (), {}, (), Techniques(), OutputSpec(), "")
    named = tuple(Variant(name, prompt) for name in variants)
    return Suite("s", "", "", Path(), (), 0, named, (), 1, (), (JUDGE,), (), (), "", "", "")


def _trial(variant: str, sample: int, repeat: int = 1) -> Trial:
    row = Sample(str(sample), {}, (), None, (), "")
    return Trial(f"{variant}-{sample}-{repeat}", "s", variant, "b", row, repeat, ())


def _facts(trials: Sequence[Trial], ratings: Callable[[Trial], Sequence[Rating]], *variants: str) -> dict[str, Fact]:
    results = [TrialResult(trial, "passed", "", None, None, (), ()) for trial in trials]
    given = {trial.trial_id: {"judge.tone": ratings(trial)} for trial in trials}
    found = judgings(_suite(*(variants or ("v",))), results, given)
    return {fact.name: fact for judging in found for fact in judging.facts}


def test_one_verdict_a_trial_shows_nothing() -> None:
    assert _facts([_trial("v", sample) for sample in range(5)], lambda _: (Rating("big", 3.0),)) == {}


def test_panel_that_agrees_has_an_alpha_of_one() -> None:
    trials = [_trial("v", sample) for sample in range(10)]
    facts = _facts(trials, lambda t: [Rating(who, float(int(t.sample.sample_id) % 5 + 1)) for who in ("big", "small")])
    alpha = facts["agreement of the judges (alpha)"]
    assert alpha.estimate is not None
    assert (alpha.estimate.value, alpha.estimate.n) == (1.0, 10)
    assert (alpha.estimate.low, alpha.estimate.high) == (None, None), "agreement in all draws is no certainty"
    assert alpha.meaning.endswith(" No interval: draws of the answers do not tell how far it may vary.")
    assert "Krippendorff's alpha of big, small over 10 answers" in alpha.meaning


def test_verdicts_that_are_missing_are_left_out_of_alpha() -> None:
    trials = [_trial("v", sample) for sample in range(6)]
    facts = _facts(
        trials,
        lambda t: [
            Rating("big", float(int(t.sample.sample_id) % 3 + 1)),
            Rating("small", None if t.sample.sample_id == "5" else float(int(t.sample.sample_id) % 3 + 1)),
        ],
    )
    assert facts["agreement of the judges (alpha)"].estimate is not None
    assert facts["agreement of the judges (alpha)"].estimate.value == 1.0


def test_panel_that_never_varies_has_no_alpha_and_says_why() -> None:
    facts = _facts([_trial("v", sample) for sample in range(4)], lambda _: [Rating("a", 4.0), Rating("b", 4.0)])
    assert facts["agreement of the judges (alpha)"].estimate is None
    assert facts["agreement of the judges (alpha)"].meaning.startswith("The judges' scores do not vary")


def _noisy(*, repeats: int, samples: int) -> dict[str, Fact]:
    random = np.random.default_rng(6)
    easy = {str(sample): float(random.normal(0, 1.0)) for sample in range(300)}
    trials = [_trial("v", sample, repeat) for sample in range(300) for repeat in range(1, repeats + 1)]

    def ratings(trial: Trial) -> list[Rating]:
        answer = easy[trial.sample.sample_id] + random.normal(0, 0.5)
        return [Rating("big", float(answer + random.normal(0, 0.25)), at + 1) for at in range(samples)]

    return _facts(trials, ratings)


def _deviations(facts: dict[str, Fact]) -> list[float | None]:
    return [fact.estimate.value if fact.estimate else None for fact in facts.values()]


def test_noise_of_judge_generation_and_samples_is_told_apart() -> None:
    facts = _noisy(repeats=3, samples=3)
    assert list(facts) == [
        "between samples (standard deviation)",
        "between answers to a sample (standard deviation)",
        "between verdicts on an answer (standard deviation)",
    ]
    assert _deviations(facts) == pytest.approx([1.0, 0.5, 0.25], rel=0.12)
    assert facts["between verdicts on an answer (standard deviation)"].meaning.startswith(
        "5% of the variance: how diff"
    )


def test_what_is_not_repeated_is_said_not_to_be_known() -> None:
    facts = _noisy(repeats=3, samples=1)
    assert _deviations(facts) == [
        pytest.approx(1.0, rel=0.12),
        pytest.approx(math.hypot(0.5, 0.25), rel=0.12),
        None,
    ]
    assert "the judge's own noise is part of it" in facts["between answers to a sample (standard deviation)"].meaning
    facts = _noisy(repeats=1, samples=3)
    assert _deviations(facts) == [
        pytest.approx(math.hypot(1.0, 0.5), rel=0.12),
        None,
        pytest.approx(0.25, rel=0.12),
    ]
    assert "the chance in an answer is part of it" in facts["between samples (standard deviation)"].meaning


def _both(own: float, other: float, against: str) -> tuple[Rating, Rating]:
    return Rating("big", own, against=against, position=1), Rating("big", other, against=against, position=2)


def test_pairs_are_counted_once_though_both_trials_asked() -> None:
    trials = [_trial(variant, sample) for variant in ("a", "b") for sample in range(8)]
    facts = _facts(trials, lambda t: _both(1, 1, "b") if t.variant == "a" else _both(0, 0, "a"), "a", "b")
    position = facts["verdicts that followed the position"].estimate
    assert position is not None
    assert (position.value, position.n) == (0.0, 8)
    first, second = (facts[f"{name} on b"].estimate for name in "ab")
    assert first is not None
    assert second is not None
    assert first.value > 0.85
    assert first.value + second.value == pytest.approx(1)


def test_pairs_of_one_sample_are_no_independent_evidence() -> None:
    def ratings(trial: Trial) -> list[Rating]:
        return [rating for other in "abc" if other > trial.variant for rating in _both(1, 1, other)]

    facts = _facts([_trial(variant, sample) for variant in "abc" for sample in range(8)], ratings, "a", "b", "c")
    position = facts["verdicts that followed the position"]
    assert position.estimate is not None
    assert position.estimate.n == 24
    assert position.estimate.high == pytest.approx(0.3244, abs=1e-4)  # Wilson's for 0 of 8, by hand: z² / (8 + z²)
    assert position.meaning.startswith("Share of 24 pairs to 8 samples in which ")
    best = facts["a on b"].estimate
    assert best is not None
    assert best.n == 16
    assert best.low is not None
    assert best.high is not None
    assert best.low < 0.85 < best.value <= best.high


def test_the_best_variant_stands_first_and_three_are_ranked_through_each_other() -> None:
    order = "cab"

    def wins(own: str, other: str) -> tuple[float, float]:
        return (float(order.index(own) < order.index(other)),) * 2

    def ratings(trial: Trial) -> list[Rating]:
        others = [name for name in order if name != trial.variant]
        return [rating for other in others for rating in _both(*wins(trial.variant, other), other)]

    trials = [_trial(variant, sample) for variant in "abc" for sample in range(6)]
    facts = _facts(trials, ratings, "a", "b", "c")
    assert list(facts) == ["verdicts that followed the position", "c on b", "a on b", "b on b"]


def test_equal_answers_are_ties_and_no_verdicts() -> None:
    same = tuple(Rating("", 0.5, against="b", position=position) for position in (1, 2))
    facts = _facts([_trial("a", sample) for sample in range(3)], lambda _: same, "a", "b")
    assert facts["verdicts that followed the position"].estimate is None
    assert facts["a on b"].estimate is not None
    assert facts["a on b"].estimate.value == pytest.approx(0.5)
    assert followed_position(_trial("a", 1), same) is None


def test_pairs_that_could_not_be_read_do_not_count() -> None:
    trials = [_trial("a", sample) for sample in range(4)]
    facts = _facts(trials, lambda t: _both(1, 0 if t.sample.sample_id == "0" else 1, "b"), "a", "b")
    assert facts["verdicts that followed the position"].estimate is not None
    assert facts["verdicts that followed the position"].estimate.value == 0.25
    unread = (Rating("big", None, against="b", position=1), Rating("big", 1.0, against="b", position=2))
    facts = _facts(trials, lambda _: unread, "a", "b")
    assert list(facts) == ["verdicts that followed the position"]
    assert facts["verdicts that followed the position"].meaning == "No pair was judged in both orders."
