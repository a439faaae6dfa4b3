from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.errors import OptionError
from harness.schema import MetricSpec
from harness.score import create


@pytest.mark.parametrize(
    ("metric", "options", "message", "key"),
    [
        (
            "exact_match",
            {"ignore_cse": True},
            (
                "metric 'exact_match' has no option 'ignore_cse'; available: ignore_articles, ignore_case, "
                "ignore_punctuation, ignore_whitespace, numeric. Did you mean 'ignore_case'?"
            ),
            "ignore_cse",
        ),
        (
            "contains",
            {"zzz": 1},
            "metric 'contains' has no option 'zzz'; available: all, ignore_case.",
            "zzz",
        ),
        ("f1", {"stemmer": True}, "metric 'f1' has no option 'stemmer'; it takes none; remove it", "stemmer"),
        ("cost_usd", {"x": 1}, "metric 'cost_usd' has no option 'x'; it takes none; remove it", "x"),
        (
            "exact_match",
            {"ignore_case": "yes"},
            "metric 'exact_match': option 'ignore_case' is 'yes'; allowed: true or false",
            "ignore_case",
        ),
        (
            "exact_match",
            {"ignore_case": 1},
            "metric 'exact_match': option 'ignore_case' is 1; allowed: true or false",
            "ignore_case",
        ),
        (
            "exact_match",
            {"ignore_case": None},
            "metric 'exact_match': option 'ignore_case' is null; allowed: true or false",
            "ignore_case",
        ),
        (
            "chrf",
            {"word_order": -1},
            "metric 'chrf': option 'word_order' is -1; allowed: a whole number from 0",
            "word_order",
        ),
        (
            "chrf",
            {"char_order": 0},
            "metric 'chrf': option 'char_order' is 0; allowed: a whole number from 1",
            "char_order",
        ),
        (
            "chrf",
            {"beta": True},
            "metric 'chrf': option 'beta' is true; allowed: a whole number from 1",
            "beta",
        ),
        (
            "bleu",
            {"tokenize": "flores200"},
            "metric 'bleu': option 'tokenize' is 'flores200'; allowed: 13a, char, intl, none, zh",
            "tokenize",
        ),
        (
            "bleu",
            {"smooth_method": "floor", "smooth_value": float("nan")},
            "metric 'bleu': option 'smooth_value' is nan; allowed: a number from 0",
            "smooth_value",
        ),
        (
            "rouge",
            {"types": []},
            (
                "metric 'rouge': option 'types' is []; allowed: a list of rouge1, rouge2, rouge3, rouge4, rouge5, "
                "rouge6, rouge7, rouge8, rouge9, rougeL, rougeLsum"
            ),
            "types",
        ),
        (
            "regex",
            {"pattern": ["a" * 100]},
            (
                "metric 'regex': option 'pattern' is "
                "['aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa...; allowed: a text that is not empty"
            ),
            "pattern",
        ),
    ],
)
def test_a_wrong_option_says_what_is_allowed(metric: str, *, options: dict[str, Any], message: str, key: str) -> None:
    with pytest.raises(OptionError) as raised:
        create(MetricSpec(metric, options, Path()))
    assert str(raised.value) == message
    assert raised.value.key == key


def test_an_option_of_zero_is_not_taken_for_missing() -> None:
    metric = create(MetricSpec("chrf", {"word_order": 0}, Path()))
    assert "nw:0" in metric.measures[0].signature
