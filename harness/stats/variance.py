"""Where differences between numbers come from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable


class Drawn(Struct, frozen=True):
    """One number with what it was drawn from, each level within the one before."""

    stratum: Hashable
    """What is compared and not drawn at random: the variant and the backend."""
    sample: Hashable
    """The sample of the dataset."""
    generation: Hashable
    """The answer to it."""
    value: float
    """One rating of that answer."""


class Variances(Struct, frozen=True):
    """Variances of three levels; None where nothing is repeated on the level below, so that it cannot be told apart."""

    samples: float | None
    """Between samples of the dataset."""
    generations: float | None
    """Between answers to one sample."""
    ratings: float | None
    """Between ratings of one answer."""
    n_samples: int
    """Samples, counted in each stratum."""
    n_generations: int
    """Answers."""
    n_ratings: int
    """Ratings."""


class _Level(Struct):
    """Sums over one level of nesting."""

    squares: float
    """Σ n (mean - mean above)²."""
    degrees: int
    """Degrees of freedom."""


def nested_variances(drawn: Iterable[Drawn]) -> Variances:
    """Between samples, between answers to a sample, and between ratings of an answer, whatever their numbers.

    A level without repeats is None, and its variance is then part of the next one above. An estimate below 0 is given
    as 0. Strata are centred: differences between variants are what a run is for, and no noise.

    Source: analysis of variance of a nested design with unequal numbers, Searle, Casella and McCulloch 1992, Variance
    Components, section 3.4 and appendix F.1.
    """
    tree = _tree(drawn)
    answers = [values for samples in tree.values() for sample in samples.values() for values in sample.values()]
    n_ratings, n_answers = sum(map(len, answers)), len(answers)
    n_samples = sum(map(len, tree.values()))
    within, between, above = _levels(tree)
    ratings = within.squares / within.degrees if within.degrees else None
    k1, k2, k3 = _coefficients(tree)
    noise = ratings or 0.0
    generations = None
    if between.degrees:
        generations = max(0.0, (between.squares - between.degrees * noise) / k1) if k1 else 0.0
    samples = None
    if above.degrees:
        rest = above.squares - above.degrees * noise - k2 * (generations or 0.0)
        samples = max(0.0, rest / k3) if k3 else 0.0
    return Variances(samples, generations, ratings, n_samples, n_answers, n_ratings)


_Tree = dict["Hashable", dict["Hashable", dict["Hashable", list[float]]]]


def _tree(drawn: Iterable[Drawn]) -> _Tree:
    tree: _Tree = {}
    for each in drawn:
        samples = tree.setdefault(each.stratum, {})
        samples.setdefault(each.sample, {}).setdefault(each.generation, []).append(each.value)
    return tree


def _levels(tree: _Tree) -> tuple[_Level, _Level, _Level]:
    """Ratings within answers, answers within samples, samples within strata."""
    within, between, above = _Level(0.0, 0), _Level(0.0, 0), _Level(0.0, 0)
    for samples in tree.values():
        whole = _mean([value for sample in samples.values() for values in sample.values() for value in values])
        above.degrees += len(samples) - 1
        for sample in samples.values():
            every = [value for values in sample.values() for value in values]
            middle = _mean(every)
            above.squares += len(every) * (middle - whole) ** 2
            between.degrees += len(sample) - 1
            for values in sample.values():
                mean = _mean(values)
                between.squares += len(values) * (mean - middle) ** 2
                within.degrees += len(values) - 1
                within.squares += sum((value - mean) ** 2 for value in values)
    return within, between, above


def _coefficients(tree: _Tree) -> tuple[float, float, float]:
    """How often a variance counts in a sum of squares: answers' in theirs, in the samples', samples' in theirs."""
    k1 = k2 = k3 = 0.0
    for samples in tree.values():
        sizes = [[len(values) for values in sample.values()] for sample in samples.values()]
        n = sum(map(sum, sizes))
        by_sample = sum(sum(size * size for size in sample) / sum(sample) for sample in sizes)
        k1 += n - by_sample
        k2 += by_sample - sum(size * size for sample in sizes for size in sample) / n
        k3 += n - sum(sum(sample) ** 2 for sample in sizes) / n
    return k1, k2, k3


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)
