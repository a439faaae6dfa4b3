from __future__ import annotations

import math
from typing import Any

import pandas as pd
import pytest

from harness.errors import OptionError
from harness.score import metric


def test_a_row_an_output_and_a_column_a_measure() -> None:
    table = metric("rouge", stemmer=True).score(["running cats", "a dog"], [["run cat"], ["a bird", "a dog"]])
    assert list(table.columns) == ["rouge1", "rouge2", "rougeL", "rougeLsum"]
    assert table.to_numpy().tolist() == [[1.0] * 4, [1.0] * 4]


def test_a_text_alone_is_one_reference() -> None:
    assert metric("exact_match").score(["ab", "a"], ["ab", ["b", "a"]])["exact_match"].tolist() == [1.0, 1.0]


def test_references_may_be_left_out_where_none_are_needed() -> None:
    assert metric("json_valid").score(["{}", "{"])["json_valid"].tolist() == [1.0, 0.0]


def test_a_missing_value_is_nan_and_says_why() -> None:
    table = metric("f1").score(["a", "b"], [["a"], []])
    assert table["f1"].tolist()[0] == 1.0
    assert math.isnan(table["f1"].tolist()[1])
    assert table.attrs["missing"] == [(1, "f1", "unscored", "the sample has no reference")]
    assert table.attrs["signatures"]["f1"].startswith("f1|")


def test_no_outputs_give_an_empty_table_with_its_columns() -> None:
    table = metric("f1").score([], [])
    assert (list(table.columns), len(table)) == (["f1"], 0)


def test_columns_of_a_dataframe_are_taken() -> None:
    frame = pd.DataFrame({"out": ["a", "b"], "ref": ["a", "c"]})
    assert metric("exact_match").score(frame["out"], frame["ref"])["exact_match"].tolist() == [1.0, 0.0]


def test_corpus_values_are_over_all_rows() -> None:
    bleu = metric("bleu")
    assert bleu.corpus(["a b c d"], ["a b c d"]) == {"bleu": pytest.approx(100.0)}
    assert metric("f1").corpus(["a"], ["a"]) == {}


@pytest.mark.parametrize(
    ("outputs", "references", "message"),
    [
        (
            ["a", "b"],
            [["a"]],
            "harness.metric('f1'): 2 outputs but references for 1 rows; allowed: one list of references a row",
        ),
        ("ab", [["a"]], "harness.metric('f1'): outputs are 'ab'; allowed: a list, one entry a row"),
        (["ab"], "ab", "harness.metric('f1'): references are 'ab'; allowed: a list, one entry a row"),
        (["a", 3], [["a"], ["b"]], "harness.metric('f1'): row 1 is 3; allowed: texts"),
        (["a"], [None], "harness.metric('f1'): row 0 holds null; allowed: a text or a list of texts a row"),
        (["a"], [["a", 1]], "harness.metric('f1'): row 0 holds 1; allowed: a text or a list of texts a row"),
    ],
)
def test_rows_that_do_not_fit_are_an_error(outputs: Any, references: Any, message: str) -> None:
    for of in (metric("f1").score, metric("f1").corpus):
        with pytest.raises(OptionError) as raised:
            of(outputs, references)
        assert str(raised.value) == message
