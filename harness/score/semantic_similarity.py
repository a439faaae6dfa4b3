"""semantic_similarity: the cosine of two texts' sentence embeddings."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from harness.backends.encoder import shared_encoder
from harness.errors import OptionError
from harness.schema import Measure
from harness.score.encoders import MODEL, encoder_signature, found_encoder
from harness.score.metric import NO_REFERENCE, scored, unscored
from harness.score.options import read_options

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import numpy.typing as npt

    from harness.backends.encoder import Encoded, Encoder
    from harness.schema import Answer, MetricSpec, Score
    from harness.score.options import Option

_AT_ONCE = 256
"""Answers whose vectors are held at once."""
_EMPTY = "a text without tokens has no meaning and scores 0"
_CUT = "a text is longer than a sentence may be for the encoder and was cut"


class SemanticSimilarity:
    """Cosine of the answer's sentence embedding and a reference's; with several references the best.

    Range: -1 to 1.
    Higher is better: yes.
    Empty input: a text without tokens scores 0, also against itself; without references the answer is unscored.
    Source: Sentence-BERT (Reimers and Gurevych 2019, arXiv:1908.10084): the last layer's vectors, pooled, normalised.
    Deviations: the embedded encoder has 8-bit weights: by how much that changes scores is measured in the card.
    """

    OPTIONS: ClassVar[tuple[Option, ...]] = (MODEL,)
    NEEDS: ClassVar[tuple[str, ...]] = ("encoder",)
    needs_references = True

    def __init__(self, spec: MetricSpec) -> None:
        """OptionError for an option it does not have, or an encoder that is not there or pools in another way."""
        options = read_options("semantic_similarity", self.OPTIONS, spec.options)
        self._files = found_encoder("semantic_similarity", options["model"], spec.folder)
        if self._files.pooling not in {"mean", "cls"}:
            raise OptionError(
                f"metric 'semantic_similarity': option 'model' is '{options['model']}', which makes one vector of a "
                "text in a way of its own; allowed: an encoder that takes the mean of all tokens or the first token's",
                "model",
            )
        cut = self._files.sentence_tokens or "the encoder's"
        rest = f"pooling:{self._files.pooling}|cosine|tokens:{cut}|references:best|version:1"
        signature = f"semantic_similarity|{encoder_signature(self._files)}|{rest}"
        self.measures = (
            Measure("semantic_similarity", "score", -1.0, 1.0, higher_is_better=True, signature=signature),
        )

    @cached_property
    def _encoder(self) -> Encoder:
        return shared_encoder(self._files, self._files.layers)

    def score(self, answers: Sequence[Answer]) -> list[tuple[Score, ...]]:
        """One score an answer; raises ModelFileError when the encoder cannot be loaded."""
        rows: list[tuple[Score, ...]] = []
        for first in range(0, len(answers), _AT_ONCE):
            rows += self._some(answers[first : first + _AT_ONCE])
        return rows

    def _some(self, answers: Sequence[Answer]) -> list[tuple[Score, ...]]:
        texts = dict.fromkeys(
            text for answer in answers if answer.references for text in (answer.output, *answer.references)
        )
        encoded = dict(zip(texts, self._encoder.encode(list(texts), self._files.sentence_tokens), strict=True))
        vectors = {text: self._vector(one) for text, one in encoded.items() if not one.is_empty}
        return [(self._one(answer, encoded, vectors),) for answer in answers]

    def _vector(self, encoded: Encoded) -> Any:
        """One vector of length 1: the mean of all tokens' or the first token's, special ones included."""
        import numpy as np

        pooled = encoded.vectors.mean(axis=0) if self._files.pooling == "mean" else encoded.vectors[0]
        return pooled / max(float(np.linalg.norm(pooled)), 1e-12)

    def _one(self, answer: Answer, encoded: dict[str, Encoded], vectors: dict[str, npt.NDArray[np.float32]]) -> Score:
        if not answer.references:
            return unscored(self.measures, NO_REFERENCE)[0]
        used = (answer.output, *answer.references)
        cosines = [
            float(vectors[answer.output] @ vectors[text]) if {answer.output, text} <= vectors.keys() else 0.0
            for text in answer.references
        ]
        is_empty, is_cut = (any(getattr(encoded[text], what) for text in used) for what in ("is_empty", "is_cut"))
        remark = _EMPTY if is_empty else _CUT if is_cut else None
        return scored(self.measures[0], max(-1.0, min(1.0, max(cosines))), remark)
