"""Where a run's values differ by chance: between samples, between answers to one, between verdicts on one answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.schema import FlakySample, Noise, Remedy, Scores
from harness.stats import Costs, Design, Drawn, cheapest_increase, flaky, nested_variances, standard_error, total

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Mapping, Sequence

    from harness.schema import Measure, Rating, Suite, TrialResult
    from harness.stats import Variances

    Ratings = Mapping[str, Mapping[str, Sequence[Rating]]]

_QUALITY = ("score", "percent")
_CHECKS = "checks"


def noises(suite: Suite, results: Sequence[TrialResult], ratings: Ratings) -> list[Noise]:
    """One a measure of quality, in the suite's order; none where nothing is repeated.

    `ratings` are the single verdicts of judges by trial and measure: they are the values, where they are known.
    """
    scored = [result for result in results if result.scores]
    if suite.repeats == 1 or not scored:
        return []
    return [
        found
        for place, measure in enumerate(suite.measures)
        if measure.unit in _QUALITY and (found := _Split(suite, measure, ratings).of(scored, place)) is not None
    ]


def flaky_samples(suite: Suite, results: Sequence[TrialResult]) -> list[FlakySample]:
    """Samples that pass in some repeats and fail in others, each once, those nearest to even first.

    To pass is to miss no check; where checks do not tell, a value of 1 of a measure that is 0 or 1 throughout.
    """
    if suite.repeats == 1:
        return []
    found: dict[Hashable, FlakySample] = {}
    for what, passed in _passes(suite, results):
        for each in flaky(passed):
            assert isinstance(each.sample, tuple)
            variant, backend, sample = each.sample
            one = FlakySample(suite.name, variant, backend, sample, what, each.n_passed, each.n)
            found.setdefault(each.sample, one)
    return sorted(found.values(), key=lambda each: abs(each.n_passed / each.n - 1 / 2))


def _passes(suite: Suite, results: Sequence[TrialResult]) -> Iterator[tuple[str, dict[Hashable, list[bool]]]]:
    """By what is passed or failed: the repeats of each sample."""
    if suite.checks:
        answered = (result for result in results if result.outcome in ("passed", "failed"))
        yield _CHECKS, _by_sample((result, not result.missed) for result in answered)
    scored = [result for result in results if result.scores]
    for place, measure in enumerate(suite.measures):
        if (measure.unit, measure.low, measure.high) == ("score", 0.0, 1.0):
            values = [(result, Scores.of(result.scores).value(place)) for result in scored]
            if all(value in (0.0, 1.0, None) for _, value in values):
                yield measure.name, _by_sample((result, value == 1.0) for result, value in values if value is not None)


def _by_sample(passed: Iterator[tuple[TrialResult, bool]]) -> dict[Hashable, list[bool]]:
    found: dict[Hashable, list[bool]] = {}
    for result, is_passed in passed:
        trial = result.trial
        found.setdefault((trial.variant, trial.backend, trial.sample.sample_id), []).append(is_passed)
    return found


class _Split:
    """One measure of a suite."""

    def __init__(self, suite: Suite, measure: Measure, ratings: Ratings) -> None:
        self._suite, self._measure, self._ratings = suite, measure, ratings
        self._cells: set[tuple[str, str]] = set()
        self._raters: set[str] = set()

    def of(self, results: Sequence[TrialResult], place: int) -> Noise | None:
        """Its values at this place of the scores, taken apart; None without any."""
        found = nested_variances(self._drawn(results, place))
        if not found.n_ratings:
            return None
        raters = max(1, len(self._raters))
        now = Design(
            samples=max(1, round(found.n_samples / len(self._cells) / raters)),
            repeats=max(1, round(found.n_generations / found.n_samples)),
            ratings=max(1, round(found.n_ratings / found.n_generations)),
        )
        error = standard_error(found, now)
        return Noise(
            suite=self._suite.name,
            metric=self._measure.name,
            unit=self._measure.unit,
            samples=found.samples,
            generations=found.generations,
            ratings=found.ratings,
            n_samples=found.n_samples,
            n_generations=found.n_generations,
            n_ratings=found.n_ratings,
            standard_error=error,
            remedy=None if not error else self._remedy(results, place, found=(found, now), target=error / 2),
        )

    def _remedy(
        self, results: Sequence[TrialResult], place: int, *, found: tuple[Variances, Design], target: float
    ) -> Remedy | None:
        variances, now = found
        in_usd = self._usd(results, place, now)
        costs = in_usd or Costs(generation=1, rating=len(self._raters - {""}))
        best = cheapest_increase(variances, now, costs, target=target)
        if best is None or best.level is None:
            return None
        count, instead_of = (getattr(design, best.level) for design in (best.design, now))
        return Remedy(best.level, count, instead_of, best.cost * len(self._cells), is_usd=in_usd is not None)

    def _usd(self, results: Sequence[TrialResult], place: int, now: Design) -> Costs | None:
        """What an answer cost this run on average, and a round of verdicts on it; None where that is not known, or 0.

        An answer from the cache counts with what it cost when it was made.
        """
        spent = total(result.generation.cost_usd for result in results if result.generation is not None)
        judged = total(Scores.of(result.scores).costs.get(place, 0.0) for result in results)
        if spent is None or judged is None or spent + judged == 0:
            return None
        return Costs(generation=spent / len(results), rating=judged / len(results) / now.ratings)

    def _drawn(self, results: Sequence[TrialResult], place: int) -> Iterator[Drawn]:
        """Each judge's verdicts are a stratum of their own, as in what is said of judges."""
        for result in results:
            trial = result.trial
            cell = (trial.variant, trial.backend)
            single = self._ratings.get(trial.trial_id, {}).get(self._measure.name, ())
            read = [each for each in single if each.against is None and each.value is not None]
            values = [(each.rater, each.value) for each in read] or [("", Scores.of(result.scores).value(place))]
            for rater, value in values:
                if value is not None:
                    self._cells.add(cell)
                    self._raters.add(rater)
                    yield Drawn((*cell, rater), (*cell, rater, trial.sample.sample_id), trial.trial_id, value)
