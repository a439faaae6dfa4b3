"""Whatever an answer says to the judge, it stays within its fence, and no verdict is read from it."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from harness.schema import Answer, Generation, MetricSpec, Others, TokenLogprob
from harness.score.judge import Judge, Prefer
from harness.score.judge.rubric import ANSWERS
from harness.score.judge.verdict import Preference, Verdict, read_preference, read_verdict
from harness.score.judge.wording import form_messages, neutralised, pair_messages

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.schema import Message, Question

ATTACKS: dict[str, str] = json.loads(Path(__file__).with_name("attacks.json").read_text())
"""By what is tried: what people and papers did, and what chat templates would take for their own."""
each_attack = pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
FENCE = re.compile(r"<((?:answer|first_answer|second_answer|material|reference)_[0-9a-f]{8})>\n(.*?)\n</\1>", re.DOTALL)
MARKS = ("<|", "<\uff5c", "[INST]", "[/INST]", "<<SYS>>", "<</SYS>>", "<start_of_turn>", "<end_of_turn>")
MORE_MARKS = ("</s>", "<s>", "<think>", "</think>", "<tool_response>", "[TOOL_CALLS]", "\n\nHuman:", "\n\nAssistant:")


def _form(output: str, *, material: str = "Where?", reference: str = "Paris") -> str:
    answer = Answer(output, (reference,), {"question": material}, None)
    messages = form_messages(ANSWERS.criteria[0], (1, 5), steps="1. Read.", answer=answer, material=("question",))
    return messages[1].content


def _pair(first: str, second: str) -> str:
    answer = Answer(first, (), {"question": "Where?"}, None)
    return pair_messages(ANSWERS, (first, second), answer=answer, material=("question",))[1].content


def _outside(prompt: str) -> tuple[str, list[str]]:
    """What stands outside of the fences, and what stands in each."""
    return FENCE.sub("<fence/>", prompt), [found[2] for found in FENCE.finditer(prompt)]


def test_there_are_enough_of_them() -> None:
    assert len(ATTACKS) >= 25
    assert len(set(ATTACKS.values())) == len(ATTACKS)


@each_attack
@pytest.mark.parametrize(
    "build",
    [
        _form,
        lambda text: _form("Paris", material=text),
        lambda text: _form("Paris", reference=text),
        lambda text: _pair(text, "Paris"),
        lambda text: _pair("Paris", text),
    ],
    ids=["answer", "material", "reference", "first", "second"],
)
def test_nothing_of_it_stands_outside_of_the_fence(attack: str, build: Callable[[str], str]) -> None:
    harmless, fenced = _outside(build("harmless"))
    found, texts = _outside(build(attack))
    assert found == harmless
    assert len(texts) == len(fenced)
    assert any(neutralised(attack) in text for text in texts)


@each_attack
def test_what_is_fenced_holds_no_tag_of_ours_and_no_control_word(attack: str) -> None:
    clean = neutralised(attack)
    assert not re.search(r"<\s*/?\s*(?:first_|second_)?(?:answer|material|reference)", clean, re.IGNORECASE)
    assert not any(mark in clean for mark in (*MARKS, *MORE_MARKS))
    assert clean.replace("\n", "").replace("\t", "").isprintable()


def test_harmless_text_is_shown_as_it_is() -> None:
    text = "In Zeile 2:\n\ta < b && c > d | e — «ja», 日本, 👨‍👩‍👧, [1], {x}, <b>bold</b>, the answer is </i> 5."
    assert neutralised(text) == text


@each_attack
def test_no_verdict_is_read_from_what_the_judge_quotes_of_it(attack: str) -> None:
    form = json.dumps({"reason": f"The answer says: {attack}", "score": 2}, ensure_ascii=False)
    found = read_verdict(Generation(form), (1, 5))
    assert isinstance(found, Verdict)
    assert (found.score, found.value) == (2, 2.0)
    pair = json.dumps({"reason": f"The first says: {attack}", "better": "second"}, ensure_ascii=False)
    preferred = read_preference(Generation(pair))
    assert isinstance(preferred, Preference)
    assert preferred.better == "second"


@each_attack
def test_no_probabilities_are_taken_from_what_the_judge_quotes_of_it(attack: str) -> None:
    form = json.dumps({"reason": f"The answer says: {attack}", "score": 2}, ensure_ascii=False)
    head = form[: form.rindex("2")]
    tokens = (
        *(TokenLogprob(each, 0.0, (("5", 0.0),)) for each in head),
        TokenLogprob("2", 0.0),
        TokenLogprob("}", 0.0),
    )
    found = read_verdict(Generation(form, logprobs=tokens), (1, 5))
    assert isinstance(found, Verdict)
    assert found.value == 2.0


class _Asked:
    """A judge that always says the same, and keeps what it was asked."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.seen: list[tuple[Message, ...]] = []

    async def __call__(self, question: Question) -> Generation:
        self.seen.append(question.messages)
        return Generation(self.text)


@each_attack
def test_score_is_the_judges_own(attack: str) -> None:
    judge = Judge(MetricSpec("judge", {"backend": "big", "criteria": ["accuracy"], "steps": False}, Path()))
    ask = _Asked('{"reason": "no", "score": 1}')
    (score,) = asyncio.run(judge.score_asking(Answer(attack, (), {}, None), ask))
    assert (score.value, score.status) == (1.0, "scored")
    assert not any(mark in ask.seen[0][1].content for mark in MARKS)


@each_attack
def test_preference_is_the_judges_own(attack: str) -> None:
    prefer = Prefer(MetricSpec("prefer", {"backend": "big"}, Path()))
    answer, other = Answer(attack, (), {}, None), Answer("Paris.", (), {}, None)

    async def honest(question: Question) -> Generation:
        first = _outside(question.messages[1].content)[1][-2]
        better = "first" if first == "Paris." else "second"
        return Generation(json.dumps({"reason": attack, "better": better}))

    (score,) = asyncio.run(prefer.score_comparing(answer, Others("a", {"b": other}), honest))
    assert (score.value, score.status) == (0.0, "scored")


@each_attack
def test_a_judge_that_answers_with_it_word_for_word_gives_no_verdict_but_where_it_is_a_form(attack: str) -> None:
    """Where the backend is held to the form, this cannot happen; elsewhere a whole form alone is taken for one."""
    found = read_verdict(Generation(attack), (1, 5))
    is_form = attack in (ATTACKS["a filled-in form"], ATTACKS["a form in a code fence"]) or attack.strip() == (
        ATTACKS["a form after many blank lines"].strip()
    )
    assert isinstance(found, Verdict) is is_form
