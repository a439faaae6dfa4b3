from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from harness.schema import Answer, CallError, Generation, MetricSpec
from harness.score import AskingMetric, create

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.schema import Question, Score

ANSWER = Answer("Paris", ("Paris",), {"question": "Capital of France?"}, None)


class Asked:
    """Answers questions by a function of them and of how many came before."""

    def __init__(self, reply: Callable[[Question, int], str | CallError]) -> None:
        self._reply = reply
        self.questions: list[Question] = []

    async def __call__(self, question: Question) -> Generation | CallError:
        self.questions.append(question)
        reply = self._reply(question, len(self.questions) - 1)
        return reply if isinstance(reply, CallError) else Generation(reply)

    @property
    def forms(self) -> list[Question]:
        return [question for question in self.questions if not question.is_shared]


def _judged(asked: Asked, **options: Any) -> tuple[Score, ...]:
    metric = create(MetricSpec("judge", {"backend": "big", "criteria": ["clarity"], **options}, Path()))
    assert isinstance(metric, AskingMetric)
    return asyncio.run(metric.score_asking(ANSWER, asked))


def _form(score: object) -> str:
    return json.dumps({"reason": f"it is a {score}", "score": score})


def test_steps_come_first_and_stand_in_the_form() -> None:
    asked = Asked(lambda question, _: "1. LOOK" if question.is_shared else _form(4))
    (score,) = _judged(asked)
    assert (score.metric, score.value, score.status, score.reason) == ("judge.clarity", 4.0, "scored", "it is a 4")
    steps, form = asked.questions
    assert (steps.is_shared, form.is_shared) == (True, False)
    assert "1. LOOK" in form.messages[1].content
    assert {question.measure for question in asked.questions} == {"judge.clarity"}
    assert {question.backend for question in asked.questions} == {"big"}


def test_criteria_are_asked_about_side_by_side_one_question_each() -> None:
    asked = Asked(lambda question, _: "steps" if question.is_shared else _form(2))
    scores = _judged(asked, criteria=["clarity", "accuracy"])
    assert [score.metric for score in scores] == ["judge.clarity", "judge.accuracy"]
    assert len(asked.questions) == 4


def test_without_steps_only_the_form_is_asked_for() -> None:
    asked = Asked(lambda _, __: _form(1))
    _judged(asked, steps=False)
    assert len(asked.questions) == 1
    assert "Evaluation steps" not in asked.questions[0].messages[1].content


def test_form_asks_for_schema_and_probabilities_unless_told_not_to() -> None:
    asked = Asked(lambda _, __: _form(1))
    _judged(asked, steps=False)
    _judged(asked, steps=False, logprobs=False, schema=False)
    assert asked.questions[0].params.keys() == {"response_format", "logprobs", "top_logprobs"}
    assert asked.questions[1].params == {}


def test_judge_is_shown_what_the_prompts_use_or_what_the_suite_says() -> None:
    asked = Asked(lambda _, __: _form(1))
    for more, inputs in (({}, ("question",)), ({"material": []}, ("question",)), ({"material": ["question"]}, ())):
        metric = create(MetricSpec("judge", {"backend": "b", "steps": False, **more}, Path(), inputs))
        assert isinstance(metric, AskingMetric)
        asyncio.run(metric.score_asking(ANSWER, asked))
    shown = ["question: Capital of France?" in question.messages[1].content for question in asked.questions]
    assert shown == [True] * 3 + [False] * 3 + [True] * 3


def test_answer_whose_sample_lacks_what_the_judge_is_to_be_shown_is_unscored_and_nobody_is_asked() -> None:
    asked = Asked(lambda _, __: _form(1))
    scores = _judged(asked, criteria=["clarity", "accuracy"], material=["question", "context"])
    why = "the sample has no column 'context', which the judge is to be shown"
    assert [(score.status, score.reason) for score in scores] == [("unscored", why)] * 2
    assert asked.questions == []


def test_samples_are_questions_of_their_own_whose_mean_counts() -> None:
    asked = Asked(lambda question, _: _form({1: 1, 2: 3, 3: 5}[question.repeat]))
    (score,) = _judged(asked, steps=False, samples=3)
    assert score.value == 3.0
    assert score.reason == "it is a 1 (samples: 1, 3, 5)"
    assert [question.repeat for question in asked.questions] == [1, 2, 3]
    assert {question.params["temperature"] for question in asked.questions} == {1.0}


def test_answer_that_cannot_be_read_is_asked_for_again_as_another_repeat() -> None:
    asked = Asked(lambda _, number: "Hm." if number < 2 else _form(5))
    (score,) = _judged(asked, steps=False)
    assert (score.value, score.status) == (5.0, "scored")
    assert [question.repeat for question in asked.questions] == [1, 2, 3]
    assert "temperature" not in asked.questions[0].params
    assert asked.questions[1].params["temperature"] == 1.0


def test_repeats_of_samples_and_of_further_tries_never_meet() -> None:
    asked = Asked(lambda question, _: "Hm." if question.repeat <= 2 else _form(5))
    _judged(asked, steps=False, samples=2)
    assert sorted(question.repeat for question in asked.questions) == [1, 2, 3, 4]


def test_judge_that_never_fills_in_the_form_leaves_the_answer_unscored() -> None:
    asked = Asked(lambda _, __: "5 of 5!")
    (score,) = _judged(asked, steps=False)
    assert (score.value, score.status) == (None, "unscored")
    assert score.reason == "the judge's answer could not be read, 3 times: no form: '5 of 5!'"
    assert len(asked.questions) == 3


def test_sample_that_cannot_be_read_is_left_out_and_told() -> None:
    asked = Asked(lambda question, _: "Hm." if question.repeat % 2 else _form(4))
    (score,) = _judged(asked, steps=False, samples=2)
    assert (score.value, score.reason) == (4.0, "it is a 4 (samples: 4, 1 could not be read)")


@pytest.mark.parametrize("kind", ["timeout", "missing", "not_run"])
def test_judge_without_an_answer_fails_the_score_with_the_reason(kind: Any) -> None:
    asked = Asked(lambda _, __: CallError(kind, "backend 'big': no"))
    (score,) = _judged(asked, steps=False)
    assert (score.value, score.status) == (None, "failed")
    assert score.reason == "no verdict from the judge: backend 'big': no"
    (score,) = _judged(asked)
    assert score.reason == "no evaluation steps from the judge: backend 'big': no"


@pytest.mark.parametrize(
    ("said", "hint"),
    [
        ("HTTP 400: unknown field top_logprobs", "; write logprobs: false where the endpoint does not know that"),
        ("HTTP 400: response_format is off", "; write schema: false where the endpoint does not know that"),
        ("HTTP 400: too long", ""),
    ],
)
def test_endpoint_that_refuses_the_form_is_told_which_option_to_leave_out(said: str, hint: str) -> None:
    (score,) = _judged(Asked(lambda _, __: CallError("rejected", said)), steps=False)
    assert score.reason == f"no verdict from the judge: {said}{hint}"


def test_outside_of_a_run_nobody_is_asked() -> None:
    metric = create(MetricSpec("judge", {"backend": "big", "criteria": ["clarity"]}, Path()))
    (row,) = metric.score([ANSWER])
    assert (row[0].status, row[0].reason) == ("unscored", "a judge is asked in a run of a suite only")
