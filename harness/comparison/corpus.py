"""BLEU and chrF over all answers at once, on two sides: by paired bootstrap, as sacrebleu compares systems."""

from __future__ import annotations

import math
import re
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from harness.comparison.differences import Found
from harness.errors import RecordError
from harness.stats import Difference, PairedTest, paired_bootstrap, sentence_statistics
from harness.wording import one_line

if TYPE_CHECKING:
    from harness.comparison.pairing import Pairs
    from harness.schema import Measure, Rows

SUFFIX = ".corpus"
"""Behind the measure's name, in the row of its corpus value."""
_TEST = "paired bootstrap"
_MOST = 999
"""Of any order or weight: sequences of more tokens than an answer has count for nothing, and take as long."""
_Z = 1.959963984540054
"""Half the width of a 95 % interval, in standard errors."""


def corpus_difference(measure: Measure, sides: tuple[Rows, Rows], pairs: Pairs) -> Found | None:
    """The difference of the corpus values over the pairs whose answers and references were recorded.

    None for measures that have no corpus value, and where no answer was recorded. Sentences are drawn one by one, as
    sacrebleu does, whatever their clusters. p and interval are those of `harness.stats.paired_bootstrap`.

    Raises:
        RecordError: the measure's signature is damaged.

    """
    metric = _sacrebleu(measure.signature)
    if metric is None:
        return None
    now, before, references = [], [], []
    for place, partner in zip(pairs.now.tolist(), pairs.before.tolist(), strict=True):
        answers = sides[0].outputs[place], sides[1].outputs[partner]
        if answers[0] is not None and answers[1] is not None and sides[0].references[place]:
            now.append(answers[0])
            before.append(answers[1])
            references.append(sides[0].references[place])
    streams = [list(stream) for stream in zip_longest(*references)]
    ours, theirs = (sentence_statistics(metric, each, streams) for each in (now, before))
    found = paired_bootstrap(metric, ours, theirs)
    if found is None:
        return None
    n_same = len(now) if now == before else 0
    sd = (found.high - found.low) / (2 * _Z) * math.sqrt(found.n)
    difference = Difference(
        found.difference, found.low, found.high, _TEST, 0.95, found.n, None, sd, None, 0, 0, n_same, 0, is_share=False
    )
    return Found(difference, PairedTest(found.p_value, _TEST), found.current.score, found.baseline.score)


def _sacrebleu(signature: str) -> Any:
    """The library's metric that a signature of ours stands for; None for other measures; raises RecordError."""
    try:
        return _metric_of(signature)
    except (AssertionError, KeyError, ValueError) as error:
        raise RecordError(
            f"compare: the signature {one_line(signature)!r} does not say how to measure all answers at once; "
            "one as recorded is needed; record the run again, or compare other measures with --metric"
        ) from error


def _metric_of(signature: str) -> Any:
    name, *parts = signature.split("|")
    said = dict(part.partition(":")[::2] for part in parts)
    if name == "bleu":
        from sacrebleu.metrics.bleu import BLEU

        smooth = re.fullmatch(r"([\w-]+)(?:\[([0-9.]+)\])?", said["smooth"])
        assert smooth is not None
        return BLEU(
            lowercase=said["case"] == "lc",
            force=True,
            tokenize=said["tok"],
            smooth_method=smooth[1],
            smooth_value=float(smooth[2]) if smooth[2] else None,
            max_ngram_order=_number(said["order"], least=1),
        )
    if name == "chrf":
        from sacrebleu.metrics.chrf import CHRF

        return CHRF(
            char_order=_number(said["nc"], least=1),
            word_order=_number(said["nw"], least=0),
            beta=_number(said["beta"], least=1),
            lowercase=said["case"] == "lc",
            whitespace=said["space"] == "yes",
            eps_smoothing=said["eff"] == "no",
        )
    return None


def _number(text: str, *, least: int) -> int:
    if not (text.isdecimal() and text.isascii() and least <= int(text) <= _MOST):
        raise ValueError(text)
    return int(text)
