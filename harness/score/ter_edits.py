"""sacrebleu's count of edits, and no other number, with quicker ways to its two slow steps.

What is searched, in which order and how far is the code of sacrebleu itself. It spends its time on the edit distance of
each candidate, of which there are up to a thousand, and on finding runs of words that both texts have.
"""

from __future__ import annotations

import math
from operator import add
from types import FunctionType
from typing import TYPE_CHECKING, Any

from sacrebleu.metrics import lib_ter
from sacrebleu.metrics.ter import TER

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_LIMITS = vars(lib_ter)
_BEAM: int = _LIMITS["_BEAM_WIDTH"]
_LONGEST_SHIFT: int = _LIMITS["_MAX_SHIFT_SIZE"]
_FARTHEST_SHIFT: int = _LIMITS["_MAX_SHIFT_DIST"]
_INFINITE: int = _LIMITS["_INT_INFINITY"]
_KEPT, _REPLACED, _INSERTED, _DELETED = " ", "s", "i", "d"
"""What happens to a word, as sacrebleu's traces have it."""


class QuickTer(TER):
    """sacrebleu's TER."""

    def _compute_segment_statistics(self, hypothesis: str, ref_kwargs: dict[str, Any]) -> list[float]:
        """Least edits to any reference, and the references' mean length."""
        words, references = hypothesis.split(), ref_kwargs["ref_words"]
        least: int = min(_EDITS(words, reference)[0] for reference in references)
        return [least, sum(map(len, references)) / len(references)]


class _Distances:
    """Edit distances of texts to one reference, each told by what it has in common with the text that was traced last.

    A candidate differs from that text between two places: rows up to the first are known, and so is what each cell of
    the row after the second adds up to the end. Only cells around the diagonal are filled in, as sacrebleu does. A row
    is kept with the place of its first cell.
    """

    def __init__(self, reference: list[str]) -> None:
        self._reference = reference
        self._known: list[str] = []
        self._rests: list[list[int]] = []
        self._rows: list[tuple[int, list[int]]] = [(0, list(range(len(reference) + 1)))]

    def __call__(self, words: list[str]) -> _Found:
        """The distance, and the trace where it is asked for."""
        return _Found(self, words)

    def distance(self, words: list[str]) -> int:
        """Of a text as long as the last that was traced."""
        known, rows = self._known, self._rows
        if len(words) != len(known) or words == known:
            return self.traced(words)[0]
        first = next(at for at in range(len(words)) if words[at] != known[at])
        last = next(at for at in range(len(words) - 1, -1, -1) if words[at] != known[at])
        row = rows[first]
        for at in range(first, last + 1):
            row = self._next_row(row, words, at)
        least: int = min(map(add, row[1], self._rest(last + 1)))
        return least

    def _rest(self, number: int) -> list[int]:
        """From each cell of a row of the known text, how much is added up to the end."""
        if not self._rests:
            self._rests = self._all_rests()
        return self._rests[number]

    def _all_rests(self) -> list[list[int]]:
        """The same, a row each: the table filled in from its end, within the cells of the rows."""
        words, reference = self._known, self._reference
        start, cells = self._rows[-1]
        rests = [list(range(len(cells) - 1, -1, -1))]
        for number in range(len(words) - 1, -1, -1):
            first, cells = self._rows[number]
            down = _cells((start, rests[-1]), first, first + len(cells))
            diagonal = _cells((start, rests[-1]), first + 1, first + len(cells) + 1)
            row: list[int] = []
            right = _INFINITE
            wanted = [*reference[first : first + len(cells)], None][: len(cells)]
            for corner, below, word in zip(diagonal[::-1], down[::-1], wanted[::-1], strict=True):
                best = corner if word == words[number] else corner + 1
                if below < best:
                    best = below + 1
                if right < best:
                    best = right + 1
                row.append(best)
                right = best
            row.reverse()
            rests.append(row)
            start = first
        rests.reverse()
        return rests

    def traced(self, words: list[str]) -> tuple[int, str]:
        """Distance and trace; the text is then the one that others are compared with."""
        known = self._known if len(words) == len(self._known) else []  # the rows depend on the length
        same = next((at for at, pair in enumerate(zip(words, known, strict=False)) if pair[0] != pair[1]), len(known))
        rows = self._rows[: same + 1]
        for at in range(same, len(words)):
            rows.append(self._next_row(rows[-1], words, at))
        self._known, self._rows, self._rests = words, rows, []
        return rows[-1][1][-1], self._trace()

    def _next_row(self, before: tuple[int, list[int]], words: list[str], at: int) -> tuple[int, list[int]]:
        reference, word, number = self._reference, words[at], at + 1
        ratio = len(reference) / len(words)
        beam = _BEAM if ratio / 2 <= _BEAM else math.ceil(ratio / 2 + _BEAM)
        diagonal = math.floor(number * ratio)
        start = max(0, diagonal - beam)
        stop = len(reference) + 1 if number == len(words) else min(len(reference) + 1, diagonal + beam)
        row: list[int] = []
        left = _INFINITE
        if start == 0:
            left = before[1][0] + 1
            row.append(left)
        column = max(start, 1)
        corner, *above = _cells(before, column - 1, stop)
        for up, wanted in zip(above, reference[column - 1 : stop - 1], strict=True):
            best = corner if wanted == word else corner + 1
            if up < best:
                best = up + 1
            if left < best:
                best = left + 1
            row.append(best)
            corner, left = up, best
        return start, row

    def _trace(self) -> str:
        """Back from the end, by the preference that sacrebleu has: a word kept or replaced, deleted, inserted."""
        steps = []
        at, to = len(self._known), len(self._reference)
        while at or to:
            if at == 0 or to == 0:
                step = _INSERTED if at == 0 else _DELETED
            else:
                (corner, up), (here,) = _cells(self._rows[at - 1], to - 1, to + 1), _cells(self._rows[at], to, to + 1)
                is_same = self._known[at - 1] == self._reference[to - 1]
                if here == corner + (not is_same):
                    step = _KEPT if is_same else _REPLACED
                else:
                    step = _DELETED if here == up + 1 else _INSERTED
            steps.append(step)
            at -= step != _INSERTED
            to -= step != _DELETED
        return "".join(reversed(steps))


