"""Runs as the report gets them: 3 variants x 2 backends, errors of several kinds, unscored scores, hostile texts."""

from __future__ import annotations

import math
import random
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import mean, stdev
from typing import TYPE_CHECKING, Any

from harness.schema import (
    Aggregate,
    BackendSpec,
    CallError,
    Cell,
    CheckSpec,
    GateSpec,
    Generation,
    Measure,
    Message,
    MetricSpec,
    OutputSpec,
    PromptVersion,
    RunManifest,
    RunRecord,
    Sample,
    Score,
    Suite,
    Techniques,
    Trial,
    TrialResult,
    Variant,
    Verdict,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.errors import ErrorKind
    from harness.schema import Aggregation, Outcome

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


@dataclass(frozen=True)
class Shape:
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


def build_record(shape: Shape | None = None) -> RunRecord:
    shape = shape or Shape()
    chance = random.Random(0)  # noqa: S311 - a reproducible run, not a secret
    suites = tuple(_suite(name, shape) for name in shape.suites)
    results = tuple(result for suite in suites for result in _results(suite, shape, chance))
    if shape.failing_metric:
        results = (_with_failed_metric(results[0]), *results[1:])
    if not shape.complete:
        stop = len(results) * 3 // 4
        results = results[:stop] + tuple(_not_run(result) for result in results[stop:])
    cells = tuple(
        _cell(suite, variant.name, backend, results=results)
        for suite in suites
        for variant in suite.variants
        for backend in suite.backends
    )
    verdicts = tuple(
        _verdict(gate, cell)
        for suite in suites
        for gate in suite.gates
        for cell in cells
        if cell.suite == suite.name and (gate.variants is None or cell.variant in gate.variants)
    )
    manifest = build_manifest(suites, results, verdicts, complete=shape.complete)
    return RunRecord(manifest, suites, results, cells, verdicts)


def build_manifest(
    suites: Sequence[Suite], results: Sequence[TrialResult], verdicts: Sequence[Verdict], *, complete: bool = True
) -> RunManifest:
    outcomes = Counter(result.outcome for result in results)
    answers = [result.generation for result in results if result.generation is not None]
    totals: dict[str, Any] = {
        "trials": len(results),
        **{name: outcomes[name] for name in ("passed", "failed", "error", "not_run")},
        "from_cache": sum(answer.from_cache for answer in answers),
        "calls": sum(not answer.from_cache for answer in answers),
        "retries": 7,
        "input_tokens": sum(answer.input_tokens or 0 for answer in answers),
        "output_tokens": sum(answer.output_tokens or 0 for answer in answers),
        "cost_usd": None,
        "spent_usd": 0.0124,
    }
    return RunManifest(
        schema_version=1,
        run_id="20261122T201849Z-3f9a",
        started_at="2026-11-22T20:18:49Z",
        wall_s=133.4,
        complete=complete,
        versions={
            "harness": "0.1.0",
            "python": "3.11.2",
            "pytest": "9.2.0",
            "sacrebleu": "2.6.0",
            "xllamacpp": "2026.10.11549",
        },
        git_commit="76e7105d2c1f+",
        suites=tuple({"name": suite.name, "path": suite.path, "n_samples": len(suite.samples)} for suite in suites),
        totals=totals,
        verdicts=tuple({"suite": one.suite, "gate": one.gate.text, "passed": one.passed} for one in verdicts),
        cells=(),
    )


def with_output(record: RunRecord, at: int, text: str) -> RunRecord:
    """The record with that trial's answer replaced."""
    results = list(record.results)
    old = results[at]
    generation = replace(old.generation or Generation(""), text=text)
    results[at] = replace(old, output=text, generation=generation, error=None, outcome="passed")
    return replace(record, results=tuple(results))


def _suite(name: str, shape: Shape) -> Suite:
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
                "llamacpp" if "Smol" in model else "openai",
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
        gates=tuple(gates),
        suite_hash="0f3a9c2b11d4e5f6",
        dataset_hash="9b1c77aa02de4451",
        dataset_path=f"datasets/{name}.jsonl",
    )


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


def _results(suite: Suite, shape: Shape, chance: random.Random) -> list[TrialResult]:
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


