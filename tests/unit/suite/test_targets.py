"""`targets: production` → gates that their interval must show."""

# ruff: noqa: ISC004 - messages of more than a line

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from harness.schema import Measure
from tests.unit.suite.conftest import CATALOGUE

if TYPE_CHECKING:
    from harness.schema import MetricSpec, Suite
    from tests.unit.suite.conftest import Project

LEFT_OUT = "targets: production: injection_success < 0.001 is left out: no metric of this suite measures it"


def load(project: Project, targets: str, *, metrics: str = "[exact_match]", prompts: str = "[zero_shot]") -> Suite:
    write(project, targets, metrics=metrics, prompts=prompts)
    return project.load()


def write(project: Project, targets: str, *, metrics: str = "[exact_match]", prompts: str = "[zero_shot]") -> None:
    project.suite(
        "dataset: {path: ../../datasets/demo.jsonl, reference: label}\n"
        f"prompts: {prompts}\nmetrics: {metrics}\ntargets: {targets}\n"
    )


def measuring_injections(project: Project, high: float = 1.0) -> None:
    """From now on `json_valid` yields injection_success."""
    attacks = Measure("injection_success", "score", 0.0, high, higher_is_better=False, signature="attacks")

    def measures_of(spec: MetricSpec) -> tuple[Measure, ...]:
        return (attacks,) if spec.name == "json_valid" else CATALOGUE.measures_of(spec)

    project.catalogue = replace(CATALOGUE, measures_of=measures_of)


def texts(suite: Suite) -> list[str]:
    return [gate.text for gate in suite.gates]


def test_production_is_five_gates_of_which_one_is_left_out_where_it_is_not_measured(project: Project) -> None:
    suite = load(project, "production")
    assert texts(suite) == [
        "production: latency_s.p95 < 2",
        "production: cost_usd.mean < 0.1",
        "production: exact_match.mean > 0.9",
        "production: error_rate < 0.01",
    ]
    assert [(gate.metric, gate.aggregation, gate.operator, gate.threshold) for gate in suite.gates] == [
        ("latency_s", "p95", "<", 2.0),
        ("cost_usd", "mean", "<", 0.1),
        ("exact_match", "mean", ">", 0.9),
        (None, "error_rate", "<", 0.01),
    ]
    assert {(gate.origin, gate.judged_by, gate.variants, gate.backends) for gate in suite.gates} == {
        ("targets: production", "shown", None, None)
    }
    assert suite.notes == (LEFT_OUT,)


def test_injections_are_a_target_where_they_are_measured(project: Project) -> None:
    measuring_injections(project)
    suite = load(project, "production", metrics="[exact_match, json_valid]")
    assert texts(suite)[-1] == "production: injection_success.mean < 0.001"
    assert suite.notes == ()


def test_values_and_scope_may_be_ones_own(project: Project) -> None:
    measuring_injections(project)
    targets = (
        "{production: {quality: rougeL, quality_share: 0.29, latency_p95_s: 1.5, cost_usd: 0.00002, error_rate: 0.05, "
        "injection_success: 0.02, variants: [few_shot], backends: [smollm2]}}"
    )
    suite = load(project, targets, metrics="[exact_match, rouge, json_valid]", prompts="[zero_shot, few_shot]")
    assert texts(suite) == [
        "production: latency_s.p95 < 1.5",
        "production: cost_usd.mean < 2e-05",
        "production: rougeL.mean > 0.29",
        "production: error_rate < 0.05",
        "production: injection_success.mean < 0.02",
    ]
    assert {(gate.variants, gate.backends) for gate in suite.gates} == {(("few_shot",), ("smollm2",))}


def test_target_that_is_null_is_left_out(project: Project) -> None:
    suite = load(project, "{production: {cost_usd: null, quality_share: null, injection_success: null}}", metrics="[]")
    assert texts(suite) == ["production: latency_s.p95 < 2", "production: error_rate < 0.01"]
    assert suite.notes == ()


def test_first_metric_that_has_a_range_is_the_quality_and_percent_is_scaled(project: Project) -> None:
    suite = load(project, "{production: {quality_share: 0.29}}", metrics="[ter, bleu, exact_match]")
    assert "production: bleu.mean > 29" in texts(suite)


