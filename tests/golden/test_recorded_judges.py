"""Recorded judgements of pairs: LLMBar's authors' statistics come out, and the kappa of PandaLM's people."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from harness.schema import Answer, Generation, MetricSpec, Others, Sample, Trial
from harness.score.judge import Prefer
from harness.score.judgings import pairs_of
from harness.stats import plain_kappa

if TYPE_CHECKING:
    from harness.schema import Question, Score

DATA = Path(__file__).parent / "data"
LLMBAR: dict[str, Any] = json.loads((DATA / "llmbar_natural.json").read_text())
PANDALM: list[str] = json.loads((DATA / "pandalm_annotators.json").read_text())["annotators"]


def _compared(judge: str) -> list[Score]:
    """The scores of each pair's first output, where a judge says what is on record."""
    recorded, prefer = LLMBAR["judges"][judge], Prefer(MetricSpec("prefer", {"backend": "recorded"}, Path()))

    async def ask(question: Question) -> Generation:
        shown = re.findall(r"output (\d) of (\d+)\n", question.messages[1].content)
        first, number = shown[0]
        winner = recorded[f"shown_first_{first}"][int(number)]
        better = "first" if winner == first else "second"
        return Generation(json.dumps({"reason": "on record", "better": better}))

    async def every() -> list[Score]:
        pairs = [
            [Answer(f"output {which} of {number}", (), {}, None) for which in (1, 2)]
            for number in range(len(LLMBAR["labels"]))
        ]
        return [(await prefer.score_comparing(one, Others("one", {"two": two}), ask))[0] for one, two in pairs]

    return asyncio.run(every())


@pytest.mark.parametrize(
    ("judge", "right_in_both", "right_on_average"),
    # LLMBar, statistics.json of the Natural set: correct_both and correct_average
    [("GPT-4/Vanilla", 93, 95.5), ("ChatGPT/Vanilla", 67, 81.5), ("ChatGPT-0301/Vanilla", 73, 84.0)],
)
def test_recorded_judges_are_as_right_as_llmbars_authors_found(
    judge: str, right_in_both: int, right_on_average: float
) -> None:
    values = [score.value for score in _compared(judge)]
    truth = [1.0 if label == "1" else 0.0 for label in LLMBAR["labels"]]
    assert sum(value == true for value, true in zip(values, truth, strict=True)) == right_in_both
    agreed = [1 - abs((value or 0.0) - true) for value, true in zip(values, truth, strict=True)]
    assert sum(agreed) == right_on_average, "a tie is half right: one of the two orders was"


@pytest.mark.parametrize(("judge", "n_led"), [("GPT-4/Vanilla", 5), ("ChatGPT/Vanilla", 29), ("Falcon/Vanilla", 48)])
def test_pairs_that_followed_the_position_are_those_whose_orders_disagree(judge: str, n_led: int) -> None:
    trial = Trial("t", "s", "one", "b", Sample("1", {}, (), None, (), ""), 1, ())
    pairs = [pair for score in _compared(judge) for pair in pairs_of(trial, score.ratings)]
    assert len(pairs) == 100
    assert sum(pair.is_led_by_position for pair in pairs) == n_led


@pytest.mark.parametrize(
    ("one", "two", "kappa"),
    # scikit-learn 1.9.1, cohen_kappa_score on the first 150 of PandaLM's test set
    [(0, 1, 0.921875), (0, 2, 0.9322799097065463), (1, 2, 0.9220489977728286)],
)
def test_people_agree_as_sklearn_says(one: int, two: int, kappa: float) -> None:
    first, second = ([float(each) for each in PANDALM[which]] for which in (one, two))
    assert plain_kappa(first, second, [0, 1, 2]) == pytest.approx(kappa, abs=1e-12)
