"""A staged rollout of one prompt in place of another, replayed on recorded trials of both."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import replace

from harness import comparison, record
from harness.errors import HarnessError, UsageError
from harness.pipeline import load_plan
from harness.schema import RolloutSpec
from harness.wording import counted, did_you_mean, listed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from harness.comparison import Exposure, Rollout, RolloutPlan, Served, Watched
    from harness.schema import Measure, RolloutStage, Settings, Suite

_TAGS = "tags"
_QUALITY = ("score", "percent")
_WORSE = 0.1
"""Of a metric's range: how much worse a bad prompt is taken to be."""


class Order(Struct, frozen=True):
    """What is replayed."""

    old: str
    """The variant that serves now."""
    new: str
    """The variant that is to take its place."""
    runs: tuple[str, str]
    """The run of each, as written; the same where both are of one run."""
    suite: str | None = None
    """Suite; None where the runs have one."""
    backend: str | None = None
    """Backend; None where both variants ran on one."""
    changes: Mapping[str, Any] = {}
    """Fields of RolloutSpec that the command line gives."""
    draws: int = 200
    """Random draws behind the expected exposure."""
    worse: float | None = None
    """How much worse a bad prompt is, in the first metric's unit; None: a tenth of its range."""


class Rehearsal(Struct, frozen=True):
    """A replayed rollout."""

    suite: str
    """Suite."""
    backend: str
    """Backend."""
    old: str
    """The variant that served before."""
    new: str
    """The variant that was to take its place."""
    runs: tuple[str, str]
    """The run of each."""
    plan: RolloutPlan
    """Stages and metrics."""
    n_served: int
    """Recorded requests."""
    rollout: Rollout
    """What each stage showed."""
    exposure: Exposure
    """What the new prompt would serve before its roll back, over random draws."""
    worse: float
    """How much worse a bad prompt was taken to be, in the first metric's unit."""
    exposure_if_worse: Exposure
    """The same, were it so much worse."""
    notes: tuple[str, ...]
    """What else to know."""


def rehearse(order: Order, settings: Settings) -> Rehearsal:
    """The rollout as it would have gone.

    Raises:
        UsageError: there is no such suite, variant, backend, metric or tier, or stages that do not fit.
        RecordError: a run is not there, or is damaged.
        FilesError: the suite's file is there and has mistakes.
        HarnessError: the two have no sample in common.

    """
    told = _Recorded(order, settings)
    served, notes = told.served()
    try:
        return _replayed(told, served, notes)
    except ValueError as error:
        raise UsageError(f"rollout: {error}") from error


def _replayed(told: _Recorded, served: Sequence[Served], notes: Sequence[str]) -> Rehearsal:
    order, plan = told.order, told.plan
    first = plan.watched[0]
    worse = order.worse if order.worse is not None else _WORSE * first.span
    if worse > first.span and told.is_bounded(first.metric):
        raise UsageError(
            f"rollout: --if-worse {worse:g}: {first.metric} can fall by {first.span:g} at most; a smaller drop is "
            f"allowed; write for example {_WORSE * first.span:g}"
        )
    return Rehearsal(
        suite=told.suite_name,
        backend=told.backend,
        old=order.old,
        new=order.new,
        runs=(told.sides[0].ref, told.sides[1].ref),
        plan=plan,
        n_served=len(served),
        rollout=comparison.replay(served, plan),
        exposure=comparison.expected_exposure(served, plan, draws=order.draws),
        worse=worse,
        exposure_if_worse=comparison.expected_exposure(
            comparison.harmed(served, first, worse), plan, draws=order.draws
        ),
        notes=tuple(notes),
    )


