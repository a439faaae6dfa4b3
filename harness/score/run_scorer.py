"""The metrics of every suite of a run."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from msgspec.structs import replace

from harness.schema import CallError, Chance, Others
from harness.score.judgings import judgings
from harness.score.noise import flaky_samples, noises
from harness.score.results import answer_to, answers_of, trial_results
from harness.score.scorer import Scorer
from harness.score.workers import Workers

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from harness.schema import AskFor, Generation, Judging, Rating, Sight, Suite, Trial, TrialResult
    from harness.score.asked import Findings
    from harness.trace import MetricTime

    _Answered = tuple[Trial, Generation | CallError]

_NOTHING_FOUND: Mapping[str, Findings] = {}
_NO_PEERS: Mapping[str, _Answered] = {}


class RunScorer:
    """Scores the answers of trials of several suites, each by its own suite's metrics."""

    def __init__(self, suites: Sequence[Suite], read_answer: Callable[[Trial, str], str]) -> None:
        """Make the metrics; `read_answer` gets a trial and the model's text. Raises OptionError as Scorer."""
        self._suites = {suite.name: suite for suite in suites}
        self._workers = Workers()
        self._scorers = {suite.name: Scorer(suite.metrics, self._workers) for suite in suites}
        self._read_answer = read_answer
        self.ratings: dict[str, Mapping[str, Sequence[Rating]]] = {}
        """By trial id and measure: the single verdicts of judges that the scores so far are made of."""
        for suite in suites:
            self._scorers[suite.name].prepare([sample.references for sample in suite.samples])

    def results(
        self,
        answered: Sequence[tuple[Trial, Generation | CallError]],
        seen: Callable[[Sequence[TrialResult], Sequence[MetricTime]], None] = lambda _results, _timed: None,
        *,
        found: Mapping[str, Findings] = _NOTHING_FOUND,
    ) -> list[TrialResult]:
        """One result a trial, suite by suite, see `trial_results`; `seen` gets a suite's, with the metrics' times.

        Those of trials in `found` it gets one by one: models were asked about each at a time of its own.
        """
        by_suite: dict[str, list[tuple[Trial, Generation | CallError]]] = defaultdict(list)
        for trial, answer in answered:
            by_suite[trial.suite].append((trial, answer))
        self.ratings.update((trial_id, each.ratings) for trial_id, each in found.items() if each.ratings)
        results: list[TrialResult] = []
        for name, own in by_suite.items():
            scorer = self._scorers[name]
            timed: list[MetricTime] = []
            of_suite = trial_results(
                self._suites[name], own, scorer=scorer, read_answer=self._read_answer, timed=timed, found=found
            )
            for result in of_suite if scorer.asks else ():
                asked = found.get(result.trial.trial_id)
                seen([result], timed if asked is None else [*timed, *asked.times])
            if not scorer.asks:
                seen(of_suite, timed)
            results += of_suite
        return results

    def asks_about(self, suite: str) -> bool:
        """Whether metrics of the suite ask models about its answers."""
        return self._scorers[suite].asks

    @property
    def comparing(self) -> frozenset[str]:
        """Suites whose answers are compared with those of other variants."""
        return frozenset(name for name, scorer in self._scorers.items() if scorer.compares)

    async def inquire(
        self, trial: Trial, generation: Generation, ask: AskFor, *, peers: Mapping[str, _Answered] = _NO_PEERS
    ) -> Findings:
        """What metrics find out about the trial's answer by asking models; for `results`.

        `peers` are the trials of other variants on the same sample, with what was answered.
        """
        answer = answer_to(trial, generation, self._read_answer)
        others = {
            name: given if isinstance(given, CallError) else answer_to(peer, given, self._read_answer)
            for name, (peer, given) in peers.items()
        }
        return await self._scorers[trial.suite].ask(answer, ask, Others(trial.variant, others))

    def told(self, names: Collection[str]) -> tuple[Suite, ...]:
        """The suites of these names, with what their metrics have to say of measures now that the run is over."""
        return tuple(self._told(suite) for name, suite in self._suites.items() if name in names)

    def _told(self, suite: Suite) -> Suite:
        told = self._scorers[suite.name].told()
        if not told:
            return suite
        measures = [replace(each, about=told.get(each.name, each.about)) for each in suite.measures]
        return replace(suite, measures=tuple(measures))

    def judgings(self, results: Sequence[TrialResult]) -> tuple[Judging, ...]:
        """What these results show about the judges of their suites."""
        found = []
        for name, suite in self._suites.items() if self.ratings else ():
            found += judgings(suite, [result for result in results if result.trial.suite == name], self.ratings)
        return tuple(found)

    def chance(self, results: Sequence[TrialResult], sights: Sequence[Sight]) -> Chance:
        """How much chance there is in these results; `sights` are what their gates can see."""
        repeated = [suite for suite in self._suites.values() if suite.repeats > 1]
        by_suite: dict[str, list[TrialResult]] = {suite.name: [] for suite in repeated}
        for result in results if repeated else ():
            if result.trial.suite in by_suite:
                by_suite[result.trial.suite].append(result)
        found = [each for suite in repeated for each in noises(suite, by_suite[suite.name], self.ratings)]
        passing = [each for suite in repeated for each in flaky_samples(suite, by_suite[suite.name])]
        return Chance(tuple(found), tuple(passing), tuple(sights))

    def corpus(self, suite: str, results: Sequence[TrialResult]) -> dict[str, float]:
        """Corpus-level values by measure over results of one suite, without quarantine; empty when none is answered."""
        scorer = self._scorers[suite]
        counting = [result for result in results if result.trial.quarantine is None] if scorer.has_corpus else []
        return scorer.corpus(answers_of(counting)) if scorer.has_corpus else {}

    def close(self) -> None:
        """End the processes that score; nothing is scored any more."""
        self._workers.close()
