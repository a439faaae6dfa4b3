"""A prompt's `performance_baseline` → gates."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msgspec.structs import replace

from harness.errors import OptionError
from harness.schema import GateSpec, RegressionSpec
from harness.suite.conditions import Condition, check_range
from harness.suite.values import quoted
from harness.wording import did_you_mean, listed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.schema import Aggregation, Operator
    from harness.suite.metrics import SuiteMetrics
    from harness.suite.mistakes import MistakeLog
    from harness.suite.prompt_file import VersionFile

_LATENCIES: dict[str, Aggregation] = {
    "latency_p50": "p50",
    "latency_p90": "p90",
    "latency_p95": "p95",
    "latency_p99": "p99",
}
_COST = "cost_per_1k"
_DURATION = re.compile(r"(?P<value>[0-9]+(\.[0-9]*)?|\.[0-9]+) ?(?P<unit>ms|s)?")
_CALLS = 1000
"""cost_per_1k is USD for a thousand calls."""


def baseline_gates(
    file: VersionFile, variants: Sequence[str], metrics: SuiteMetrics, *, log: MistakeLog
) -> tuple[GateSpec, ...]:
    """The gates of one prompt version, for the variants that use it; mistakes are logged in the prompt file.

    A mean is a baseline that is a number, judged as a regression; a percentile or the cost fails where its interval
    lies beyond.
    """
    gates = []
    for key, written in file.form.metadata.performance_baseline.items():
        place = ("metadata", "performance_baseline", key)
        try:
            gate = _gate(key, written, metrics)
        except OptionError as error:
            mark = file.document.key_mark(place) if error.key is None else file.document.mark(place)
            log.add(file.document.shown, mark, str(error))
            continue
        if gate is not None:
            metric, aggregation, operator, threshold = gate
            text = f"{metric}.{aggregation} {operator} {threshold:.12g}"
            is_mean = key != _COST and aggregation == "mean"
            spec = GateSpec(
                text,
                *gate,
                variants=tuple(variants),
                origin=file.reference,
                regression=RegressionSpec(target=threshold) if is_mean else None,
                judged_by="value" if is_mean else "missed",
            )
            gates.append(replace(spec, path=file.document.shown, line=file.document.key_mark(place).line))
    return tuple(gates)


def _gate(key: str, written: str, metrics: SuiteMetrics) -> tuple[str, Aggregation, Operator, float] | None:
    """Metric, aggregate, operator, threshold; None when a broken metric entry may measure it. Raises OptionError."""
    if key in _LATENCIES:
        return "latency_s", _LATENCIES[key], "<=", _seconds(key, written)
    if key == _COST:
        return "cost_usd", "mean", "<=", float(f"{_number(key, written) / _CALLS:.12g}")
    measure = metrics.measured(key)
    if measure is None:
        if metrics.may_be_measured(key):
            return None
        known = [*(m.name for m in metrics.measures), *_LATENCIES, _COST]
        meant = did_you_mean(key, known)
        raise OptionError(
            f"performance_baseline names {quoted(key)}, which this suite does not measure; "
            f"available: {listed(known)}{f'.{meant}' if meant else '; list its metric in suite.yaml'}"
        )
    operator: Operator = ">=" if measure.higher_is_better else "<="
    condition = Condition(f"{key}.mean", operator, _number(key, written), "")
    try:
        check_range(condition, measure, "mean")
        metrics.check_trusted(measure.name)
    except OptionError as error:
        raise OptionError(str(error), key) from None
    return key, "mean", operator, condition.threshold


def _number(key: str, written: str) -> float:
    try:
        number = float(written)
    except ValueError:
        number = float("nan")
    allowed = "a number of at least 0" if key == _COST else "a number"
    if number - number != 0 or (key == _COST and number < 0):
        raise OptionError(
            f"{quoted(key)} is {quoted(written)}; {allowed} is allowed; write for example '{key}: 0.5'", key
        )
    return number


def _seconds(key: str, written: str) -> float:
    match = _DURATION.fullmatch(written.strip())
    if match is None:
        message = (
            f"{quoted(key)} is {quoted(written)}; seconds like 1.2s, 300ms or 1.2 are allowed; write '{key}: 1.2s'"
        )
        raise OptionError(message, key)
    return float(match["value"]) / (1000 if match["unit"] == "ms" else 1)
