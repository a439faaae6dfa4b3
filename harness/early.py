"""Evaluations that end before their last trial: what the pipeline knows of `stop_early`."""

from __future__ import annotations

import math
import threading
from typing import TYPE_CHECKING

from harness import record
from harness.schema import Scores
from harness.wording import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from harness.comparison import Decision, EarlyGate, PlannedPair
    from harness.schema import CellKey, GateSpec, Measure, Measured, Rows, Suite, Trial, TrialResult, Unit

    Gates = Sequence[tuple[Suite, GateSpec, CellKey]]
    Found = Callable[[str], TrialResult | None]


class EarlyStops:
    """The regression gates of suites that stop early, each looked at as results come in.

    A cell (variant and backend) is over when all its regression gates are: what has not been sent then is not.
    """

    def __init__(self, gates: Gates, baselines: Mapping[str, Measured], trials: Sequence[Trial]) -> None:
        """`gates` are all regression gates of the run: they share the error. Gates without pairs stop nothing."""
        self._looking = threading.Lock()
        self._gates: dict[tuple[GateSpec, CellKey], EarlyGate | None] = {}
        self._over: dict[CellKey, str] = {}
        self._units = {measure.name: measure.unit for suite, _, _ in gates for measure in suite.measures}
        stopping = [each for each in gates if each[0].stop_early and each[0].name in baselines]
        cells: dict[CellKey, list[Trial]] = {cell: [] for _, _, cell in stopping}
        for trial in trials if cells else ():
            if trial.cell in cells and trial.quarantine is None:
                cells[trial.cell].append(trial)
        for suite, gate, cell in stopping:
            pairs = _Pairs(suite, gate, baselines[suite.name])
            self._gates[gate, cell] = pairs.gate(cells[cell], cell, n_gates=len(gates))

    def why_not(self, trial: Trial) -> str | None:
        """Why the trial need not be called; None where it is."""
        return self._over.get(trial.cell)

    def look(self, found: Found) -> None:
        """Look where a look is due; `found` is a trial's result, None as long as there is none."""
        with self._looking:
            for (gate, cell), each in self._gates.items():
                if each is not None and cell not in self._over:
                    _come(each, gate, self._units[gate.metric or ""], found=found)
            for cell in {cell for _, cell in self._gates} - self._over.keys():
                own = {gate: each for (gate, of), each in self._gates.items() if of == cell}
                if all(each is not None and each.is_over for each in own.values()):
                    told = [f"{gate.metric} {_word(each)}" for gate, each in own.items() if each is not None]
                    self._over[cell] = f"stopped early: {', '.join(told)}"

    def decided(self, found: Found) -> dict[tuple[GateSpec, CellKey], Decision]:
        """What each gate came to, once all results are there; gates that cannot be compared are left out."""
        self.look(found)
        with self._looking:
            for each in self._gates.values():
                if each is not None:
                    each.end()
            return {
                key: each.decision
                for key, each in self._gates.items()
                if each is not None and each.decision is not None
            }


class _Pairs:
    """What a gate of a suite can be compared by."""

    def __init__(self, suite: Suite, gate: GateSpec, baseline: Measured) -> None:
        self._suite, self._gate, self._baseline = suite, gate, baseline
        self._hashes = record.SampleHashes()

    def gate(self, trials: Sequence[Trial], cell: CellKey, *, n_gates: int) -> EarlyGate | None:
        """The gate as it is looked at; None where it has nothing to be compared with, such as a promised number's."""
        from harness import comparison

        assert self._gate.regression is not None
        if self._gate.regression.target is not None:  # its test is of all samples at once
            return None
        rows = self._baseline.cells.get(cell[1:])
        measure = next(each for each in self._suite.measures if each.name == self._gate.metric)
        known = self._baseline.measures.get(measure.name)
        if rows is None or known is None or known.signature != measure.signature:
            return None
        pairs = self._pairs(trials, rows, measure)
        if not pairs:
            return None
        rule = comparison.rule_of(measure, self._gate.regression, n_planned=len(pairs), n_gates=n_gates)
        return comparison.EarlyGate(rule, pairs, higher_is_better=measure.higher_is_better)

    def _pairs(self, trials: Sequence[Trial], rows: Rows, measure: Measure) -> list[PlannedPair]:
        from harness import comparison

        places = {key: place for place, key in enumerate(zip(rows.samples, rows.repeats, strict=True))}
        values = rows.values[measure.name].tolist()
        found = []
        for trial in trials:
            place = places.get((trial.sample.sample_id, trial.repeat))
            if place is None or math.isnan(values[place]):
                continue
            if rows.contents[place] in {None, self._hashes.of(trial.sample)}:
                cluster = trial.sample.group or trial.sample.sample_id
                found.append(comparison.PlannedPair(trial.trial_id, values[place], cluster))
        return found


def _come(each: EarlyGate, gate: GateSpec, unit: Unit, *, found: Found) -> None:
    """Take what has come, rounded as baselines are: else digits that were cut would be differences."""

    def value_of(trial_id: str) -> float | None:
        result = found(trial_id)
        scores = Scores.of(result.scores) if result is not None and result.scores else None
        if scores is None or gate.metric not in scores.names:
            return None
        value = scores.value(scores.names.index(gate.metric))
        return None if value is None else record.rounded_value(value, unit)

    each.come(value_of, lambda trial_id: found(trial_id) is not None)


def _word(each: EarlyGate) -> str:
    assert each.decision is not None
    word = "is not going to be clear" if each.decision.verdict == "inconclusive" else str(each.decision.verdict)
    return f"{word} after {counted(each.decision.looks[-1], 'pair')}"
