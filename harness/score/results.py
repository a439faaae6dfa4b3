"""Answers → trial results: read, scored, checked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.errors import OutputError
from harness.schema import COMPARISONS, Answer, CallError, Score, Scores, TrialResult

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from harness.schema import CheckSpec, Generation, Note, Outcome, Suite, Trial
    from harness.score.asked import Findings
    from harness.score.scorer import Scorer
    from harness.trace import MetricTime

_FREE: Mapping[int, float | None] = {}
_NOTHING_FOUND: Mapping[str, Findings] = {}


def trial_results(
    suite: Suite,
    answered: Sequence[tuple[Trial, Generation | CallError]],
    *,
    scorer: Scorer,
    read_answer: Callable[[Trial, str], str],
    timed: list[MetricTime] | None = None,
    found: Mapping[str, Findings] = _NOTHING_FOUND,
) -> list[TrialResult]:
    """One result a trial, in order; `timed` gets when each metric scored them.

    `found` has by trial id what the metrics found out that ask models.

    `read_answer` gets a trial and the model's text. A text that it cannot read is a wrong answer, not an
    error: it is scored as empty, so that a prompt cannot gain by answering in no readable form.
    """
    readings = [_read(trial, answer, read_answer) for trial, answer in answered]
    answers = [
        Answer(output, trial.sample.references, trial.sample.variables, generation)
        for (trial, _), (generation, output, _) in zip(answered, readings, strict=True)
        if generation is not None
    ]
    asked = [found.get(trial.trial_id) for trial, answer in answered if not isinstance(answer, CallError)]
    scored = iter(scorer.score(answers, timed, found=asked if found else None))
    names = tuple(measure.name for measure in suite.measures)
    known = scorer.known_notes
    results = []
    for (trial, _), (generation, output, error) in zip(answered, readings, strict=True):
        if generation is None:
            assert error is not None
            results.append(_without_answer(trial, error, names=names, known=known))
        else:
            scores = next(scored)
            missed = missed_checks(suite.checks, scores) if suite.checks else ()
            packed = Scores(names, scores, known, costs=_costs(names, found, trial) if found else _FREE)
            results.append(TrialResult(trial, _outcome(scores, missed), output, generation, error, packed, missed))
    return results


def _without_answer(
    trial: Trial, error: CallError, *, names: tuple[str, ...], known: dict[object, Mapping[int, Note]]
) -> TrialResult:
    if error.kind in ("not_run", "stopped_early"):
        return TrialResult(trial, "not_run", None, None, error, (), ())
    lost = [Score(name, None, "failed", error.message) for name in names]
    return TrialResult(trial, "error", None, None, error, Scores(names, lost, known), ())


def answer_to(trial: Trial, generation: Generation, read_answer: Callable[[Trial, str], str]) -> Answer:
    """What a metric sees of a trial's answer before there is a result; as `trial_results` reads it."""
    _, output, _ = _read(trial, generation, read_answer)
    return Answer(output, trial.sample.references, trial.sample.variables, generation)


def _costs(names: Sequence[str], found: Mapping[str, Findings], trial: Trial) -> Mapping[int, float | None]:
    """By place: what the scores of a trial cost that models were asked for."""
    findings = found.get(trial.trial_id)
    return _FREE if findings is None else {names.index(measure): usd for measure, usd in findings.costs.items()}


def answers_of(results: Sequence[TrialResult]) -> list[Answer]:
    """What a metric sees of the results that have an answer, in order."""
    return [
        Answer(result.output or "", result.trial.sample.references, result.trial.sample.variables, result.generation)
        for result in results
        if result.generation is not None
    ]


def missed_checks(checks: Sequence[CheckSpec], scores: Sequence[Score]) -> tuple[str, ...]:
    """A line a missed check: its text and the value; a value that is missing is a miss."""
    by_name = {score.metric: score for score in scores}
    lines = []
    for check in checks:
        score = by_name[check.metric]
        if score.value is None:
            lines.append(f"{check.text}: there is no value: {score.reason or score.status}")
        elif not COMPARISONS[check.operator](score.value, check.threshold):
            lines.append(f"{check.text}: it is {score.value:.6g}" + (f" ({score.reason})" if score.reason else ""))
    return tuple(lines)


def _read(
    trial: Trial, answer: Generation | CallError, read_answer: Callable[[Trial, str], str]
) -> tuple[Generation | None, str, CallError | None]:
    if isinstance(answer, CallError):
        return None, "", answer
    try:
        return answer, read_answer(trial, answer.text), None
    except OutputError as error:
        return answer, "", CallError(kind="output", message=str(error))


def _outcome(scores: Sequence[Score], missed: Sequence[str]) -> Outcome:
    if any(score.status == "failed" for score in scores):
        return "error"
    return "failed" if missed else "passed"
