"""Metrics, checks and gates of a suite, resolved against what is known."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.errors import OptionError
from harness.schema import CheckSpec, GateSpec, MetricSpec
from harness.suite.conditions import Condition, check_range, parse_condition, split_aggregate
from harness.suite.document import plain
from harness.suite.values import quoted
from harness.wording import did_you_mean, listed, nearest

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from harness.schema import Aggregation, Measure
    from harness.suite.catalogue import Catalogue
    from harness.suite.document import Document, Place
    from harness.suite.mistakes import MistakeLog
    from harness.suite.suite_form import SuiteForm


class MetricTable:
    """The suite's metrics and their measures, in order; checks and gates may add metrics to it."""

    def __init__(self, catalogue: Catalogue, folder: Path) -> None:
        """`folder` is where own metrics are looked for."""
        self.specs: list[MetricSpec] = []
        self._catalogue = catalogue
        self._folder = folder
        self._always = {measure.name: measure for measure in catalogue.always_measured}
        self._measures: dict[str, Measure] = {}
        self._hoped_for: set[str] = set()

    @property
    def measures(self) -> tuple[Measure, ...]:
        """Every number of a trial: the metrics' in order, then those that are always measured."""
        return tuple({**self._measures, **{k: v for k, v in self._always.items() if k not in self._measures}}.values())

    def add(self, name: str, options: dict[str, object]) -> None:
        """Add a metric; raises OptionError when it is unknown, its options are wrong or it is there already."""
        if name in self._always and not options:
            return
        spec = MetricSpec(name, options, self._folder)
        try:
            measures = self._catalogue.measures_of(spec)
        except OptionError:
            self._hope_for(name)
            raise
        twice = [measure.name for measure in measures if measure.name in self._measures]
        if twice:
            raise OptionError(f"{quoted(twice[0])} is measured twice; once is allowed; remove one of the entries")
        self.specs.append(spec)
        self._measures.update((measure.name, measure) for measure in measures)

    def needing_references(self) -> list[str]:
        """Names of the metrics that can score nothing without references, in order."""
        return [spec.name for spec in self.specs if self._catalogue.needs_references(spec)]

    def find(self, name: str) -> Measure | None:
        """The measure of this name, its metric added when it can be. None when a broken entry may have meant it.

        Raises OptionError when nothing measures it.
        """
        found = self.measured(name)
        if found is None and name in self._catalogue.metric_names:
            self.add(name, {})
            found = self._measures.get(name)
        if found is not None or name in self._hoped_for:
            return found
        raise OptionError(self._unmeasured(name))

    def measured(self, name: str) -> Measure | None:
        """The measure of this name, when the suite has it."""
        return self._measures.get(name) or self._always.get(name)

    def may_be_measured(self, name: str) -> bool:
        """Whether a broken entry may have meant a metric with this measure."""
        return name in self._hoped_for

    def _unmeasured(self, name: str) -> str:
        for metric in self._catalogue.metric_names:
            if metric != name and name in self._default_measures(metric):
                return (
                    f"{quoted(name)} is not measured by this suite; it comes with '{metric}'; list that under metrics"
                )
        known = [*self._measures, *self._always]
        known += [metric for metric in self._catalogue.metric_names if metric not in known]
        meant = did_you_mean(name, known)
        return f"metric {quoted(name)} is unknown; available: {listed(known)}" + (
            f".{meant}" if meant else "; list its metric under metrics"
        )

    def _hope_for(self, name: str) -> None:
        """Remember what a broken entry would have measured, so that it is complained of once only."""
        meant = name if name in self._catalogue.metric_names else nearest(name, self._catalogue.metric_names)
        self._hoped_for |= {name, *(self._default_measures(meant) if meant is not None else ())}

    def _default_measures(self, metric: str) -> list[str]:
        try:
            return [measure.name for measure in self._catalogue.measures_of(MetricSpec(metric, {}, self._folder))]
        except OptionError:
            return []


def add_metrics(table: MetricTable, form: SuiteForm, document: Document, *, log: MistakeLog) -> None:
    """Add the entries under `metrics:`; mistakes are logged at the option or the entry."""
    for index, entry in enumerate(form.metrics):
        name, options = next(iter(entry.items())) if isinstance(entry, dict) else (entry, None)
        place: Place = ("metrics", index)
        try:
            table.add(name, plain(options or {}))
        except OptionError as error:
            at = (*place, name) if isinstance(entry, dict) else place
            option_at = (*at, error.key) if error.key is not None else at
            known = option_at in document.key_marks
            log.add(document.shown, document.key_mark(option_at if known else at), str(error))


def check_references(table: MetricTable, form: SuiteForm, document: Document, *, log: MistakeLog) -> None:
    """Log it when metrics need references and the dataset names none: they could score nothing."""
    needing = table.needing_references()
    if needing and form.dataset is not None and form.dataset.reference is None:
        message = (
            f"'dataset' names no reference, and {listed(needing)} can score nothing without; "
            "a column or a list of columns is allowed; write for example 'reference: label'"
        )
        log.add(document.shown, document.mark(("dataset",)), message)


