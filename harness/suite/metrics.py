"""The metrics of a suite, and what they measure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from msgspec.structs import replace

from harness.errors import OptionError
from harness.schema import MetricSpec
from harness.suite.document import plain
from harness.suite.judges import signed
from harness.suite.samples import NamedColumn
from harness.suite.suite_form import EvaluateForm
from harness.suite.values import quoted
from harness.wording import did_you_mean, listed, nearest

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from harness.schema import ColumnUse, Measure
    from harness.suite.catalogue import Catalogue
    from harness.suite.document import Document, Place
    from harness.suite.judges import Judges
    from harness.suite.mistakes import MistakeLog
    from harness.suite.rubric_file import RubricReader
    from harness.suite.suite_form import SuiteForm


class SuiteMetrics:
    """The suite's metrics and their measures, in order; checks and gates may add metrics to it."""

    def __init__(
        self,
        catalogue: Catalogue,
        folder: Path,
        judges: Judges,
        *,
        inputs: tuple[str, ...] = (),
        variants: tuple[str, ...] = (),
    ) -> None:
        """`folder` is where own metrics are looked for, `judges` resolves whom they ask, `inputs` are the prompts'."""
        self._inputs = inputs
        self._variants = variants
        self._distrusted: dict[str, str] = {}
        self._judges = judges
        self.specs: list[MetricSpec] = []
        self._columns: list[tuple[str, Place, ColumnUse]] = []
        self._catalogue = catalogue
        self._folder = folder
        self._always = {measure.name: measure for measure in catalogue.always_measured}
        self._measures: dict[str, Measure] = {}
        self._hoped_for: set[str] = set()

    @property
    def measures(self) -> tuple[Measure, ...]:
        """Every number of a trial: the metrics' in order, then those that are always measured."""
        return tuple({**self._measures, **{k: v for k, v in self._always.items() if k not in self._measures}}.values())

    def add(
        self,
        name: str,
        options: dict[str, object],
        place: Place | None = None,
        *,
        rubric: Mapping[str, Any] | None = None,
    ) -> None:
        """Add a metric, whose entry is at `place`; None: it is only named by a check or a gate.

        `rubric` is the content of the file that its options name.

        Raises OptionError when it is unknown, its options are wrong or it is there already.
        """
        if name in self._always and not options:
            return
        spec = MetricSpec(name, options, self._folder, self._inputs, self._variants, rubric=rubric)
        try:
            spec, measures = self._signed(spec)
            columns = self._catalogue.columns_of(spec)
        except OptionError:
            self.give_up(name)
            raise
        twice = [measure.name for measure in measures if measure.name in self._measures]
        if twice:
            raise OptionError(f"{quoted(twice[0])} is measured twice; once is allowed; remove one of the entries")
        self._columns += [(spec.name, place or ("metrics",), use) for use in columns]
        self.specs.append(spec)
        self._measures.update((measure.name, measure) for measure in measures)

    def _signed(self, spec: MetricSpec) -> tuple[MetricSpec, tuple[Measure, ...]]:
        """The metric, knowing whom it asks, and its measures, whose signatures say so."""
        measures = self._catalogue.measures_of(spec)
        names = self._catalogue.backends_of(spec)
        asked = [judge for name in names if (judge := self._judges.find(name)) is not None]
        deaf = tuple(judge.name for judge in asked if not self._catalogue.takes_params(judge))
        if deaf:
            spec = replace(spec, deaf=deaf)
            measures = self._catalogue.measures_of(spec)
        signatures = [signed(each.signature, asked, self._catalogue.fingerprint) for each in measures]
        pairs = zip(measures, signatures, strict=True)
        return spec, tuple(self._trusted(spec, replace(each, signature=signature)) for each, signature in pairs)

    def _trusted(self, spec: MetricSpec, measure: Measure) -> Measure:
        """The measure with what is known of its agreement with people."""
        trust = self._catalogue.trust_in(spec, measure)
        if trust.flaw is not None:
            self._distrusted[measure.name] = trust.flaw
        return replace(measure, calibration=trust.text) if trust.text else measure

    def check_trusted(self, name: str) -> None:
        """OptionError when a gate may not stand on the measure: a judge that nobody has compared with people."""
        if name in self._distrusted:
            raise OptionError(self._distrusted[name])

    def needing_references(self) -> list[str]:
        """Names of the metrics that can score nothing without references, in order."""
        return [spec.name for spec in self.specs if self._catalogue.needs_references(spec)]

    @property
    def is_complete(self) -> bool:
        """Whether every metric that was named could be made."""
        return not self._hoped_for

    def columns(self, document: Document) -> list[NamedColumn]:
        """Columns of the dataset that the metrics read beside references, with their places in the suite file."""
        return [_named_column(use, (name, place), document) for name, place, use in self._columns]

    def find(self, name: str) -> Measure | None:
        """The measure of this name, its metric added when it can be. None when a broken entry may have meant it.

        Raises OptionError when nothing measures it.
        """
        found = self.measured(name)
        if found is None and name in self._catalogue.metric_names:
            self.add(name, {})
            found = self._measures.get(name)
        if found is not None or self.may_be_measured(name):
            return found
        raise OptionError(self._unmeasured(name))

    def measured(self, name: str) -> Measure | None:
        """The measure of this name, when the suite has it."""
        return self._measures.get(name) or self._always.get(name)

    def may_be_measured(self, name: str) -> bool:
        """Whether a broken entry may have meant a metric with this measure."""
        return not self._hoped_for.isdisjoint((name, name.partition(".")[0]))

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

    def reads_rubric(self, name: str) -> bool:
        """Whether the option `rubric` of the metric is the path of a rubric file."""
        return name in self._catalogue.rubric_metrics

    def give_up(self, name: str) -> None:
        """Remember what a broken entry would have measured, so that it is complained of once only."""
        meant = name if name in self._catalogue.metric_names else nearest(name, self._catalogue.metric_names)
        self._hoped_for |= {name, *(self._default_measures(meant) if meant is not None else ())}

    def _default_measures(self, metric: str) -> list[str]:
        try:
            return [measure.name for measure in self._catalogue.measures_of(MetricSpec(metric, {}, self._folder))]
        except OptionError:
            return []


