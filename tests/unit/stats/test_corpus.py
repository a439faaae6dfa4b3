from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from sacrebleu.metrics.bleu import BLEU

from harness.stats import paired_bootstrap, sentence_statistics

if TYPE_CHECKING:
    from harness.stats import CorpusDifference

ANIMALS = ["cat", "dog", "hen"] * 8
REFERENCES = [f"the {word} sat on the old mat in room {number}" for number, word in enumerate(ANIMALS)]
GOOD = [line.replace("old", "new") if number % 3 == 0 else line for number, line in enumerate(REFERENCES)]
BAD = [line.replace("sat on", "was at") if number % 2 == 0 else line for number, line in enumerate(GOOD)]


def _compared(current: list[str], baseline: list[str], seed: int = 0) -> CorpusDifference:
    one, two = (sentence_statistics(BLEU(), texts, [REFERENCES]) for texts in (current, baseline))
    found = paired_bootstrap(BLEU(), one, two, draws=200, seed=seed)
    assert found is not None
    return found


def test_a_run_against_itself_does_not_differ() -> None:
    found = _compared(GOOD, GOOD)
    assert (found.difference, found.low, found.high) == (0.0, 0.0, 0.0)
    assert found.p_value == 1  # sacrebleu says 1 / 201: "a zero difference should not be attributed to chance"
    assert found.current == found.baseline


def test_turned_round_the_difference_is_turned_round() -> None:
    one, two = _compared(BAD, GOOD), _compared(GOOD, BAD)
    assert (one.difference, one.low, one.high) == (-two.difference, -two.high, -two.low)
    assert (one.p_value, one.current, one.baseline) == (two.p_value, two.baseline, two.current)


def test_a_clear_drop_is_seen() -> None:
    found = _compared(BAD, GOOD)
    assert found.difference < -5
    assert found.high < 0
    assert found.p_value < 0.05
    assert (found.n, found.draws, found.seed) == (24, 200, 0)


def test_the_same_seed_gives_the_same_numbers_and_0_is_a_seed() -> None:
    assert _compared(BAD, GOOD) == _compared(BAD, GOOD)
    assert _compared(BAD, GOOD).current.mean != _compared(BAD, GOOD, seed=1).current.mean


def test_no_sentences_have_no_difference() -> None:
    nothing = sentence_statistics(BLEU(), [], [])
    assert paired_bootstrap(BLEU(), nothing, nothing) is None


def test_what_does_not_belong_together_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^2 sentences but 1 references; allowed: one each$"):
        sentence_statistics(BLEU(), ["a", "b"], [["a"]])
    shapes = r"^statistics of \(2, 10\) and \(3, 10\); allowed: the same sentences and metric$"
    with pytest.raises(ValueError, match=shapes):
        paired_bootstrap(BLEU(), np.ones((2, 10)), np.ones((3, 10)))
    with pytest.raises(ValueError, match=r"^draws is 0; allowed: 1 or more$"):
        paired_bootstrap(BLEU(), np.ones((2, 10)), np.ones((2, 10)), draws=0)
