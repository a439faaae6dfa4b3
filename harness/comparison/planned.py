"""What a suite's regression gates can see with its samples, before anything is run."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING

from msgspec import Struct

from harness.comparison.prospects import Prospects
from harness.comparison.spread import spread_of, spread_of_values
from harness.comparison.units import n_groups, n_units
from harness.schema import Sight
from harness.stats import fewest_units, minimum_detectable_effect

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from harness.comparison.prospects import ContentOf, Lost, Prospect
    from harness.comparison.spread import Spread
    from harness.schema import CellKey, GateSpec, Measure, Measured, RegressionSpec, Suite

    Planned = Sequence[tuple[GateSpec, CellKey]]

_ACCURACY = 1e-4
_STEPS = 40


def regression_sights(
    plans: Sequence[tuple[Suite, Planned]],
    baselines: Mapping[str, Measured] | None = None,
    *,
    content_of: ContentOf | None = None,
    lost: Lost | None = None,
) -> list[Sight]:
    """What each regression gate of these suites can see, one a metric and rule, at its worst variant and backend.

    `plans` are the suites that run together, with their gates by cell; p is corrected over all of them. Samples that
    cannot be paired with the suite's baseline do not count (`content_of`, `lost`: see `Prospects`); where none can,
    at some variants and backends, that is a sight of its own. How values scatter by chance comes from the baseline,
    else it is assumed, see `spread_of`.
    """
    family = Counter(gate.regression.correction for _, gates in plans for gate, _ in gates if gate.regression)
    known: dict[tuple[object, ...], float | None] = {}
    found: list[Sight] = []
    for suite, gates in plans:
        baseline = (baselines or {}).get(suite.name)
        prospects = Prospects(suite, baseline, content_of=content_of, lost=lost)
        by_gate: dict[GateSpec, list[CellKey]] = {}
        for gate, cell in gates:
            if gate.regression is not None:
                by_gate.setdefault(gate, []).append(cell)
        for gate, cells in by_gate.items():
            assert gate.regression is not None
            n_gates = 1 if gate.regression.correction == "none" else family[gate.regression.correction]
            found += _Seeing(suite, gate, n_gates, known).sights(cells, prospects, baseline)
    return found


class _Seeing(Struct):
    """One regression gate of a suite."""

    suite: Suite
    gate: GateSpec
    n_gates: int
    known: dict[tuple[object, ...], float | None]

    def sights(self, cells: Sequence[CellKey], prospects: Prospects, baseline: Measured | None) -> Iterator[Sight]:
        """One where something can be compared, by the fewest samples of any cell; one a reason where nothing can."""
        measure = next(each for each in self.suite.measures if each.name == self.gate.metric)
        is_paired = self._spec.target is None
        found = {cell: prospects.of(cell, measure, is_paired=is_paired) for cell in cells}
        seeing = {cell: each for cell, each in found.items() if each.samples or each.ref is None}
        if seeing:
            fewest = min(seeing.values(), key=lambda each: n_units(each.samples))
            spreads = [
                self._spread(measure, baseline, (cell[1], cell[2]), repeats=each.repeats)
                for cell, each in seeing.items()
            ]
            yield self._sight(measure, fewest, max(spreads, key=lambda each: each.variance or 0.0))
        for message in dict.fromkeys(each.nothing for cell, each in found.items() if cell not in seeing):
            yield Sight(
                suite=self.suite.name, gate=self.gate.text, metric=measure.name, n_samples=0, n_groups=None,
                n_gates=self.n_gates, smallest=None, smallest_alone=None,
                message=message, n_left_out=len(self.suite.samples), warns=True,
            )  # fmt: skip

    def _sight(self, measure: Measure, prospect: Prospect, spread: Spread) -> Sight:
        n, alpha = n_units(prospect.samples), self._spec.alpha
        smallest, alone = (self._smallest(n, spread, alpha=alpha / n_tests) for n_tests in (self.n_gates, 1))
        return Sight(
            suite=self.suite.name,
            gate=self.gate.text,
            metric=measure.name,
            n_samples=len(prospect.samples),
            n_groups=n_groups(prospect.samples),
            n_gates=self.n_gates,
            smallest=smallest,
            smallest_alone=alone,
            message=self._message(measure, prospect, spread, found=(smallest, alone)),
            n_left_out=sum(prospect.left_out.values()),
            warns=prospect.is_doubtful,
        )

    def _spread(self, measure: Measure, baseline: Measured | None, cell: tuple[str, str], *, repeats: int) -> Spread:
        if self._spec.target is not None:
            return spread_of_values(measure, baseline, cell, target=self._spec.target)
        return spread_of(measure, baseline, cell, repeats=repeats)

    @property
    def _spec(self) -> RegressionSpec:
        assert self.gate.regression is not None
        return self.gate.regression

    def _smallest(self, n: int, spread: Spread, *, alpha: float) -> float | None:
        margin, is_number, variance = self._spec.margin, self._spec.target is not None, spread.variance
        key = (n, variance, spread.is_share, spread.span, alpha, margin, is_number)
        if variance is not None and key not in self.known:
            self.known[key] = (
                _smallest_of_number(n, spread, alpha=alpha)
                if is_number
                else _smallest(n, spread, alpha=alpha, margin=margin)
            )
        return self.known.get(key)

    def _message(
        self, measure: Measure, prospect: Prospect, spread: Spread, *, found: tuple[float | None, float | None]
    ) -> str:
        who = f"{prospect.who} can "
        target = self._spec.target
        promised = "" if target is None else f" from the promised {target:.12g}"
        change = f"{'drops' if measure.higher_is_better else 'rises'} of {measure.name}{promised}"
        if spread.variance is None:
            return f"{who}see only some {change}: which is not known, {spread.basis}"
        smallest, alone = found
        if smallest is None:
            fewest = fewest_units(self._spec.alpha / self.n_gates)
            few = (
                f"it takes at least {fewest:,}"
                if n_units(prospect.samples) < fewest
                else f"chance moves too much; {spread.basis}"
            )
            return f"{who}show no {change}{self._among()}: {few}"
        more = "" if alone is None or self.n_gates == 1 else f"; {_shown(alone, spread)} for one gate alone"
        among = f" (among {self.n_gates:,} comparisons{more})" if self.n_gates > 1 else ""
        return f"{who}only see {change} above {_shown(smallest, spread)}{among}; {spread.basis}"

    def _among(self) -> str:
        return f" among {self.n_gates:,} comparisons" if self.n_gates > 1 else ""


def _smallest(n: int, spread: Spread, *, alpha: float, margin: float) -> float | None:
    """Of passes and failures by McNemar's exact test where each sample is asked once, else by the spread of scores."""
    assert spread.variance is not None
    if spread.is_share:
        return minimum_detectable_effect(n, alpha=alpha, margin=margin, discordant=min(1.0, spread.variance))
    drop: float | None = 0.0
    for _ in range(_STEPS):
        # a drop is no shift of all samples alike: some fall and some do not, which scatters, too
        assert drop is not None
        own = drop * max(0.0, spread.span - drop)
        before, drop = drop, minimum_detectable_effect(
            n, alpha=alpha, margin=margin, sd=math.sqrt(spread.variance + own)
        )  # fmt: skip
        if drop is None or drop > spread.span:
            return None
        if abs(drop - before) <= _ACCURACY * spread.span:
            break
    return drop


def _smallest_of_number(n: int, spread: Spread, *, alpha: float) -> float | None:
    """Beside a number: values scatter whether or not the mean is what was promised."""
    assert spread.variance is not None
    drop = minimum_detectable_effect(n, alpha=alpha, sd=math.sqrt(spread.variance))
    return None if drop is None or drop > spread.span else drop


def _shown(change: float, spread: Spread) -> str:
    return f"{change:.2f}" if spread.span == 1 else f"{change:.2g}"
