"""What metrics that ask models found about one answer."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from msgspec import Struct

from harness.schema import Generation, Others
from harness.score.checked import checked_rows
from harness.score.metric import ComparingMetric, failed
from harness.stats import total
from harness.trace import MetricTime
from harness.wording import described_own_error

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from harness.schema import Answer, AskFor, CallError, Question, Rating, Score
    from harness.score.metric import AskingMetric


_NOBODY = Others("", {})


class Findings(Struct, frozen=True):
    """What all asking metrics of a suite found about one answer."""

    scores: Mapping[str, Score]
    """By measure."""
    costs: Mapping[str, float | None]
    """By measure: USD of the answers that were asked for, a cached one with what it cost once; None when unknown."""
    times: tuple[MetricTime, ...]
    """When each metric asked."""
    ratings: Mapping[str, Sequence[Rating]] = {}
    """By measure: the single verdicts that its score is made of, where there are some."""


async def find_out(
    metrics: Sequence[tuple[str, AskingMetric | ComparingMetric]],
    answer: Answer,
    ask: AskFor,
    *,
    others: Others = _NOBODY,
) -> Findings:
    """Ask all that the metrics (by name) want to know about an answer, side by side."""
    asked = [_Metric(name, metric, ask, others=others) for name, metric in metrics]
    rows = await asyncio.gather(*(each.scores(answer) for each in asked))
    return Findings(
        {score.metric: score for row in rows for score in row},
        {measure: usd for each in asked for measure, usd in each.costs.items()},
        tuple(each.time for each in asked),
        {score.metric: score.ratings for row in rows for score in row if score.ratings},
    )


class _Metric:
    """One metric at work on one answer."""

    def __init__(self, name: str, metric: AskingMetric | ComparingMetric, ask: AskFor, *, others: Others) -> None:
        self._name = name
        self._others = others
        self._metric = metric
        self._ask_for = ask
        self._paid: dict[str, list[float | None]] = {}
        self.time = MetricTime(name, tuple(measure.name for measure in metric.measures), 0, 0, 1)

    @property
    def costs(self) -> dict[str, float | None]:
        """USD by measure."""
        return {measure: total(paid) for measure, paid in self._paid.items()}

    async def scores(self, answer: Answer) -> tuple[Score, ...]:
        """One Score a measure, each checked; failed ones where the metric raises."""
        began_ns = time.time_ns()
        try:
            rows = checked_rows(self._metric, [tuple(await self._found(answer))], 1)
        except BaseException as error:  # a metric may be the user's own and raise anything
            task = asyncio.current_task()
            if isinstance(error, asyncio.CancelledError) and task is not None and task.cancelling():
                raise
            rows = [failed(self._metric.measures, described_own_error(error))]
        self.time = self.time._replace(began_ns=began_ns, ended_ns=max(time.time_ns(), began_ns))
        return rows[0]

    async def _found(self, answer: Answer) -> tuple[Score, ...]:
        if isinstance(self._metric, ComparingMetric):
            return await self._metric.score_comparing(answer, self._others, self._ask)
        return await self._metric.score_asking(answer, self._ask)

    async def _ask(self, question: Question) -> Generation | CallError:
        answer = await self._ask_for(self._name, question)
        if isinstance(answer, Generation) and not (question.is_shared and answer.from_cache):
            measure = question.measure or self._metric.measures[0].name
            self._paid.setdefault(measure, []).append(answer.cost_usd)
        return answer
