from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from rouge_score.rouge_scorer import RougeScorer

from harness.errors import OptionError
from harness.schema import Answer, MetricSpec
from harness.score import create

if TYPE_CHECKING:
    from harness.schema import Score


def _scores(output: str, references: tuple[str, ...], **options: object) -> dict[str, Score]:
    (scores,) = create(MetricSpec("rouge", options, Path())).score([Answer(output, references, {}, None)])
    return {score.metric: score for score in scores}


def test_four_types_by_default_in_this_order() -> None:
    metric = create(MetricSpec("rouge", {}, Path()))
    assert [measure.name for measure in metric.measures] == ["rouge1", "rouge2", "rougeL", "rougeLsum"]


def test_types_are_chosen_and_named_once() -> None:
    metric = create(MetricSpec("rouge", {"types": ["rougeL", "rouge3", "rougeL"]}, Path()))
    assert [measure.name for measure in metric.measures] == ["rougeL", "rouge3"]


def test_the_stemmer_makes_inflected_words_equal() -> None:
    assert _scores("running cats", ("run cat",))["rouge1"].value == 0.0
    assert _scores("running cats", ("run cat",), stemmer=True)["rouge1"].value == 1.0


def test_each_type_takes_the_reference_where_it_is_best() -> None:
    scores = _scores("a b c d", ("d c b a", "a b x y"))
    assert scores["rouge1"].value == 1.0
    assert scores["rouge2"].value == pytest.approx(1 / 3)


def test_only_the_sum_type_looks_at_lines() -> None:
    scores = _scores("a b\nc d", ("c d\na b",))
    assert scores["rougeL"].value == 0.5
    assert scores["rougeLsum"].value == 1.0


@pytest.mark.parametrize(("output", "reference"), [("", "a cat"), ("a cat", ""), ("", "")])
def test_empty_texts_score_zero(output: str, reference: str) -> None:
    assert {score.value for score in _scores(output, (reference,)).values()} == {0.0}


def test_a_zero_that_comes_from_the_script_says_so() -> None:
    score = _scores("北京", ("北京",))["rouge1"]
    assert score.value == 0.0
    assert score.reason == "no reference has a token of a-z or 0-9; for other scripts use the option `tokenizer`"
    assert _scores("dog", ("cat",))["rouge1"].reason is None


@pytest.mark.parametrize("tokenizer", ["unicode", "character"])
def test_other_tokenizers_know_other_scripts(tokenizer: str) -> None:
    assert _scores("привет мир", ("привет мир",), tokenizer=tokenizer)["rougeL"].value == 1.0


def test_lone_surrogates_are_scored() -> None:
    assert _scores("a cat \ud800", ("a cat",))["rouge1"].value == 1.0


def test_rows_with_and_without_references_stay_in_their_rows() -> None:
    answers = [Answer("a", ("a", "b"), {}, None), Answer("a", (), {}, None), Answer("a", ("b",), {}, None)]
    rows = create(MetricSpec("rouge", {"types": ["rouge1"]}, Path())).score(answers)
    assert [row[0].value for row in rows] == [1.0, None, 0.0]


@pytest.mark.parametrize(
    ("options", "message", "key"),
    [
        (
            {"stemmer": True, "tokenizer": "unicode"},
            (
                "metric 'rouge': option 'stemmer' is true with tokenizer 'unicode'; "
                "allowed with the default tokenizer; remove one of the two"
            ),
            "stemmer",
        ),
        (
            {"types": ["rouge1", "rouge0"]},
            (
                "metric 'rouge': option 'types' is ['rouge1', 'rouge0']; allowed: a list of rouge1, rouge2, rouge3, "
                "rouge4, rouge5, rouge6, rouge7, rouge8, rouge9, rougeL, rougeLsum"
            ),
            "types",
        ),
    ],
)
def test_options_that_do_not_fit_are_errors(options: dict[str, object], message: str, key: str) -> None:
    with pytest.raises(OptionError) as raised:
        create(MetricSpec("rouge", options, Path()))
    assert str(raised.value) == message
    assert raised.value.key == key


def test_sentences_are_found_by_nltk_as_in_rouge_score(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.score.rouge.has_nltk_data", lambda _resource: True)
    monkeypatch.setattr("nltk.sent_tokenize", lambda text: re.findall(r"[^.]*\.", text))  # its data is not here
    output, reference = "the cat sat. a dog ran off.", "a dog ran. the cat sat."
    theirs: Any = RougeScorer(["rougeLsum"], split_summaries=True)
    expected = theirs.score(reference, output)["rougeLsum"].fmeasure
    assert _scores(output, (reference,), split_summaries=True)["rougeLsum"].value == pytest.approx(expected, abs=1e-9)
    assert expected > (_scores(output, (reference,))["rougeLsum"].value or 0.0)


def test_sentences_without_nltks_data_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.score.rouge.has_nltk_data", lambda _resource: False)
    with pytest.raises(OptionError) as raised:
        create(MetricSpec("rouge", {"split_summaries": True}, Path()))
    assert str(raised.value) == (
        "metric 'rouge': option 'split_summaries' needs NLTK's data 'punkt_tab', which is not installed; allowed: "
        "texts with a line a sentence, without this option; where there is a network, run: "
        "python -m nltk.downloader punkt_tab"
    )


def test_sentence_splitting_is_in_the_signature(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.score.rouge.has_nltk_data", lambda _resource: True)
    made = create(MetricSpec("rouge", {"split_summaries": True}, Path()))
    assert "|sentences:nltk-" in made.measures[0].signature
