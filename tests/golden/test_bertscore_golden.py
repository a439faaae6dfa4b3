"""bertscore against bert-score 0.3.13 on the same weights, run here; its own test values; its tables.

The vectors of unit_vectors.json were made with roberta-large, which is not at hand: what they say of rescaling is held.
"""

from __future__ import annotations

import json
import random
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from harness.backends.encoder_onnx import VOCABULARY, bert_tokenizer
from harness.backends.models import find
from harness.schema import Answer, MetricSpec
from harness.score import create
from harness.score.bertscore.tables import baseline, tuned_layer
from tests.encoders import needs_minilm, needs_torch

if TYPE_CHECKING:
    from collections.abc import Sequence

DATA = Path(__file__).parent / "data/bertscore"
VECTORS = json.loads((DATA / "unit_vectors.json").read_text("utf-8"))
HYPOTHESES = (DATA / "hyps.txt").read_text("utf-8").splitlines()
REFERENCES = (DATA / "refs.txt").read_text("utf-8").splitlines()
NAMES = ("bertscore_precision", "bertscore_recall", "bertscore_f1")
AWKWARD = [
    "naïve café 北京 ẞ İstanbul",
    "a\tb\r\nc\u00a0d\u2028e",
    "don't e-mail under_score 1,000.50 $5 §3 …",
    "x" * 150,
    "[SEP] [MASK] [CLS] ##ing",
    "\u200bzero\u200dwidth\ufeff \x07bell",
    "😀 é e\u0301 ﬁ Ǆ",
    "word " * 700,
    "?",
]


def folder() -> str:
    path = find("minilm-fp32")
    assert path is not None
    return str(path.parent)


