from __future__ import annotations

import random
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sacrebleu.metrics.ter import TER

from harness.schema import Answer, MetricSpec
from harness.score import CorpusMetric, create, measures_of
from harness.score.ter_edits import QuickTer, _Distances

if TYPE_CHECKING:
    from collections.abc import Callable

    Value = Callable[..., float | None]


def _corpus(answers: list[Answer]) -> dict[str, float]:
    metric = create(MetricSpec("ter", {}, Path()))
    assert isinstance(metric, CorpusMetric)
    return dict(metric.corpus(answers))


@pytest.mark.parametrize(
    ("output", "reference", "expected"),
    [("", "a cat", 100.0), ("a cat", "", 100.0), ("", "", 0.0), (" ", "\n", 0.0), ("a b c d", "x", 400.0)],
)
def test_empty_texts_are_defined_and_values_have_no_upper_end(
    value_of: Value, *, output: str, reference: str, expected: float
) -> None:
    assert value_of("ter", output, (reference,)) == expected


def test_without_references_there_is_no_value(value_of: Value) -> None:
    assert value_of("ter", "a") is None


def test_lower_is_better_and_the_value_is_unbounded() -> None:
    (measure,) = measures_of(MetricSpec("ter", {}, Path()))
    assert (measure.higher_is_better, measure.low, measure.high) == (False, 0.0, None)


def test_the_nearest_reference_counts_over_the_mean_length(value_of: Value) -> None:
    assert value_of("ter", "a b", ("a b", "x y z w")) == 0.0
    assert value_of("ter", "a b q", ("a b", "x y z w")) == pytest.approx(100 / 3)


@pytest.mark.parametrize(
    "options", [{}, {"case_sensitive": True}, {"normalized": True, "no_punct": True}, {"normalized": True}]
)
def test_options_are_sacrebleus(value_of: Value, options: dict[str, Any]) -> None:
    output, reference = "Hello, World! It's 3.5 o'clock.", "hello world , it is 3.5 o'clock"
    theirs = TER(**options).sentence_score(output, [reference]).score
    assert value_of("ter", output, (reference,), **options) == theirs


@pytest.mark.parametrize("seed", range(40))
def test_edits_are_sacrebleus_for_moved_lost_and_foreign_words(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - a test
    words = [
        f"w{chance.randrange(chance.choice([2, 5, 20, 200]))}" for _ in range(chance.choice([0, 1, 3, 12, 30, 120]))
    ]
    moved = chance.sample(words[:30], len(words[:30]))
    lost = [word for word in words if chance.random() > 0.2]
    foreign = [f"w{chance.randrange(20)}" for _ in range(chance.choice([0, 1, 2, 30]))]
    for output in (moved, lost, foreign, words[5:25] + words[:5]):
        texts = " ".join(output), [" ".join(words), "w1 w2 w3"]
        assert QuickTer().sentence_score(*texts).score == TER().sentence_score(*texts).score


def test_shuffled_words_cost_few_rows_of_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    n_rows = 0
    row_of = _Distances._next_row

    def counted(*args: Any) -> Any:
        nonlocal n_rows
        n_rows += 1
        return row_of(*args)

    monkeypatch.setattr(_Distances, "_next_row", counted)
    words = [f"w{n}" for n in range(300)]
    moved = random.Random(1).sample(words, 300)  # noqa: S311 - a test
    QuickTer().sentence_score(" ".join(moved), [" ".join(words)])
    assert 300 < n_rows < 60_000  # a thousand tries of a few dozen rows: those of the words that differ


def test_rows_may_have_different_numbers_of_references() -> None:
    answers = [Answer("a b c d", ("x", "a b c d"), {}, None), Answer("e f g h", ("e f g h",), {}, None)]
    assert _corpus(answers) == {"ter": 0.0}


def test_rows_without_references_are_left_out_of_the_corpus() -> None:
    alone = [Answer("a b c d", ("a b c e",), {}, None)]
    assert _corpus([*alone, Answer("z", (), {}, None)]) == _corpus(alone) == {"ter": 25.0}
    assert _corpus([Answer("z", (), {}, None)]) == {}


@pytest.mark.parametrize(
    "options", [{}, {"case_sensitive": True}, {"normalized": True, "asian_support": True}, {"no_punct": True}]
)
def test_every_option_changes_the_signature_as_sacrebleus(options: dict[str, Any]) -> None:
    ours = measures_of(MetricSpec("ter", options, Path()))[0].signature.split("|")
    made = TER(**options)
    made.sentence_score("a", ["a"])
    theirs = str(made.get_signature()).split("|")
    assert {part for part in theirs if part.split(":")[0] in {"case", "tok", "norm", "punct", "asian"}} <= set(ours)
