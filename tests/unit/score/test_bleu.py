from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF

from harness.errors import OptionError
from harness.schema import Answer, MetricSpec
from harness.score import CorpusMetric, create, measures_of

if TYPE_CHECKING:
    from collections.abc import Callable

    Value = Callable[..., float | None]


def _corpus(name: str, answers: list[Answer]) -> dict[str, float]:
    metric = create(MetricSpec(name, {}, Path()))
    assert isinstance(metric, CorpusMetric)
    return dict(metric.corpus(answers))


@pytest.mark.parametrize("name", ["bleu", "chrf"])
@pytest.mark.parametrize(("output", "reference"), [("", "a cat"), ("a cat", ""), ("", ""), (" ", "\n")])
def test_empty_texts_score_zero(value_of: Value, *, name: str, output: str, reference: str) -> None:
    assert value_of(name, output, (reference,)) == 0.0


@pytest.mark.parametrize("name", ["bleu", "chrf"])
def test_one_word_alone_scores_full_against_itself(value_of: Value, name: str) -> None:
    assert value_of(name, "cat", ("cat",)) == 100.0


@pytest.mark.parametrize("name", ["bleu", "chrf"])
def test_rows_may_have_different_numbers_of_references(name: str) -> None:
    answers = [Answer("a b c d", ("x", "a b c d"), {}, None), Answer("e f g h", ("e f g h",), {}, None)]
    assert _corpus(name, answers) == {name: pytest.approx(100.0)}


@pytest.mark.parametrize("name", ["bleu", "chrf"])
def test_rows_without_references_are_left_out_of_the_corpus(name: str) -> None:
    alone = [Answer("a b c d", ("a b c e",), {}, None)]
    assert _corpus(name, [*alone, Answer("z", (), {}, None)]) == _corpus(name, alone)


@pytest.mark.parametrize("name", ["bleu", "chrf"])
def test_a_corpus_without_references_has_no_value(name: str) -> None:
    assert _corpus(name, [Answer("a", (), {}, None)]) == {}
    assert _corpus(name, []) == {}


def test_a_hundred_tokenised_lines_do_not_write_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    _corpus("bleu", [Answer("a cat .", ("a cat .",), {}, None)] * 101)
    assert caplog.records == []


@pytest.mark.parametrize(
    ("options", "made"),
    [
        ({}, {}),
        ({"lowercase": True, "tokenize": "intl"}, {"lowercase": True, "tokenize": "intl"}),
        ({"smooth_method": "floor"}, {"smooth_method": "floor"}),
        ({"smooth_method": "add-k", "smooth_value": 2}, {"smooth_method": "add-k", "smooth_value": 2}),
    ],
)
def test_the_signature_of_bleu_says_what_sacrebleus_own_does(options: dict[str, Any], made: dict[str, Any]) -> None:
    ours = measures_of(MetricSpec("bleu", options, Path()))[0].signature.split("|")
    theirs = BLEU(effective_order=True, **made)
    theirs.num_refs = 1
    for part in str(theirs.get_signature()).replace("version:", "version:sacrebleu-").split("|"):
        assert part.startswith("nrefs:") or part in [each.removesuffix(", corpus no") for each in ours]


@pytest.mark.parametrize(
    "options", [{}, {"word_order": 2, "lowercase": True}, {"eps_smoothing": True, "char_order": 4}]
)
def test_the_signature_of_chrf_says_what_sacrebleus_own_does(options: dict[str, Any]) -> None:
    ours = measures_of(MetricSpec("chrf", options, Path()))[0].signature.split("|")
    theirs = CHRF(**options)
    theirs.num_refs = 1
    for part in str(theirs.get_signature()).replace("version:", "version:sacrebleu-").split("|"):
        assert part.startswith("nrefs:") or part in ours


def test_a_smooth_value_that_would_be_ignored_is_an_error() -> None:
    with pytest.raises(OptionError) as raised:
        create(MetricSpec("bleu", {"smooth_value": 0.5}, Path()))
    assert str(raised.value) == (
        "metric 'bleu': option 'smooth_value' has no meaning with smooth_method 'exp'; "
        "allowed with add-k and floor; remove it"
    )
    assert raised.value.key == "smooth_value"


def test_a_smooth_value_of_zero_is_not_taken_for_missing() -> None:
    options = {"smooth_method": "floor", "smooth_value": 0}
    assert "smooth:floor[0.00]" in measures_of(MetricSpec("bleu", options, Path()))[0].signature
