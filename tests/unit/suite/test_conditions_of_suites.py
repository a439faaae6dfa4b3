from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from harness.errors import FilesError
from harness.schema import CheckSpec, GateSpec, RegressionSpec

if TYPE_CHECKING:
    from harness.schema import Suite
    from tests.unit.suite.conftest import Project


def _load(project: Project, tail: str, *, prompts: str = "[zero_shot]", metrics: str = "[exact_match]") -> Suite:
    dataset = "{path: ../../datasets/demo.jsonl, reference: label}"
    project.suite(f"dataset: {dataset}\nprompts: {prompts}\nmetrics: {metrics}\n{tail}\n")
    return project.load()


def _names(suite: Suite) -> list[str]:
    return [measure.name for measure in suite.measures]


def test_metrics_with_and_without_options(project: Project) -> None:
    suite = _load(project, "", metrics="[exact_match, {rouge: {stemmer: true}}, bleu: ]")
    assert [(spec.name, dict(spec.options)) for spec in suite.metrics] == [
        ("exact_match", {}), ("rouge", {"stemmer": True}), ("bleu", {}),
    ]  # fmt: skip
    assert _names(suite) == ["exact_match", "rouge1", "rougeL", "bleu", "latency_s", "input_tokens", "cost_usd"]


def test_a_module_of_evaluate_may_be_named_in_short_or_with_every_option(project: Project) -> None:
    short = "{evaluate: wer.py, key: wer, args: {fast: true}}"
    suite = _load(project, "", metrics=f"[{short}, {{evaluate: {{name: acc, key: acc, high: null}}}}]")
    assert [(spec.name, dict(spec.options)) for spec in suite.metrics] == [
        ("evaluate", {"name": "wer.py", "key": "wer", "args": {"fast": True}}),
        ("evaluate", {"name": "acc", "key": "acc", "high": None}),
    ]
    assert _names(suite)[:2] == ["evaluate.wer", "evaluate.acc"]


def test_a_measured_value_may_be_listed(project: Project) -> None:
    suite = _load(project, "", metrics="[latency_s, exact_match]")
    assert _names(suite) == ["exact_match", "latency_s", "input_tokens", "cost_usd"]
    assert [spec.name for spec in suite.metrics] == ["exact_match"]


def test_checks_and_gates_add_the_metrics_they_name(project: Project) -> None:
    suite = _load(project, "checks: [json_valid]\ngates: [bleu.mean >= 10, latency_s.p95 <= 2]")
    assert [spec.name for spec in suite.metrics] == ["exact_match", "json_valid", "bleu"]
    assert _names(suite)[:3] == ["exact_match", "json_valid", "bleu"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("latency_s <= 30", CheckSpec("latency_s <= 30", "latency_s", "<=", 30.0)),
        ("'json_valid'", CheckSpec("json_valid", "json_valid", "==", 1.0)),
        ("'exact_match  !=  0'", CheckSpec("exact_match != 0", "exact_match", "!=", 0.0)),
        ("'latency_s<3e1'", CheckSpec("latency_s<3e1", "latency_s", "<", 30.0)),
    ],
)
def test_checks_are_read(project: Project, text: str, expected: CheckSpec) -> None:
    assert _load(project, f"checks: [{text}]").checks == (expected,)


@pytest.mark.parametrize("aggregate", ["mean", "min", "max", "p50", "p90", "p95", "p99", "rate"])
def test_gates_are_read(project: Project, aggregate: Any) -> None:
    expected = GateSpec(f"exact_match.{aggregate} >= 0.60", "exact_match", aggregate, ">=", 0.6)
    assert _placeless(_load(project, f"gates: ['exact_match.{aggregate}  >=0.60']")) == (expected,)


def test_gate_on_pass_at_k_is_read_with_its_k(project: Project) -> None:
    expected = GateSpec("exact_match.pass@3 >= 0.3", "exact_match", "pass@k", ">=", 0.3, k=3)
    assert _placeless(_load(project, "repeats: 5\ngates: [exact_match.pass@3 >= 0.3]")) == (expected,)


def _placeless(suite: Suite) -> tuple[GateSpec, ...]:
    return tuple(replace(gate, path="", line=None) for gate in suite.gates)


