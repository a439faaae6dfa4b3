"""judge: a model rates answers on criteria, after G-Eval."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, ClassVar

from harness.schema import CallError, Generation, Measure, Question
from harness.score.judge.combined import TRIES, hint, panel_score, sampled_score
from harness.score.judge.rubric import chosen_rubric
from harness.score.judge.settings import TRUST_OPTIONS, lacking, read_columns, read_judges, read_rule, sent
from harness.score.judge.verdict import Verdict, form_schema, read_verdict
from harness.score.judge.wording import form_messages, steps_messages
from harness.score.metric import failed, unscored
from harness.score.options import Option, read_options

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from harness.schema import Answer, Ask, MetricSpec, Score
    from harness.score.judge.rubric import Criterion

_TOP = 20
"""Alternatives asked for at each token: the most that OpenAI gives."""
_YES = True
_SAMPLED = {"temperature": 1.0}
"""Laid over the backend's own where answers are meant to differ, as in G-Eval."""


class Judge:
    """A model's rating of the answer on each criterion, with its reason: G-Eval.

    Range: the scale, 1 to 5 where none is given.
    Higher is better: yes.
    Empty input: rated as any other answer; a judge whose answers cannot be read leaves the trial unscored.
    Source: G-Eval (Liu et al. 2023, arXiv:2303.16634): steps from criteria, a form, probability-weighted scores.
    Deviations: the reason stands before the score (Chiang and Lee 2023, arXiv:2310.05657); one sample by default.
    """

    OPTIONS: ClassVar[tuple[Option, ...]] = (
        Option("backend", "str", None, "name of the backend that judges, or its definition"),
        Option("panel", "free", None, "several backends instead, whose mean is the score; each rates every answer"),
        Option("criteria", "free", (), "what is rated: names from the rubric, or names with what they mean"),
        Option("rubric", "str", None, "path of a rubric file, relative to the suite file"),
        Option("scale", "free", None, "least and greatest score"),
        Option("material", "free", None, "columns that the judge is shown, beside the references"),
        Option("samples", "int", 1, "verdicts on each answer and criterion, whose mean is the score", low=1),
        Option("steps", "bool", _YES, "let the judge write evaluation steps for each criterion first, once a run"),
        Option("logprobs", "bool", _YES, "ask for the probabilities of all scores, and weight the score by them"),
        Option("schema", "bool", _YES, "hold the judge to the form by a JSON schema (`response_format`)"),
        *TRUST_OPTIONS,
    )
    needs_references = False

    def __init__(self, spec: MetricSpec) -> None:
        """OptionError for options that do not fit, and a rubric file that cannot be read."""
        values = read_options(spec.name, self.OPTIONS, spec.options)
        self.backends = read_judges(spec.name, values)
        self.calibration = read_rule(spec, values)
        self._rubric = chosen_rubric(spec, values)
        self._material = self.calibration.material
        self.columns = read_columns(self.calibration, values)
        self._samples: int = values["samples"]
        self._writes_steps: bool = values["steps"]
        self._params = _params(self._rubric.scale, values)
        low, high = map(float, self._rubric.scale)
        signatures = [self._signature(spec, values, each) for each in self._rubric.criteria]
        self.measures = tuple(
            Measure(f"judge.{each.name}", "score", low, high, True, signature, each.description)  # noqa: FBT003 - higher is better
            for each, signature in zip(self._rubric.criteria, signatures, strict=True)
        )
        self._written: dict[tuple[str, str], str] = {}

    def _signature(self, spec: MetricSpec, values: Mapping[str, Any], criterion: Criterion) -> str:
        rubric, (low, high) = self._rubric, self._rubric.scale
        shows = f"|material:{','.join(self._material)}" if values["material"] is not None else ""
        steps = "own" if criterion.steps else "generated" if self._writes_steps else "none"
        weights = sent("probabilities", spec, self.backends, is_wanted=values["logprobs"]) or "none"
        schema = sent("yes", spec, self.backends, is_wanted=values["schema"]) or "no"
        return (
            f"judge|g-eval|rubric:{rubric.name}@{rubric.version}#{rubric.digest}|scale:{low}-{high}"
            f"|samples:{self._samples}|steps:{steps}|weights:{weights}|schema:{schema}{shows}|version:1"
        )

    def score(self, answers: Sequence[Answer]) -> list[tuple[Score, ...]]:
        """Unscored: outside of a run there is nobody to ask."""
        return [unscored(self.measures, "a judge is asked in a run of a suite only")] * len(answers)

    def told(self) -> dict[str, str]:
        """By measure: what the criterion means, and the steps by which the judge rates it, as far as they are there."""
        pairs = zip(self._rubric.criteria, self.measures, strict=True)
        steps = {measure.name: each.steps or self._all_written(measure) for each, measure in pairs}
        return {each.name: f"{each.about}\n{steps[each.name]}".strip() for each in self.measures}

    def _all_written(self, measure: Measure) -> str:
        written = {judge: self._written.get((judge, measure.name), "") for judge in self.backends}
        if len(written) == 1:
            return written[self.backends[0]]
        return "\n".join(f"{judge}:\n{steps}" for judge, steps in written.items() if steps)

    async def score_asking(self, answer: Answer, ask: Ask) -> tuple[Score, ...]:
        """One score a criterion; unscored where the sample lacks a column that the judge is to be shown."""
        if (flaw := lacking(self.columns, answer)) is not None:
            return unscored(self.measures, flaw)
        pairs = zip(self._rubric.criteria, self.measures, strict=True)
        return tuple(await asyncio.gather(*(self._rated(*pair, answer=answer, ask=ask) for pair in pairs)))

    async def _rated(self, criterion: Criterion, measure: Measure, *, answer: Answer, ask: Ask) -> Score:
        """The score of one judge, or the mean of the panel's."""
        rated = (self._rated_by(judge, criterion, measure, answer=answer, ask=ask) for judge in self.backends)
        scores = dict(zip(self.backends, await asyncio.gather(*rated), strict=True))
        return panel_score(measure, scores)

    async def _rated_by(self, judge: str, criterion: Criterion, measure: Measure, *, answer: Answer, ask: Ask) -> Score:
        steps = await self._steps(judge, criterion, measure, ask=ask)
        if isinstance(steps, CallError):
            return failed((measure,), f"no evaluation steps from the judge: {steps.message}")[0]
        messages = form_messages(criterion, self._rubric.scale, steps=steps, answer=answer, material=self._material)
        form = Question(judge, messages, self._params, measure=measure.name)
        verdicts = await asyncio.gather(*(self._verdict(form, first, ask) for first in range(1, self._samples + 1)))
        for verdict in verdicts:
            if isinstance(verdict, CallError):
                return failed((measure,), f"no verdict from the judge: {verdict.message}{hint(verdict)}")[0]
        return sampled_score(measure, judge, [verdict for verdict in verdicts if not isinstance(verdict, CallError)])

    async def _steps(self, judge: str, criterion: Criterion, measure: Measure, *, ask: Ask) -> str | CallError:
        """The criterion's evaluation steps; the same for all answers."""
        if criterion.steps or not self._writes_steps:
            return criterion.steps
        messages = steps_messages(criterion, self._rubric.scale)
        found = await ask(Question(judge, messages, measure=measure.name, is_shared=True))
        if isinstance(found, CallError):
            return found
        self._written[judge, measure.name] = steps = found.text.strip()
        return steps

    async def _verdict(self, form: Question, first: int, ask: Ask) -> Verdict | CallError | str:
        """The verdict of one sample, asked again while it cannot be read; then what was wrong with the last one."""
        flaw = ""
        for number in range(TRIES):
            sampled = _SAMPLED if number or self._samples > 1 else {}
            params, repeat = {**form.params, **sampled}, first + number * self._samples
            answer = await ask(Question(form.backend, form.messages, params, repeat, form.measure))
            if not isinstance(answer, Generation):
                return answer
            verdict = read_verdict(answer, self._rubric.scale)
            if isinstance(verdict, Verdict):
                return verdict
            flaw = verdict
        return flaw


def _params(scale: tuple[int, int], values: Mapping[str, Any]) -> dict[str, Any]:
    params: dict[str, Any] = {}
    if values["schema"]:
        params["response_format"] = form_schema(scale)
    if values["logprobs"]:
        params |= {"logprobs": True, "top_logprobs": _TOP}
    return params
