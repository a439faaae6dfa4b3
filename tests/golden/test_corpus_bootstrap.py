"""Paired bootstrap of corpus metrics against sacrebleu's own PairedTest, run here on the same translations."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF
from sacrebleu.metrics.ter import TER
from sacrebleu.significance import PairedTest

from harness.stats import paired_bootstrap, sentence_statistics

DATA = Path(__file__).parent / "data/bertscore"
REFERENCES = (DATA / "refs.txt").read_text("utf-8").splitlines()
BASELINE = (DATA / "hyps.txt").read_text("utf-8").splitlines()
"""Translations of a system of WMT 2018 (data/bertscore/SOURCE.md)."""
METRICS: dict[str, Any] = {
    "bleu": BLEU,
    "bleu floor": lambda: BLEU(smooth_method="add-k", lowercase=True),
    "chrf": CHRF,
    "chrf++": lambda: CHRF(word_order=2, eps_smoothing=True),
}


def _hurt(every: int) -> list[str]:
    """The same translations, of some the last third missing."""
    return [
        line if number % every else " ".join(line.split()[: 2 * len(line.split()) // 3])
        for number, line in enumerate(BASELINE)
    ]


def _theirs(make: Any, current: list[str], monkeypatch: pytest.MonkeyPatch, *, draws: int, seed: int) -> Any:
    monkeypatch.setenv("SACREBLEU_SEED", str(seed))
    systems: Any = [("baseline", BASELINE), ("current", current)]
    _, scores = PairedTest(systems, {"metric": make()}, [REFERENCES], test_type="bs", n_samples=draws)()
    (name,) = (name for name in scores if name != "System")
    return scores[name]


def _ours(make: Any, current: list[str], *, draws: int, seed: int) -> Any:
    one, two = (sentence_statistics(make(), hypotheses, [REFERENCES]) for hypotheses in (current, BASELINE))
    return paired_bootstrap(make(), one, two, draws=draws, seed=seed)


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize(("every", "seed"), [(2, 12345), (60, 12345), (60, 7)])
def test_scores_intervals_and_p_values_are_sacrebleus(
    *, metric: str, every: int, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    current, make = _hurt(every), METRICS[metric]
    ours = _ours(make, current, draws=300, seed=seed)
    baseline, theirs = _theirs(make, current, monkeypatch, draws=300, seed=seed)
    assert ours.p_value == theirs.p_value
    assert (ours.current.score, ours.current.mean, ours.current.half_width) == (theirs.score, theirs.mean, theirs.ci)
    assert (ours.baseline.score, ours.baseline.mean, ours.baseline.half_width) == (
        baseline.score,
        baseline.mean,
        baseline.ci,
    )


def test_ter_is_sacrebleus_too(monkeypatch: pytest.MonkeyPatch) -> None:
    current = _hurt(10)
    ours = _ours(TER, current, draws=100, seed=12345)
    _, theirs = _theirs(TER, current, monkeypatch, draws=100, seed=12345)
    assert ours.p_value == theirs.p_value
    assert [ours.current.score, ours.current.mean, ours.current.half_width] == pytest.approx(
        [theirs.score, theirs.mean, theirs.ci], rel=1e-6
    )


def test_the_default_is_sacrebleus_number_of_draws_and_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SACREBLEU_SEED", raising=False)
    current = _hurt(30)
    systems: Any = [("baseline", BASELINE), ("current", current)]
    _, scores = PairedTest(systems, {"metric": BLEU()}, [REFERENCES], test_type="bs")()
    ours = paired_bootstrap(
        BLEU(),
        sentence_statistics(BLEU(), current, [REFERENCES]),
        sentence_statistics(BLEU(), BASELINE, [REFERENCES]),
    )
    assert ours is not None
    theirs: Any = scores["BLEU"][1]
    assert (ours.p_value, ours.current.mean, ours.current.half_width) == (theirs.p_value, theirs.mean, theirs.ci)
    assert (ours.draws, ours.seed, ours.n) == (1000, 12345, len(BASELINE))


def test_drawing_in_parts_draws_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    current = _hurt(10)
    whole = _ours(BLEU, current, draws=50, seed=3)
    monkeypatch.setattr("harness.stats.corpus._CELLS_AT_ONCE", 7 * len(BASELINE))
    assert _ours(BLEU, current, draws=50, seed=3) == whole


def test_several_references_count_as_in_sacrebleu() -> None:
    streams: list[list[str | None]] = [list(REFERENCES), [None, *REFERENCES[1:]]]
    found = sentence_statistics(BLEU(), BASELINE, streams)
    theirs = BLEU().corpus_score(BASELINE, streams)  # type: ignore[arg-type]
    ours = paired_bootstrap(BLEU(), found, found, draws=1)
    assert ours is not None
    assert ours.current.score == theirs.score
