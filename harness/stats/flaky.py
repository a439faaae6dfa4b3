"""Samples that pass sometimes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence


class Flaky(Struct, frozen=True):
    """A sample whose repeats disagree."""

    sample: Hashable
    """Its id."""
    n_passed: int
    """Repeats that passed."""
    n: int
    """All of its repeats."""


def flaky(passed: Mapping[Hashable, Sequence[bool]]) -> list[Flaky]:
    """The samples that pass in some repeats and fail in others, those nearest to even first.

    >>> flaky({"a": [True, True], "b": [True, False], "c": [False]})
    [Flaky(sample='b', n_passed=1, n=2)]
    """
    found = [Flaky(sample, sum(repeats), len(repeats)) for sample, repeats in passed.items()]
    some = [each for each in found if 0 < each.n_passed < each.n]
    return sorted(some, key=lambda each: abs(each.n_passed / each.n - 1 / 2))
