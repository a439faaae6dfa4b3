"""BLEU and chrF over all answers, beside the baseline's."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace
from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF
from sacrebleu.significance import PairedTest

from harness.comparison import compare
from harness.errors import RecordError
from harness.schema import MetricSpec
from harness.score import measures_of
from tests.unit.comparison.test_compare import CELL, one, rows, side

REFERENCES = [f"the cat number {number} sat on the mat in room {number * 7}" for number in range(40)]
NOW = [text.replace("sat on", "lay on") if number % 3 else text for number, text in enumerate(REFERENCES)]
BEFORE = [text if number % 5 else text[:20] for number, text in enumerate(REFERENCES)]


def measured(name: str, outputs: list[str], ref: str, **options: object) -> object:
    (measure,) = measures_of(MetricSpec(name, options, Path()))
    made = replace(
        rows([0.0] * len(outputs)),
        outputs=outputs,
        references=[(text,) for text in REFERENCES],
        values={name: np.zeros(len(outputs))},
    )
    return side([], ref, measures={name: measure}, cells={CELL: made})


@pytest.mark.parametrize(
    ("name", "options", "metric"),
    [
        ("bleu", {}, BLEU()),
        ("bleu", {"tokenize": "char", "lowercase": True, "smooth_method": "floor", "smooth_value": 0.2},
         BLEU(tokenize="char", lowercase=True, smooth_method="floor", smooth_value=0.2)),
        ("bleu", {"max_ngram_order": 2}, BLEU(max_ngram_order=2)),
        ("chrf", {}, CHRF()),
        ("chrf", {"word_order": 2, "beta": 3, "eps_smoothing": True, "whitespace": True},
         CHRF(word_order=2, beta=3, eps_smoothing=True, whitespace=True)),
    ],
)  # fmt: skip
def test_corpus_row_has_the_numbers_of_sacrebleu(name: str, options: dict[str, object], *, metric: BLEU | CHRF) -> None:
    (found,) = compare([(measured(name, NOW, "now", **options), measured(name, BEFORE, "before", **options))])  # type: ignore[list-item]
    row = one(found, f"{name}.corpus")
    _, scores = PairedTest([("b", BEFORE), ("n", NOW)], {name: metric}, [REFERENCES], "bs", 1000)()
    before, now = next(value for key, value in scores.items() if key != "System")
    assert not isinstance(now, str)
    assert not isinstance(before, str)
    assert row.mean == pytest.approx(now.score, abs=1e-9)
    assert row.mean_baseline == pytest.approx(before.score, abs=1e-9)
    assert row.p_value == pytest.approx(now.p_value)
    assert (row.n_paired, row.test) == (40, "paired bootstrap")


@pytest.mark.parametrize(
    "signature",
    [
        "bleu|",
        "bleu|case:lc|tok:nothing|smooth:exp|order:4",
        "bleu|case:lc|tok:13a|smooth:nothing|order:4",
        "bleu|case:lc|tok:13a|smooth:exp[|order:4",
        "bleu|case:lc|tok:13a|smooth:exp|order:-4",
        "chrf|nc:6|nw:1e9|beta:2|case:lc|space:no|eff:yes",
        "chrf|nc:6|nw:0|beta:9999999|case:lc|space:no|eff:yes",
    ],
)
def test_damaged_signature_is_one_clear_line(signature: str) -> None:
    own = measured(signature.partition("|")[0], NOW, "now")
    measures = {name: replace(one, signature=signature) for name, one in own.measures.items()}  # type: ignore[attr-defined]
    with pytest.raises(RecordError) as caught:
        compare([(replace(own, measures=measures), replace(own, measures=measures))])  # type: ignore[type-var, list-item]
    assert str(caught.value) == (
        f"compare: the signature '{signature}' does not say how to measure all answers at once; one as "
        "recorded is needed; record the run again, or compare other measures with --metric"
    )


def test_equal_answers_are_unchanged() -> None:
    (found,) = compare([(measured("bleu", NOW, "now"), measured("bleu", NOW, "before"))])  # type: ignore[list-item]
    assert (one(found, "bleu.corpus").finding, one(found, "bleu.corpus").p_value) == ("unchanged", 1.0)


def test_answers_that_were_not_recorded_have_no_corpus_row() -> None:
    lost = measured("bleu", [None] * 40, "before")  # type: ignore[list-item]
    (found,) = compare([(measured("bleu", NOW, "now"), lost)])  # type: ignore[list-item]
    assert [row.metric for row in found.rows] == ["bleu"]
