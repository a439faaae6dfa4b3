from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.backends.encoder_files import EncoderFiles
from harness.errors import OptionError
from harness.schema import Answer, MetricSpec
from harness.score import create
from tests.encoders import needs_minilm

SPEC = MetricSpec("semantic_similarity", {}, Path())


def score(output: str, *references: str) -> Any:
    ((found,),) = create(SPEC).score([Answer(output, references, {}, None)])
    return found


@needs_minilm
def test_same_meaning_in_other_words_is_nearer_than_other_meaning() -> None:
    same = score("The cat lay on the rug.", "A cat was lying on the carpet.").value
    other = score("The cat lay on the rug.", "Shares fell on Monday.").value
    assert same > 0.7
    assert other < 0.2


@needs_minilm
def test_text_is_like_itself_and_the_best_reference_counts() -> None:
    assert score("a cat", "Shares fell.", "a cat").value == pytest.approx(1)


@needs_minilm
@pytest.mark.parametrize(("output", "reference"), [("", ""), ("a", ""), (" ", "a")])
def test_empty_text_scores_0_and_the_score_says_why(output: str, reference: str) -> None:
    found = score(output, reference)
    assert (found.value, found.status, found.reason) == (
        0,
        "scored",
        "a text without tokens has no meaning and scores 0",
    )


@needs_minilm
def test_answer_without_references_is_unscored() -> None:
    assert (score("a").status, score("a").reason) == ("unscored", "the sample has no reference")


@needs_minilm
def test_text_beyond_256_tokens_is_cut_and_told() -> None:
    assert score("word " * 254, "a").reason is None
    assert score("word " * 255, "a").reason == "a text is longer than a sentence may be for the encoder and was cut"
    assert score("word " * 254 + "a b c", "word " * 254).value == pytest.approx(1, abs=1e-6)


def test_encoder_that_pools_in_a_way_of_its_own_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    files = EncoderFiles("torch", "mine", "/mine", 4, "f" * 64, "t" * 64, pooling="other")
    monkeypatch.setattr("harness.score.encoders.encoder_files", lambda _model, _folder: files)
    with pytest.raises(OptionError) as caught:
        create(MetricSpec("semantic_similarity", {"model": "mine"}, Path()))
    assert caught.value.key == "model"
    assert str(caught.value) == (
        "metric 'semantic_similarity': option 'model' is 'mine', which makes one vector of a text in a way of its own; "
        "allowed: an encoder that takes the mean of all tokens or the first token's"
    )
