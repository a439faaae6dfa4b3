"""`targets: production` → gates that hold only where their interval shows it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from msgspec import Struct

from harness.errors import OptionError
from harness.schema import GateSpec
from harness.suite.target_form import ProductionForm
from harness.suite.values import quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.schema import Aggregation, Measure, Operator
    from harness.suite.document import Document, Place
    from harness.suite.gates import Scopes
    from harness.suite.metrics import SuiteMetrics
    from harness.suite.mistakes import MistakeLog
    from harness.suite.suite_form import SuiteForm

ORIGIN = "targets: production"
INJECTIONS = "injection_success"
_PLACE = ("targets", "production")
_MOST = (1.0, 100.0)
"""Upper ends of metrics whose values are shares of something."""


class Targets(Struct, frozen=True):
    """What `targets:` amounts to."""

    gates: tuple[GateSpec, ...] = ()
    """A gate a target, in the order of the form."""
    notes: tuple[str, ...] = ()
    """Targets that are left out, because the suite does not measure them."""


class _Target(NamedTuple):
    """A condition that must be shown to hold."""

    metric: str | None
    aggregation: Aggregation
    operator: Operator
    threshold: float

    def gate(self, variants: tuple[str, ...] | None, backends: tuple[str, ...] | None) -> GateSpec:
        """The gate for these variants and backends; its text tells it from a gate on the value alone."""
        subject = "error_rate" if self.metric is None else f"{self.metric}.{self.aggregation}"
        text = f"production: {subject} {self.operator} {self.threshold:.12g}"
        return GateSpec(text, *self, variants=variants, backends=backends, origin=ORIGIN, judged_by="shown")


def read_targets(
    metrics: SuiteMetrics, form: SuiteForm, document: Document, *, scopes: Scopes, log: MistakeLog
) -> Targets:
    """The gates under `targets:`; mistakes are logged."""
    if form.targets is None:
        return Targets()
    wanted = ProductionForm() if isinstance(form.targets, str) else form.targets.production
    variants = scopes.variants(wanted.variants, document, (*_PLACE, "variants"), log=log)
    backends = scopes.backends(wanted.backends, document, (*_PLACE, "backends"), log=log)
    is_asked = (*_PLACE, INJECTIONS) in document.marks
    targets: list[_Target] = []
    for read in (_latency, _cost, _quality, _errors, partial(_injections, is_asked=is_asked)):
        try:
            targets += read(metrics, wanted)
        except OptionError as error:
            log.add(document.shown, document.mark(_place(document, error.key)), str(error))
    return Targets(tuple(target.gate(variants, backends) for target in targets), tuple(_left_out(metrics, wanted)))


def _left_out(metrics: SuiteMetrics, wanted: ProductionForm) -> Iterator[str]:
    share = wanted.injection_success
    if share is not None and metrics.measured(INJECTIONS) is None:
        yield f"{ORIGIN}: {INJECTIONS} < {share:g} is left out: no metric of this suite measures it"


def _place(document: Document, key: str | None) -> Place:
    """Where the key stands, else `targets` itself."""
    place: Place = (*_PLACE, key or "")
    return place if place in document.marks else ("targets",)


def _latency(_metrics: SuiteMetrics, wanted: ProductionForm) -> Iterator[_Target]:
    if wanted.latency_p95_s is not None:
        yield _Target("latency_s", "p95", "<", wanted.latency_p95_s)


def _cost(_metrics: SuiteMetrics, wanted: ProductionForm) -> Iterator[_Target]:
    if wanted.cost_usd is not None:
        yield _Target("cost_usd", "mean", "<", wanted.cost_usd)


def _errors(_metrics: SuiteMetrics, wanted: ProductionForm) -> Iterator[_Target]:
    if wanted.error_rate is not None:
        yield _Target(None, "error_rate", "<", wanted.error_rate)


def _quality(metrics: SuiteMetrics, wanted: ProductionForm) -> Iterator[_Target]:
    """On the metric that is named, else the first that lies from 0 to 1 or 100; raises OptionError."""
    if wanted.quality_share is None:
        return
    measure = _named(metrics, wanted.quality) if wanted.quality is not None else _first(metrics)
    if measure is not None and measure.high is not None:
        metrics.check_trusted(measure.name)
        yield _Target(measure.name, "mean", ">", float(f"{wanted.quality_share * measure.high:.12g}"))


def _named(metrics: SuiteMetrics, name: str) -> Measure | None:
    """The measure, its metric added when it can be; None when a broken entry may have meant it. Raises OptionError."""
    try:
        measure = metrics.find(name)
    except OptionError as error:
        raise OptionError(str(error), "quality") from None
    if measure is not None and not _is_quality(measure):
        low, high = f"{measure.low:g}", "no upper end" if measure.high is None else f"{measure.high:g}"
        better = "" if measure.higher_is_better else ", and lower is better"
        raise OptionError(
            f"quality is {quoted(name)}, which lies from {low} to {high}{better}; a metric from 0 to 1, or to 100, "
            "where more is better is allowed; write for example 'quality: exact_match'",
            "quality",
        )
    return measure


def _first(metrics: SuiteMetrics) -> Measure | None:
    """None when a broken entry may have been one; raises OptionError when there is none."""
    measure = next(filter(_is_quality, metrics.measures), None)
    if measure is None and metrics.is_complete:
        raise OptionError(
            "targets: production asks for quality, and no metric of this suite says how good an answer is; one from "
            "0 to 1, or to 100, where more is better is allowed; list one under metrics, or write "
            "'targets: {production: {quality_share: null}}'"
        )
    return measure


def _is_quality(measure: Measure) -> bool:
    is_good = measure.higher_is_better and measure.name != INJECTIONS  # an own metric may have forgotten to say so
    return is_good and measure.low == 0 and measure.high in _MOST


def _injections(metrics: SuiteMetrics, wanted: ProductionForm, *, is_asked: bool) -> Iterator[_Target]:
    """Left out where nothing measures it, unless the file asks for it by name; raises OptionError."""
    if wanted.injection_success is None:
        return
    measure = metrics.measured(INJECTIONS)
    if measure is not None and measure.high == 1:
        yield _Target(INJECTIONS, "mean", "<", wanted.injection_success)
    elif measure is not None:
        raise OptionError(
            "'injection_success' of this suite does not lie from 0 to 1, so that it is no share of attacks; 1 where an "
            "attack succeeded and 0 where not is allowed; give its metric that range",
            INJECTIONS,
        )
    elif is_asked and not metrics.may_be_measured(INJECTIONS):
        raise OptionError(
            "'injection_success' is asked for, and no metric of this suite measures it; a target of what is measured "
            "is allowed; list its metric under metrics, or leave the key out",
            INJECTIONS,
        )
