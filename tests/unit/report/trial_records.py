"""Suites and trials as the report gets them: errors of several kinds, unscored scores, hostile texts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from harness.schema import (
    BackendSpec,
    CallError,
    CheckSpec,
    GateSpec,
    Generation,
    Measure,
    Message,
    MetricSpec,
    OutputSpec,
    PromptVersion,
    Sample,
    Score,
    Suite,
    Techniques,
    Trial,
    TrialResult,
    Variant,
)

if TYPE_CHECKING:
    import random

    from harness.errors import ErrorKind

HOSTILE = (
    "</script><script>window.__pwned = 1</script>",
    "<!-- <script> --><img src=x onerror='window.__pwned = 2'>",
    "\x1b[31mred\x1b[0m and a bell\x07, then \u202egnp.exe\u202c",
    "line\u2028separator and paragraph\u2029separator",
    "half a pair: \ud800, hidden \U000e0041\U000e0042, zero\u200bwidth",
    "@octocat #1 | pipe | `tick` **bold** [link](https://example.com) <b>x</b> $$ \\| ![i](u)",
    'javascript:alert(1) " onclick="window.__pwned = 3" \' &amp; &lt;',
    "مرحبا بالعالم 👩‍👩‍👧 naïve 日本語",
)
MEASURES = (
    Measure("exact_match", "score", 0, 1, higher_is_better=True, signature="exact_match|v1|strip|casefold"),
    Measure("f1", "score", 0, 1, higher_is_better=True, signature="f1|squad-1.1|v1"),
    Measure(
        "bleu",
        "percent",
        0,
        100,
        higher_is_better=True,
        signature="nrefs:1|case:mixed|eff:yes|tok:13a|smooth:exp|version:2.6.0",
    ),
    Measure("latency_s", "s", 0, None, higher_is_better=False, signature="latency_s|v1"),
    Measure("cost_usd", "usd", 0, None, higher_is_better=False, signature="cost_usd|v1"),
)
_REVIEWS = (
    ("The parcel came two days late and nobody answered my mails.", "negative"),
    ("Does what it should. Neither better nor worse than the old one.", "neutral"),
    ("Best kettle I have owned; my mother now wants one too.", "positive"),
    ("The zip broke on the first trip, and the refund took a month.", "negative"),
    ("Quick delivery, friendly note in the box, exactly the colour shown.", "positive"),
    ("It is a cable. It charges the phone.", "neutral"),
)
_ERRORS: tuple[tuple[ErrorKind, str], ...] = (
    ("timeout", "no answer within 60 s"),
    ("rate_limited", "HTTP 429 after 5 retries: slow down"),
    ("output", "no match for (?i)\\b(positive|negative|neutral)\\b"),
)
_SKILL = {"zero_shot": 0.55, "few_shot@1.1": 0.75, "chain_of_thought": 0.72}


class Shape(Struct, frozen=True):
    """What the run is to hold."""

    samples: int = 20
    suites: tuple[str, ...] = ("feedback",)
    variants: tuple[str, ...] = ("zero_shot", "few_shot@1.1", "chain_of_thought")
    backends: tuple[tuple[str, str], ...] = (("smollm2", "SmolLM2-135M-Instruct"), ("local", "my-model-7b"))
    repeats: int = 1
    hostile: bool = False
    complete: bool = True
    failing_gate: bool = True
    failing_metric: bool = False
    provider: str | None = None


def suite_of(name: str, shape: Shape) -> Suite:
    return Suite(
        name=name,
        description="Classify customer feedback as positive, negative or neutral.",
        path=f"suites/{name}/suite.yaml",
        folder=Path("/nowhere") / name,
        samples=tuple(_sample(name, at, hostile=shape.hostile) for at in range(shape.samples)),
        n_rows=shape.samples * 5,
        variants=tuple(_variant(variant) for variant in shape.variants),
        backends=tuple(
            BackendSpec(
                backend,
                shape.provider or ("llamacpp" if "Smol" in model else "openai"),
                model,
                {"temperature": 0, "max_tokens": 64, "seed": 7},
                Path("/nowhere"),
            )
            for backend, model in shape.backends
        ),
        repeats=shape.repeats,
        metrics=tuple(MetricSpec(measure.name, {}, Path("/nowhere")) for measure in MEASURES),
        measures=MEASURES,
        checks=(
            CheckSpec("exact_match == 1", "exact_match", "==", 1.0),
            CheckSpec("latency_s <= 30", "latency_s", "<=", 30.0),
        ),
        gates=_gates(shape),
        suite_hash="0f3a9c2b11d4e5f6",
        dataset_hash="9b1c77aa02de4451",
        dataset_path=f"datasets/{name}.jsonl",
    )


def _gates(shape: Shape) -> tuple[GateSpec, ...]:
    gates = [
        GateSpec("exact_match.mean >= 0.30", "exact_match", "mean", ">=", 0.30),
        GateSpec("latency_s.p95 <= 2", "latency_s", "p95", "<=", 2.0),
        GateSpec("error_rate <= 0.2", None, "error_rate", "<=", 0.2),
    ]
    if shape.failing_gate:
        gates.append(
            GateSpec(
                "exact_match.mean >= 0.90", "exact_match", "mean", ">=", 0.90, ("few_shot@1.1",), origin="few_shot@1.1"
            )
        )
    return tuple(gates)


def _variant(name: str) -> Variant:
    prompt, _, version = name.partition("@")
    version = version or "1.0"
    path = f"suites/feedback/prompts/{prompt}/v{version}.yaml"
    techniques = Techniques()
    return Variant(
        name,
        PromptVersion(prompt, version, path, (), {"text": "str"}, (), techniques, OutputSpec(), "5a1fe0b3c2d49788"),
        techniques,
    )


def _sample(suite: str, at: int, *, hostile: bool) -> Sample:
    text, label = _REVIEWS[at % len(_REVIEWS)]
    if hostile and at < len(HOSTILE):
        text = HOSTILE[at]
    number = f"{suite[:2]}{at + 1:03d}"
    tags = ("short",) if at % 3 == 0 else ("long", "complaint") if at % 3 == 1 else ()
    references = () if at % 10 == 9 else (label,)
    return Sample(number, {"text": text}, references, f"customer-{at // 3}", tags, f"datasets/{suite}.jsonl:{at + 1}")


def _messages(variant: str, sample: Sample) -> tuple[Message, ...]:
    ask = "Classify the feedback as positive, negative or neutral. Answer with one word."
    shots = []
    if variant.startswith("few_shot"):
        for text, label in _REVIEWS[:3]:
            shots += [Message("user", f"Feedback: {text}"), Message("assistant", label)]
    tail = "\n\nThink step by step, then write: Answer: <label>" if variant == "chain_of_thought" else ""
    return (Message("system", ask), *shots, Message("user", f"Feedback: {sample.variables['text']}{tail}"))


def results_of(suite: Suite, shape: Shape, chance: random.Random) -> list[TrialResult]:
    results = []
    for variant in suite.variants:
        for backend in suite.backends:
            for at, sample in enumerate(suite.samples):
                for repeat in range(1, shape.repeats + 1):
                    name = f"{suite.name}/{variant.name}/{backend.name}/{sample.sample_id}/{repeat}"
                    trial = Trial(
                        name, suite.name, variant.name, backend.name, sample, repeat, _messages(variant.name, sample)
                    )
                    results.append(_result(trial, at, chance, hostile=shape.hostile))
    return results


def _result(trial: Trial, at: int, chance: random.Random, *, hostile: bool) -> TrialResult:
    roll = chance.random()
    label = _REVIEWS[at % len(_REVIEWS)][1]
    skill = _SKILL.get(trial.variant, 0.6) + (0.15 if trial.backend == "local" else 0.0)
    if roll > 0.95 and not (hostile and at < len(HOSTILE)):
        return _failed(trial, _ERRORS[int(chance.random() * len(_ERRORS))])
    answer = label if chance.random() < skill else chance.choice(["positive", "negative", "neutral"])
    text = answer
    if trial.variant == "chain_of_thought":
        said = str(trial.sample.variables["text"])[:40]
        text = f"The writer mentions: {said}\nThat reads as {answer}.\n\nAnswer: {answer}"
    if hostile and at < len(HOSTILE):
        answer = text = HOSTILE[at]
    latency = round(0.2 + chance.expovariate(2.5), 4)
    cost = round(0.00002 + chance.random() * 0.0001, 8) if trial.backend == "local" else None
    generation = Generation(
        text,
        "stop" if chance.random() < 0.9 else "length",
        latency,
        96 + at % 40,
        2 + len(text) // 5,
        32 if at % 2 else None,
        cost,
        from_cache=chance.random() < 0.3,
        started_at="2026-11-22T20:18:50Z",
    )
    scores = _scores(trial, answer, generation)
    missed = () if scores[0].value in (1.0, None) else ("exact_match == 1: is 0",)
    return TrialResult(trial, "failed" if missed else "passed", answer, generation, None, scores, missed)


def _failed(trial: Trial, error: tuple[ErrorKind, str]) -> TrialResult:
    kind, message = error
    if kind == "output":
        generation = Generation("I am not sure what you mean.", "stop", 0.8, 90, 8, None, None)
        scores = _scores(trial, "", generation)
        return TrialResult(
            trial, "failed", "", generation, CallError(kind, message), scores, ("exact_match == 1: is 0",)
        )
    scores = tuple(Score(measure.name, None, "failed", f"no answer: {kind}") for measure in MEASURES)
    return TrialResult(trial, "error", None, None, CallError(kind, message), scores, ())


def with_failed_metric(result: TrialResult) -> TrialResult:
    first, *rest = result.scores
    broken = Score(first.metric, None, "failed", "ZeroDivisionError: division by zero")
    return replace(result, outcome="error", scores=(broken, *rest), missed=())


def not_run(result: TrialResult) -> TrialResult:
    return TrialResult(result.trial, "not_run", None, None, None, (), ())


def _scores(trial: Trial, answer: str, generation: Generation) -> tuple[Score, ...]:
    references = trial.sample.references
    same = float(bool(references) and answer == references[0])
    values = {
        "exact_match": same if references else None,
        "f1": (same or 0.25) if references else None,
        "bleu": same * 100 if references else None,
        "latency_s": generation.latency_s,
        "cost_usd": generation.cost_usd,
    }
    why = {"cost_usd": "the price of this model is unknown"}
    return tuple(
        Score(name, value, "unscored", why.get(name, "the sample has no reference"))
        if value is None
        else Score(name, value, "scored")
        for name, value in values.items()
    )