def read_checks(table: MetricTable, form: SuiteForm, document: Document, *, log: MistakeLog) -> tuple[CheckSpec, ...]:
    """The checks; mistakes are logged."""
    checks = []
    for index, text in enumerate(form.checks):
        try:
            condition = _check_condition(text)
            measure = table.find(condition.subject)
            if measure is not None:
                check_range(condition, measure, None)
                written = " ".join(text.split())
                checks.append(CheckSpec(written, condition.subject, condition.operator, condition.threshold))
        except OptionError as error:
            log.add(document.shown, document.mark(("checks", index)), str(error))
    return tuple(checks)


def _check_condition(text: str) -> Condition:
    """A bare name means that the value must be 1."""
    bare = text.strip()
    if bare and not any(sign in bare for sign in "<>=! \t\n"):
        return Condition(bare, "==", 1.0, bare)
    return parse_condition(text, "latency_s <= 30")


def read_gates(
    table: MetricTable, form: SuiteForm, document: Document, *, scopes: Scopes, log: MistakeLog
) -> tuple[GateSpec, ...]:
    """The gates under `gates:`; mistakes are logged."""
    gates = []
    for index, entry in enumerate(form.gates):
        place: Place = ("gates", index)
        text = entry if isinstance(entry, str) else entry.gate
        variants = backends = None
        if not isinstance(entry, str):
            at = (*place, "variants")
            variants = scopes.variants(entry.variants, document, at, log=log)
            backends = scopes.backends(entry.backends, document, (*place, "backends"), log=log)
        try:
            gate = parse_gate(table, text)
        except OptionError as error:
            text_at = place if isinstance(entry, str) else (*place, "gate")
            log.add(document.shown, document.mark(text_at), str(error))
            continue
        if gate is not None:
            gates.append(scoped(gate, variants=variants, backends=backends))
    return tuple(gates)


def parse_gate(table: MetricTable, text: str) -> GateSpec | None:
    """A gate without a scope; None when its metric's entry is broken. Raises OptionError."""
    condition = parse_condition(text, "exact_match.mean >= 0.6")
    if condition.subject == "error_rate":
        if not 0 <= condition.threshold <= 1:
            raise OptionError(
                f"threshold {condition.threshold:g} lies outside the range of 'error_rate'; "
                "0 to 1 is allowed; choose a value in the range"
            )
        return GateSpec(condition.text, None, "error_rate", condition.operator, condition.threshold)
    metric, aggregation = _subject(table, condition.subject)
    measure = table.find(metric)
    if measure is None:
        return None
    check_range(condition, measure, aggregation)
    return GateSpec(condition.text, metric, aggregation, condition.operator, condition.threshold)


def _subject(table: MetricTable, subject: str) -> tuple[str, Aggregation]:
    """Metric and aggregate; a bare known metric is told to name an aggregate."""
    if any(subject == measure.name for measure in table.measures):
        raise OptionError(
            f"{quoted(subject)} has no aggregate; METRIC.AGGREGATE is allowed; write for example '{subject}.mean'"
        )
    return split_aggregate(subject)


def scoped(gate: GateSpec, *, variants: tuple[str, ...] | None, backends: tuple[str, ...] | None) -> GateSpec:
    """The gate for these variants and backends only."""
    return GateSpec(
        gate.text, gate.metric, gate.aggregation, gate.operator, gate.threshold, variants=variants, backends=backends
    )


class Scopes:
    """The names that a gate's scope may use."""

    def __init__(self, variants: Sequence[tuple[str, str]], backends: Sequence[str]) -> None:
        """`variants` as (variant's name, prompt's name), in the file's order."""
        self._variants = variants
        self._backends = backends

    def variants(
        self, names: Sequence[str] | None, document: Document, place: Place, *, log: MistakeLog
    ) -> tuple[str, ...] | None:
        """Names of the variants meant: a variant's own name, else every variant of the prompt of that name."""
        if names is None:
            return None
        chosen: dict[str, None] = {}
        for index, name in enumerate(names):
            exact = [variant for variant, _ in self._variants if variant == name]
            found = exact or [variant for variant, prompt in self._variants if prompt == name]
            if not found:
                known = [variant for variant, _ in self._variants]
                log.add(document.shown, document.mark((*place, index)), _unknown("variant", name, known))
            chosen.update(dict.fromkeys(found))
        return tuple(chosen)

    def backends(
        self, names: Sequence[str] | None, document: Document, place: Place, *, log: MistakeLog
    ) -> tuple[str, ...] | None:
        """Names of the backends meant."""
        if names is None:
            return None
        for index, name in enumerate(names):
            if name not in self._backends:
                log.add(document.shown, document.mark((*place, index)), _unknown("backend", name, self._backends))
        return tuple(dict.fromkeys(name for name in names if name in self._backends))


def _unknown(kind: str, name: str, known: Sequence[str]) -> str:
    meant = did_you_mean(name, known)
    tail = f".{meant}" if meant else f"; name a {kind} of this suite"
    return f"{kind} {quoted(name)} is unknown; available: {listed(known)}{tail}"
