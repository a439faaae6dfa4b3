"""A regression gate and the comparison it asks about → a verdict."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from harness.gate.numbers import number, told_apart, unit
from harness.schema import COMPARISONS, Aggregate, Verdict
from harness.wording import change_range, counted, level_text, more_samples, not_run_text

if TYPE_CHECKING:
    from harness.schema import CellKey, Compared, GateSpec

_FINDINGS = {
    "regressed": "regressed",
    "improved": "improved",
    "unchanged": "unchanged",
    "inconclusive": "inconclusive",
    "not compared": "could not be compared",
}
_SURE = 0.001
"""Below it a p-value is as good as none, and no digit of it matters."""


def judge_regression(gate: GateSpec, cell: CellKey, compared: Compared | None, *, why: str = "") -> Verdict:
    """The gate's answer for one cell.

    Fails closed: without a comparison (None, and `why`), or with nothing comparable, the gate does not hold. When
    nothing is shown either way, `on_inconclusive` says whether it does; a mean that keeps what was promised of it does
    not warn.
    """
    spec = gate.regression
    assert spec is not None
    suite, variant, backend = cell
    if compared is None or compared.finding == "not compared":
        reason = why if compared is None else compared.reason
        message = f"{gate.metric} could not be compared: {reason}; a regression gate over nothing fails"
        return Verdict(
            suite, gate, variant, backend, passed=False, aggregate=_nothing(gate), message=message,
            finding="not compared",
        )  # fmt: skip
    unclear = compared.finding == "inconclusive"
    passed = compared.finding in ("improved", "unchanged") or (unclear and spec.on_inconclusive != "fail")
    is_beyond = spec.target is None or _is_beyond(gate, compared)
    return Verdict(
        suite,
        gate,
        variant,
        backend,
        passed=passed,
        aggregate=_difference(gate, compared) if spec.target is None else _mean(gate, compared),
        message=_message(gate, compared),
        finding=compared.finding,
        warns=unclear and spec.on_inconclusive == "warn" and is_beyond,
    )


def _is_beyond(gate: GateSpec, compared: Compared) -> bool:
    """Whether the mean lies on the wrong side of the number that was promised."""
    assert compared.mean is not None
    return not COMPARISONS[gate.operator](compared.mean, gate.threshold)


def not_compared(gate: GateSpec, cell: CellKey, why: str, *, by_choice: bool) -> Verdict:
    """The verdict where there is no comparison to judge: trials were not run, or none was wanted (`by_choice`)."""
    suite, variant, backend = cell
    return Verdict(
        suite, gate, variant, backend, passed=False, aggregate=_nothing(gate), message=f"not judged: {why}",
        judged=False, finding="not compared", by_choice=by_choice,
    )  # fmt: skip


def _nothing(gate: GateSpec) -> Aggregate:
    return Aggregate(gate.metric or "", "difference", None, None, None, "none", 0, 0, 0)


def _difference(gate: GateSpec, compared: Compared) -> Aggregate:
    return Aggregate(
        metric=gate.metric or "",
        aggregation="difference",
        value=compared.difference,
        ci_low=compared.ci_low,
        ci_high=compared.ci_high,
        method=compared.method,
        n_scored=compared.n_paired,
        n_unscored=compared.n_lost,
        n_failed=0,
    )


def _mean(gate: GateSpec, compared: Compared) -> Aggregate:
    """The mean itself with its interval: what was promised of it stands in the gate."""
    low, high = _ends_of_mean(compared)
    return replace(_difference(gate, compared), aggregation="mean", value=compared.mean, ci_low=low, ci_high=high)


def _ends_of_mean(compared: Compared) -> tuple[float | None, float | None]:
    assert compared.mean_baseline is not None
    low, high = compared.ci_low, compared.ci_high
    return (
        None if low is None else compared.mean_baseline + low,
        None if high is None else compared.mean_baseline + high,
    )


def _message(gate: GateSpec, compared: Compared) -> str:
    """The verdict in a sentence or two: what happened, what it means, what was left out."""
    happened = _kept_or_not(gate, compared) if compared.is_against_number else _what_happened(compared)
    parts = [happened, f"{_FINDINGS[compared.finding]}: {compared.reason}{_evidence(compared)}"]
    is_told = compared.n_needed is not None or not compared.is_mostly_left_out  # else the reason says what it needs
    if compared.finding == "inconclusive" and compared.stopped_after is None and is_told:
        parts.append(more_samples(compared.n_needed, margin=compared.margin, is_least=compared.is_least))
    return "; ".join([*parts, *_left_out(compared)])


def _what_happened(compared: Compared) -> str:
    before, now = compared.mean_baseline, compared.mean
    assert before is not None
    assert now is not None
    measure = unit(compared.metric)
    verb = "is still" if now == before else "fell" if now < before else "rose"
    move = (
        f"is still {number(now)}{measure}"
        if now == before
        else f"{verb} from {number(before)} to {number(now)}{measure}"
    )
    flips = f" ({compared.n_up:,} up, {compared.n_down:,} down)" if compared.n_up + compared.n_down else ""
    return f"{compared.metric} {move} on {counted(compared.n_paired, 'pair')}{flips}"


def _kept_or_not(gate: GateSpec, compared: Compared) -> str:
    """The mean, and what was promised of it."""
    assert compared.mean is not None
    measure, least = unit(compared.metric), "at least" if compared.higher_is_better else "at most"
    value = told_apart(compared.mean, gate.threshold)
    promised = f"{least} {gate.threshold:.12g}{measure} promised by performance_baseline of {gate.origin}"
    return f"{compared.metric} is {value}{measure} on {counted(compared.n_paired, 'trial')}, {promised}"


def _evidence(compared: Compared) -> str:
    """The numbers behind it, for who wants them."""
    if compared.p_adjusted is None or not compared.n_up + compared.n_down:
        return ""
    p = f"p < {_SURE:g}" if compared.p_adjusted < _SURE else f"p = {number(compared.p_adjusted, 2)}"
    corrected = f" corrected for {compared.n_family:,} comparisons" if compared.n_family > 1 else ""
    change = _spread(compared)
    tolerated = f", tolerated {number(compared.margin)}" if compared.margin else ""
    return f" ({p}{corrected}{change}{tolerated})"


def _spread(compared: Compared) -> str:
    if compared.is_against_number:
        low, high = _ends_of_mean(compared)
        ends = None if low is None or high is None else f"{number(low)} to {number(high)}"
    else:
        low, high = compared.ci_low, compared.ci_high
        ends = None if low is None or high is None else change_range(low, high, number)
    return "" if ends is None else f", {level_text(compared.confidence)} interval {ends}"


def _left_out(compared: Compared) -> list[str]:
    counts = (
        (compared.n_lost, f"left out without a value{'' if compared.is_against_number else ' on both sides'}"),
        (compared.n_new, "new"),
        (compared.n_gone, "gone"),
        (compared.n_changed, "with another row in the dataset"),
        (compared.n_quarantined, "left out in quarantine"),
    )
    found = [f"{counted(count, 'trial')} {what}" for count, what in counts if count]
    left_out = [", ".join(found)] if found else []
    if compared.n_not_run:
        trials = counted(compared.n_not_run, "trial")
        is_clear = compared.finding != "inconclusive"
        left_out.append(not_run_text(trials, compared.stopped_after, is_clear=is_clear))
    return left_out
