"""Two JSON values compared field by field."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_MOST_ITEMS = 200
"""Longest list whose items are matched in any order: beyond, they are compared in theirs."""
_WORDS = {"true": True, "false": False, "null": None}


class Rules(Struct, frozen=True, kw_only=True):
    """What counts as equal."""

    is_loose: bool = False
    """Whether a text that reads as a number, boolean or null is one."""
    ignores_case: bool = False
    """Whether case, and blanks at the ends, of texts do not count."""
    in_any_order: bool = False
    """Whether the order of lists does not count."""
    tolerance: float = 0.0
    """Most that equal numbers differ."""


class Tally(Struct):
    """How the fields of a reference and an answer compare."""

    n_right: int = 0
    """Fields of the reference that the answer has with an equal value."""
    wrong: list[str] = []
    """Paths where the answer has another value."""
    missing: list[str] = []
    """Paths that the answer does not have."""
    extra: list[str] = []
    """Paths that the reference does not have."""

    @property
    def n_flaws(self) -> int:
        """Fields that are not right."""
        return len(self.wrong) + len(self.missing) + len(self.extra)

    def add(self, other: Tally) -> None:
        """Count those of another tally too."""
        self.n_right += other.n_right
        self.wrong += other.wrong
        self.missing += other.missing
        self.extra += other.extra


class Comparison:
    """Compares answers with references."""

    def __init__(self, rules: Rules) -> None:
        """`rules` say what counts as equal."""
        self._rules = rules

    def of(self, reference: Any, answer: Any, path: str = "") -> Tally:
        """The fields of both at or below `path`; `$` is the root itself.

        >>> Comparison(Rules()).of({"a": 1, "b": [2]}, {"a": 1, "b": [3], "c": None})
        Tally(n_right=1, wrong=['b[0]'], missing=[], extra=['c'])
        """
        if _is_branch(reference) and _is_branch(answer) and isinstance(reference, dict) == isinstance(answer, dict):
            return self._of_branches(reference, answer, path)
        if not _is_branch(reference) and not _is_branch(answer):
            is_right = _is_equal(reference, answer, self._rules)
            return Tally(n_right=1) if is_right else Tally(wrong=[path or "$"])
        return Tally(missing=list(_paths(reference, path)), extra=list(_paths(answer, path)))

    def _of_branches(self, reference: Any, answer: Any, path: str) -> Tally:
        if isinstance(reference, dict):
            pairs = [
                (key, key, self.of(reference[key], answer[key], _below(path, key)))
                for key in reference
                if key in answer
            ]
        elif self._rules.in_any_order and max(len(reference), len(answer)) <= _MOST_ITEMS:
            pairs = self._matched(reference, answer, path)
        else:
            both = enumerate(zip(reference, answer, strict=False))  # what is left over is missing or extra
            pairs = [(place, place, self.of(one, other, _below(path, place))) for place, (one, other) in both]
        tally = Tally()
        for _, _, inner in pairs:
            tally.add(inner)
        tally.missing += _left_over(reference, {own for own, _, _ in pairs}, path)
        tally.extra += _left_over(answer, {other for _, other, _ in pairs}, path)
        return tally

    def _matched(self, reference: Sequence[Any], answer: Sequence[Any], path: str) -> list[tuple[int, int, Tally]]:
        """Places of the reference's items and the answer's, each once: those with the most right fields first."""
        candidates = [
            (own, other, self.of(item, candidate, _below(path, own)))
            for own, item in enumerate(reference)
            for other, candidate in enumerate(answer)
        ]
        candidates.sort(key=lambda each: (-each[2].n_right, each[2].n_flaws, each[0], each[1]))
        owns: set[int] = set()
        others: set[int] = set()
        matched = []
        for own, other, tally in candidates:
            if own not in owns and other not in others:
                owns.add(own)
                others.add(other)
                matched.append((own, other, tally))
        return sorted(matched, key=lambda each: each[0])


def _left_over(branch: Any, used: set[Any], path: str) -> list[str]:
    items = branch.items() if isinstance(branch, dict) else enumerate(branch)
    return [leaf for key, value in items if key not in used for leaf in _paths(value, _below(path, key))]


def _below(path: str, key: str | int) -> str:
    if isinstance(key, int):
        return f"{path}[{key}]"
    return f"{path}.{key}" if path else key


def _is_branch(value: object) -> bool:
    return isinstance(value, dict | list) and bool(value)


def _paths(value: Any, path: str) -> Iterator[str]:
    """Paths of all fields at or below `path`."""
    if not _is_branch(value):
        yield path or "$"
        return
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, child in items:
        yield from _paths(child, _below(path, key))


def _is_equal(one: Any, other: Any, rules: Rules) -> bool:
    if rules.is_loose:
        one, other = _plain(one), _plain(other)
    if _is_number(one) and _is_number(other):
        return bool(one == other) or _is_near(one, other, rules.tolerance)
    if type(one) is not type(other):
        return False
    if isinstance(one, str) and rules.ignores_case:
        return bool(one.strip().casefold() == other.strip().casefold())
    return bool(one == other)


def _is_near(one: float, other: float, tolerance: float) -> bool:
    try:
        return bool(abs(float(one) - float(other)) <= tolerance)
    except OverflowError:
        return False


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _plain(value: Any) -> Any:
    """What a text reads as."""
    if not isinstance(value, str):
        return value
    text = value.strip()
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    try:
        number = float(text)
    except ValueError:
        return value
    return number if math.isfinite(number) else value
