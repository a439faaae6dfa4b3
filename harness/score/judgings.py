"""What a run shows about its judges: noise, agreement, position bias, and who wins."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from msgspec import Struct

from harness.schema import Estimate, Fact, Judging
from harness.stats import (
    Comparison,
    Drawn,
    krippendorff_interval,
    mean_interval,
    nested_variances,
    rank_players,
)
from harness.wording import counted, listed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from harness.schema import Rating, Suite, Trial, TrialResult
    from harness.stats import Interval, Variances


class _Rated(Struct, frozen=True):
    """A trial with the single verdicts on it."""

    trial: Trial
    ratings: Sequence[Rating]

    @property
    def cluster(self) -> str:
        """What is drawn as a whole for intervals."""
        return self.trial.sample.group or self.trial.sample.sample_id


class Pair(Struct, frozen=True):
    """Two answers to one sample, with what the judge said in each order."""

    rater: str
    """The judge; empty where nobody was asked, because the answers are the same."""
    trial: Trial
    """The trial whose answer is the first."""
    against: str
    """The variant of the second."""
    first: float | None
    """1 when the first answer won where it was shown first; 0.5 neither; None unreadable."""
    second: float | None
    """The same where it was shown second."""

    @property
    def value(self) -> float | None:
        """In favour of the first answer: 0.5 where the orders disagree; None where one could not be read."""
        if self.first is None or self.second is None:
            return None
        return self.first if self.first == self.second else 0.5

    @property
    def is_led_by_position(self) -> bool:
        """Whether the judge took the answer at one position in both orders."""
        return {self.first, self.second} == {0.0, 1.0}


def judgings(
    suite: Suite, results: Sequence[TrialResult], ratings: Mapping[str, Mapping[str, Sequence[Rating]]]
) -> list[Judging]:
    """One a measure of the suite that models judged, in the suite's order; `ratings` are by trial and measure."""
    found = []
    for measure in suite.measures:
        rated = [
            _Rated(result.trial, given)
            for result in results
            if (given := ratings.get(result.trial.trial_id, {}).get(measure.name))
        ]
        if rated:
            is_pairwise = any(rating.against is not None for each in rated for rating in each.ratings)
            facts = _pairwise(suite, rated) if is_pairwise else [*_panel(rated), *_noise(rated)]
            if facts:
                found.append(Judging(suite.name, measure.name, tuple(facts)))
    return found


# -- ratings one by one ---------------------------------------------------------------------------------------------


def _panel(rated: Sequence[_Rated]) -> list[Fact]:
    """How far several judges agree on the same answers."""
    raters = list(dict.fromkeys(rating.rater for each in rated for rating in each.ratings))
    if len(raters) < 2:  # noqa: PLR2004 - to agree takes two
        return []
    table = [[_mean_of(each.ratings, rater) for rater in raters] for each in rated]
    found = krippendorff_interval(table, clusters=[each.cluster for each in rated])
    meaning = (
        f"Krippendorff's alpha of {listed(raters)} over {counted(len(rated), 'answer')}: 1 when they always give the "
        "same score, 0 when they agree no more than by chance. Below 0.667 their mean should not carry a conclusion "
        "(Krippendorff's own bound)."
    )
    if found is None:
        meaning = "The judges' scores do not vary, so that nothing can be said of their agreement."
    elif found.low is None:
        meaning += " No interval: draws of the answers do not tell how far it may vary."
    return [Fact("agreement of the judges (alpha)", _estimate(found), meaning)]


def _mean_of(ratings: Iterable[Rating], rater: str) -> float | None:
    values = [rating.value for rating in ratings if rating.rater == rater and rating.value is not None]
    return sum(values) / len(values) if values else None


def _noise(rated: Sequence[_Rated]) -> list[Fact]:
    """Where differences between scores come from; nothing where nothing is repeated."""
    found = nested_variances(
        Drawn(
            (each.trial.variant, each.trial.backend, rating.rater),
            (each.trial.variant, each.trial.backend, rating.rater, each.trial.sample.sample_id),
            (rating.rater, each.trial.trial_id),
            rating.value,
        )
        for each in rated
        for rating in each.ratings
        if rating.value is not None
    )
    if found.ratings is None and found.generations is None:
        return []
    whole = sum(each or 0.0 for each in (found.samples, found.generations, found.ratings))
    return [
        Fact(name, _deviation(variance, n), _share(variance, whole) + meaning)
        for name, variance, n, meaning in _levels(found)
    ]


