"""Which examples are shown before a question."""

from __future__ import annotations

import hashlib
import random
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from harness.prompt.similarity import SimilarityIndex
    from harness.schema import ExamplesSpec, InputType, Sample

_T = TypeVar("_T")


class ExamplePicker:
    """Picks `k` rows for each sample, never one that asks the same: it would give the answer away."""

    def __init__(self, spec: ExamplesSpec, inputs: Mapping[str, InputType]) -> None:
        """`inputs` are the prompt's declared variables: what makes two questions the same."""
        self._spec = spec
        self._inputs = tuple(inputs)
        self._texts = tuple(name for name in inputs if inputs[name] == "str") or self._inputs
        self._index: SimilarityIndex | None = None
        classes: dict[str, list[int]] = {}
        for row, values in enumerate(spec.rows):
            classes.setdefault(str(values.get(spec.answer)), []).append(row)
        self._classes = [classes[name] for name in sorted(classes)]

    def pick(self, sample: Sample) -> list[int]:
        """Positions of the rows to show, in the order shown; fewer than `k` when there are not enough."""
        orders: dict[str, Callable[[Sample], Iterator[int]]] = {
            "first": self._first,
            "random": self._random,
            "balanced": self._balanced,
            "similar": self._similar,
        }
        others = (row for row in orders[self._spec.select](sample) if not self._asks_the_same(row, sample))
        picked = list(islice(others, self._spec.k))
        return picked[::-1] if self._spec.select == "similar" else picked

    def _asks_the_same(self, row: int, sample: Sample) -> bool:
        values = self._spec.rows[row]
        return all(values.get(name) == sample.variables.get(name) for name in self._inputs)

    def _first(self, sample: Sample) -> Iterator[int]:
        del sample
        return iter(range(len(self._spec.rows)))

    def _random(self, sample: Sample) -> Iterator[int]:
        return shuffled(range(len(self._spec.rows)), self._generator(sample))

    def _balanced(self, sample: Sample) -> Iterator[int]:
        """One row of each class in turn; the classes' order and the rows' are the sample's own."""
        generator = self._generator(sample)
        turns = [shuffled(rows, generator) for rows in shuffled(self._classes, generator)]
        while turns:
            turn = turns.pop(0)
            for row in islice(turn, 1):
                yield row
                turns.append(turn)

    def _similar(self, sample: Sample) -> Iterator[int]:
        if self._index is None:
            from harness.prompt.similarity import SimilarityIndex

            self._index = SimilarityIndex([self._text(values) for values in self._spec.rows])
        return self._index.nearest(self._text(sample.variables))

    def _text(self, values: Mapping[str, object]) -> str:
        return "\n".join(str(values.get(name, "")) for name in self._texts)

    def _generator(self, sample: Sample) -> random.Random:
        """Seeded by seed and sample id alone: other rows of the dataset do not change the choice."""
        digest = hashlib.sha256(f"{self._spec.seed}\0{sample.sample_id}".encode("utf-8", "surrogatepass")).digest()
        return random.Random(digest)  # noqa: S311 - a reproducible choice, nothing secret


def shuffled(items: Sequence[_T], generator: random.Random) -> Iterator[_T]:
    """`items` in random order, drawn one by one: taking 3 of 10,000 costs 3."""
    moved: dict[int, int] = {}
    for position in range(len(items)):
        drawn = generator.randrange(position, len(items))
        yield items[moved.get(drawn, drawn)]
        moved[drawn] = moved.get(position, position)
