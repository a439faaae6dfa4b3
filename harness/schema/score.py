"""What metrics yield."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from struct import pack, unpack_from
from typing import TYPE_CHECKING, Literal, overload

if TYPE_CHECKING:
    from collections.abc import Mapping

Status = Literal["scored", "unscored", "failed"]


@dataclass(frozen=True, slots=True)
class Measure:
    """One number that a metric yields, e.g. `rouge1` by `rouge`."""

    name: str
    """As used in gates, columns and tables."""
    unit: Literal["score", "percent", "s", "tokens", "usd"]
    """`score` is 0…1, `percent` is 0…100 (sacrebleu), else the unit itself."""
    low: float
    """Least value it can have."""
    high: float | None
    """Greatest value it can have; None when unbounded."""
    higher_is_better: bool
    """Direction."""
    signature: str
    """Fixes every choice behind the number: library, version, tokeniser, options."""


@dataclass(frozen=True, slots=True)
class Score:
    """A finite value with a status: never NaN, and never 0 for missing."""

    metric: str
    """Name of the measure."""
    value: float | None
    """Finite when scored, else None."""
    status: Status
    """scored; unscored: does not apply (no reference, price unknown); failed: the metric raised."""
    reason: str | None = None
    """Why it is unscored or failed, or what the metric has to say about the value."""


class Scores(Sequence[Score]):
    """One trial's scores, in a tenth of the space: a run holds those of every trial until it is recorded."""

    __slots__ = ("_names", "_notes", "_values")

    def __init__(self, names: tuple[str, ...], scores: Sequence[Score]) -> None:
        """`names` are those of the scores, in their order; one tuple for all trials."""
        self._names = names
        self._values = pack(f"{len(names)}d", *(score.value or 0.0 for score in scores))
        self._notes: Mapping[int, tuple[Status, str | None]] | None = {
            index: (score.status, score.reason)
            for index, score in enumerate(scores)
            if score.status != "scored" or score.reason is not None
        } or None

    @overload
    def __getitem__(self, index: int) -> Score: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Score, ...]: ...
    def __getitem__(self, index: int | slice) -> Score | tuple[Score, ...]:
        """The score at a place, or those of a slice."""
        if isinstance(index, slice):
            return tuple(self[place] for place in range(*index.indices(len(self))))
        name = self._names[index]
        place = range(len(self))[index]
        status, reason = self._notes.get(place, _PLAIN) if self._notes is not None else _PLAIN
        value = unpack_from("d", self._values, 8 * place)[0] if status == "scored" else None
        return Score(name, value, status, reason)

    def __len__(self) -> int:
        """How many measures there are."""
        return len(self._names)

    def __eq__(self, other: object) -> bool:
        """Whether all scores are equal, in this order."""
        return isinstance(other, Sequence) and tuple(self) == tuple(other)

    def __hash__(self) -> int:
        """As equal scores have it."""
        return hash(tuple(self))

    def __repr__(self) -> str:
        """The scores, as a tuple shows them."""
        return repr(tuple(self))


_PLAIN: tuple[Status, str | None] = ("scored", None)
