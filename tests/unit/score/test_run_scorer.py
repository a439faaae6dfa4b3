from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from harness.schema import CallError, Generation, MetricSpec, Sample, Trial
from harness.score import RunScorer, Scorer
from tests.builders import make_suite

if TYPE_CHECKING:
    from harness.schema import Suite


def suite(name: str, *metrics: str) -> Suite:
    specs = tuple(MetricSpec(metric, {}, Path()) for metric in metrics)
    return make_suite(name=name, metrics=specs, measures=Scorer(specs).measures)


def trial(of: str, sample_id: str) -> Trial:
    return Trial(f"{of}-{sample_id}", of, "v", "b", Sample(sample_id, {}, ("yes",), None, (), "d:1"), 1, ())


def shout(trial: Trial, text: str) -> str:
    return text.upper() if trial.suite == "loud" else text


def test_each_suite_s_answers_are_scored_by_its_own_metrics() -> None:
    scorer = RunScorer([suite("quiet", "exact_match"), suite("loud", "contains")], shout)
    answered: list[tuple[Trial, Generation | CallError]] = [
        (trial("quiet", "1"), Generation("yes")),
        (trial("loud", "1"), Generation("oh yes")),
        (trial("quiet", "2"), CallError("timeout", "no answer")),
        (trial("loud", "2"), Generation("no")),
    ]
    results = {result.trial.trial_id: result for result in scorer.results(answered)}
    assert {
        name: (result.output, result.scores[0].metric, result.scores[0].value) for name, result in results.items()
    } == {
        "quiet-1": ("yes", "exact_match", 1.0),
        "loud-1": ("OH YES", "contains", 1.0),
        "quiet-2": (None, "exact_match", None),
        "loud-2": ("NO", "contains", 0.0),
    }


def test_nothing_answered_is_nothing_scored() -> None:
    assert RunScorer([suite("quiet", "exact_match")], shout).results([]) == []


def test_corpus_values_are_those_of_the_suite_s_metrics() -> None:
    scorer = RunScorer([suite("quiet", "exact_match"), suite("loud", "chrf")], shout)
    results = scorer.results([(trial("loud", "1"), Generation("yes"))])
    assert set(scorer.corpus("loud", results)) == {"chrf"}
    assert scorer.corpus("quiet", results) == {}
    assert scorer.corpus("loud", []) == {}
