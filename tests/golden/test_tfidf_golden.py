"""TF-IDF cosine, compared with scikit-learn."""

from __future__ import annotations

import pytest

from harness.prompt.similarity import SimilarityIndex

TEXTS = ["late train", "great coffee", "cold coffee", "the train was on time", "cold cold train"]


def test_cosines_equal_scikit_learns() -> None:
    """From scikit-learn 1.9.1, the text transformed by v = TfidfVectorizer(token_pattern=r"\\w+").fit(TEXTS), then
    cosine_similarity(v.transform(["cold cold coffee train"]), v.transform(TEXTS)).
    """
    expected = [0.19365648097969135, 0.2632571209650282, 0.8893780012428758, 0.11050600361906426, 0.9078676813654225]
    index = SimilarityIndex(TEXTS)
    assert index.cosines("cold cold coffee train").tolist() == pytest.approx(expected, abs=1e-12)
    assert list(index.nearest("cold cold coffee train")) == [4, 2, 1, 0, 3]