def _named_column(use: ColumnUse, metric: tuple[str, Place], document: Document) -> NamedColumn:
    """The column at the option that names it, in a list or mapping of columns too; else at the metric's entry."""
    name, entry = metric
    options = () if use.option is None else ((*entry, name, use.option), (*entry, use.option))
    place = next((at for at in (*options, (*entry, name), entry) if at in document.marks), entry)
    inside = [at for at in document.marks if at[:-1] == place and document.value_at(at) == use.name]
    place = inside[0] if inside else place
    is_named = place in document.marks and document.value_at(place) == use.name
    return NamedColumn(use.name, name, place, is_named, use.is_needed)


def _named(entry: str | dict[str, dict[str, Any] | None] | EvaluateForm) -> tuple[str, dict[str, Any] | None]:
    """The metric's name with its options."""
    if isinstance(entry, EvaluateForm):
        return "evaluate", entry.options
    return next(iter(entry.items())) if isinstance(entry, dict) else (entry, None)


class Reading(NamedTuple):
    """What reads what the options of metrics name."""

    judges: Judges
    """Whom they ask."""
    rubrics: RubricReader
    """What is rated."""


def add_metrics(
    metrics: SuiteMetrics, form: SuiteForm, document: Document, *, reading: Reading, log: MistakeLog
) -> None:
    """Add the entries under `metrics:`; mistakes are logged at the option or the entry, or in the file it names."""
    judges = reading.judges
    for index, entry in enumerate(form.metrics):
        name, options = _named(entry)
        place: Place = ("metrics", index)
        given = plain(options or {})
        try:
            if isinstance(given.get("backend"), dict):
                given["backend"] = judges.define((*place, name, "backend"))
            if isinstance(given.get("panel"), list):
                given["panel"] = [
                    judges.define((*place, name, "panel", at)) if isinstance(each, dict) else each
                    for at, each in enumerate(given["panel"])
                ]
            path = given.get("rubric") if metrics.reads_rubric(name) else None
            rubric = reading.rubrics.read(path, document, (*place, name, "rubric")) if isinstance(path, str) else None
            if isinstance(path, str) and rubric is None:
                metrics.give_up(name)
                continue
            metrics.add(name, given, place, rubric=rubric)
        except OptionError as error:
            at = (*place, name) if isinstance(entry, dict | EvaluateForm) else place
            option_at = (*at, error.key) if error.key is not None else at
            known = option_at in document.key_marks
            log.add(document.shown, document.key_mark(option_at if known else at), str(error))


def check_references(metrics: SuiteMetrics, form: SuiteForm, document: Document, *, log: MistakeLog) -> None:
    """Log it when metrics need references and the dataset names none: they could score nothing."""
    needing = metrics.needing_references()
    if needing and form.dataset is not None and form.dataset.reference is None:
        message = (
            f"'dataset' names no reference, and {listed(needing)} can score nothing without; "
            "a column or a list of columns is allowed; write for example 'reference: label'"
        )
        log.add(document.shown, document.mark(("dataset",)), message)
