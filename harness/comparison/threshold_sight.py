"""What gates on a share of passes can see with a suite's samples, before anything is run."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from msgspec.structs import replace

from harness.comparison.spread import spread_of
from harness.comparison.units import counting, in_words, n_groups, n_units
from harness.schema import Sight

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from harness.schema import CellKey, GateSpec, Measured, Suite

PASS_OR_FAIL = frozenset(
    {
        *("exact_match", "contains", "regex", "json_valid", "json_schema", "xml_valid", "preamble_free"),
        *("syntax_valid", "runs_successfully", "passes_tests", "follows_style_guide"),
    }
)
"""Measures whose values are 0 or 1, also where no baseline shows it."""
_POWER = 0.8
_MOST_EXACT = 1_000
"""Samples up to which the chance that a threshold is missed is summed up exactly; beyond, a normal distribution."""
_ACCURACY = 1e-4
_ROUNDING = 1e-9
"""Share of a product by which it may miss a whole number."""


def threshold_sights(
    suite: Suite, gates: Sequence[tuple[GateSpec, CellKey]], baseline: Measured | None = None
) -> list[Sight]:
    """What each gate on the share of passes can see: the nearest true share for which it fails in 80 % of runs.

    Of gates on the mean of a metric that passes or fails (or the `rate` of any) with `<`, `>`, `<=` or `>=`.
    """
    found = []
    for gate in dict.fromkeys(gate for gate, _ in gates if gate.metric is not None and _is_by_value(gate)):
        cells = [cell for other, cell in gates if other == gate]
        if gate.aggregation == "rate" or (
            gate.aggregation == "mean" and _is_share(suite, gate, cells, baseline=baseline)
        ):
            samples = min((counting(suite, cell) for cell in cells), key=len)
            nearest = _nearest_share(gate, n_units(samples))
            if nearest is not None:
                found.append(_threshold_sight(replace(suite, samples=samples), gate, nearest))
    return found


def _is_by_value(gate: GateSpec) -> bool:
    """Whether the value alone decides: of others the share for which they fail is another one."""
    return gate.regression is None and gate.judged_by == "value"


def _is_share(suite: Suite, gate: GateSpec, cells: Iterable[CellKey], *, baseline: Measured | None) -> bool:
    measure = next(each for each in suite.measures if each.name == gate.metric)
    if measure.name in PASS_OR_FAIL:
        return True
    spreads = [spread_of(measure, baseline, (cell[1], cell[2]), repeats=1) for cell in cells]
    return baseline is not None and bool(spreads) and all(each.is_share and not each.is_assumed for each in spreads)


def _threshold_sight(suite: Suite, gate: GateSpec, nearest: float) -> Sight:
    side = "below" if gate.operator in (">=", ">") else "above"
    message = (
        f"with {in_words(suite.samples)} the gate {gate.text} fails in {100 * _POWER:.0f} % of runs only where the "
        f"true share is {side} {nearest:.2f}"
    )
    groups = n_groups(suite.samples)
    return Sight(suite.name, gate.text, gate.metric or "", len(suite.samples), groups, 1, nearest, None, message)


def _nearest_share(gate: GateSpec, n: int) -> float | None:
    """The true share next to the threshold for which the gate fails in 80 % of runs; None: it never does."""
    if not n or gate.operator in ("==", "!="):
        return None
    sought = gate.threshold * n
    near = round(sought) if abs(sought - round(sought)) < _ROUNDING * n else None
    if gate.operator in (">=", ">"):  # it fails with so many passes at most
        most = math.ceil(sought) - 1 if near is None else near - (gate.operator == ">=")
        return _share(lambda share: _at_most(most, n, share)) if most >= 0 else None
    fewest = math.floor(sought) + 1 if near is None else near + (gate.operator == "<=")
    found = _share(lambda share: _at_most(n - fewest, n, share)) if fewest <= n else None
    return None if found is None else 1 - found


def _share(chance: Callable[[float], float]) -> float:
    """The largest share of passes for which the chance, which falls with it, is 80 % or more."""
    low, high = 0.0, 1.0
    while high - low > _ACCURACY:
        middle = (low + high) / 2
        low, high = (middle, high) if chance(middle) >= _POWER else (low, middle)
    return low


def _at_most(most: int, n: int, share: float) -> float:
    """The chance of at most so many passes among n."""
    if n > _MOST_EXACT:
        z = (most + 0.5 - n * share) / math.sqrt(n * share * (1 - share))
        return math.erfc(-z / math.sqrt(2)) / 2
    logs = math.log(share), math.log1p(-share)
    whole = math.lgamma(n + 1)
    return math.fsum(
        math.exp(whole - math.lgamma(k + 1) - math.lgamma(n - k + 1) + k * logs[0] + (n - k) * logs[1])
        for k in range(most + 1)
    )
