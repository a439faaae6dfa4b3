"""A gate and the number it asks about → a verdict."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.gate.numbers import number, told_apart, unit
from harness.schema import COMPARISONS, Verdict
from harness.wording import counted, one_line

if TYPE_CHECKING:
    from harness.schema import Aggregate, CellKey, GateSpec, Operator

_ASKED: dict[Operator, str] = {
    ">=": "at least",
    "<=": "at most",
    ">": "more than",
    "<": "less than",
    "==": "exactly",
    "!=": "other than",
}
_LONGEST_REASON = 80
"""Characters of a reason in a verdict's sentence."""


def judge(gate: GateSpec, cell: CellKey, aggregate: Aggregate) -> Verdict:
    """The gate's answer for one cell. Fails closed: without a value it does not hold.

    Where it is judged by what is shown to be `missed`, a value beyond whose interval is not beyond holds, and warns.
    """
    suite, variant, backend = cell
    passed, message = _decide(gate, aggregate)
    warns = passed and aggregate.value is not None and not COMPARISONS[gate.operator](aggregate.value, gate.threshold)
    return Verdict(suite, gate, variant, backend, passed=passed, aggregate=aggregate, message=message, warns=warns)


def not_judged(gate: GateSpec, cell: CellKey, aggregate: Aggregate, *, trials: int, not_run: int) -> Verdict:
    """The verdict where some of a cell's trials were not run: over the others it would be another gate's."""
    suite, variant, backend = cell
    message = f"not judged: {not_run:,} of {counted(trials, 'trial')} {'was' if not_run == 1 else 'were'} not run"
    return Verdict(suite, gate, variant, backend, passed=False, aggregate=aggregate, message=message, judged=False)


def _decide(gate: GateSpec, aggregate: Aggregate) -> tuple[bool, str]:
    name = "error_rate" if gate.metric is None else f"{gate.metric}.{_aggregate_name(gate)}"
    asked = f"{_ASKED[gate.operator]} {_threshold(gate)} asked"
    if aggregate.value is None:
        what = "has no value" if aggregate.n_scored else "nothing was scored"
        return False, f"{name}: {what} ({_counts(aggregate)}), {asked}: a gate over nothing fails"
    value = told_apart(aggregate.value, gate.threshold) + _unit(gate)
    told = f"{name} is {value}, {asked} ({_counts(aggregate)}{_interval(aggregate)})"
    missing = aggregate.n_unscored + aggregate.n_failed
    if gate.aggregation == "sum" and missing and gate.operator not in (">=", ">"):
        return False, f"{told}: fails; the sum lacks {missing} trials, so it may be larger"
    holds = COMPARISONS[gate.operator](aggregate.value, gate.threshold)
    if not holds and gate.judged_by == "missed" and not _is_wholly_beyond(gate, aggregate):
        return True, f"{told}: beyond, which may be chance, because {_reach(gate, aggregate)}: warns"
    return holds, f"{told}: {'holds' if holds else 'fails'}{_doubt(gate, aggregate, holds=holds)}"


def _aggregate_name(gate: GateSpec) -> str:
    return gate.aggregation if gate.k is None else f"pass@{gate.k}"


def _threshold(gate: GateSpec) -> str:
    """The threshold as written in the gate, with its unit."""
    written = gate.text.rpartition(" ")[2]
    try:
        as_written = float(written) == gate.threshold
    except ValueError:
        as_written = False
    return (written if as_written else number(gate.threshold)) + _unit(gate)


def _unit(gate: GateSpec) -> str:
    return "" if gate.metric is None or gate.aggregation in ("n", "rate", "pass@k") else unit(gate.metric)


def _counts(aggregate: Aggregate) -> str:
    parts = [f"n = {aggregate.n_scored:,}"] if aggregate.n_scored else []
    if aggregate.n_clusters is not None:
        parts.append(f"in {aggregate.n_clusters:,} clusters")
    if aggregate.n_quarantined:
        parts.append(f"{aggregate.n_quarantined:,} left out in quarantine")
    if lacking := not_scored(aggregate):
        parts.append(lacking)
    return ", ".join(parts) or "nothing ran"


def not_scored(aggregate: Aggregate) -> str:
    """How many trials have no value, and why: `2 unscored, 1 failed: no reference`; empty where all have one."""
    counts = ((aggregate.n_unscored, "unscored"), (aggregate.n_failed, "failed"))
    parts = ", ".join(f"{count:,} {what}" for count, what in counts if count)
    if not parts or aggregate.reason is None:
        return parts
    return f"{parts}: {one_line(aggregate.reason, longest=_LONGEST_REASON)}"  # it may come from the model's text


def _interval(aggregate: Aggregate) -> str:
    low, high = aggregate.ci_low, aggregate.ci_high
    if low is not None and high is not None:
        return f", 95 % interval {number(low)} to {number(high)}"
    if low is not None:
        return f", 95 % interval from {number(low)}, no upper end with so few"
    if high is not None:
        return f", 95 % interval up to {number(high)}, no lower end with so few"
    return ""


def _is_wholly_beyond(gate: GateSpec, aggregate: Aggregate) -> bool:
    """Whether the interval too lies on the wrong side; without an end on that side nobody knows."""
    nearest = aggregate.ci_high if gate.operator in (">=", ">") else aggregate.ci_low
    return nearest is not None and not COMPARISONS[gate.operator](nearest, gate.threshold)


def _reach(gate: GateSpec, aggregate: Aggregate) -> str:
    """Why a value beyond the threshold shows little."""
    wants_high = gate.operator in (">=", ">")
    if (aggregate.ci_high if wants_high else aggregate.ci_low) is None:
        return "so few values bound nothing"
    return f"the interval reaches {'above' if wants_high else 'below'} the threshold"


def _doubt(gate: GateSpec, aggregate: Aggregate, *, holds: bool) -> str:
    """A word when the interval holds values for which the gate would have answered otherwise."""
    wants_high = gate.operator in (">=", ">")
    if gate.operator in ("==", "!=") or aggregate.method == "none":
        return ""
    end = aggregate.ci_low if wants_high == holds else aggregate.ci_high
    side = "below" if wants_high == holds else "above"
    if end is None:
        return f"; the interval has no end {side}"
    crosses = COMPARISONS[gate.operator](end, gate.threshold) != holds
    return f"; the interval reaches {side} the threshold" if crosses else ""
