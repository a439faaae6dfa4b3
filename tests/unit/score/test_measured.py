from __future__ import annotations

from pathlib import Path

import pytest

from harness.schema import Answer, Generation, MetricSpec
from harness.score import always_measured, create

NAMES = ["latency_s", "input_tokens", "output_tokens", "cached_input_tokens", "cost_usd"]


def test_five_quantities_are_always_measured() -> None:
    assert [(measure.name, measure.unit, measure.higher_is_better) for measure in always_measured()] == [
        ("latency_s", "s", False),
        ("input_tokens", "tokens", False),
        ("output_tokens", "tokens", False),
        ("cached_input_tokens", "tokens", False),
        ("cost_usd", "usd", False),
    ]


@pytest.mark.parametrize(("name", "value"), list(zip(NAMES, [1.5, 10, 3, 4, 0.002], strict=True)))
def test_each_is_the_generations_own(name: str, value: float) -> None:
    generation = Generation("x", latency_s=1.5, input_tokens=10, output_tokens=3, cached_input_tokens=4, cost_usd=0.002)
    (scores,) = create(MetricSpec(name, {}, Path())).score([Answer("x", (), {}, generation)])
    assert scores[0].value == value


def test_what_is_unknown_is_unscored_and_zero_is_not_unknown() -> None:
    metric = create(MetricSpec("cost_usd", {}, Path()))
    answers = [Answer("x", (), {}, Generation("x", cost_usd=cost)) for cost in (None, 0.0)]
    (unknown,), (free,) = metric.score(answers)
    assert (unknown.status, unknown.value, unknown.reason) == ("unscored", None, "the price is unknown")
    assert (free.status, free.value) == ("scored", 0.0)


@pytest.mark.parametrize("name", NAMES)
def test_a_bare_text_has_no_measured_quantity(name: str) -> None:
    (scores,) = create(MetricSpec(name, {}, Path())).score([Answer("x", (), {}, None)])
    assert (scores[0].status, scores[0].reason) == ("unscored", "there is no generation, only a text")
