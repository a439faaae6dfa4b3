"""The entries `regression:` under `gates:`, resolved against what the suite measures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.errors import OptionError
from harness.schema import GateSpec, RegressionSpec
from harness.suite.suite_form import RegressionForm
from harness.suite.values import quoted

if TYPE_CHECKING:
    from collections.abc import Iterable

    from harness.suite.metrics import SuiteMetrics
    from harness.suite.suite_form import RegressionGateForm


def regression_gate(metrics: SuiteMetrics, entry: RegressionGateForm) -> GateSpec | None:
    """The gate without a scope; None when its metric's entry is broken. Raises OptionError.

    Its text reads `exact_match.regression <= 0.02`: how far the mean may fall.
    """
    form = entry.regression if isinstance(entry.regression, RegressionForm) else RegressionForm(metric=entry.regression)
    if "." in form.metric and not metrics.may_be_measured(form.metric) and metrics.measured(form.metric) is None:
        raise OptionError(
            f"regression: {quoted(form.metric)} is no metric; the name of one is allowed, its mean is compared; write "
            f"for example '{form.metric.partition('.')[0]}'"
        )
    measure = metrics.find(form.metric)
    if measure is None:
        return None
    if measure.high is not None and form.margin >= measure.high - measure.low:
        raise OptionError(
            f"margin {form.margin:g} is as much as {quoted(measure.name)} can fall, and no drop would be more; 0 to "
            f"below {measure.high - measure.low:g} is allowed; write for example 'margin: 0.02'"
        )
    metrics.check_trusted(measure.name)
    return GateSpec(
        text=f"{measure.name}.regression <= {form.margin:g}",
        metric=measure.name,
        aggregation="difference",
        operator=">=" if measure.higher_is_better else "<=",
        threshold=-form.margin if measure.higher_is_better else form.margin,
        regression=RegressionSpec(form.margin, form.alpha, form.on_inconclusive, form.correction, form.test),
    )


def check_asked_once(gate: GateSpec, before: Iterable[GateSpec]) -> None:
    """Raises OptionError for a second regression gate on the same cells.

    A difference is judged once: two margins would be two verdicts on it, and two tests in one family.
    """
    for other in before if gate.regression is not None else ():
        is_same = other.regression is not None and other.metric == gate.metric
        if is_same and _meet(other.variants, gate.variants) and _meet(other.backends, gate.backends):
            raise OptionError(
                f"{quoted(gate.metric or '')} has a regression gate above already, for some of the same variants and "
                "backends; one is allowed for each; give them scopes that do not meet: variants, backends"
            )


def _meet(some: tuple[str, ...] | None, others: tuple[str, ...] | None) -> bool:
    return some is None or others is None or bool(set(some) & set(others))
