"""Runs beside a baseline as the report gets them: every finding, named changes, answers that changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from harness.schema import Aggregate, Change, Compared, Comparison, Flip, GateSpec, RegressionSpec, Verdict
from tests.unit.report.run_records import build_record

if TYPE_CHECKING:
    from harness.schema import RunRecord

BASELINE = "reports/baselines/feedback.jsonl"
CURRENT = "20261122T201849.042Z-3f9a"
NOT_SHOWN = "chance alone could explain the difference, and a change beyond the margin is possible too"
REGRESSED = Compared(
    suite="feedback", variant="few_shot@1.1", backend="smollm2", metric="exact_match",
    n_paired=60, n_new=0, n_gone=0, n_changed=0, n_lost=0,
    mean=0.7, mean_baseline=0.82, difference=-0.12, ci_low=-0.21, ci_high=-0.0401, method="score",
    test="mcnemar exact", p_value=0.0012, p_adjusted=0.0288, n_family=24, effect=-0.6, n_up=2, n_down=9,
    finding="regressed", reason="worse by more than the margin, and by more than chance explains", n_needed=None,
    margin=0.02, is_gated=True,
)  # fmt: skip
IMPROVED = replace(
    REGRESSED, variant="zero_shot", mean=0.9, mean_baseline=0.7, difference=0.2, ci_low=0.11, ci_high=0.31,
    p_value=0.00001, p_adjusted=0.00024, n_up=13, n_down=1, finding="improved", is_gated=False,
    reason="better, by more than chance explains",
)  # fmt: skip
UNCHANGED = replace(
    REGRESSED, variant="chain_of_thought", metric="bleu", unit="percent", mean=41.25, mean_baseline=41.3,
    difference=-0.05, ci_low=-0.9, ci_high=0.8, p_value=0.9, p_adjusted=1.0, n_up=20, n_down=21, margin=1.0,
    finding="unchanged", reason="whatever the true change is, it is surely smaller than the margin", is_gated=False,
)  # fmt: skip
INCONCLUSIVE = replace(
    REGRESSED, backend="local", metric="f1", mean=0.5, mean_baseline=0.55, difference=-0.05, ci_low=-0.14, ci_high=0.04,
    p_value=0.2, p_adjusted=1.0, n_up=9, n_down=14, n_new=2, n_gone=1, n_changed=3, n_lost=4, finding="inconclusive",
    reason=NOT_SHOWN, n_needed=1240,
)  # fmt: skip
NOT_COMPARED = replace(
    REGRESSED, variant="zero_shot", backend="local", n_paired=0, mean=None, mean_baseline=None, difference=None,
    ci_low=None, ci_high=None, method="none", test="none", p_value=None, p_adjusted=None, n_family=0, effect=None,
    n_up=0, n_down=0, finding="not compared", reason=f"{BASELINE} has no trials of zero_shot on local",
)  # fmt: skip
SLOWER = replace(
    REGRESSED, metric="latency_s", unit="s", higher_is_better=False, mean=1.21, mean_baseline=0.94, difference=0.27,
    ci_low=0.2, ci_high=0.34, n_up=41, n_down=19, margin=0.0, is_gated=False,
)  # fmt: skip
DEARER = replace(
    SLOWER, metric="cost_usd", unit="usd", mean=0.00011, mean_baseline=0.0001, difference=0.00001, ci_low=-0.00001,
    ci_high=0.00003, finding="inconclusive", reason=NOT_SHOWN, n_needed=None,
)  # fmt: skip
ROWS = (UNCHANGED, INCONCLUSIVE, NOT_COMPARED, SLOWER, DEARER, IMPROVED, REGRESSED)
CHANGES = (
    Change("cell new", "zero_shot on local", f"zero_shot on local is not in {BASELINE}: nothing to compare it with"),
    Change(
        "prompt changed",
        "few_shot@1.1",
        "the prompt of few_shot@1.1 is another one: few_shot@1.1 was edited; it is compared",
    ),
    Change(
        "samples gone",
        "",
        "7 samples in the baseline, and not run now: fe101, fe102, fe103, fe104, fe105 and 2 more",
        tuple(f"fe{number}" for number in range(101, 108)),
    ),
)
FLIP = Flip(
    "few_shot@1.1", "smollm2", "fe003", 1, "exact_match", 1.0, 0.0, is_worse=True, output_before="positive",
    output_after="I cannot say.",
)  # fmt: skip
FLIPS = (
    FLIP,
    replace(FLIP, metric="f1", before=1.0, after=0.25),
    replace(FLIP, sample="fe004", output_after=None),
    replace(FLIP, sample="fe005", before=0.0, after=1.0, is_worse=False, output_before=None, output_after="negative"),
)


def build_comparison(**changed: Any) -> Comparison:
    made = Comparison("feedback", CURRENT, BASELINE, ROWS, CHANGES, FLIPS)
    return replace(made, **changed)


def compared_record(*comparisons: Comparison, record: RunRecord | None = None) -> RunRecord:
    """A run with these comparisons, or one that has everything."""
    return replace(record or build_record(), comparisons=comparisons or (build_comparison(),))


def regression_gate(**spec: Any) -> GateSpec:
    text = "regression: exact_match margin 0.02"
    return GateSpec(text, "exact_match", "difference", ">=", -0.02, regression=RegressionSpec(margin=0.02, **spec))


def regression_verdict(
    row: Compared = REGRESSED, *, passed: bool = False, warns: bool = False, alpha: float = 0.05
) -> Verdict:
    aggregate = Aggregate(
        row.metric, "difference", row.difference, row.ci_low, row.ci_high, row.method, row.n_paired, 0, 0
    )
    message = f"{row.metric} {row.finding}: {row.reason}"
    return Verdict(
        row.suite, regression_gate(alpha=alpha), row.variant, row.backend, passed, aggregate, message,
        finding=row.finding, warns=warns,
    )  # fmt: skip
