"""Trials as the engine would run them, with a tracer watching."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.schema import (
    BackendSpec,
    Generation,
    Measure,
    Message,
    OutputSpec,
    PromptVersion,
    Sample,
    Score,
    Scores,
    Techniques,
    Trial,
    TrialResult,
    Variant,
)
from harness.trace import MetricTime, TracedRun, Tracer
from tests.builders import make_suite

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from harness.schema import Suite

PROMPT = PromptVersion("few_shot", "1.1", "v1.1.yaml", (), {}, (), Techniques(), OutputSpec(), "0")
SPEC = BackendSpec(
    "local",
    "openai",
    "m-1",
    {"temperature": 0, "max_tokens": 64, "seed": 7},
    Path(),
    base_url="http://127.0.0.1:8000/v1",
)
MEASURES = tuple(
    Measure(name, "score", 0.0, 1.0, higher_is_better=True, signature=name)
    for name in ("exact_match", "rouge1", "rougeL", "latency_s")
)
SUITE = make_suite(variants=(Variant("few_shot@1.1", PROMPT),), backends=(SPEC,), measures=MEASURES)
GENERATION = Generation(
    "positive", "stop", 0.2, input_tokens=20, output_tokens=2, cached_input_tokens=8, cost_usd=0.000_125
)
TIMES = [
    MetricTime("exact_match", ("exact_match",), 1_000, 2_000, 64),
    MetricTime("rouge", ("rouge1", "rougeL"), 2_000, 3_000, 64),
    MetricTime("latency_s", ("latency_s",), 3_000, 4_000, 64),
]
SCORES = (
    Score("exact_match", 1.0, "scored"),
    Score("rouge1", 0.5, "scored"),
    Score("rougeL", 0.25, "scored"),
    Score("latency_s", 0.2, "scored"),
)


def make_trial(number: int = 1, text: str = "Classify: I love it.") -> Trial:
    sample = Sample(f"fb{number:03}", {"text": text}, ("positive",), None, (), f"rows.jsonl:{number}")
    messages = (Message("system", "You classify."), Message("user", text))
    return Trial(f"{number:016x}", "s", "few_shot@1.1", "local", sample, 1, messages)


def answered(trial: Trial, generation: Generation = GENERATION, scores: tuple[Score, ...] = SCORES) -> TrialResult:
    packed = Scores(tuple(score.metric for score in scores), scores)
    return TrialResult(trial, "passed", generation.text, generation, None, packed, ())


def make_tracer(
    folder: Path, *, suite: Suite = SUITE, with_text: bool = True, notices: list[str] | None = None
) -> Tracer:
    notice: Callable[[str], None] = (notices if notices is not None else []).append
    return Tracer(TracedRun("20261122T201849.042Z-3f9a", (suite,), folder, with_text=with_text), notice)


def run_one(tracer: Tracer, trial: Trial, times: Sequence[MetricTime] = TIMES) -> None:
    """A trial that is not in the cache, is called once and scored."""
    call = tracer.trial(trial).call(SPEC, trial.messages)
    call.begin()
    call.end(GENERATION)
    tracer.scored([answered(trial)], times)


def finished(tracer: Tracer) -> list[dict[str, Any]]:
    """The spans of the file, as they are written."""
    path = tracer.close({})
    assert path is not None
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def facts(span: Mapping[str, Any]) -> dict[str, Any]:
    """A span's or event's attributes by name; numbers as they are written, 64-bit ones as text."""
    return {one["key"]: next(iter(one["value"].values())) for one in span.get("attributes", ())}