class _Recorded:
    """What the runs and the suite's file say: both sides, and the plan."""

    def __init__(self, order: Order, settings: Settings) -> None:
        self.order = order
        folders = [record.resolve_run(ref, settings.reports, settings.root, suite=order.suite) for ref in order.runs]
        self._runs = [record.measured_of_run(folder) for folder in folders]
        self.suite_name = self._one_suite()
        self.sides = [run[self.suite_name] for run in self._runs]
        self._folder = folders[1]
        self._suite = _suite(self._folder, self.suite_name, settings)
        self._spec = replace((self._suite and self._suite.rollout) or RolloutSpec(), **order.changes)
        for side, variant in zip(self.sides, (order.old, order.new), strict=True):
            _check("variant", variant, [cell[0] for cell in side.cells], ref=side.ref)
        if order.old == order.new and self.sides[0].ref == self.sides[1].ref:
            raise UsageError(
                f"rollout: OLD and NEW are both {order.old} of run {self.sides[0].ref}; two variants, or two runs of "
                "one, are needed; name another variant, or two runs with --runs OLD_RUN NEW_RUN"
            )
        self.backend = self._one_backend()
        self.plan = comparison.RolloutPlan(
            watched=tuple(self._watched()),
            stages=tuple(_stages(self._spec.stages)) or comparison.STAGES,
            alpha=self._spec.alpha,
            spending=self._spec.spending,
            fewest=self._spec.fewest,
        )

    def served(self) -> tuple[list[Served], list[str]]:
        """The recorded requests, and what to say of them; HarnessError when there are none."""
        old, new = self.order.old, self.order.new
        rows = self.sides[0].cells[old, self.backend], self.sides[1].cells[new, self.backend]
        tiers, notes = self._tiers()
        served, pairs = comparison.served_of(*rows, [each.metric for each in self.plan.watched], tiers=tiers)
        if not served:
            raise HarnessError(
                f"rollout: {old} and {new} have no trial in common; both need to have run on the same rows; "
                "run both on the same dataset"
            )
        lost = len({*pairs.new, *pairs.gone, *pairs.changed})
        notes += [f"{counted(lost, 'sample')} left out: not in both, or with another row"] if lost else []
        return served, notes

    def is_bounded(self, metric: str) -> bool:
        """Whether the metric has a range of its own."""
        return self.sides[1].measures[metric].high is not None

    def _one_suite(self) -> str:
        order = self.order
        both = [name for name in self._runs[1] if name in self._runs[0]]
        if order.suite is not None:
            _check("suite", order.suite, both, ref=order.runs[1])
            return order.suite
        variants = [[cell[0] for name in both for cell in run[name].cells] for run in self._runs]
        for name, known, ref in zip((order.old, order.new), variants, order.runs, strict=True):
            _check("variant", name, known, ref=ref)
        having = [
            name
            for name in both
            if all(
                variant in {cell[0] for cell in run[name].cells}
                for variant, run in zip((order.old, order.new), self._runs, strict=True)
            )
        ]
        if len(having) == 1:
            return having[0]
        raise UsageError(
            f"rollout: {counted(len(having), 'suite')} have both {order.old} and {order.new}; one is needed; name it "
            f"with --suite NAME, one of: {listed(both)}"
        )

    def _one_backend(self) -> str:
        names = [
            [backend for variant, backend in side.cells if variant == wanted]
            for side, wanted in zip(self.sides, (self.order.old, self.order.new), strict=True)
        ]
        both = [name for name in names[1] if name in names[0]]
        if self.order.backend is not None:
            _check("backend", self.order.backend, both, ref=self.sides[1].ref)
            return self.order.backend
        if len(both) == 1:
            return both[0]
        raise UsageError(
            f"rollout: both variants ran on {counted(len(both), 'backend')}; one is needed; name it with --backend "
            f"NAME, one of: {listed(both)}"
        )

    def _watched(self) -> Iterator[Watched]:
        """What is watched, with direction and range as the runs have them."""
        old, new = (side.measures for side in self.sides)
        default = [(name, 0.0) for name, measure in new.items() if measure.unit in _QUALITY and name in old]
        for name, margin in self._spec.metrics or default:
            _check("metric", name, [each for each in new if each in old], ref=self.sides[1].ref)
            measure = new[name]
            if old[name].signature != measure.signature:
                raise UsageError(
                    f"rollout: {name} is measured in another way in {self.sides[1].ref} than in {self.sides[0].ref}; "
                    "the same way is needed; leave it out, or run both again"
                )
            if measure.high is not None and margin >= _span(measure):
                raise UsageError(
                    f"rollout: margin {margin:g} is all that {name} can fall; less than {_span(measure):g} is allowed; "
                    f"write for example --metric {name}={_span(measure) / 50:g}"
                )
            yield comparison.Watched(name, measure.higher_is_better, margin, _span(measure))

    def _tiers(self) -> tuple[dict[str, str] | None, list[str]]:
        """Sample id → its tier; None where no stage asks, or the usual stages do and none is recorded, which is said.

        Raises UsageError for a column or tier that somebody named and no row has.
        """
        asked = {stage.tier for stage in self.plan.stages if stage.tier is not None}
        column = self._spec.tier
        is_named = column != _TAGS or bool(self._spec.stages)
        if not asked and not is_named:
            return None, []
        words = self._words(column)
        there = sorted({word for own in words.values() for word in own})
        missing = sorted(asked - set(there))
        what = f"no recorded row is of tier {' or '.join(map(repr, missing))} (column {column!r})"
        if missing and is_named:
            raise UsageError(
                f"rollout: {what}; tiers there: {listed(there)}; name one of them, as in --stage 0.05:TIER, or another "
                f"column with --tier.{did_you_mean(missing[0], there)}"
            )
        if missing:
            return None, [f"{what}: replayed without tiers"]
        if not asked:
            return None, []
        found = {sample: next((word for word in own if word in asked), None) for sample, own in words.items()}
        return {sample: tier for sample, tier in found.items() if tier is not None}, []

    def _words(self, column: str) -> Mapping[str, Sequence[str]]:
        """Sample id → what the column holds: of `tags` as the run recorded them, else of the dataset as it is now."""
        if column == _TAGS:
            return record.tags_of_run(self._folder, self.suite_name)
        if self._suite is None:
            raise UsageError(
                f"rollout: --tier {column}: the file of suite '{self.suite_name}' is not here, and a run records no "
                "column but tags; tags is allowed; go to the project's folder"
            )
        names = list(dict.fromkeys([_TAGS, *(name for sample in self._suite.samples for name in sample.variables)]))
        if column not in names:
            raise UsageError(
                f"rollout: --tier {column}: the dataset has no such column; available: {listed(names)}."
                f"{did_you_mean(column, names)}"
            )
        cells = {sample.sample_id: sample.variables.get(column) for sample in self._suite.samples}
        return {sample: (str(cell),) for sample, cell in cells.items() if cell is not None}


def _suite(folder: Path, name: str, settings: Settings) -> Suite | None:
    """The suite as its file has it now; None where the file is not here."""
    facts = next(each for each in record.load_manifest(folder).suites if each["name"] == name)
    path = settings.root / str(facts.get("path", ""))
    return load_plan(path, settings, render=False).suite if path.is_file() else None


def _stages(stages: Sequence[RolloutStage]) -> Iterator[comparison.Stage]:
    for stage in stages:
        of_tier = f" of tier {stage.tier}" if stage.tier else ""
        yield comparison.Stage(
            stage.name or f"{100 * stage.share:g} %{of_tier}", stage.share, stage.after_h, stage.tier
        )


def _span(measure: Measure) -> float:
    if measure.high is None or not math.isfinite(measure.high - measure.low):
        return 1.0
    return measure.high - measure.low


def _check(kind: str, name: str, known: Sequence[str], *, ref: str) -> None:
    names = list(dict.fromkeys(known))
    if name not in names:
        raise UsageError(
            f"rollout: {ref} has no {kind} '{name}'; available: {listed(names)}.{did_you_mean(name, names)}"
        )
