"""What gates can see with the samples of a suite, told before anything is run."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from msgspec.structs import replace
from scipy import stats

from harness.comparison import PASS_OR_FAIL, regression_sights, threshold_sights
from harness.schema import GateSpec, Measure, Measured, MetricSpec, RegressionSpec, Rows, Sample
from harness.score.registry import BUILTIN, EXAMPLES, FROM_ENTRY, create
from harness.stats import minimum_detectable_effect
from tests.builders import make_suite

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.schema import Aggregation, CellKey, Operator, Sight, Suite

EXACT = Measure("exact_match", "score", 0.0, 1.0, higher_is_better=True, signature="exact")
F1 = Measure("f1", "score", 0.0, 1.0, higher_is_better=True, signature="f1")
TER = Measure("ter", "percent", 0.0, None, higher_is_better=False, signature="ter")
CELL = ("s", "few_shot", "b")


def samples(count: int, per_group: int = 0) -> tuple[Sample, ...]:
    return tuple(
        Sample(f"s{n}", {}, (), f"g{n // per_group}" if per_group else None, (), f"rows.jsonl:{n}")
        for n in range(count)
    )


def suite_of(count: int, per_group: int = 0, **fields: Any) -> Suite:
    return make_suite(samples=samples(count, per_group), measures=(EXACT, F1, TER), **fields)


def regression(metric: str = "exact_match", **spec: Any) -> GateSpec:
    return GateSpec(f"{metric}.regression", metric, "difference", ">=", 0.0, regression=RegressionSpec(**spec))


def cells(count: int) -> list[CellKey]:
    return [("s", f"v{n}", "b") for n in range(count)]


def seen(suite: Suite, gate: GateSpec, n_cells: int = 1, *, baseline: Measured | None = None) -> Sight:
    baselines = {"s": baseline} if baseline is not None else {}
    (found,) = regression_sights([(suite, [(gate, cell) for cell in cells(n_cells)])], baselines)
    return found


def baseline(values: Sequence[Sequence[float]], metric: str = "exact_match", variants: int = 1) -> Measured:
    """A row of values a sample, a column a repeat."""
    every = [(f"s{n}", k + 1, value) for n, row in enumerate(values) for k, value in enumerate(row)]
    rows = Rows(
        samples=[sample for sample, _, _ in every],
        repeats=[repeat for _, repeat, _ in every],
        contents=["c"] * len(every),
        groups=[None] * len(every),
        outcomes=["passed"] * len(every),
        outputs=["x"] * len(every),
        references=[()] * len(every),
        values={metric: np.array([value for _, _, value in every], dtype=float)},
    )
    measures = {each.name: each for each in (EXACT, F1, TER)}
    return Measured("before", "s", "d", {}, {}, measures, {(f"v{n}", "b"): rows for n in range(variants)})


# -- regression gates -----------------------------------------------------------------------------------------------


def test_sixty_samples_see_what_the_page_on_verdicts_says() -> None:
    page = (Path(__file__).parents[3] / "docs/explanation/regression-verdicts.md").read_text()
    assert "one in\nten flips, from 0.20 on; among 24 gates, 0.32." in page
    assert seen(suite_of(60), regression(), 24).message == (
        "60 samples can only see drops of exact_match above 0.32 (among 24 comparisons; 0.20 for one gate alone); "
        "assumed: one answer in ten flips by itself"
    )
    assert seen(suite_of(60), regression()).message == (
        "60 samples can only see drops of exact_match above 0.20; assumed: one answer in ten flips by itself"
    )


def promise(metric: str = "exact_match", target: float = 0.7) -> GateSpec:
    spec = RegressionSpec(target=target)
    return GateSpec(f"{metric}.mean >= {target}", metric, "mean", ">=", target, origin="v@1.0", regression=spec)


def test_number_that_a_prompt_promises_is_seen_by_how_values_themselves_scatter() -> None:
    drop = minimum_detectable_effect(60, sd=0.21**0.5)
    found = seen(suite_of(60), promise())
    assert found.gate == "exact_match.mean >= 0.7"
    assert found.smallest == pytest.approx(drop)
    assert found.message == (
        "60 samples can only see drops of exact_match from the promised 0.7 above 0.17; "
        "assumed: values scatter as passes and failures do"
    )
    flat = seen(suite_of(60), promise("f1"), baseline=baseline([[0.6], [0.8]] * 20, "f1", 1))
    sd = float(np.std([0.6, 0.8] * 20, ddof=1))
    assert flat.smallest == pytest.approx(minimum_detectable_effect(60, sd=sd))
    assert flat.message.endswith("; by how values scatter in the baseline")
    assert seen(suite_of(60), promise("ter")).message == (
        "60 samples can see only some rises of ter from the promised 0.7: which is not known, save a baseline to know"
    )


def test_gates_that_do_not_fail_by_the_value_alone_say_nothing_of_shares() -> None:
    target = GateSpec("production: exact_match.mean > 0.9", "exact_match", "mean", ">", 0.9, judged_by="shown")
    assert threshold_sights(suite_of(20), [(target, CELL), (promise(), CELL)]) == []


def test_family_is_that_of_all_suites_that_run_together() -> None:
    plans = [(suite_of(60, name=name), [(regression(), cell) for cell in cells(12)]) for name in ("s", "t")]
    first, second = regression_sights(plans)
    assert (first.suite, second.suite) == ("s", "t")
    assert first.n_gates == second.n_gates == 24
    assert first.smallest == second.smallest == pytest.approx(0.317, abs=5e-4)


def test_gate_without_correction_sees_as_if_it_were_alone() -> None:
    found = seen(suite_of(60), regression(correction="none"), 24)
    assert (found.n_gates, found.smallest) == (1, found.smallest_alone)


def test_repeats_in_the_baseline_tell_how_much_flips() -> None:
    never = baseline([[1, 1]] * 40 + [[0, 0]] * 20)
    assert seen(suite_of(60), regression(), baseline=never).message == (
        "60 samples can only see drops of exact_match above 0.13; 0 % of the answers flip by themselves, by the "
        "repeats in the baseline"
    )
    often = baseline([[1, 0]] * 15 + [[1, 1]] * 45)
    found = seen(suite_of(60), regression(), baseline=often)
    assert found.message.endswith("25 % of the answers flip by themselves, by the repeats in the baseline")
    assert found.smallest is not None
    assert found.smallest > 0.2


def test_worst_variant_decides() -> None:
    noisy, quiet = baseline([[1, 0]] * 30 + [[1, 1]] * 30), baseline([[1, 1]] * 60)
    both = replace(quiet, cells={("v0", "b"): quiet.cells["v0", "b"], ("v1", "b"): noisy.cells["v0", "b"]})
    assert "; 50 % of the answers flip by themselves" in seen(suite_of(60), regression(), 2, baseline=both).message


def test_scores_without_repeats_are_taken_to_be_answered_anew_in_one_case_of_five() -> None:
    wide, narrow = (baseline([[0.5 + width], [0.5 - width]] * 30, "f1") for width in (0.4, 0.1))
    found = [seen(suite_of(60), regression("f1"), baseline=each) for each in (wide, narrow)]
    assert all(each.message.endswith("; assumed: one answer in five is given anew") for each in found)
    assert found[0].smallest is not None
    assert found[1].smallest is not None
    assert found[0].smallest > found[1].smallest > 0


def test_more_repeats_see_smaller_drops() -> None:
    once, thrice = (seen(suite_of(60, repeats=repeats), regression()).smallest for repeats in (1, 3))
    assert once is not None
    assert thrice is not None
    assert thrice < once


def test_groups_count_once() -> None:
    grouped = seen(suite_of(60, per_group=3), regression())
    assert grouped.message.startswith("60 samples in 20 groups can only see drops of exact_match above 0.")
    assert grouped.smallest == seen(suite_of(20), regression()).smallest


def test_too_few_samples_show_nothing() -> None:
    found = seen(suite_of(5), regression(), 24)
    assert found.smallest is None
    assert found.message == "5 samples can show no drops of exact_match among 24 comparisons: it takes at least 10"


def test_nothing_is_said_of_amounts_that_nobody_has_measured() -> None:
    assert seen(suite_of(60), regression("ter")).message == (
        "60 samples can see only some rises of ter: which is not known, save a baseline to know"
    )
    known = seen(suite_of(60), regression("ter"), baseline=baseline([[20.0, 24.0], [60.0, 55.0]] * 30, "ter"))
    assert known.message.startswith("60 samples can only see rises of ter above ")
    assert known.smallest is not None
    assert 1 < known.smallest < 30


@pytest.mark.parametrize("gate", [regression("f1"), regression("f1", margin=0.02), promise("f1")])
@pytest.mark.parametrize("ends", [(-1.7e308, 1.7e308), (0.0, 1e200), (0.0, None), (0.0, 1.0)])
@pytest.mark.parametrize("before", [None, [[1e308], [-1e308]], [[1e200, 2e200], [3e200, 1.0]]])
def test_range_that_squares_to_no_number_is_said_and_reckoned_with_no_further(
    gate: GateSpec, ends: tuple[float, float | None], before: list[list[float]] | None
) -> None:
    suite = replace(suite_of(60), measures=(replace(F1, low=ends[0], high=ends[1]),))
    sight = seen(suite, gate, baseline=None if before is None else baseline(before * 30, "f1"))
    if before is None and ends[1] in {None, 1.0}:
        assert ("save a baseline to know" in sight.message) == (ends[1] is None)
    else:
        assert (sight.smallest, sight.smallest_alone) == (None, None)
        assert sight.message.endswith("which is not known, its values may lie too far apart to reckon with")


def test_nothing_is_seen_where_all_answers_flip() -> None:
    found = seen(suite_of(60), regression(), baseline=baseline([[1, 0]] * 60))
    assert found.message == (
        "60 samples can show no drops of exact_match: chance moves too much; 100 % of the answers flip by themselves, "
        "by the repeats in the baseline"
    )


# -- thresholds -----------------------------------------------------------------------------------------------------


def threshold(
    operator: Operator, value: float, metric: str = "exact_match", *, aggregation: Aggregation = "mean"
) -> Any:
    text = f"{metric}.{aggregation} {operator} {value:g}"
    return [(GateSpec(text, metric, aggregation, operator, value), CELL)]


@pytest.mark.parametrize(("operator", "value"), [(">=", 0.6), (">", 0.6), ("<=", 0.2), ("<", 0.2), (">=", 1.0)])
def test_threshold_fails_in_four_of_five_runs_at_the_share_that_is_said(operator: Operator, value: float) -> None:
    (found,) = threshold_sights(suite_of(60), threshold(operator, value))
    nearest = found.smallest
    assert nearest is not None
    passes = np.arange(61)
    holds = {">=": passes >= 60 * value, ">": passes > 60 * value, "<=": passes <= 60 * value, "<": passes < 60 * value}
    fails = float(stats.binom.pmf(passes, 60, nearest)[~holds[operator]].sum())
    assert fails == pytest.approx(0.8, abs=2e-3)


def test_threshold_is_told_in_words() -> None:
    (found,) = threshold_sights(suite_of(20), threshold(">=", 0.7))
    assert found.message == (
        "with 20 samples the gate exact_match.mean >= 0.7 fails in 80 % of runs only where the true share is below 0.58"
    )


def test_large_suites_are_reckoned_by_the_normal_distribution() -> None:
    exact, normal = (threshold_sights(suite_of(n), threshold(">=", 0.6))[0].smallest for n in (1000, 1005))
    assert exact == pytest.approx(normal, abs=1e-3)


@pytest.mark.parametrize(
    "gates",
    [
        threshold(">=", 0.6, "f1"),
        threshold(">=", 0.0),
        threshold("<=", 1.0),
        threshold("==", 1.0),
        threshold(">=", 0.5, aggregation="p50"),
    ],
)
def test_nothing_is_said_of_scores_and_of_gates_that_always_hold(gates: Any) -> None:
    assert threshold_sights(suite_of(20), gates) == []


def test_baseline_shows_that_a_metric_passes_or_fails() -> None:
    gates = [(threshold(">=", 0.6, "f1")[0][0], ("s", "v0", "b"))]
    assert len(threshold_sights(suite_of(20), gates, baseline([[1], [0]] * 10, "f1"))) == 1
    assert threshold_sights(suite_of(20), gates, baseline([[1], [0.5]] * 10, "f1")) == []


def test_metrics_that_pass_or_fail_are_those_whose_cards_say_so() -> None:
    found: set[str] = set()
    for name in {*BUILTIN, *FROM_ENTRY} - {"evaluate"}:  # an extra, whose values are what its module says
        metric = create(MetricSpec(name, EXAMPLES.get(name, {}), Path()))
        if re.search(r"^ *Range: 0 or 1\b", type(metric).__doc__ or "", re.MULTILINE):
            found.update(measure.name for measure in metric.measures)
    assert found == PASS_OR_FAIL
