"""Pairs scored a second beside the libraries whose numbers they are: rouge-score, and sacrebleu's sentence functions.

Both score the same pairs of about 60 words, no text twice, in turns of 50; compared are the best turns of each.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from benchmarks.figures import Figure
from benchmarks.scoring import make_pairs, ours, rouge_score, sacrebleu_sentences

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from benchmarks.scoring import Pair

    Scored = Callable[[list[Pair]], Any]

_TURNS = 12
_ROUGE_BAR = 1 / 10
"""Share of rouge-score's time."""
_SACREBLEU_BAR = 1.25
"""It is sacrebleu's code that counts: no more than the noise of a busy machine may be added."""


def overlap(_folder: Path) -> Iterator[Figure]:
    """Seconds a pair, as a share of the library's own; in the detail both as pairs a second."""
    pairs = make_pairs(600)
    for stemmer in (False, True):
        name = "rouge, stemmed" if stemmer else "rouge"
        contenders = ours("rouge", stemmer=stemmer), rouge_score(stemmer=stemmer)
        yield _share(name, *contenders, pairs=pairs, bar=_ROUGE_BAR)
    for name in ("bleu", "chrf", "ter"):
        yield _share(name, ours(name), sacrebleu_sentences(name), pairs=pairs, bar=_SACREBLEU_BAR)


def _share(name: str, own: Scored, library: Scored, *, pairs: list[Pair], bar: float) -> Figure:
    best = [0.0, 0.0]
    for contender in (own, library):
        contender(pairs[:2])  # what is loaded late
    for start in range(_TURNS):
        fresh = pairs[start::_TURNS]
        for place, contender in enumerate((own, library)):
            began = time.perf_counter()
            contender(fresh)
            best[place] = max(best[place], len(fresh) / (time.perf_counter() - began))
    detail = f"({best[0]:,.0f} pairs/s; the library itself {best[1]:,.0f}: {best[0] / best[1]:.2g} times)"
    return Figure(f"{name}: time a pair, as a share of the library's", best[1] / best[0], bar, "x", detail)
