"""F1 of SQuAD's own script; how the numbers were made stands in data/squad/SOURCE.md."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from harness.schema import Answer, MetricSpec
from harness.score import create

CASES = json.loads((Path(__file__).parent / "data/squad/f1_cases.json").read_text("utf-8"))


@pytest.mark.parametrize("case", CASES, ids=[case["output"] or "empty" for case in CASES])
def test_f1_is_squads(case: dict[str, Any]) -> None:
    answer = Answer(case["output"], tuple(case["references"]), {}, None)
    (scores,) = create(MetricSpec("f1", {}, Path())).score([answer])
    assert scores[0].value == pytest.approx(case["f1"], abs=1e-15)


@pytest.mark.parametrize("case", [case for case in CASES if case["output"].isascii()])
def test_exact_match_with_all_four_options_is_squads(case: dict[str, Any]) -> None:
    options = dict.fromkeys(("ignore_case", "ignore_punctuation", "ignore_articles", "ignore_whitespace"), True)
    answer = Answer(case["output"], tuple(case["references"]), {}, None)
    (scores,) = create(MetricSpec("exact_match", options, Path())).score([answer])
    assert scores[0].value == float(case["exact_match"])
