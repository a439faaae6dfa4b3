"""prefer: a model says which of two variants' answers is better, in both orders."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, ClassVar

from msgspec import Struct
from msgspec.structs import replace

from harness.errors import OptionError
from harness.schema import CallError, Generation, Measure, Question, Rating
from harness.score.judge.combined import TRIES, hint
from harness.score.judge.rubric import chosen_rubric
from harness.score.judge.settings import TRUST_OPTIONS, lacking, read_columns, read_judges, read_rule, sent
from harness.score.judge.verdict import Preference, pair_schema, read_preference
from harness.score.judge.wording import pair_messages
from harness.score.metric import failed, scored, unscored
from harness.score.options import REQUIRED, Option, read_options, shown
from harness.wording import did_you_mean, listed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.schema import Answer, Ask, MetricSpec, Others, Score

_ALL = "all"
_YES = True
_TIE = 0.5
_SAMPLED = {"temperature": 1.0}
"""Laid over the backend's own where an answer that could not be read is asked for again."""
_VALUES = {1: {"first": 1.0, "second": 0.0, "tie": _TIE}, 2: {"first": 0.0, "second": 1.0, "tie": _TIE}}
"""By the position at which the own answer was shown: what the verdict is worth to it."""


class _Compared(Struct, frozen=True):
    """One pair."""

    other: str
    """The other variant."""
    value: float | None
    """1 better, 0 worse, 0.5 neither; None when it cannot be told."""
    words: str
    """What the judge said, or why it cannot be told."""
    is_failed: bool = False
    """Whether the judge's backend failed."""
    ratings: tuple[Rating, ...] = ()
    """Both orders."""


