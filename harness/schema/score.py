"""What metrics yield."""

from __future__ import annotations

from collections.abc import Sequence
from struct import Struct as Packing
from struct import pack, unpack
from typing import TYPE_CHECKING, Literal, overload

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.schema.judging import Rating

from msgspec import Struct

Status = Literal["scored", "unscored", "failed"]
LARGEST_VALUE = 1e100
"""Of a score, either way: sums of squares of larger ones overflow."""
Unit = Literal["score", "percent", "s", "tokens", "usd"]
"""`score` is 0…1, `percent` is 0…100 (sacrebleu): both say how good; the others are amounts in the unit itself."""


class Measure(Struct, frozen=True):
    """One number that a metric yields, e.g. `rouge1` by `rouge`."""

    name: str
    """As used in gates, columns and tables."""
    unit: Unit
    """What its values are."""
    low: float
    """Least value it can have."""
    high: float | None
    """Greatest value it can have; None when unbounded."""
    higher_is_better: bool
    """Direction."""
    signature: str
    """Fixes every choice behind the number: library, version, tokeniser, options."""
    about: str = ""
    """What it means, where its name does not say: a judge's criterion, and how the judge rates it."""
    calibration: str = ""
    """What is known of a judge's agreement with people; empty where no model judges."""


class Score(Struct, frozen=True):
    """A finite value with a status: never NaN, and never 0 for missing."""

    metric: str
    """Name of the measure."""
    value: float | None
    """Finite when scored, else None."""
    status: Status
    """scored; unscored: does not apply (no reference, price unknown); failed: the metric raised."""
    reason: str | None = None
    """Why it is unscored or failed, or what the metric has to say about the value."""
    ratings: tuple[Rating, ...] = ()
    """The single verdicts of judges that it is made of; they are summed up over the run, and not kept with it."""


Note = tuple[Status, str | None]
"""Status and reason of a score."""
_SCORED: Note = ("scored", None)
_DOUBLE = Packing("d")
_NO_COSTS: Mapping[int, float | None] = {}


class Scores(Sequence[Score]):
    """One trial's scores, in a tenth of the space: a run holds those of every trial until it is recorded."""

    __slots__ = ("costs", "names", "notes", "packed")

    def __init__(
        self,
        names: tuple[str, ...],
        scores: Sequence[Score],
        known: dict[object, Mapping[int, Note]] | None = None,
        *,
        costs: Mapping[int, float | None] = _NO_COSTS,
    ) -> None:
        """`names` are those of the scores, in their order, one tuple for all trials; `known` shares equal notes."""
        self.names = names
        """The measures."""
        self.costs = costs
        """By place: USD that models were paid for the score, None where that is not known; others cost nothing."""
        self.packed = pack(f"{len(names)}d", *[score.value or 0.0 for score in scores])
        """The values as doubles of this machine; 0 where there is none."""
        notes: Mapping[int, Note] = {
            place: (score.status, score.reason)
            for place, score in enumerate(scores)
            if score.status != "scored" or score.reason is not None
        }
        self.notes = notes if known is None else known.setdefault(tuple(notes.items()), notes)
        """By place: status and reason of what is not plainly scored."""

    @classmethod
    def of(cls, scores: Sequence[Score]) -> Scores:
        """Themselves, when they are in this form already."""
        return scores if isinstance(scores, cls) else cls(tuple(score.metric for score in scores), scores)

    def value(self, place: int) -> float | None:
        """The value at a place from 0; None when it is not scored."""
        if self.notes and self.notes.get(place, _SCORED)[0] != "scored":
            return None
        value: float = _DOUBLE.unpack_from(self.packed, 8 * place)[0]
        return value

    def values(self) -> tuple[float | None, ...]:
        """All values, in the order of the names; None where one is not scored."""
        found: tuple[float, ...] = unpack(f"{len(self.names)}d", self.packed)
        if not self.notes:
            return found
        return tuple(value if self.note(place)[0] == "scored" else None for place, value in enumerate(found))

    def note(self, place: int) -> Note:
        """Status and reason at a place from 0."""
        return self.notes.get(place, _SCORED)

    @overload
    def __getitem__(self, index: int) -> Score: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Score, ...]: ...
    def __getitem__(self, index: int | slice) -> Score | tuple[Score, ...]:
        """The score at a place, or those of a slice."""
        if isinstance(index, slice):
            return tuple(self[place] for place in range(*index.indices(len(self))))
        place = range(len(self.names))[index]
        return Score(self.names[place], self.value(place), *self.note(place))

    def __len__(self) -> int:
        """How many measures there are."""
        return len(self.names)

    def __eq__(self, other: object) -> bool:
        """Whether all scores are equal, in this order."""
        return isinstance(other, Sequence) and tuple(self) == tuple(other)

    def __hash__(self) -> int:
        """As equal scores have it."""
        return hash(tuple(self))

    def __repr__(self) -> str:
        """The scores, as a tuple shows them."""
        return repr(tuple(self))
