"""Comparing a suite's judge with people: their labelled answers run through the same engine as any suite."""

from __future__ import annotations

import json
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from harness import calibrate, plan, score
from harness import suite as suites
from harness.errors import UsageError
from harness.pipeline import Evaluation
from harness.report import small_model_note
from harness.rooms import catalogue
from harness.schema import BackendSpec, Message, OutputSpec, Plan, PromptVersion, Techniques, Variant
from harness.wording import counted, listed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from harness.calibrate import Calibration
    from harness.schema import CalibrationRule, Measure, MetricSpec, Rating, Sample, Settings, Suite, TrialResult
    from harness.suite import Labels

    _Ratings = Mapping[str, Mapping[str, Sequence[Rating]]]

LABELLED = "labelled"
"""The variant whose answers people have rated."""
_OTHER = "other"
_CHAT = (Message("user", "(an answer that people have rated)"),)
_POLL_S = 0.5


class Order(Struct, frozen=True):
    """What is to be compared."""

    suite: Path
    """The suite file."""
    labels: Path
    """The rows that people have rated."""
    metric: str | None = None
    """Which of the suite's judges, by the metric's name; None where it has one."""
    human: Mapping[str, str] = {}
    """By measure or criterion: the column with the ratings; others are looked for under these names."""
    output: str = "output"
    """Column with the answer."""
    other: str = "other"
    """Column with the answer that it is compared with, for pairs."""
    references: tuple[str, ...] = ()
    """Columns with accepted answers, shown to the judge as in a run."""
    group: str | None = None
    """Column with the cluster."""
    limit: int | None = None
    """Rows used; None uses all."""
    write: Path | None = None
    """Where the calibration is written; None means where the metric looks for it."""


class Calibrated(Struct, frozen=True):
    """What was found."""

    measures: Mapping[str, Calibration]
    """By measure."""
    path: Path
    """The file that was written."""
    report: Path
    """The recorded run, with every verdict and its reason."""


class _Judge(Struct, frozen=True):
    """The metric that is compared with people."""

    spec: MetricSpec
    rule: CalibrationRule
    measures: tuple[Measure, ...]


def calibrate_judge(order: Order, settings: Settings, notice: Callable[[str], None]) -> Calibrated:
    """Run the judge over the labelled answers, compare, and write the calibration; `notice` gets what to know.

    Raises:
        FilesError: every mistake found in the suite or in the labels.
        UsageError: the suite has no judge, or it must be said which.
        RecordError: the run or the calibration cannot be written.

    """
    options = suites.LoadOptions(settings.root, is_calibrating=True)
    suite = suites.load_suite(order.suite, catalogue(), options)
    judge = _chosen(suite, order.metric)
    labels = suites.read_labels(
        order.labels, settings.root, _columns(order, judge), measures=judge.measures, limit=order.limit
    )
    with tempfile.TemporaryDirectory() as folder:
        results, ratings, report = _run(_labelled(suite, judge, labels, folder=Path(folder)), settings, notice)
    rated = [measure for measure in judge.measures if measure.name in labels.human]
    if unrated := [measure.name for measure in judge.measures if measure.name not in labels.human]:
        notice(f"left out, because nobody rated it in {labels.shown}: {listed(unrated)}")
    note = next((small for each in suite.judges if (small := small_model_note(each))), "")
    found = {
        measure.name: _compared(measure, judge.rule, labels, results=results, ratings=ratings, note=note)
        for measure in rated
    }
    path = order.write or judge.rule.path
    calibrate.write_calibrations(path, found)
    return Calibrated(found, path, report)


def _chosen(suite: Suite, name: str | None) -> _Judge:
    judges = [(spec, rule) for spec in suite.metrics if (rule := score.calibration_rule(spec)) is not None]
    named = [each for each in judges if name in {None, each[0].name}]
    if not named:
        raise UsageError(
            f"{suite.path}: no metric {f'{name!r} ' if name else ''}asks a model to judge; metrics that do: "
            f"{listed([spec.name for spec, _ in judges])}; list a judge under metrics"
        )
    if len(named) > 1:
        raise UsageError(
            f"{suite.path}: several metrics ask models to judge ({listed([spec.name for spec, _ in named])}); one at a "
            "time is calibrated; name it with --metric NAME, in a suite that has it once"
        )
    spec, rule = named[0]
    names = {measure.name for measure in score.measures_of(spec)}
    return _Judge(spec, rule, tuple(measure for measure in suite.measures if measure.name in names))


def _columns(order: Order, judge: _Judge) -> suites.LabelColumns:
    short = {measure.name: measure.name.removeprefix(f"{judge.spec.name}.") for measure in judge.measures}
    known = {*short, *short.values()}
    if unknown := [name for name in order.human if name not in known]:
        raise UsageError(
            f"--human {unknown[0]}: the judge has no such measure; available: {listed(list(short))}; name one of them"
        )
    human = {}
    for name, criterion in short.items():
        given = order.human.get(name) or order.human.get(criterion)
        human[name] = (given,) if given else (name, criterion, f"human_{criterion}")
    return suites.LabelColumns(
        human=human,
        output=order.output,
        other=order.other if judge.rule.is_pairwise else None,
        needed=judge.rule.material,
        references=order.references,
        group=order.group,
        named=tuple(order.human.values()),
    )


# -- the run --------------------------------------------------------------------------------------------------------