def _levels(found: Variances) -> list[tuple[str, float | None, int, str]]:
    samples = "how different the samples of the dataset are for the same variant"
    if found.generations is None:
        samples += "; each was answered once, so that the chance in an answer is part of it"
    answers = "how differently the model answers the same sample"
    if found.generations is None:
        answers = "nothing is known: each sample was answered once (repeats: 2 or more tells)"
    elif found.ratings is None:
        answers += (
            "; the judge's own noise is part of it, since it gave one verdict an answer (samples: 2 or more tells)"
        )
    verdicts = "how differently the judge rates the very same answer: its own noise, no property of the answers"
    if found.ratings is None:
        verdicts = "nothing is known: one verdict was asked an answer (samples: 2 or more tells)"
    return [
        ("between samples (standard deviation)", found.samples, found.n_samples, f"{samples}."),
        ("between answers to a sample (standard deviation)", found.generations, found.n_generations, f"{answers}."),
        ("between verdicts on an answer (standard deviation)", found.ratings, found.n_ratings, f"{verdicts}."),
    ]


def _deviation(variance: float | None, n: int) -> Estimate | None:
    return None if variance is None else Estimate(math.sqrt(variance), None, None, n)


def _share(variance: float | None, whole: float) -> str:
    return "" if variance is None or not whole else f"{variance / whole:.0%} of the variance: "


# -- pairs ----------------------------------------------------------------------------------------------------------


def pairs_of(trial: Trial, ratings: Iterable[Rating]) -> list[Pair]:
    """The pairs in which a trial's answer was compared, with both orders."""
    found: dict[tuple[str, str], dict[int, float | None]] = {}
    for rating in ratings:
        if rating.against is not None and rating.position is not None:
            found.setdefault((rating.rater, rating.against), {})[rating.position] = rating.value
    return [Pair(rater, trial, other, said.get(1), said.get(2)) for (rater, other), said in found.items()]


def followed_position(trial: Trial, ratings: Iterable[Rating]) -> float | None:
    """The share of pairs in which the judge took the answer at one position in both orders; None without any."""
    led = [pair.is_led_by_position for pair in pairs_of(trial, ratings) if pair.value is not None and pair.rater]
    return sum(led) / len(led) if led else None


def _pairwise(suite: Suite, rated: Sequence[_Rated]) -> list[Fact]:
    pairs = _each_once(pair for each in rated for pair in pairs_of(each.trial, each.ratings))
    read = [pair for pair in pairs if pair.value is not None]
    return [*_position([pair for pair in read if pair.rater]), *_ranking(suite, read)]


def _each_once(pairs: Iterable[Pair]) -> list[Pair]:
    """Without those that are the same two answers, asked about by the other trial."""
    once: dict[tuple[object, ...], Pair] = {}
    for pair in pairs:
        trial = pair.trial
        both = frozenset({trial.variant, pair.against})
        once.setdefault((pair.rater, trial.backend, trial.sample.sample_id, trial.repeat, both), pair)
    return list(once.values())


def _position(pairs: Sequence[Pair]) -> list[Fact]:
    led = [pair for pair in pairs if pair.is_led_by_position]
    first = sum(pair.first == 1.0 for pair in led)
    clusters = [_cluster(pair.trial) for pair in pairs]
    found = mean_interval([float(pair.is_led_by_position) for pair in pairs], clusters, bounds=(0, 1))
    n_samples = len({pair.trial.sample.sample_id for pair in pairs})
    meaning = (
        f"Share of {counted(len(pairs), 'pair')} to {counted(n_samples, 'sample')} in which the judge took the answer "
        "at one position in both orders, and so said nothing about the answers (counted as ties): "
        f"{first:,} times the first, {len(led) - first:,} times the second."
    )
    if not pairs:
        meaning = "No pair was judged in both orders."
    return [Fact("verdicts that followed the position", _estimate(found), meaning)]


def _ranking(suite: Suite, pairs: Sequence[Pair]) -> list[Fact]:
    """Each variant's chance of winning, on each backend."""
    facts = []
    for backend in dict.fromkeys(pair.trial.backend for pair in pairs):
        own = [pair for pair in pairs if pair.trial.backend == backend]
        there = {name for pair in own for name in (pair.trial.variant, pair.against)}
        players = [variant.name for variant in suite.variants if variant.name in there]
        comparisons = [
            Comparison(pair.trial.variant, pair.against, pair.value or 0.0, _cluster(pair.trial)) for pair in own
        ]
        ranking = rank_players(players, comparisons)
        meaning = "Chance of winning against an average variant of this run, by Bradley and Terry; 0.5 is no better."
        best_first = sorted(ranking, key=lambda name: -ranking[name].value)
        facts += [Fact(f"{player} on {backend}", _estimate(ranking[player]), meaning) for player in best_first]
        if not ranking:
            why = "No ranking: not all variants were compared with each other, directly or through others."
            facts.append(Fact(f"ranking on {backend}", None, why))
    return facts


def _cluster(trial: Trial) -> str:
    return trial.sample.group or trial.sample.sample_id


def _estimate(found: Interval | None) -> Estimate | None:
    return None if found is None else Estimate(found.value, found.low, found.high, found.n)
