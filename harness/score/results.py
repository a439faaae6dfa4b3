"""Answers → trial results: read, scored, checked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.errors import OutputError
from harness.schema import COMPARISONS, Answer, CallError, Score, Scores, TrialResult

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from harness.schema import CheckSpec, Generation, Outcome, Suite, Trial
    from harness.score.scorer import Scorer
    from harness.trace import MetricTime


def trial_results(
    suite: Suite,
    answered: Sequence[tuple[Trial, Generation | CallError]],
    *,
    scorer: Scorer,
    read_answer: Callable[[Trial, str], str],
    timed: list[MetricTime] | None = None,
) -> list[TrialResult]:
    """One result a trial, in order; `timed` gets when each metric scored them.

    `read_answer` gets a trial and the model's text. A text that it cannot read is a wrong answer, not an
    error: it is scored as empty, so that a prompt cannot gain by answering in no readable form.
    """
    readings = [_read(trial, answer, read_answer) for trial, answer in answered]
    answers = [
        Answer(output, trial.sample.references, trial.sample.variables, generation)
        for (trial, _), (generation, output, _) in zip(answered, readings, strict=True)
        if generation is not None
    ]
    scored = iter(scorer.score(answers, timed))
    names = tuple(measure.name for measure in suite.measures)
    known = scorer.known_notes
    results = []
    for (trial, _), (generation, output, error) in zip(answered, readings, strict=True):
        if generation is None:
            assert error is not None
            if error.kind == "not_run":
                results.append(TrialResult(trial, "not_run", None, None, error, (), ()))
                continue
            lost = [Score(measure.name, None, "failed", error.message) for measure in suite.measures]
            results.append(TrialResult(trial, "error", None, None, error, Scores(names, lost, known), ()))
        else:
            scores = next(scored)
            missed = missed_checks(suite.checks, scores) if suite.checks else ()
            outcome = _outcome(scores, missed)
            results.append(TrialResult(trial, outcome, output, generation, error, Scores(names, scores, known), missed))
    return results


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