def _with_failed_metric(result: TrialResult) -> TrialResult:
    first, *rest = result.scores
    broken = Score(first.metric, None, "failed", "ZeroDivisionError: division by zero")
    return replace(result, outcome="error", scores=(broken, *rest), missed=())


def _not_run(result: TrialResult) -> TrialResult:
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


def _cell(suite: Suite, variant: str, backend: BackendSpec, *, results: Sequence[TrialResult]) -> Cell:
    own = [
        one
        for one in results
        if (one.trial.suite, one.trial.variant, one.trial.backend) == (suite.name, variant, backend.name)
    ]
    outcomes = Counter(one.outcome for one in own)
    aggregates = [_mean(measure.name, own) for measure in MEASURES]
    bleu = aggregates[2]
    aggregates.append(replace(bleu, aggregation="corpus", ci_low=None, ci_high=None, method="none"))
    aggregates.append(_error_rate(outcomes, len(own)))
    costs = [one.generation.cost_usd for one in own if one.generation is not None]
    known = [cost for cost in costs if cost is not None]
    prompt, _, version = variant.partition("@")
    return Cell(
        suite.name,
        variant,
        backend.name,
        backend.model,
        prompt,
        version or "1.0",
        len(own),
        outcomes["passed"],
        outcomes["failed"],
        outcomes["error"],
        outcomes["not_run"],
        tuple(aggregates),
        _p95(own),
        sum(known) if len(known) == len(costs) else None,
        sum(one.error is not None and one.error.kind == "output" for one in own),
    )


def _mean(metric: str, own: Sequence[TrialResult]) -> Aggregate:
    scores = [score for one in own for score in one.scores if score.metric == metric]
    values = [score.value for score in scores if score.value is not None]
    unscored = sum(score.status == "unscored" for score in scores)
    failed = sum(score.status == "failed" for score in scores)
    if len(values) < 2:
        reason = next((score.reason for score in scores if score.value is None), None)
        return Aggregate(metric, "mean", None, None, None, "none", len(values), unscored, failed, reason=reason)
    middle, half = mean(values), 2.0 * stdev(values) / math.sqrt(len(values))
    method = "wilson" if metric == "exact_match" else "cluster-t" if metric == "f1" else "t"
    low, high = max(0.0, middle - half), middle + half
    high = min({"exact_match": 1.0, "f1": 1.0, "bleu": 100.0}.get(metric, high), high)
    return Aggregate(
        metric, "mean", middle, low, high, method, len(values), unscored, failed, 7 if metric == "f1" else None
    )


def _error_rate(outcomes: Counter[Outcome], n: int) -> Aggregate:
    rate = outcomes["error"] / n if n else None
    low, high = (None, None) if rate is None else (max(0.0, rate - 0.04), min(1.0, rate + 0.08))
    return Aggregate("error_rate", "error_rate", rate, low, high, "wilson", n, 0, 0)


def _p95(own: Sequence[TrialResult]) -> Aggregate | None:
    values = sorted(one.generation.latency_s for one in own if one.generation is not None)
    if not values:
        return None
    at = min(len(values) - 1, math.ceil(0.95 * len(values)) - 1)
    return Aggregate(
        "latency_s", "p95", values[at], values[max(0, at - 3)], values[-1], "order statistics", len(values), 0, 0
    )


def _verdict(gate: GateSpec, cell: Cell) -> Verdict:
    found = [
        one
        for one in (*cell.aggregates, cell.latency_p95)
        if one is not None and _is_of(one, gate.metric, gate.aggregation)
    ]
    aggregate = (
        found[0]
        if found
        else Aggregate(gate.metric or "error_rate", gate.aggregation, None, None, None, "none", 0, 0, 0)
    )
    value = aggregate.value
    holds = value is not None and (value >= gate.threshold if gate.operator == ">=" else value <= gate.threshold)
    word = "holds" if holds else "does not hold"
    message = f"{gate.text} {word}: is {value if value is None else round(value, 3)} (n = {aggregate.n_scored})"
    return Verdict(cell.suite, gate, cell.variant, cell.backend, holds, aggregate, message)


def _is_of(one: Aggregate, metric: str | None, aggregation: Aggregation) -> bool:
    return one.metric == (metric or "error_rate") and one.aggregation == aggregation
