"""suite.yaml with everything it names → a validated Suite."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from msgspec.structs import replace

from harness.errors import UsageError
from harness.schema import Suite, Trust, content_hash
from harness.suite.backends import NAME, NAME_RULE, BackendReader
from harness.suite.baseline import baseline_gates
from harness.suite.constrained import check_takers
from harness.suite.dataset import Wanted, build, read_rows
from harness.suite.document import parse
from harness.suite.explain import read_form
from harness.suite.gates import Scopes, read_checks, read_gates
from harness.suite.judges import Judges
from harness.suite.metrics import Reading, SuiteMetrics, add_metrics, check_references
from harness.suite.mistakes import MistakeLog
from harness.suite.prompt_file import demand_of
from harness.suite.quarantine import Quarantines
from harness.suite.rollout import read_rollout
from harness.suite.rubric_file import RubricReader
from harness.suite.suite_form import SuiteForm
from harness.suite.targets import read_targets
from harness.suite.text_file import read_yaml_text
from harness.suite.values import quoted
from harness.suite.variants import VariantReader

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.schema import BackendSpec, CheckSpec, GateSpec, Measure, MetricSpec, RolloutSpec
    from harness.suite.catalogue import Catalogue, LoadOptions
    from harness.suite.dataset import Dataset
    from harness.suite.explain import Read
    from harness.suite.variants import Variants


class _Conditions(NamedTuple):
    """What is measured and what must hold."""

    metrics: SuiteMetrics
    checks: tuple[CheckSpec, ...]
    gates: tuple[GateSpec, ...]
    notes: tuple[str, ...]
    rollout: RolloutSpec | None
    scopes: Scopes


def load_suite(path: Path, catalogue: Catalogue, options: LoadOptions) -> Suite:
    """The validated suite.

    Raises FilesError with every mistake of the suite file, backends.yaml, prompt files and dataset, and UsageError
    when the options ask for an unknown backend or for no samples.
    """
    _check_options(options)
    log = MistakeLog(options.root)
    path = Path(os.path.abspath(path))  # noqa: PTH100 - no symlink is followed: prompts lie beside the path as given
    shown = log.shown(path)
    log.begin(shown)
    text = read_yaml_text(path, shown)
    read = read_form(SuiteForm, parse(text, shown), log)
    if read is None:
        log.raise_if_any()
    assert read is not None, "a form that could not be read is a mistake"
    loading = _Loading(read, path.parent, catalogue=catalogue, options=options, log=log)
    suite = loading.suite(content_hash([text]))
    log.raise_if_any()
    assert suite is not None, "a missing part is a mistake"
    return suite


def _check_options(options: LoadOptions) -> None:
    for name, value in (("limit", options.limit), ("repeats", options.repeats)):
        if value is not None and value < 1:
            raise UsageError(
                f"--prompt-{name}: {value} is too low; at least 1 is allowed; leave the option out for all"
            )


def _has_pairs(gate: GateSpec) -> bool:
    """Whether a gate is beside a recorded run: a number that a prompt promises has no samples to look at."""
    return gate.regression is not None and gate.regression.target is None


def _untested(_spec: MetricSpec, _measure: Measure) -> Trust:
    return Trust("")


class _Loading:
    """The parts of one suite, read in the order in which they need each other."""

    def __init__(
        self, read: Read[SuiteForm], folder: Path, *, catalogue: Catalogue, options: LoadOptions, log: MistakeLog
    ) -> None:
        self._form, self._document, self._broken = read.form, read.document, read.broken
        self._folder = folder
        self._catalogue = catalogue
        self._options = options
        self._log = log

    def suite(self, suite_hash: str) -> Suite | None:
        """The suite, or None when a part of it is missing or broken."""
        form, options = self._form, self._options
        name = self._name()
        self._check_required()
        variants = VariantReader(self._folder, self._catalogue, self._log).read(form.prompts or (), self._document)
        listed, backends, judges = self._backends()
        check_takers(variants.variants, backends, self._document, catalogue=self._catalogue, log=self._log)
        conditions = self._conditions(variants, [*listed, *backends], judges)
        dataset = self._dataset(variants, [*listed, *backends], conditions.metrics)
        quarantines = Quarantines(self._document, conditions.scopes, today=options.today, log=self._log)
        quarantine = quarantines.read(form.quarantine, None if dataset is None else dataset.ids)
        self._check_stop(conditions.gates)
        if dataset is None or len(self._log):
            return None
        return Suite(
            name=name,
            description=(form.description or "").strip(),
            path=self._document.shown,
            folder=self._folder,
            samples=dataset.samples,
            n_rows=dataset.n_rows,
            variants=variants.variants,
            backends=tuple(backends),
            repeats=options.repeats if options.repeats is not None else form.repeats,
            metrics=tuple(conditions.metrics.specs),
            measures=conditions.metrics.measures,
            checks=conditions.checks,
            gates=conditions.gates,
            suite_hash=suite_hash,
            dataset_hash=dataset.dataset_hash,
            dataset_path=dataset.shown,
            judges=judges.asked,
            notes=conditions.notes,
            rollout=conditions.rollout,
            quarantine=quarantine,
            stop_early=form.stop_early,
            warnings=tuple(quarantines.warnings),
        )

    def _backends(self) -> tuple[Sequence[BackendSpec], Sequence[BackendSpec], Judges]:
        """Those that the suite lists, those that answer, and those that its metrics ask."""
        form, chosen = self._form, self._options.backends
        reader = BackendReader(self._catalogue, self._folder, self._log)
        listed = reader.read(form.backends, self._document) if "backends" not in self._broken or form.backends else ()
        return listed, reader.chosen(chosen, listed) if chosen else listed, Judges(reader, listed, self._document)

    def _name(self) -> str:
        written = self._form.name
        name = written if written is not None else self._folder.name
        if not NAME.fullmatch(name):
            what = "name" if written is not None else "the folder's name"
            message = f"{what} {quoted(name)} cannot name a suite; {NAME_RULE}; write for example 'name: feedback'"
            self._log.add(self._document.shown, self._document.mark(("name",) if written is not None else ()), message)
        return name

    def _check_required(self) -> None:
        for key, example in (("dataset", "{path: rows.jsonl}"), ("prompts", "[zero_shot]")):
            if getattr(self._form, key) is None and key not in self._broken:
                message = f"key '{key}' is missing; it is required; write for example '{key}: {example}'"
                self._log.add(self._document.shown, self._document.mark((key,)), message)

    def _check_stop(self, gates: Sequence[GateSpec]) -> None:
        if self._form.stop_early and "gates" not in self._broken and not any(map(_has_pairs, gates)):
            message = (
                "'stop_early' has nothing to wait for; a suite with a regression gate may stop early; write for "
                "example 'gates: [{regression: exact_match}]'"
            )
            self._log.add(self._document.shown, self._document.mark(("stop_early",)), message)

    def _conditions(self, variants: Variants, backends: Sequence[BackendSpec], judges: Judges) -> _Conditions:
        inputs = dict.fromkeys(name for variant in variants.variants for name in variant.prompt.inputs)
        catalogue = replace(self._catalogue, trust_in=_untested) if self._options.is_calibrating else self._catalogue
        known = tuple(name for name, _ in variants.names) if variants.is_complete else ()
        metrics = SuiteMetrics(catalogue, self._folder, judges, inputs=tuple(inputs), variants=known)
        reading = Reading(judges, RubricReader(self._folder, catalogue, self._log))
        add_metrics(metrics, self._form, self._document, reading=reading, log=self._log)
        checks = read_checks(metrics, self._form, self._document, log=self._log)
        scopes = Scopes(variants.names, self._backend_names(backends))
        gates = read_gates(metrics, self._form, self._document, scopes=scopes, log=self._log)
        targets = read_targets(metrics, self._form, self._document, scopes=scopes, log=self._log)
        rollout = read_rollout(metrics, self._form.rollout, self._document, log=self._log)
        if "dataset" not in self._broken:
            check_references(metrics, self._form, self._document, log=self._log)
        baselines = [
            gate for file, names in variants.by_file for gate in baseline_gates(file, names, metrics, log=self._log)
        ]
        return _Conditions(metrics, checks, (*gates, *targets.gates, *baselines), targets.notes, rollout, scopes)

    def _backend_names(self, backends: Sequence[BackendSpec]) -> list[str]:
        """Names that a scope may use: broken definitions count, so that they are complained of once."""
        entries = [entry if isinstance(entry, str) else entry.name for entry in self._form.backends or ()]
        return list(dict.fromkeys([*entries, *(spec.name for spec in backends)]))

    def _dataset(self, variants: Variants, backends: Sequence[BackendSpec], metrics: SuiteMetrics) -> Dataset | None:
        form = self._form.dataset
        if form is None or "dataset" in self._broken:
            return None
        table = read_rows(form, self._document, self._folder, log=self._log)
        if table is None:
            return None
        wanted = Wanted(
            demands=[demand_of(file) for file, _ in variants.by_file if "inputs" not in file.broken],
            other_columns={spec.column for spec in backends if spec.column is not None},
            metric_columns=metrics.columns(self._document),
            are_demands_complete=variants.is_complete
            and not self._broken & {"prompts", "backends"}
            and metrics.is_complete,
            limit=self._options.limit,
        )
        return build(table, form, self._document, wanted=wanted, log=self._log)
