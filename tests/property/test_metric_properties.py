from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.backends.models import find
from harness.schema import Answer, MetricSpec
from harness.score import Scorer, create

TEXTS = st.one_of(
    st.text(max_size=40),
    st.lists(
        st.sampled_from(["the", "cat", "sat", "on", "a", "mat", "42", "Cats", "running", "?", "\n"]), max_size=12
    ).map(" ".join),
)
WORDS = st.lists(st.from_regex(r"[b-z]{2,6}", fullmatch=True), min_size=1, max_size=12).map(" ".join)
REFERENCES = st.lists(TEXTS, max_size=4).map(tuple)

Row = tuple[str, tuple[str, ...]]

SPECS: list[tuple[str, dict[str, Any]]] = [
    ("exact_match", {}),
    (
        "exact_match",
        dict.fromkeys(("ignore_case", "ignore_punctuation", "ignore_whitespace", "ignore_articles", "numeric"), True),
    ),
    ("contains", {}),
    ("contains", {"all": True, "ignore_case": False}),
    ("f1", {}),
    ("bleu", {}),
    ("bleu", {"tokenize": "intl", "smooth_method": "add-k", "lowercase": True}),
    ("chrf", {}),
    ("chrf", {"word_order": 2}),
    ("rouge", {}),
    ("rouge", {"stemmer": True}),
    ("rouge", {"tokenizer": "unicode"}),
    ("ter", {}),
    ("ter", {"normalized": True, "case_sensitive": True}),
    ("meteor", {"synonyms": "none"}),
    *([("bertscore", {}), ("semantic_similarity", {})] if find("minilm") else []),
]
each_metric = pytest.mark.parametrize(("name", "options"), SPECS, ids=[f"{name}-{len(o)}" for name, o in SPECS])


def _values(name: str, options: dict[str, Any], answers: list[Answer]) -> list[tuple[float | None, ...]]:
    rows = create(MetricSpec(name, options, Path())).score(answers)
    return [tuple(score.value for score in row) for row in rows]


@each_metric
@given(text=WORDS)
@settings(max_examples=40, deadline=None)
def test_a_text_scores_the_best_against_itself(name: str, options: dict[str, Any], text: str) -> None:
    measures = create(MetricSpec(name, options, Path())).measures
    (values,) = _values(name, options, [Answer(text, (text,), {}, None)])
    for measure, value in zip(measures, values, strict=True):
        if measure.name == "rouge2" and len(text.split()) == 1:
            assert value == 0.0  # one word has no pair
        elif measure.name == "meteor":
            assert value == pytest.approx(1 - 0.5 / len(text.split()) ** 3)  # one chunk costs a little
        else:
            rounding = 1e-6 if name in {"bertscore", "semantic_similarity"} else 1e-9  # encoders compute in 32 bits
            best = measure.high if measure.higher_is_better else measure.low
            assert value == pytest.approx(best, abs=rounding)


@each_metric
@given(output=TEXTS, references=REFERENCES)
@settings(max_examples=60, deadline=None)
def test_values_lie_in_the_range(
    name: str, *, options: dict[str, Any], output: str, references: tuple[str, ...]
) -> None:
    measures = create(MetricSpec(name, options, Path())).measures
    (values,) = _values(name, options, [Answer(output, references, {}, None)])
    for measure, value in zip(measures, values, strict=True):
        assert (value is None) == (not references)
        assert value is None or measure.low <= value <= (math.inf if measure.high is None else measure.high)


@each_metric
@given(output=TEXTS, orders=REFERENCES.flatmap(lambda some: st.tuples(st.just(some), st.permutations(some))))
@settings(max_examples=40, deadline=None)
def test_the_order_of_the_references_does_not_matter(
    name: str, *, options: dict[str, Any], output: str, orders: tuple[tuple[str, ...], list[str]]
) -> None:
    one, other = (_values(name, options, [Answer(output, tuple(order), {}, None)]) for order in orders)
    assert one == other


@each_metric
@given(rows=st.lists(st.tuples(TEXTS, REFERENCES), max_size=5))
@settings(max_examples=30, deadline=None)
def test_a_batch_is_its_answers_one_by_one(
    name: str, options: dict[str, Any], rows: list[tuple[str, tuple[str, ...]]]
) -> None:
    answers = [Answer(output, references, {}, None) for output, references in rows]
    assert _values(name, options, answers) == [_values(name, options, [answer])[0] for answer in answers]


@given(
    orders=st.lists(st.tuples(TEXTS, REFERENCES), min_size=1, max_size=6).flatmap(
        lambda rows: st.tuples(st.just(rows), st.permutations(rows))
    )
)
@settings(max_examples=30, deadline=None)
def test_corpus_values_do_not_depend_on_the_order_of_the_rows(orders: tuple[list[Row], list[Row]]) -> None:
    scorer = Scorer([MetricSpec(name, {}, Path()) for name in ("bleu", "chrf")])
    one, other = (scorer.corpus([Answer(output, refs, {}, None) for output, refs in rows]) for rows in orders)
    assert one == pytest.approx(other)


@given(text=st.text(max_size=60))
@settings(max_examples=100, deadline=None)
def test_every_answer_gets_a_score_of_every_measure_whatever_its_text(text: str) -> None:
    scorer = Scorer(
        [
            *(MetricSpec(name, {}, Path()) for name in ("json_valid", "f1", "rouge")),
            MetricSpec("regex", {"pattern": "a"}, Path()),
        ]
    )
    (row,) = scorer.score([Answer(text, (text,), {}, None)])
    assert [score.metric for score in row] == [measure.name for measure in scorer.measures]
    assert all(score.status != "failed" for score in row)


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-99, 99) | st.floats(-9, 9) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)
COMPARED: list[dict[str, Any]] = [{}, {"lists": "any_order"}, {"types": "loose", "ignore_case": True}]


@pytest.mark.parametrize("options", COMPARED, ids=str)
@given(one=JSON_VALUES, other=JSON_VALUES)
@settings(max_examples=80, deadline=None)
def test_fields_are_all_right_against_themselves_and_as_right_both_ways(
    *, options: dict[str, Any], one: object, other: object
) -> None:
    def value(answer: object, reference: object) -> float | None:
        row = Answer(json.dumps(answer), (json.dumps(reference),), {}, None)
        return _values("field_accuracy", options, [row])[0][0]

    assert value(one, one) == 1.0
    there, back = value(one, other), value(other, one)
    assert there is not None
    assert 0 <= there <= 1
    if "lists" not in options:  # which items are matched may depend on whose list is looked at first
        assert there == back


@given(text=st.text(max_size=60))
@settings(max_examples=150, deadline=None)
def test_structured_metrics_score_any_text_with_0_or_1(text: str) -> None:
    specs: list[tuple[str, dict[str, Any]]] = [
        ("json_schema", {"schema": {"type": "object"}}),
        ("xml_valid", {}),
        ("xml_valid", {"fragment": True}),
        *(("preamble_free", {"form": form}) for form in ("text", "json", "xml", "code")),
    ]
    for name, options in specs:
        assert _values(name, options, [Answer(text, (), {}, None)])[0][0] in {0.0, 1.0}
