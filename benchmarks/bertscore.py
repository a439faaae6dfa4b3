"""Pairs a second beside the `bert-score` library on the same weights, and what the embedded encoder's 8 bits change.

Both score the same pairs of news sentences in turns, models loaded; compared are the medians, of turns so short that a
noisy machine is noisy for both, at the same priority. Needs the extra [bertscore], the library and the encoder
minilm-fp32. By itself, `python -m benchmarks.bertscore` prints the figures as JSON.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import time
import warnings
from dataclasses import asdict
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from benchmarks.figures import Figure
from harness.backends.encoder import shared_encoder
from harness.backends.models import find
from harness.schema import Answer, MetricSpec
from harness.score import create

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    Pair = tuple[str, str]
    Scored = Callable[[Sequence[Pair]], Any]

TEXTS = Path(__file__).parents[1] / "tests/golden/data/bertscore"
NEEDED = "pip install torch==2.13.0 transformers bert-score==0.3.13 && prompt-suite models install minilm-fp32"
_TURN = 50
_DISTINCT_BAR = 1 / 1.5
"""Share of the library's time where no sentence comes twice."""
_REPEATING_BAR = 1 / 2.5
"""The same where references come again with each variant, and answers with repeats."""
_EMBEDDED_BAR = 1.0
"""No slower without torch than the library with it."""
_DEVIATION_BAR = 0.02


def bertscore(_folder: Path) -> Iterator[Figure]:
    """Seconds a pair as a share of the library's; by how much the 8-bit encoder is off."""
    if not (importlib.util.find_spec("bert_score") and importlib.util.find_spec("torch") and find("minilm-fp32")):
        print(f"bertscore: NOT MEASURED; run: {NEEDED}")
        return
    command = [sys.executable, "-P", "-m", "benchmarks.bertscore"]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, cwd=TEXTS.parents[3])
    for line in done.stdout.splitlines():
        yield Figure(**json.loads(line))


def figures() -> Iterator[Figure]:
    """The figures, measured in this process."""
    texts = pairs()
    library = _library()
    turns = [texts[first : first + _TURN] for first in range(0, len(texts), _TURN)]
    distinct, repeating = (library, turns), (library, _repeating(texts))
    yield _share("bertscore, distinct sentences", "minilm-fp32", distinct, bar=_DISTINCT_BAR)
    yield _share("bertscore, sentences that repeat", "minilm-fp32", repeating, bar=_REPEATING_BAR)
    yield _share("bertscore, 8-bit encoder, distinct", "minilm", distinct, bar=_EMBEDDED_BAR)
    for name in ("bertscore", "semantic_similarity"):
        yield _deviation(name, texts)


def pairs() -> list[Pair]:
    """500 answers and references, no sentence twice."""
    hypotheses, references = ((TEXTS / name).read_text("utf-8").splitlines() for name in ("hyps.txt", "refs.txt"))
    return list(zip(hypotheses, references, strict=True))


def ours(model: str, name: str = "bertscore") -> Scored:
    """The harness's metric; each answer's scores as a tuple of numbers."""
    metric = create(MetricSpec(name, {"model": model}, Path()))

    def score(some: Sequence[Pair]) -> list[list[float]]:
        rows = metric.score([Answer(answer, (reference,), {}, None) for answer, reference in some])
        return [[one.value or 0.0 for one in row] for row in rows]

    return score


def _library() -> Scored:
    """The library with its model loaded once, from the same folder."""
    from transformers.utils import logging

    quiet: Any = logging
    quiet.disable_progress_bar()
    warnings.simplefilter("ignore")
    from bert_score import BERTScorer

    path = find("minilm-fp32")
    assert path is not None
    scorer: Any = BERTScorer(model_type=str(path.parent), num_layers=6)
    return lambda some: scorer.score([answer for answer, _ in some], [reference for _, reference in some])


def _repeating(texts: list[Pair]) -> list[list[Pair]]:
    """Ten batches of a run of 4 variants: each its 50 references again, and every other answer a known one."""
    references = [reference for _, reference in texts[:_TURN]]
    answers = iter([answer for answer, _ in texts])
    batches: list[list[Pair]] = []
    for batch in range(10):
        known = [answer for answer, _ in batches[-1]] if batch else []
        batches.append(
            [
                (known[place] if known and place % 2 else next(answers), reference)
                for place, reference in enumerate(references)
            ]
        )
    return batches


def _share(name: str, model: str, beside: tuple[Scored, list[list[Pair]]], *, bar: float) -> Figure:
    """The metric's time a turn beside the library's, with an encoder that knows none of the texts."""
    library, turns = beside
    shared_encoder.cache_clear()
    times: list[tuple[float, float]] = []
    contenders = ours(model), library
    for contender in contenders:
        contender([("what is loaded late", "is loaded now")])
    for turn in turns:
        own_s, library_s = (_seconds(contender, turn) for contender in contenders)
        times.append((own_s, library_s))
    share = median(own_s / library_s for own_s, library_s in times)
    rates = [len(turns[0]) / median(column) for column in zip(*times, strict=True)]
    detail = f"({rates[0]:,.0f} pairs/s; the library {rates[1]:,.0f}: {1 / share:.2g} times)"
    return Figure(f"{name}: time, share of the library's", share, bar, "x", detail)


def _seconds(contender: Scored, turn: Sequence[Pair]) -> float:
    began = time.perf_counter()
    contender(turn)
    return time.perf_counter() - began


def _deviation(name: str, texts: list[Pair]) -> Figure:
    """The embedded encoder's scores against those of the published weights, one measure with another."""
    import numpy as np

    small, published = (np.array(ours(model, name)(texts)) for model in ("minilm", "minilm-fp32"))
    off = small - published
    rms = float(np.sqrt((off**2).mean()))
    alike = float(np.corrcoef(small[:, -1], published[:, -1])[0, 1])
    detail = f"(root mean square {rms:.4f}, means {abs(off.mean(axis=0)).max():.5f} apart, r {alike:.5f})"
    return Figure(
        f"{name}: minilm's greatest distance from minilm-fp32", float(abs(off).max()), _DEVIATION_BAR, "", detail
    )


if __name__ == "__main__":
    os.nice(5)  # as the encoder's process has it
    for figure in figures():
        print(json.dumps(asdict(figure)), flush=True)
