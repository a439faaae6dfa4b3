"""The verdicts of a run, as its gate items ask for them."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

from msgspec.structs import replace

from harness.gate.cells import cell_aggregate, counting_results, target_verdict
from harness.gate.judge_gate import judge, not_judged
from harness.wording import counted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from harness.schema import CellKey, GateSpec, Suite, TrialResult, Verdict


class Verdicts:
    """Each gate's answer on each cell, once: an item may run more than once, and in any order."""

    def __init__(self) -> None:
        """None yet."""
        self._known: dict[tuple[GateSpec, CellKey], Verdict] = {}

    def on(
        self,
        gate: GateSpec,
        suite: Suite,
        results: Sequence[TrialResult],
        *,
        cell: CellKey,
        corpus: Mapping[str, float],
    ) -> Verdict:
        """The gate's answer for a cell of the suite, over its results; `corpus` holds its corpus-level values."""
        counting = counting_results(results)
        n_stopped = sum(result.is_stopped_early for result in counting)
        if not_run := sum(result.outcome == "not_run" for result in counting) - n_stopped:
            aggregate = cell_aggregate(gate, suite, results, corpus=corpus)
            verdict = not_judged(gate, cell, aggregate, trials=len(counting), not_run=not_run)
        elif gate.judged_by == "shown":
            verdict = target_verdict(gate, suite, results, cell=cell)
        else:
            verdict = judge(gate, cell, cell_aggregate(gate, suite, results, corpus=corpus))
        if n_stopped:
            told = f"over {len(counting) - n_stopped:,} of {counted(len(counting), 'trial')}, stopped early"
            verdict = replace(verdict, message=f"{verdict.message}; {told}")
        return self.keep(verdict, cell)

    def keep(self, verdict: Verdict, cell: CellKey) -> Verdict:
        """Know an answer that was found elsewhere."""
        self._known[verdict.gate, cell] = verdict
        return verdict

    def in_order(self, suites: Sequence[Suite]) -> tuple[Verdict, ...]:
        """All of them, in item order."""
        found = []
        for suite in suites:
            for gate, backend, variant in product(suite.gates, suite.backends, suite.variants):
                verdict = self._known.get((gate, (suite.name, variant.name, backend.name)))
                if verdict is not None and verdict not in found:
                    found.append(verdict)
        return tuple(found)