class _Found:
    """Stands for sacrebleu's pair of distance and trace: most candidates are asked for the first alone."""

    def __init__(self, distances: _Distances, words: list[str]) -> None:
        self._distances, self._words = distances, words

    def __getitem__(self, index: int) -> int:
        assert index == 0
        return self._distances.distance(self._words)

    def __iter__(self) -> Iterator[int | str]:
        return iter(self._distances.traced(self._words))


def _cells(row: tuple[int, list[int]], start: int, stop: int) -> list[int]:
    """The cells from `start` to before `stop`; those that were not filled in are infinite."""
    first, cells = row
    if first <= start and stop <= first + len(cells):
        return cells[start - first : stop - first]
    after = max(0, stop - max(start, first + len(cells)))
    before = min(stop, max(start, first)) - start
    return [_INFINITE] * before + cells[max(0, start - first) : max(0, stop - first)] + [_INFINITE] * after


def _common_runs(words: Sequence[str], reference: Sequence[str]) -> Iterator[tuple[int, int, int]]:
    """Start in both and length of each run of words that both have, in sacrebleu's order."""
    places: dict[str, list[int]] = {}
    for place, word in enumerate(reference):
        places.setdefault(word, []).append(place)
    for start, word in enumerate(words):
        for place in places.get(word, ()):
            if abs(place - start) > _FARTHEST_SHIFT:
                continue
            longest = min(_LONGEST_SHIFT, len(words) - start, len(reference) - place)
            for length in range(1, longest + 1):
                if words[start + length - 1] != reference[place + length - 1]:
                    break
                yield start, place, length


def _with(function: Any, **replaced: object) -> Any:
    """The same function, in whose module these names stand for something else."""
    return FunctionType(function.__code__, {**_LIMITS, **replaced}, function.__name__)


_EDITS = _with(
    lib_ter.translation_edit_rate,
    BeamEditDistance=_Distances,
    _shift=_with(_LIMITS["_shift"], _find_shifted_pairs=_common_runs),
)
"""sacrebleu's `translation_edit_rate`: words and a reference's words → edits, and how many words the reference has."""