@pytest.mark.parametrize(
    ("gate", "message"),
    [
        (
            "exact_match.pass@6 >= 0.3",
            (
                "pass@6 needs 6 answers to each sample, and the suite asks for 5; a k up to the number of repeats is "
                "allowed; write 'repeats: 6'"
            ),
        ),
        (
            "exact_match.pass@0 >= 0.3",
            (
                "aggregate 'pass@0' names no number of answers; pass@1, pass@2 … are allowed; write for example "
                "'exact_match.pass@1 >= 0.3'"
            ),
        ),
        (
            "exact_match.pass@k >= 0.3",
            (
                "aggregate 'pass@k' names no number of answers; pass@1, pass@2 … are allowed; write for example "
                "'exact_match.pass@1 >= 0.3'"
            ),
        ),
        (
            "bleu.pass@1 >= 0.3",
            "'bleu' says of no answer that it is right; pass@k is for metrics from 0 to 1; use 'mean'",
        ),
        (
            "exact_match.pass@1 >= 30",
            (
                "threshold 30 lies outside the range of 'exact_match.pass@1'; 0 to 1 is allowed; choose a value in the "
                "range"
            ),
        ),
    ],
)
def test_gate_on_pass_at_k_that_cannot_be_says_why(project: Project, gate: str, message: str) -> None:
    with pytest.raises(FilesError) as raised:
        _load(project, f"repeats: 5\ngates: ['{gate}']")
    assert [mistake.message for mistake in raised.value.mistakes] == [message]


@pytest.mark.parametrize(
    ("text", "metric", "aggregation"),
    [("exact_match.n >= 100", "exact_match", "n"), ("cost_usd.sum <= 12", "cost_usd", "sum"),
     ("bleu.corpus >= 30", "bleu", "corpus"), ("error_rate <= 0", None, "error_rate")],
)  # fmt: skip
def test_gates_of_other_ranges_are_read(project: Project, *, text: str, metric: str | None, aggregation: str) -> None:
    gate = _load(project, f"gates: [{text}]").gates[0]
    assert (gate.metric, gate.aggregation, gate.text, gate.origin) == (metric, aggregation, text, "suite")


def test_a_scope_names_a_variant_or_every_variant_of_a_prompt(project: Project) -> None:
    prompts = "[few_shot@1.0, {prompt: few_shot, name: similar}, zero_shot]"
    gate = "{gate: error_rate <= 0, variants: [%s], backends: [smollm2]}"
    suite = _load(project, f"gates: [{gate % 'few_shot'}, {gate % 'similar'}]", prompts=prompts)
    assert [scoped.variants for scoped in suite.gates] == [("few_shot@1.0", "similar"), ("similar",)]
    assert [scoped.backends for scoped in suite.gates] == [("smollm2",), ("smollm2",)]


def test_a_variants_own_name_comes_before_the_prompts(project: Project) -> None:
    gate = "{gate: error_rate <= 0, variants: [few_shot]}"
    suite = _load(project, f"gates: [{gate}]", prompts="[few_shot, few_shot@1.0]")
    assert suite.gates[0].variants == ("few_shot",)


def test_a_performance_baseline_becomes_gates_of_the_variants_that_use_it(project: Project) -> None:
    project.prompt(
        "metadata:\n"
        "  performance_baseline: {exact_match: 0.62, ter: 40, latency_p95: 1.2s, latency_p50: 300ms, latency_p99: 2,\n"
        "    cost_per_1k: 0.03}\n"
        "inputs: {text: str}\ntemplate: x\n"
    )
    prompts = "[zero_shot, {prompt: zero_shot@1.0, name: again}, few_shot]"
    gates = _load(project, "gates: [error_rate <= 0]", prompts=prompts, metrics="[exact_match, ter]").gates
    assert [gate.text for gate in gates] == [
        "error_rate <= 0",
        "exact_match.mean >= 0.62",
        "ter.mean <= 40",
        "latency_s.p95 <= 1.2",
        "latency_s.p50 <= 0.3",
        "latency_s.p99 <= 2",
        "cost_usd.mean <= 3e-05",
    ]
    assert {gate.variants for gate in gates[1:]} == {("zero_shot", "again")}
    assert {gate.origin for gate in gates[1:]} == {"zero_shot@1.0"}
    assert gates[-1].threshold == 0.00003
    assert [gate.regression for gate in gates] == [
        None, RegressionSpec(target=0.62), RegressionSpec(target=40.0), None, None, None, None,
    ]  # fmt: skip
    assert [gate.judged_by for gate in gates] == ["value", "value", "value", *["missed"] * 4]
