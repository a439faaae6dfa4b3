"""ROUGE against ROUGE-1.5.5's published values and against rouge-score 0.1.2, run here on the same texts."""

from __future__ import annotations

import json
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any

import pytest
from rouge_score.rouge_scorer import RougeScorer

from harness.schema import Answer, MetricSpec
from harness.score import create

if TYPE_CHECKING:
    from collections.abc import Sequence

DATA = Path(__file__).parent / "data/rouge"
EXPECTED = json.loads((DATA / "expected.json").read_text("utf-8"))
TYPES = ["rouge1", "rouge2", "rouge3", "rougeL", "rougeLsum"]

Pair = tuple[str, str]

AWKWARD: list[Pair] = [
    ("", ""),
    ("", "a"),
    ("a", ""),
    (" \n ", "a"),
    ("a", "a"),
    ("A!", "a"),
    ("the cat sat\non the mat", "on the mat\nthe cat sat"),
    ("a\n\n\nb", "b\na"),
    ("naïve café 北京", "naive cafe Beijing"),
    ("İstanbul ẞ K", "istanbul ss k"),
    ("generalizations running flies dying ties", "general run fly die tie"),
    ("don't can't it's", "do not can not it is"),
    ("x " * 300, "x " * 200),
    ("under_score 1,000.50 e-mail", "under score 1000 50 e mail"),
    ("tab\tand\r\nreturn\x0bfeed", "tab and return feed"),
]


@pytest.fixture(scope="module")
def large() -> list[Pair]:
    targets = (DATA / "target_large.txt").read_text("utf-8").splitlines()
    predictions = (DATA / "prediction_large.txt").read_text("utf-8").splitlines()
    return list(zip(targets, predictions, strict=True))


@pytest.fixture(scope="module")
def small() -> list[Pair]:
    """The two pairs of rouge-score's first test file, line by line and whole."""
    target, prediction = ((DATA / name).read_text("utf-8") for name in ("target.txt", "prediction.txt"))
    return [*zip(target.splitlines(), prediction.splitlines(), strict=True), (target, prediction)]


@pytest.fixture(scope="module")
def multi() -> list[Pair]:
    rows = [json.loads(line) for line in (DATA / "multi_250.jsonl").read_text("utf-8").splitlines()]
    return [(row["target"], row["prediction"]) for row in rows]


def _ours(pairs: Sequence[Pair], types: Sequence[str], *, stemmer: bool) -> list[dict[str, float | None]]:
    metric = create(MetricSpec("rouge", {"types": list(types), "stemmer": stemmer}, Path()))
    rows = metric.score([Answer(prediction, (target,), {}, None) for target, prediction in pairs])
    return [{score.metric: score.value for score in row} for row in rows]


def _theirs(pairs: Sequence[Pair], types: Sequence[str], *, stemmer: bool) -> list[dict[str, float]]:
    scorer: Any = RougeScorer(list(types), use_stemmer=stemmer)
    return [{name: score.fmeasure for name, score in scorer.score(*pair).items()} for pair in pairs]


@pytest.mark.parametrize("line", [0, 1])
@pytest.mark.parametrize("name", ["rouge1", "rouge2", "rougeL"])
def test_single_pairs_are_rouge_155s(large: list[Pair], line: int, name: str) -> None:
    (ours,) = _ours([large[line]], [name], stemmer=False)
    assert ours[name] == pytest.approx(EXPECTED[f"line{line}_{name}_nostem"][2], abs=5e-6)


@pytest.mark.parametrize("line", [0, 1])
def test_single_stemmed_pairs_are_rouge_155s(large: list[Pair], line: int) -> None:
    (ours,) = _ours([large[line]], ["rouge1"], stemmer=True)
    assert ours["rouge1"] == pytest.approx(EXPECTED[f"line{line}_rouge1_stem"][2], abs=5e-6)


def test_a_text_of_several_lines_is_rouge_155s(multi: list[Pair]) -> None:
    (ours,) = _ours(multi[:1], ["rougeLsum"], stemmer=True)
    assert ours["rougeLsum"] == pytest.approx(EXPECTED["multi0_rougeLsum_stem"][2], abs=5e-6)


@pytest.mark.parametrize(
    ("texts", "name", "stemmer"),
    [
        ("large", "rouge1", False),
        ("large", "rouge1", True),
        ("large", "rougeL", True),
        ("multi", "rouge1", True),
        ("multi", "rouge2", True),
        ("multi", "rougeLsum", True),
    ],
)
def test_means_lie_within_upstreams_tolerance_of_rouge_155s(
    request: pytest.FixtureRequest, *, texts: str, name: str, stemmer: bool
) -> None:
    rows = _ours(request.getfixturevalue(texts), [name], stemmer=stemmer)
    mean = fmean(row[name] or 0.0 for row in rows)
    suffix = "stem" if stemmer else "nostem"
    published = (
        EXPECTED.get(f"bootstrap_{texts}_{name}_{suffix}")
        or EXPECTED[f"bootstrap_{texts}_{name}_{suffix}_low_mid_high"]
    )
    assert mean == pytest.approx(published["F"][1], abs=EXPECTED["upstream_tolerance_bootstrap"])
    assert mean == pytest.approx(
        EXPECTED["recomputed_means_rouge_score_0.1.2"][f"{texts}_{name}_{suffix}"][2], abs=6e-6
    )


def test_the_whole_of_both_files_is_rouge_155s(large: list[Pair]) -> None:
    targets, predictions = zip(*large, strict=True)
    (ours,) = _ours([("\n".join(targets), "\n".join(predictions))], ["rougeLsum"], stemmer=False)
    assert ours["rougeLsum"] == pytest.approx(EXPECTED["rougeLsum_of_whole_large_files_nostem_F"], abs=5e-4)


@pytest.mark.parametrize("stemmer", [False, True])
def test_every_type_is_rouge_scores_to_1e_9_on_all_of_its_own_test_data(
    large: list[Pair], multi: list[Pair], *, small: list[Pair], stemmer: bool
) -> None:
    pairs = [*large, *multi, *small, *AWKWARD]
    ours, theirs = _ours(pairs, TYPES, stemmer=stemmer), _theirs(pairs, TYPES, stemmer=stemmer)
    for our_row, their_row in zip(ours, theirs, strict=True):
        assert our_row == pytest.approx(their_row, abs=1e-9)


def test_the_best_of_several_references_is_rouge_scores(large: list[Pair]) -> None:
    scorer: Any = RougeScorer(TYPES, use_stemmer=True)
    metric = create(MetricSpec("rouge", {"types": TYPES, "stemmer": True}, Path()))
    for start in range(0, 60, 3):
        references = tuple(target for target, _ in large[start : start + 3])
        output = large[start + 1][1]
        (row,) = metric.score([Answer(output, references, {}, None)])
        theirs = {name: score.fmeasure for name, score in scorer.score_multi(references, output).items()}
        assert {score.metric: score.value for score in row} == pytest.approx(theirs, abs=1e-9)