class Prefer:
    """Whether the answer is better than the other variants' to the same sample: 1 won, 0.5 tie, 0 lost.

    Range: 0 to 1.
    Higher is better: yes.
    Empty input: compared as any other answer; two answers of the same text are a tie, and nobody is asked.
    Source: MT-bench (Zheng et al. 2023, arXiv:2306.05685, section 3.4): both orders, a tie where they disagree.
    Deviations: the judge may also call a tie itself; the verdict is a field of a form, its reason stands before it.
    """

    OPTIONS: ClassVar[tuple[Option, ...]] = (
        Option("backend", "str", REQUIRED, "name of the backend that judges, or its definition"),
        Option("against", "str", _ALL, "the variant that the others are compared with, or all with each other"),
        Option("criteria", "free", (), "what counts: names from the rubric, or names with what they mean"),
        Option("rubric", "str", None, "path of a rubric file, relative to the suite file"),
        Option("material", "free", None, "columns that the judge is shown, beside the references"),
        Option("schema", "bool", _YES, "hold the judge to the form by a JSON schema (`response_format`)"),
        *TRUST_OPTIONS,
    )
    needs_references = False

    def __init__(self, spec: MetricSpec) -> None:
        """OptionError for options that do not fit, and a rubric file that cannot be read."""
        values = read_options(spec.name, self.OPTIONS, spec.options)
        self.backends = read_judges(spec.name, values)
        self._against = _against(spec, values["against"])
        self.calibration = read_rule(spec, values, is_pairwise=True, against=self._against)
        self.columns = read_columns(self.calibration, values)
        self._rubric = chosen_rubric(spec, values)
        self._params = {"response_format": pair_schema()} if values["schema"] else {}
        about = "\n".join(f"{each.name}: {each.description}" for each in self._rubric.criteria)
        shows = f"|material:{','.join(self.calibration.material)}" if values["material"] is not None else ""
        schema = sent("yes", spec, self.backends, is_wanted=values["schema"]) or "no"
        signature = (
            f"prefer|pairs|against:{values['against']}|rubric:{self._rubric.name}@{self._rubric.version}#"
            f"{self._rubric.digest}|orders:both|ties:disagreement|schema:{schema}{shows}|version:1"
        )
        self.measures = (Measure("prefer", "score", 0.0, 1.0, higher_is_better=True, signature=signature, about=about),)

    def score(self, answers: Sequence[Answer]) -> list[tuple[Score, ...]]:
        """Unscored: outside of a run there is nobody to ask, and nothing to compare with."""
        return [unscored(self.measures, "answers are compared in a run of a suite only")] * len(answers)

    async def score_comparing(self, answer: Answer, others: Others, ask: Ask) -> tuple[Score, ...]:
        """The mean over the pairs; unscored when one of them cannot be judged."""
        if self._against == others.variant:
            return unscored(self.measures, "this is the variant that the others are compared with")
        if (flaw := lacking(self.columns, answer)) is not None:
            return unscored(self.measures, flaw)
        chosen = {
            name: given for name, given in others.answers.items() if self._against is None or name == self._against
        }
        if not chosen:
            who = "no other variant" if self._against is None else f"'{self._against}'"
            return unscored(self.measures, f"{who} was selected in this run: nothing to compare with")
        pairs = await asyncio.gather(*(self._pair(name, answer, given, ask=ask) for name, given in chosen.items()))
        return (self._combined(pairs),)

    def _combined(self, pairs: Sequence[_Compared]) -> Score:
        ratings = tuple(rating for pair in pairs for rating in pair.ratings)
        said = "; ".join(f"{pair.other}: {pair.words}" for pair in pairs)
        lacking = [pair for pair in pairs if pair.value is None]
        if lacking:
            worst = next((pair for pair in lacking if pair.is_failed), lacking[0])
            reason = f"not compared with {worst.other}: {worst.words}"
            found = (failed if worst.is_failed else unscored)(self.measures, reason)[0]
        else:
            found = scored(self.measures[0], sum(pair.value or 0.0 for pair in pairs) / len(pairs), said)
        return replace(found, ratings=ratings)

    # -- one pair -----------------------------------------------------------------------------------------------

    async def _pair(self, other: str, answer: Answer, given: Answer | CallError, *, ask: Ask) -> _Compared:
        if isinstance(given, CallError):
            return _Compared(other, None, f"its trial has no answer: {given.message}")
        if answer.output == given.output:
            same = tuple(Rating("", _TIE, against=other, position=position) for position in _VALUES)
            return _Compared(other, _TIE, "the same answer", ratings=same)
        orders = {1: (answer.output, given.output), 2: (given.output, answer.output)}
        asked = (self._verdict(answer, pair, ask) for pair in orders.values())
        said = dict(zip(orders, await asyncio.gather(*asked), strict=True))
        for verdict in said.values():
            if isinstance(verdict, CallError):
                why = f"no verdict from the judge: {verdict.message}{hint(verdict)}"
                return _Compared(other, None, why, is_failed=True)
        values = {
            position: _VALUES[position][verdict.better] if isinstance(verdict, Preference) else None
            for position, verdict in said.items()
        }
        ratings = tuple(
            Rating(self.backends[0], value, against=other, position=position) for position, value in values.items()
        )
        flaw = next((verdict for verdict in said.values() if isinstance(verdict, str)), None)
        if flaw is not None:
            words = f"the judge's answer could not be read, {TRIES} times: {flaw}"
            return _Compared(other, None, words, ratings=ratings)
        reasons = [verdict.reason for verdict in said.values() if isinstance(verdict, Preference)]
        return _told(other, (values[1], values[2]), reasons, ratings=ratings)

    async def _verdict(self, answer: Answer, pair: tuple[str, str], ask: Ask) -> Preference | CallError | str:
        """What is said of the two in this order, asked again while it cannot be read; then what was wrong."""
        messages = pair_messages(self._rubric, pair, answer=answer, material=self.calibration.material)
        flaw = ""
        for repeat in range(1, TRIES + 1):
            params = {**self._params, **(_SAMPLED if repeat > 1 else {})}
            question = Question(
                self.backends[0], messages, params, repeat, is_shared=True
            )  # the other trial asks it too
            said = await ask(question)
            if not isinstance(said, Generation):
                return said
            verdict = read_preference(said)
            if isinstance(verdict, Preference):
                return verdict
            flaw = verdict
        return flaw


def _told(
    other: str, values: tuple[float | None, float | None], reasons: Sequence[str], *, ratings: tuple[Rating, ...]
) -> _Compared:
    first, second = values
    if first == second:
        words = {1.0: "better in both orders", 0.0: "worse in both orders", _TIE: "a tie in both orders"}[first or 0.0]
        return _Compared(other, first, f"{words}: {reasons[0]}", ratings=ratings)
    followed = {first, second} == {0.0, 1.0}
    why = f"it took the {'first' if first == 1.0 else 'second'} both times" if followed else "one of them is a tie"
    said = f"a tie, the two orders disagree ({why}): {reasons[0]} / {reasons[1]}"
    return _Compared(other, _TIE, said, ratings=ratings)


def _against(spec: MetricSpec, given: Any) -> str | None:
    """The variant's name; None for all. OptionError where there is nothing to compare."""
    if len(spec.variants) == 1:
        raise OptionError(
            f"metric 'prefer' compares variants, and the suite has one, {listed(spec.variants)}; allowed: a suite "
            "with two or more; add one under prompts, or rate each answer alone with the metric 'judge'"
        )
    if given == _ALL:
        return None
    if spec.variants and given not in spec.variants:
        raise OptionError(
            f"metric 'prefer': against is {shown(given)}; allowed: all, {listed(spec.variants)}."
            f"{did_you_mean(given, spec.variants)} Name a variant of this suite",
            "against",
        )
    return str(given)