def _labelled(suite: Suite, judge: _Judge, labels: Labels, *, folder: Path) -> Suite:
    """A suite whose answers are the labelled ones, and whose only metric is the judge."""
    names = [LABELLED, *([judge.rule.against or _OTHER] if judge.rule.is_pairwise else [])]
    lines = [
        json.dumps({"sample": sample.sample_id, "variant": name, "output": text})
        for sample in labels.samples
        for name, text in zip(names, labels.outputs[sample.sample_id], strict=False)
    ]
    (folder / "answers.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    replay = BackendSpec("people", "replay", "answers.jsonl", {}, folder, path="answers.jsonl")
    prompt = PromptVersion(LABELLED, "1", labels.shown, (), {}, (), Techniques(), OutputSpec(), labels.content_hash)
    judged = {measure.name for measure in judge.measures}
    always = {measure.name for measure in score.always_measured()}
    return replace(
        suite,
        name=f"{suite.name}-calibration",
        description=f"{judge.spec.name} of {suite.name}, compared with people's ratings",
        samples=labels.samples,
        n_rows=len(labels.samples),
        variants=tuple(Variant(name, prompt) for name in names),
        backends=(replay,),
        repeats=1,
        metrics=(judge.spec,),
        measures=tuple(each for each in suite.measures if each.name in judged | always),
        checks=(),
        gates=(),
        dataset_hash=labels.content_hash,
        dataset_path=labels.shown,
    )


def _run(
    suite: Suite, settings: Settings, notice: Callable[[str], None]
) -> tuple[Mapping[str, TrialResult], _Ratings, Path]:
    """Results by sample, the judge's single verdicts, and the folder of the recorded run."""
    messages = {(variant.name, sample.sample_id): _CHAT for variant in suite.variants for sample in suite.samples}
    trials = tuple(plan.plan_trials(suite, messages))
    evaluation = Evaluation([Plan(suite, trials, ())], settings)
    evaluation.start(trials)
    complete = False
    try:
        found = {}
        for trial in trials:
            while (result := evaluation.result(trial.trial_id, _POLL_S)) is None:
                pass
            if trial.variant == LABELLED:
                found[trial.sample.sample_id] = result
        complete = True
    finally:
        _, folder = evaluation.finish(complete=complete)
    for text in evaluation.notices:
        notice(text)
    return found, evaluation.scorer.ratings, folder


# -- the comparison -------------------------------------------------------------------------------------------------


def _compared(
    measure: Measure,
    rule: CalibrationRule,
    labels: Labels,
    *,
    results: Mapping[str, TrialResult],
    ratings: _Ratings,
    note: str,
) -> Calibration:
    human = labels.human[measure.name]
    rated = [
        each
        for sample in labels.samples
        if sample.sample_id in human
        and (each := _rated(measure, rule, labels, sample=sample, found=(results[sample.sample_id], ratings)))
    ]
    n_failed = sum(_is_failed(results[sample_id], measure) for sample_id in human)
    if not rated:
        raise UsageError(
            f"'{measure.name}': none of {counted(len(human), 'labelled answer')} was rated by the judge "
            f"({lacking_verdicts(len(human) - n_failed, n_failed)}); at least one is needed; look at the reasons in "
            "the report of the run"
        )
    categories = [0.0, 0.5, 1.0] if rule.is_pairwise else _whole(measure)
    found = calibrate.agreement(rated, categories, is_pairwise=rule.is_pairwise)
    return calibrate.Calibration(
        signature=measure.signature,
        calibrated_at=datetime.now(UTC).date().isoformat(),
        labels=labels.shown,
        labels_hash=labels.content_hash,
        n=found.n,
        n_unscored=len(human) - len(rated) - n_failed,
        n_failed=n_failed,
        n_clusters=found.n_clusters,
        lacking=dict(found.lacking),
        estimates=dict(found.estimates),
        categories=list(found.categories),
        confusion=[list(row) for row in found.confusion],
        note=note,
    )


def _rated(
    measure: Measure,
    rule: CalibrationRule,
    labels: Labels,
    *,
    sample: Sample,
    found: tuple[TrialResult, _Ratings],
) -> calibrate.Rated | None:
    """One answer that people rated, with the judge's score; None where there is none."""
    result, ratings = found
    value = next((each.value for each in result.scores if each.metric == measure.name), None)
    if value is None:
        return None
    first, second = labels.outputs[sample.sample_id]
    given = ratings.get(result.trial.trial_id, {}).get(measure.name, ())
    followed = score.followed_position(result.trial, given) if rule.is_pairwise else None
    human = labels.human[measure.name][sample.sample_id]
    return calibrate.Rated(human, value, len(first) - len(second or ""), sample.group or sample.sample_id, followed)


def _is_failed(result: TrialResult, measure: Measure) -> bool:
    """Whether the judge's backend failed on the answer, instead of saying what cannot be read."""
    return any(each.metric == measure.name and each.status == "failed" for each in result.scores) or not result.scores


def lacking_verdicts(n_unscored: int, n_failed: int) -> str:
    """How many answers have no verdict, by why; empty where all have one."""
    unread = f"{n_unscored:,} whose verdict could not be read" if n_unscored else ""
    failed = f"{n_failed:,} on which the judge's backend failed or was not asked" if n_failed else ""
    return ", ".join(each for each in (unread, failed) if each)


def _whole(measure: Measure) -> list[float]:
    """The scale's whole numbers."""
    assert measure.high is not None, "a judge's scale has an end"
    return [float(value) for value in range(int(measure.low), int(measure.high) + 1)]
