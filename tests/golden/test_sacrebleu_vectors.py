"""BLEU, chrF and TER against the cases of sacrebleu's own tests (data/sacrebleu/SOURCE.md)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from harness.schema import Answer, MetricSpec
from harness.score import CorpusMetric, create

VECTORS = json.loads((Path(__file__).parent / "data/sacrebleu/unit_vectors.json").read_text("utf-8"))
BLEU, CHRF, SENTENCE = VECTORS["test_bleu"], VECTORS["test_chrf"], VECTORS["test_sentence_bleu"]
TER = VECTORS["test_ter"]["test_cases"]


def _sentence(name: str, output: str, references: list[str], **options: Any) -> float | None:
    (scores,) = create(MetricSpec(name, options, Path())).score([Answer(output, tuple(references), {}, None)])
    return scores[0].value


def _corpus(name: str, outputs: list[str], streams: list[list[str]], **options: Any) -> float:
    metric = create(MetricSpec(name, options, Path()))
    assert isinstance(metric, CorpusMetric)
    rows = zip(outputs, zip(*streams, strict=True), strict=True)
    return metric.corpus([Answer(output, references, {}, None) for output, references in rows])[name]


@pytest.mark.parametrize(("outputs", "streams", "options", "expected"), BLEU["test_corpus_bleu_cases"])
def test_corpus_bleu(*, outputs: list[str], streams: list[list[str]], options: dict[str, Any], expected: float) -> None:
    assert _corpus("bleu", outputs, streams, **options) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(("outputs", "references", "expected"), BLEU["test_case_effective_order"])
def test_sentence_bleu_takes_the_effective_order(
    *, outputs: list[str], references: list[list[str]], expected: float
) -> None:
    options = {"smooth_method": "floor", "smooth_value": 0.01, "tokenize": "none"}
    found = _sentence("bleu", outputs[0], [stream[0] for stream in references], **options)
    assert found == pytest.approx(100 * expected, abs=1e-8)


@pytest.mark.parametrize(("outputs", "references", "with_offset", "without"), BLEU["test_case_offset"])
def test_sentence_bleu_with_and_without_a_floor(
    *, outputs: list[str], references: list[list[str]], with_offset: float, without: float
) -> None:
    options: dict[str, Any] = {"smooth_method": "floor", "tokenize": "none"}
    firsts = [stream[0] for stream in references]
    assert _sentence("bleu", outputs[0], firsts, **options) == pytest.approx(100 * with_offset, abs=1e-6)
    assert _sentence("bleu", outputs[0], firsts, **options, smooth_value=0) == pytest.approx(100 * without, abs=1e-6)


@pytest.mark.parametrize(("method", "value", "lowercase", "tokenize", "expected"), SENTENCE["test_cases"])
def test_sentence_bleu(*, method: str, value: float | None, lowercase: bool, tokenize: str, expected: float) -> None:
    options = {"smooth_method": method, "lowercase": lowercase, "tokenize": tokenize}
    found = _sentence("bleu", SENTENCE["SYS"], [SENTENCE["REF"]], **options, **_value(value))
    assert found == pytest.approx(expected, abs=SENTENCE["EPSILON"])


@pytest.mark.parametrize(("method", "value", "lowercase", "tokenize", "expected"), SENTENCE["test_cases_zero_bleu"])
def test_sentence_bleu_without_a_match(
    *, method: str, value: float | None, lowercase: bool, tokenize: str, expected: float
) -> None:
    options = {"smooth_method": method, "lowercase": lowercase, "tokenize": tokenize}
    assert _sentence("bleu", SENTENCE["SYS_0"], [SENTENCE["REF_0"]], **options, **_value(value)) == expected


def _value(value: float | None) -> dict[str, float]:
    return {} if value is None else {"smooth_value": value}


@pytest.mark.parametrize(("output", "references", "expected"), CHRF["test_sentence_level_chrf"])
def test_sentence_chrf(output: str, references: list[str], expected: float) -> None:
    assert _sentence("chrf", output, references, eps_smoothing=True) == pytest.approx(expected, abs=1e-8)


@pytest.mark.parametrize(
    ("case", "options"),
    [
        *((case, {"beta": 3, "eps_smoothing": True}) for case in CHRF["test_cases"]),
        *((case, {"beta": 3}) for case in CHRF["test_cases_effective_order"]),
        *((case, {"beta": 3, "whitespace": True}) for case in CHRF["test_cases_keep_whitespace"]),
    ],
)
def test_corpus_chrf(case: tuple[list[str], list[str], float], options: dict[str, int]) -> None:
    outputs, references, expected = case
    assert _corpus("chrf", outputs, [references], **options) == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize(("outputs", "references", "expected"), TER)
def test_corpus_ter(outputs: list[str], references: list[str], expected: float) -> None:
    assert _corpus("ter", outputs, [references]) == pytest.approx(100 * expected, abs=0.1)


@pytest.mark.parametrize(("outputs", "references", "expected"), [case for case in TER if len(case[0]) == 1])
def test_sentence_ter(outputs: list[str], references: list[str], expected: float) -> None:
    assert _sentence("ter", outputs[0], references) == pytest.approx(100 * expected, abs=0.1)
