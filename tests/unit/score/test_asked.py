"""Metrics that ask models, within a suite's scoring."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from harness.errors import OptionError
from harness.schema import Answer, CallError, CheckSpec, Generation, Message, MetricSpec, Sample, Trial
from harness.score import AskingMetric, RunScorer, Scorer, backends_of
from tests.builders import make_suite

if TYPE_CHECKING:
    from harness.schema import Question, Suite, TrialResult

OWN = """\
from harness.schema import Measure, Message, Question, Score

class Liked:
    needs_references = False
    backends = ("big",)
    measures = (
        Measure("liked", "score", 0.0, 1.0, True, "liked|1"),
        Measure("loved", "score", 0.0, 1.0, True, "loved|1"),
    )

    def __init__(self, options):
        self.value = options.get("value", 1.0)
        self.raises = options.get("raises", False)

    def score(self, answers):
        raise NotImplementedError

    async def score_asking(self, answer, ask):
        if self.raises:
            raise ValueError("no taste")
        said = [await ask(Question("big", (Message("user", answer.output),), measure=name)) for name in (None, "loved")]
        return tuple(
            Score(measure.name, self.value, "scored", getattr(one, "text", None))
            for measure, one in zip(self.measures, said, strict=True)
        )
"""
TRIAL = Trial("t", "s", "v", "b", Sample("1", {}, ("yes",), None, (), "d:1"), 1, ())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "taste.py").write_text(OWN)
    return tmp_path


def _suite(folder: Path, **options: Any) -> Suite:
    specs = (MetricSpec("exact_match", {}, Path()), MetricSpec("taste.py:Liked", options, folder))
    return make_suite(name="s", metrics=specs, measures=Scorer(specs).measures)


def _result(suite: Suite, *answers: Generation | CallError) -> TrialResult:
    """The trial's result when these are what the model says to the metric's questions."""
    scorer, said = RunScorer([suite], lambda _, text: text.strip()), iter(answers)

    async def ask(metric: str, question: Question) -> Generation | CallError:
        assert metric == "taste.py:Liked"
        assert question.messages == (Message("user", "yes"),)
        return next(said)

    generation = Generation(" yes ", cost_usd=1.0)
    found = asyncio.run(scorer.inquire(TRIAL, generation, ask))
    (result,) = scorer.results([(TRIAL, generation)], found={"t": found})
    return result


def _by_name(result: TrialResult) -> dict[str, tuple[float | None, str, str | None]]:
    return {
        score.metric: (score.value, score.status, score.reason) for score in result.scores if score.metric[0] in "el"
    }


def test_own_metric_that_asks_is_told_from_others(folder: Path) -> None:
    assert backends_of(MetricSpec("taste.py:Liked", {}, folder)) == ("big",)
    assert backends_of(MetricSpec("exact_match", {}, folder)) == ()
    scorer = Scorer(_suite(folder).metrics)
    assert scorer.asks
    assert not Scorer(_suite(folder).metrics[:1]).asks


def test_what_was_found_stands_beside_the_other_scores_with_its_cost(folder: Path) -> None:
    result = _result(_suite(folder), Generation("good", cost_usd=0.25), Generation("great", cost_usd=0.5))
    assert _by_name(result) == {
        "exact_match": (1.0, "scored", None),
        "liked": (1.0, "scored", "good"),
        "loved": (1.0, "scored", "great"),
        "latency_s": (None, "unscored", "the backend does not say how long it took"),
    }
    assert result.outcome == "passed"
    costs = getattr(result.scores, "costs")  # noqa: B009 - of Scores, which a result need not have
    assert {result.scores[place].metric: usd for place, usd in costs.items()} == {"liked": 0.25, "loved": 0.5}


def test_cost_that_is_not_known_is_not_0(folder: Path) -> None:
    result = _result(_suite(folder), Generation("good", cost_usd=None), Generation("great", cost_usd=0.5))
    assert sorted(getattr(result.scores, "costs").values(), key=str) == [0.5, None]  # noqa: B009 - as above


def test_metric_that_raises_fails_its_own_scores(folder: Path) -> None:
    result = _result(_suite(folder, raises=True))
    found = _by_name(result)
    assert found["liked"] == (None, "failed", f"ValueError: no taste ({folder / 'taste.py'}:20)")
    assert found["exact_match"] == (1.0, "scored", None)
    assert result.outcome == "error"


def test_value_out_of_range_fails(folder: Path) -> None:
    result = _result(_suite(folder, value=7), Generation("x"), Generation("y"))
    assert _by_name(result)["liked"] == (None, "failed", "the value is 7; allowed: from 0 to 1")


def test_check_on_what_was_asked_is_judged(folder: Path) -> None:
    checked = replace(_suite(folder, value=0.5), checks=(CheckSpec("liked == 1", "liked", "==", 1.0),))
    result = _result(checked, Generation("so so"), Generation("y"))
    assert (result.outcome, result.missed) == ("failed", ("liked == 1: it is 0.5 (so so)",))


def test_without_a_run_nobody_was_asked(folder: Path) -> None:
    scorer = Scorer(_suite(folder).metrics)
    (row,) = scorer.score([Answer("yes", ("yes",), {}, None)])
    assert row[0].value == 1.0
    assert (row[1].status, row[1].reason) == ("unscored", "no model was asked: that is done in a run of a suite")


def test_trial_without_an_answer_loses_these_scores_too(folder: Path) -> None:
    scorer = RunScorer([_suite(folder)], lambda _, text: text)
    (lost,) = scorer.results([(TRIAL, CallError("timeout", "no answer"))])
    assert {score.status for score in lost.scores} == {"failed"}
    (not_run,) = scorer.results([(TRIAL, CallError("not_run", "not run: x"))], found={})
    assert (not_run.outcome, not_run.scores) == ("not_run", ())


def test_each_trial_is_seen_with_the_time_of_its_own_questions(folder: Path) -> None:
    suite = _suite(folder)
    scorer = RunScorer([suite], lambda _, text: text)
    other = replace(TRIAL, trial_id="u")

    async def ask(_metric: str, _question: Question) -> Generation | CallError:
        await asyncio.sleep(0.01)
        return Generation("x")

    async def inquire() -> dict[str, Any]:
        return {each.trial_id: await scorer.inquire(each, Generation("yes"), ask) for each in (TRIAL, other)}

    found = asyncio.run(inquire())
    seen: list[tuple[list[str], list[tuple[str, int, int]]]] = []
    scorer.results(
        [(TRIAL, Generation("yes")), (other, Generation("yes"))],
        lambda results, times: seen.append(
            (
                [result.trial.trial_id for result in results],
                [(time.metric, time.began_ns, time.ended_ns) for time in times if ":" in time.metric],
            )
        ),
        found=found,
    )
    assert [trials for trials, _ in seen] == [["t"], ["u"]]
    (((_, began, ended),), ((_, later, end),)) = (times for _, times in seen)
    assert began + 20_000_000 <= ended <= later
    assert later + 20_000_000 <= end


def test_cancelled_inquiry_is_no_failed_score(folder: Path) -> None:
    scorer = RunScorer([_suite(folder)], lambda _, text: text)

    async def never(_metric: str, _question: Question) -> Generation | CallError:
        await asyncio.sleep(60)
        raise AssertionError

    async def cancelled() -> None:
        task = asyncio.create_task(scorer.inquire(TRIAL, Generation("yes"), never))
        await asyncio.sleep(0.01)
        task.cancel()
        await task

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(cancelled())


def test_metric_that_cancels_itself_has_failed(folder: Path) -> None:
    (folder / "taste.py").write_text(
        OWN.replace('raise ValueError("no taste")', "raise __import__('asyncio').CancelledError")
    )
    assert _by_name(_result(_suite(folder, raises=True)))["liked"][1] == "failed"


def test_judge_is_an_asking_metric_and_others_are_not() -> None:
    from harness.score import create

    assert isinstance(create(MetricSpec("judge", {"backend": "b"}, Path())), AskingMetric)
    assert not isinstance(create(MetricSpec("rouge", {}, Path())), AskingMetric)
    with pytest.raises(OptionError):
        create(MetricSpec("judge", {"backend": 3}, Path()))


def test_suite_says_what_its_judge_was_asked_when_the_run_is_over() -> None:
    own = {"tone": {"description": "It is polite.", "steps": "1. Read."}, "help": "It helps."}
    specs = (MetricSpec("judge", {"backend": "b", "criteria": own}, Path()), MetricSpec("exact_match", {}, Path()))
    suite = make_suite(name="s", metrics=specs, measures=Scorer(specs).measures)
    other = make_suite(name="other", metrics=specs[1:], measures=Scorer(specs[1:]).measures)
    scorer = RunScorer([suite, other], lambda _, text: text)

    async def ask(_metric: str, question: Question) -> Generation | CallError:
        return Generation(" 1. Look.\n" if question.is_shared else '{"reason": "r", "score": 1}')

    before, _ = scorer.told({"s", "other"})
    assert [measure.about for measure in before.measures[:3]] == ["It is polite.\n1. Read.", "It helps.", ""]
    asyncio.run(scorer.inquire(TRIAL, Generation("x"), ask))
    after, unchanged = scorer.told({"other", "s"})
    assert [measure.about for measure in after.measures[:3]] == ["It is polite.\n1. Read.", "It helps.\n1. Look.", ""]
    assert unchanged is other
    assert scorer.told({"other"}) == (other,)
