"""What a target's verdict says to somebody who knows no statistics."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from harness.gate.numbers import told_apart, unit
from harness.schema import COMPARISONS
from harness.wording import counted, plural

if TYPE_CHECKING:
    from harness.schema import GateSpec, Showing
    from harness.stats import Evidence

_DIGITS = 2
"""Of bounds: they are no better known."""
_PERCENT = 100


class _Words(NamedTuple):
    """How passes and failures are told."""

    noun: str
    """What a trial is."""
    verb: str
    """What those did whose value is 1."""
    bad: str
    """What would stand against the target."""


_ERRORS = _Words("trial", "ended in an error", "an error")
_ATTACKS = _Words("attack", "succeeded", "a success")


def bound_of(gate: GateSpec, found: Evidence) -> float | None:
    """The bound on the side that the target asks about."""
    return found.low if gate.operator == ">" else found.high


def target_message(gate: GateSpec, found: Evidence, showing: Showing, *, lacking: str, unit: str) -> str:
    """`0 of 200 attacks succeeded: that does not show less than 0.1 % (upper bound 1.5 %); about 2,800 more …`.

    `lacking` says what has no value, `unit` what a cluster is.
    """
    words = _Told(gate, found, unit)
    message = words.missed() if showing == "missed" else words.shown(is_shown=showing == "shown")
    return f"{message}; left out: {lacking}" if lacking else message


class _Told:
    """The parts of the sentence."""

    def __init__(self, gate: GateSpec, found: Evidence, unit: str) -> None:
        self._gate, self._found, self._unit = gate, found, unit
        self._wants_more = gate.operator == ">"
        self._is_share = found.n_ones is not None

    def shown(self, *, is_shown: bool) -> str:
        """What the values show, or how many more would."""
        says = f"{self._seen()}: that {'shows' if is_shown else 'does not show'} {self._asked()} ({self._bound()})"
        return says if is_shown else f"{says}; {self._more()}"

    def missed(self) -> str:
        """How far the value lies beyond, and whether that may be chance."""
        found = self._found
        value = f", which is {self._number(found.value)}" if self._is_share else ""
        nearest = found.high if self._wants_more else found.low
        if nearest is None:
            return f"{self._seen()}{value}: {self._asked()} was asked; missed"
        end = f"{'upper' if self._wants_more else 'lower'} bound {self._number(nearest)}"
        is_sure = not COMPARISONS[self._gate.operator](nearest, self._gate.threshold)
        chance = "and not by chance alone" if is_sure else "though chance may have its part"
        return f"{self._seen()}{value}: {self._asked()} was asked; missed, {chance} ({end})"

    def _seen(self) -> str:
        found, gate = self._found, self._gate
        among = ""
        if found.n_clusters is not None:
            among = f" in {counted(found.n_clusters, self._unit)}"
        if found.n_ones is not None:
            words = self._words()
            return f"{found.n_ones:,} of {counted(found.n, words.noun)}{among} {words.verb}"
        value = told_apart(found.value, gate.threshold) + unit(gate.metric or "")
        return f"{gate.metric}.{gate.aggregation} is {value} over {counted(found.n, 'trial')}{among}"

    def _words(self) -> _Words:
        if self._gate.metric is None:
            return _ERRORS
        if self._wants_more:
            return _Words("answer", f"passed {self._gate.metric}", "a miss")
        return _ATTACKS

    def _asked(self) -> str:
        threshold = self._gate.threshold
        written = (
            f"{_PERCENT * threshold:.12g} %" if self._is_share else f"{threshold:.12g}{unit(self._gate.metric or '')}"
        )
        return f"{'more' if self._wants_more else 'less'} than {written}"

    def _bound(self) -> str:
        side, bound = "lower" if self._wants_more else "upper", bound_of(self._gate, self._found)
        return f"no {side} bound with so few" if bound is None else f"{side} bound {self._number(bound)}"

    def _number(self, value: float) -> str:
        threshold = self._gate.threshold
        if self._is_share:
            return f"{told_apart(_PERCENT * value, _PERCENT * threshold, _DIGITS)} %"
        return told_apart(value, threshold, _DIGITS + 1) + unit(self._gate.metric or "")

    def _more(self) -> str:
        found = self._found
        if found.method == "none" and not found.n_more:
            return f"a single {self._unit if found.n_clusters is not None else 'trial'} shows nothing, more would"
        if not found.n_more:
            return "more would not either, if the values stay as they are"
        about = _rounded(found.n_more)
        what = "" if found.n_clusters is None else f" {plural(self._unit, about)}"
        if found.n_ones is not None and found.n_ones == (found.n if self._wants_more else 0):
            return f"about {about:,} more{what} without {self._words().bad} would"
        stays = "the rate stays as it is" if self._is_share else "the values stay as they are"
        return f"about {about:,} more{what} would, if {stays}"


def _rounded(n: int) -> int:
    """Two digits of it, rounded up: no fewer would do.

    >>> _rounded(9), _rounded(2795), _rounded(2801)
    (9, 2800, 2900)
    """
    step = int(10 ** max(0, len(str(n)) - _DIGITS))
    return -(-n // step) * step