def library(hypotheses: Sequence[str], references: Sequence[Any], **options: Any) -> np.ndarray[Any, Any]:
    """Rows of precision, recall and F1 by the library itself."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import bert_score

        made: Any = bert_score.score(
            list(hypotheses), list(references), model_type=folder(), **{"num_layers": 6, "nthreads": 0, **options}
        )
    return np.array([column.numpy() for column in made]).T


def ours(hypotheses: Sequence[str], references: Sequence[Any], **options: Any) -> np.ndarray[Any, Any]:
    metric = create(MetricSpec("bertscore", {"model": "minilm-fp32", **options}, Path()))
    answers = [
        Answer(hypothesis, (reference,) if isinstance(reference, str) else tuple(reference), {}, None)
        for hypothesis, reference in zip(hypotheses, references, strict=True)
    ]
    return np.array([[score.value for score in row] for row in metric.score(answers)])


@needs_torch
@pytest.mark.parametrize(
    ("own", "theirs"), [({}, {}), ({"layer": 3}, {"num_layers": 3}), ({"layer": 0}, {"num_layers": 0})]
)
def test_every_pair_is_as_the_library_scores_it(own: dict[str, Any], theirs: dict[str, Any]) -> None:
    expected = library(HYPOTHESES[:150], REFERENCES[:150], **theirs)
    assert np.abs(ours(HYPOTHESES[:150], REFERENCES[:150], **own) - expected).max() < 1e-4


@needs_torch
def test_idf_is_as_the_library_weighs_by_the_references_of_the_call() -> None:
    expected = library(HYPOTHESES[:100], REFERENCES[:100], idf=True)
    assert np.abs(ours(HYPOTHESES[:100], REFERENCES[:100], idf=True) - expected).max() < 1e-4


@needs_torch
def test_each_of_the_three_takes_the_best_of_several_references() -> None:
    several = [[REFERENCES[place], REFERENCES[place + 1], HYPOTHESES[place + 2]] for place in range(20)]
    expected = library(HYPOTHESES[:20], several)
    assert np.abs(ours(HYPOTHESES[:20], several) - expected).max() < 1e-4


@needs_torch
def test_awkward_texts_are_as_the_library_scores_them() -> None:
    shuffled = random.Random(0).sample(AWKWARD, len(AWKWARD))  # noqa: S311 - no secret
    assert np.abs(ours(AWKWARD, shuffled) - library(AWKWARD, shuffled)).max() < 1e-4


@needs_torch
def test_own_baseline_rescales_as_the_librarys_baseline_path(tmp_path: Path) -> None:
    path = tmp_path / "own.tsv"
    path.write_text("LAYER,P,R,F\n" + "".join(f"{layer},0.3{layer},0.2{layer},0.25{layer}\n" for layer in range(7)))
    rescaled = {"rescale_with_baseline": True, "lang": "en", "baseline_path": str(path)}
    expected = library(HYPOTHESES[:10], REFERENCES[:10], **rescaled)
    assert np.abs(ours(HYPOTHESES[:10], REFERENCES[:10], baseline=str(path)) - expected).max() < 1e-4


@needs_torch
@needs_minilm
def test_the_embedded_encoder_stays_near_the_published_weights() -> None:
    small, published = (ours(HYPOTHESES[:100], REFERENCES[:100], model=model) for model in ("minilm", "minilm-fp32"))
    assert np.abs(small - published).max() < 0.02
    assert np.corrcoef(small[:, 2], published[:, 2])[0, 1] > 0.999


@needs_torch
@needs_minilm
def test_word_pieces_are_those_of_the_published_tokenizer() -> None:
    from transformers import AutoTokenizer

    make: Any = AutoTokenizer
    published = make.from_pretrained(folder())
    own = bert_tokenizer(VOCABULARY)
    for text in [*AWKWARD, *HYPOTHESES[:100]]:
        assert own.encode(text).ids == published(text)["input_ids"], text


@needs_torch
def test_sentence_embeddings_are_those_of_the_model_card() -> None:
    """The code of all-MiniLM-L6-v2's model card: mean pooling over the mask, then normalised."""
    import torch
    from torch.nn import functional
    from transformers import AutoModel, AutoTokenizer

    tokens: Any = AutoTokenizer
    models: Any = AutoModel
    read = tokens.from_pretrained(folder())
    texts = [*HYPOTHESES[:20], *REFERENCES[:20], "long " * 400]
    batch = read(texts, padding=True, truncation=True, max_length=256, return_tensors="pt")
    with torch.no_grad():
        vectors = models.from_pretrained(folder())(**batch)[0]
    mask = batch["attention_mask"].unsqueeze(-1).expand(vectors.size()).float()
    pooled = functional.normalize((vectors * mask).sum(1) / mask.sum(1).clamp(min=1e-9), p=2, dim=1)
    expected = (pooled[:-1] @ pooled[-1]).tolist()
    metric = create(MetricSpec("semantic_similarity", {"model": "minilm-fp32"}, Path()))
    rows = metric.score([Answer(text, (texts[-1],), {}, None) for text in texts[:-1]])
    assert [row[0].value for row in rows] == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(
    ("raw", "rescaled"), [("test_score", "test_score_rescale"), ("test_idf_score", "test_idf_score_rescale")]
)
def test_the_librarys_own_values_are_rescaled_as_it_does(raw: str, rescaled: str) -> None:
    found = baseline("roberta-large", "en", 17)
    assert found is not None
    for name, base in zip("PRF", found, strict=True):
        values = VECTORS["cases"][raw]["expected"][name]
        expected = VECTORS["cases"][rescaled]["expected"][name]
        assert [(value - base) / (1 - base) for value in values] == pytest.approx(expected, abs=1e-5)


@needs_torch
def test_layers_and_baselines_are_the_librarys() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import bert_score
        from bert_score.utils import model2layers

    assert {model: tuned_layer(model) for model in model2layers} == model2layers
    assert tuned_layer("FacebookAI/roberta-large") == 17
    files = sorted((Path(bert_score.__file__).parent / "rescale_baseline").rglob("*.tsv"))
    assert len(files) == 72
    for path in files[::5]:
        relative = path.relative_to(Path(bert_score.__file__).parent / "rescale_baseline").with_suffix("")
        lang, model = relative.parts[0], "/".join(relative.parts[1:])
        layer, *expected = path.read_text().split()[-1].split(",")
        assert baseline(model, lang, int(layer)) == tuple(map(float, expected))
