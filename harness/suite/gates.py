"""The checks and gates of a suite, resolved against what it measures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from harness.errors import OptionError
from harness.schema import CheckSpec, GateSpec
from harness.suite.conditions import Condition, check_range, parse_condition, pass_at, split_aggregate
from harness.suite.regression_gates import check_asked_once, regression_gate
from harness.suite.suite_form import RegressionGateForm
from harness.suite.values import quoted
from harness.wording import did_you_mean, listed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.schema import Aggregation
    from harness.suite.document import Document, Place
    from harness.suite.metrics import SuiteMetrics
    from harness.suite.mistakes import MistakeLog
    from harness.suite.suite_form import GateForm, SuiteForm


def read_checks(
    metrics: SuiteMetrics, form: SuiteForm, document: Document, *, log: MistakeLog
) -> tuple[CheckSpec, ...]:
    """The checks; mistakes are logged."""
    checks = []
    for index, text in enumerate(form.checks):
        try:
            condition = _check_condition(text)
            measure = metrics.find(condition.subject)
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
    metrics: SuiteMetrics, form: SuiteForm, document: Document, *, scopes: Scopes, log: MistakeLog
) -> tuple[GateSpec, ...]:
    """The gates under `gates:`; mistakes are logged."""
    gates: list[GateSpec] = []
    for index, entry in enumerate(form.gates):
        place: Place = ("gates", index)
        variants = backends = None
        if not isinstance(entry, str):
            at = (*place, "variants")
            variants = scopes.variants(entry.variants, document, at, log=log)
            backends = scopes.backends(entry.backends, document, (*place, "backends"), log=log)
        try:
            gate = _gate(metrics, entry, form.repeats)
            if gate is None:
                continue
            mark = document.mark(_text_place(place, entry))
            gate = replace(gate, variants=variants, backends=backends, path=document.shown, line=mark.line)
            check_asked_once(gate, gates)
        except OptionError as error:
            log.add(document.shown, document.mark(_text_place(place, entry)), str(error))
            continue
        gates.append(gate)
    return tuple(gates)


def _gate(metrics: SuiteMetrics, entry: str | GateForm | RegressionGateForm, repeats: int) -> GateSpec | None:
    """An entry's gate without its scope; None when its metric's entry is broken. Raises OptionError."""
    if isinstance(entry, RegressionGateForm):
        return regression_gate(metrics, entry)
    gate = parse_gate(metrics, entry if isinstance(entry, str) else entry.gate)
    _check_repeats(gate, repeats)
    return gate


def _text_place(place: Place, entry: str | GateForm | RegressionGateForm) -> Place:
    if isinstance(entry, str):
        return place
    return (*place, "regression" if isinstance(entry, RegressionGateForm) else "gate")


def parse_gate(metrics: SuiteMetrics, text: str) -> GateSpec | None:
    """A gate without a scope; None when its metric's entry is broken. Raises OptionError."""
    condition = parse_condition(text, "exact_match.mean >= 0.6")
    if condition.subject == "error_rate":
        if not 0 <= condition.threshold <= 1:
            raise OptionError(
                f"threshold {condition.threshold:g} lies outside the range of 'error_rate'; "
                "0 to 1 is allowed; choose a value in the range"
            )
        return GateSpec(condition.text, None, "error_rate", condition.operator, condition.threshold)
    metric, aggregation, k = _subject(metrics, condition.subject)
    measure = metrics.find(metric)
    if measure is None:
        return None
    check_range(condition, measure, aggregation)
    metrics.check_trusted(measure.name)
    return GateSpec(condition.text, metric, aggregation, condition.operator, condition.threshold, k=k)


def _check_repeats(gate: GateSpec | None, repeats: int) -> None:
    if gate is not None and gate.k is not None and gate.k > repeats:
        raise OptionError(
            f"pass@{gate.k} needs {gate.k} answers to each sample, and the suite asks for {repeats}; a k up to the "
            f"number of repeats is allowed; write 'repeats: {gate.k}'"
        )


def _subject(metrics: SuiteMetrics, subject: str) -> tuple[str, Aggregation, int | None]:
    """Metric, aggregate and its k; a bare known metric is told to name an aggregate."""
    if any(subject == measure.name for measure in metrics.measures):
        raise OptionError(
            f"{quoted(subject)} has no aggregate; METRIC.AGGREGATE is allowed; write for example '{subject}.mean'"
        )
    if (found := pass_at(subject)) is not None:
        return found[0], "pass@k", found[1]
    return *split_aggregate(subject), None


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
