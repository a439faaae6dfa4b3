"""bertscore: how alike the words of two texts are in meaning, each in its context."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

from harness.backends.encoder import shared_encoder
from harness.backends.models import ENCODERS
from harness.errors import OptionError
from harness.schema import Measure
from harness.score.bertscore.matching import equal_weights, idf_weights, matched, side
from harness.score.bertscore.tables import baseline, languages, own_baseline, tuned_layer
from harness.score.encoders import MODEL, encoder_signature, found_encoder
from harness.score.metric import NO_REFERENCE, scored, unscored
from harness.score.options import Option, read_options, shown
from harness.wording import listed

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from harness.backends.encoder import Encoder
    from harness.schema import Answer, MetricSpec, Score
    from harness.score.bertscore.matching import Raw, Side, Weigh
    from harness.score.bertscore.tables import Baseline

_NAMES = ("bertscore_precision", "bertscore_recall", "bertscore_f1")
_AT_ONCE = 256
"""Answers whose vectors are held at once."""
_NO_WEIGHT = "idf gives no token any weight: every reference has them all"
_EMPTY = "a text without tokens scores 0 before rescaling"
_CUT = "a text is longer than the encoder reads and was cut"


class BertScore:
    """Precision, recall and F1 of the answer's tokens matched with those of a reference by cosine.

    Every token is matched with the most alike one of the other text. With several references each of the three takes
    the one where it is best.

    Range: -1 to 1, in practice 0.3 to 1; rescaled, unrelated texts are about 0.
    Higher is better: yes.
    Empty input: a text without tokens scores 0 (before rescaling), also against itself; without references the answer
        is unscored.
    Source: bert-score 0.3.13 (Zhang et al. 2020, arXiv:1904.09675).
    Deviations: none above 1e-4 on the same weights; a likeness below 0 stays below 0 (there padding makes it 0), F1 is
        0 where precision and recall differ in sign, values above 1 by a rounding error are 1.
    """

    OPTIONS: ClassVar[tuple[Option, ...]] = (
        MODEL,
        Option("layer", "int", default=None, low=0, meaning="Layer whose vectors are compared; 0 is the embeddings."),
        Option("idf", "bool", default=False, meaning="Weigh tokens by how few of the dataset's references have them."),
        Option("rescale", "bool", default=False, meaning="Rescale with the library's baseline of model and layer."),
        Option("lang", "str", default="en", meaning="Language of the library's baseline."),
        Option("baseline", "str", default=None, meaning="Rescale with this file's baseline (LAYER,P,R,F)."),
    )
    NEEDS: ClassVar[tuple[str, ...]] = ("encoder",)
    needs_references = True

    def __init__(self, spec: MetricSpec) -> None:
        """OptionError for an option it does not have, or an encoder, a layer or a baseline that is not there."""
        self._options = read_options("bertscore", self.OPTIONS, spec.options)
        _check_language(self._options["lang"])
        self._files = found_encoder("bertscore", self._options["model"], spec.folder)
        self._layer = self._checked_layer()
        self._baseline, rescaled = self._rescaling(spec)
        self._references: list[str] | None = None
        self._weigh: Weigh | None = None if self._options["idf"] else equal_weights
        idf = "the dataset's references" if self._options["idf"] else "no"
        rest = f"layer:{self._layer}|idf:{idf}|rescaled:{rescaled}|references:best|version:1"
        encoder = encoder_signature(self._files)
        self.measures = tuple(
            Measure(name, "score", _low(base), 1.0, higher_is_better=True, signature=f"{name}|{encoder}|{rest}")
            for name, base in zip(_NAMES, self._baseline or (0.0, 0.0, 0.0), strict=True)
        )

    def _checked_layer(self) -> int:
        layer, most = self._options["layer"], self._files.layers
        if layer is None:
            layer = most if self._options["model"] in ENCODERS else tuned_layer(self._options["model"])
        least = most if self._files.kind == "onnx" else 0
        if layer is None or not least <= layer <= most:
            allowed = f"{most}" if least == most else f"a whole number from 0 to {most}"
            what = "is needed: no layer is known to be best for" if layer is None else f"is {layer} with"
            raise OptionError(
                f"metric 'bertscore': option 'layer' {what} model '{self._options['model']}'; allowed: {allowed}",
                "layer" if self._options["layer"] is not None else "model",
            )
        return int(layer)

    def _rescaling(self, spec: MetricSpec) -> tuple[Baseline | None, str]:
        """The baseline, and what the signature says of it."""
        options = self._options
        if options["baseline"] is not None:
            found, sha256 = own_baseline(spec.folder / options["baseline"], self._layer)
            return found, f"own baseline {sha256[:16]}"
        if not options["rescale"]:
            return None, "no"
        known = baseline(options["model"], options["lang"], self._layer)
        if known is None:
            raise OptionError(
                f"metric 'bertscore': option 'rescale': there is no baseline for model '{options['model']}', layer "
                f"{self._layer}, lang '{options['lang']}'; allowed: a model of bert-score's baselines; leave rescale "
                "out, or name a file: baseline: FILE.tsv",
                "rescale",
            )
        return known, f"bert-score's baseline, lang {options['lang']}"

    @cached_property
    def _encoder(self) -> Encoder:
        return shared_encoder(self._files, self._layer)

    def prepare(self, references: Iterable[Sequence[str]]) -> None:
        """Weigh by the references of the whole dataset; without this, by those of each call of `score`."""
        if self._options["idf"]:
            self._references = [text for texts in references for text in texts]
            self._weigh = None

    def score(self, answers: Sequence[Answer]) -> list[tuple[Score, ...]]:
        """One tuple an answer; raises ModelFileError when the encoder cannot be loaded."""
        weigh = self._weigh or self._idf(answers)
        rows: list[tuple[Score, ...]] = []
        for first in range(0, len(answers), _AT_ONCE):
            rows += self._some(answers[first : first + _AT_ONCE], weigh)
        return rows

    def _idf(self, answers: Sequence[Answer]) -> Weigh:
        if self._references is None:
            return idf_weights(self._encoder.token_ids([text for answer in answers for text in answer.references]))
        self._weigh = idf_weights(self._encoder.token_ids(self._references))
        return self._weigh

    def _some(self, answers: Sequence[Answer], weigh: Weigh) -> list[tuple[Score, ...]]:
        texts = dict.fromkeys(
            text for answer in answers if answer.references for text in (answer.output, *answer.references)
        )
        encoded = self._encoder.encode(list(texts))
        sides = {text: side(one, weigh) for text, one in zip(texts, encoded, strict=True)}
        return [self._one(answer, sides) for answer in answers]

    def _one(self, answer: Answer, sides: dict[str, Side]) -> tuple[Score, ...]:
        if not answer.references:
            return unscored(self.measures, NO_REFERENCE)
        pairs = [matched(sides[answer.output], sides[reference]) for reference in answer.references]
        weighed = [pair for pair in pairs if pair is not None]
        if not weighed:
            return unscored(self.measures, _NO_WEIGHT)
        used = [sides[text] for text in (answer.output, *answer.references)]
        remark = _EMPTY if any(one.is_empty for one in used) else _CUT if any(one.is_cut for one in used) else None
        precision, recall, f1 = (max(values) for values in zip(*weighed, strict=True))
        values = self._rescaled((precision, recall, f1))
        return tuple(scored(measure, value, remark) for measure, value in zip(self.measures, values, strict=True))

    def _rescaled(self, raw: Raw) -> Raw:
        if self._baseline is None:
            return raw
        precision, recall, f1 = ((value - base) / (1 - base) for value, base in zip(raw, self._baseline, strict=True))
        return precision, recall, f1


def _low(base: float) -> float:
    """What -1 becomes when it is rescaled."""
    return (-1 - base) / (1 - base)


def _check_language(lang: str) -> None:
    known = languages()
    if lang not in known:
        raise OptionError(
            f"metric 'bertscore': option 'lang' is {shown(lang)}; allowed: {listed(known)}, of which the library has "
            "baselines",
            "lang",
        )
