"""Pairs scored a second, beside rouge-score and sacrebleu: `python benchmarks/scoring.py [PAIRS]`.

Pairs of about 60 words, no text twice. The best of three rounds; trust the ratios, not the seconds.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.schema import Answer, MetricSpec
from harness.score import create

if TYPE_CHECKING:
    from collections.abc import Callable

    Pair = tuple[str, str]


def make_pairs(n: int) -> list[Pair]:
    """Outputs and references of 50 to 70 words of a made-up vocabulary, a third of them changed."""
    generator = np.random.default_rng(0)
    stems = ["".join(generator.choice(list("abcdeilmnorst"), 5)) for _ in range(3000)]
    vocabulary = [stem + end for stem in stems for end in ("", "s", "ing", "ation")]
    pairs = []
    for _ in range(n):
        words = list(generator.choice(vocabulary, int(generator.integers(50, 71))))
        changed = [str(generator.choice(vocabulary)) if generator.random() < 1 / 3 else word for word in words]
        pairs.append((" ".join(changed).capitalize() + ".", ", ".join(words) + "."))
    return pairs


def pairs_a_second(pairs: list[Pair], score: Callable[[list[Pair]], object]) -> float:
    """The best of three rounds, each on a third of the pairs, after two that load what is loaded late."""
    score(pairs[:2])
    rates = []
    for start in range(3):
        fresh = pairs[2 + start :: 3]
        started = time.perf_counter()
        score(fresh)
        rates.append(len(fresh) / (time.perf_counter() - started))
    return max(rates)


def ours(name: str, **options: Any) -> Callable[[list[Pair]], object]:
    """The harness's metric."""
    metric = create(MetricSpec(name, options, Path()))
    return lambda pairs: metric.score([Answer(output, (reference,), {}, None) for output, reference in pairs])


def rouge_score(*, stemmer: bool) -> Callable[[list[Pair]], object]:
    """Google's rouge-score."""
    from rouge_score.rouge_scorer import RougeScorer

    scorer: Any = RougeScorer(["rouge1", "rouge2", "rougeL", "rougeLsum"], use_stemmer=stemmer)
    return lambda pairs: [scorer.score(reference, output) for output, reference in pairs]


def sacrebleu_sentences(name: str) -> Callable[[list[Pair]], object]:
    """sacrebleu's own function a pair."""
    import sacrebleu

    score: Any = getattr(sacrebleu, f"sentence_{name}")
    return lambda pairs: [score(output, [reference]) for output, reference in pairs]


def main() -> None:
    """Print a line a contender."""
    pairs = make_pairs(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)
    contenders = {
        "exact_match": ours("exact_match"),
        "exact_match, normalised": ours("exact_match", ignore_case=True, ignore_punctuation=True, ignore_articles=True),
        "f1": ours("f1"),
        "rouge": ours("rouge"),
        "rouge, rouge-score": rouge_score(stemmer=False),
        "rouge stemmed": ours("rouge", stemmer=True),
        "rouge stemmed, rouge-score": rouge_score(stemmer=True),
        "bleu": ours("bleu"),
        "bleu, sacrebleu": sacrebleu_sentences("bleu"),
        "chrf": ours("chrf"),
        "chrf, sacrebleu": sacrebleu_sentences("chrf"),
        "meteor": ours("meteor", synonyms="none"),
    }
    for name, score in contenders.items():
        print(f"{name:28} {pairs_a_second(pairs, score):12,.0f} pairs/s")


if __name__ == "__main__":
    main()