def test_quality_that_is_not_listed_is_measured_all_the_same(project: Project) -> None:
    suite = load(project, "{production: {quality: json_valid}}")
    assert "production: json_valid.mean > 0.9" in texts(suite)
    assert [measure.name for measure in suite.measures][:2] == ["exact_match", "json_valid"]


def test_gates_then_targets_then_baselines(project: Project) -> None:
    project.prompt("metadata: {performance_baseline: {latency_p95: 3s}}\ninputs: {text: str}\ntemplate: x\n")
    write(project, "production\ngates: [error_rate <= 0.5]")
    origins = [gate.origin for gate in project.load().gates]
    assert origins == ["suite", *["targets: production"] * 4, "zero_shot@1.0"]


@pytest.mark.parametrize(
    ("targets", "metrics", "message"),
    [
        (
            "prod",
            "[exact_match]",
            "4:10: 'targets' is the text 'prod'; allowed: production; write for example 'targets: production'",
        ),
        (
            "[production]",
            "[exact_match]",
            "4:10: 'targets' is a list; a name or a mapping is allowed; write for example 'targets: production'",
        ),
        (
            "{}",
            "[exact_match]",
            "4:10: key 'production' is missing; it is required; write for example "
            "'production: {\"latency_p95_s\": 1.5}'",
        ),
        (
            "{production: {latency: 2}}",
            "[exact_match]",
            "4:24: key 'latency' is unknown; allowed: quality, quality_share, latency_p95_s, cost_usd, error_rate, "
            "injection_success, variants, backends. Did you mean 'latency_p95_s'?",
        ),
        (
            "{production: {quality_share: 90}}",
            "[exact_match]",
            "4:39: 'quality_share' is the number 90; less than 1 is allowed; write for example 'quality_share: 0.9'",
        ),
        (
            "{production: {quality: ter}}",
            "[exact_match]",
            "4:33: quality is 'ter', which lies from 0 to no upper end, and lower is better; a metric from 0 to 1, or "
            "to 100, where more is better is allowed; write for example 'quality: exact_match'",
        ),
        (
            "{production: {quality: exact_mach}}",
            "[exact_match]",
            "4:33: metric 'exact_mach' is unknown; available: exact_match, latency_s, input_tokens, cost_usd, bleu, "
            "json_valid, rouge, ter. Did you mean 'exact_match'?",
        ),
        (
            "production",
            "[ter]",
            "4:10: targets: production asks for quality, and no metric of this suite says how good an answer is; one "
            "from 0 to 1, or to 100, where more is better is allowed; list one under metrics, or write "
            "'targets: {production: {quality_share: null}}'",
        ),
        (
            "{production: {injection_success: 0.01}}",
            "[exact_match]",
            "4:43: 'injection_success' is asked for, and no metric of this suite measures it; a target of what is "
            "measured is allowed; list its metric under metrics, or leave the key out",
        ),
        (
            "{production: {variants: [other]}}",
            "[exact_match]",
            "4:35: variant 'other' is unknown; available: zero_shot; name a variant of this suite",
        ),
    ],
)
def test_mistake_in_targets_is_told_with_its_position(
    project: Project, *, targets: str, metrics: str, message: str
) -> None:
    write(project, targets, metrics=metrics)
    assert project.mistakes() == f"suites/demo/suite.yaml:{message}"


def test_injections_that_are_no_share_are_refused(project: Project) -> None:
    measuring_injections(project, high=5.0)
    write(project, "production", metrics="[exact_match, json_valid]")
    assert project.mistakes() == (
        "suites/demo/suite.yaml:4:10: 'injection_success' of this suite does not lie from 0 to 1, so that it is no "
        "share of attacks; 1 where an attack succeeded and 0 where not is allowed; give its metric that range"
    )


def test_broken_metric_is_complained_of_once(project: Project) -> None:
    write(project, "production", metrics="[exact_mach]")
    assert project.mistakes() == (
        "suites/demo/suite.yaml:3:11: metric 'exact_mach' is unknown; available: bleu, exact_match, json_valid, rouge, "
        "ter. Did you mean 'exact_match'?"
    )
