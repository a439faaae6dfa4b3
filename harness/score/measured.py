"""latency_s, input_tokens, output_tokens, cached_input_tokens, cost_usd: what the backend measured."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple

from harness.schema import Measure
from harness.score.metric import scored, unscored
from harness.score.options import read_options

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from harness.schema import Answer, Score
    from harness.score.options import Option


class _Quantity(NamedTuple):
    unit: Literal["s", "tokens", "usd"]
    unknown: str


QUANTITIES: Mapping[str, _Quantity] = {
    "latency_s": _Quantity("s", "the backend does not say how long it took"),
    "input_tokens": _Quantity("tokens", "the backend does not say how many input tokens it read"),
    "output_tokens": _Quantity("tokens", "the backend does not say how many tokens it wrote"),
    "cached_input_tokens": _Quantity("tokens", "the backend does not say how many input tokens were cached"),
    "cost_usd": _Quantity("usd", "the price is unknown"),
}
"""Every measured quantity by its name, which is also the field of Generation, in the order of the result table."""


class Measured:
    """A quantity of the generation as the backend reported it: seconds, tokens or US dollars.

    Range: 0 upwards.
    Higher is better: no.
    Empty input: counts as any other; what the backend does not report, or a bare text, is unscored.
    Source: the backend's own report; latency is from sending to the last byte of the call that succeeded.
    Deviations: none.
    """

    OPTIONS: ClassVar[tuple[Option, ...]] = ()
    needs_references = False

    def __init__(self, name: str, options: Mapping[str, Any]) -> None:
        """OptionError for any option: it takes none."""
        read_options(name, self.OPTIONS, options)
        quantity = QUANTITIES[name]
        self._name = name
        signature = f"{name}|as reported|version:1"
        self.measures = (Measure(name, quantity.unit, 0.0, None, higher_is_better=False, signature=signature),)
        self._without = unscored(self.measures, quantity.unknown)

    def score(self, answers: Sequence[Answer]) -> list[tuple[Score, ...]]:
        """One score an answer."""
        return [self._one(answer) for answer in answers]

    def _one(self, answer: Answer) -> tuple[Score, ...]:
        if answer.generation is None:
            return unscored(self.measures, "there is no generation, only a text")
        value: float | None = getattr(answer.generation, self._name)
        return self._without if value is None else (scored(self.measures[0], value),)
