"""A run beside the baselines of its suites: what the pipeline knows of comparisons."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness import gate, plan, record
from harness.asked import asked_of, promised_of, target_of
from harness.baselines import NONE, no_baseline, read_baselines, save_baselines
from harness.early import EarlyStops
from harness.errors import RecordError
from harness.foresight import sights_of
from harness.schema import RegressionSpec
from harness.wording import counted, listed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    import pandas as pd

    from harness import comparison, score
    from harness.schema import (
        CellKey,
        Chance,
        Compared,
        Comparison,
        GateSpec,
        Judging,
        RunRecord,
        Settings,
        Suite,
        Trial,
        TrialResult,
        Verdict,
    )

_TABLES = ("rich.console", "rich.table")
_NOT_RUN = "nothing of it was run"


def compare(run_a: record.Run | str | Path, run_b: record.Run | str | Path) -> pd.DataFrame:
    """Run b beside run a: the columns of comparison.parquet, a row a cell and measure that both have.

    `difference` is b - a, over pairs of the same sample and repeat; `baseline` names a. A run is given as `load_run`
    yields it, or by its path; its folder is read, whatever was done to the DataFrames. Verdicts are those of
    `prompt-suite compare`: the margins of the suite's own regression gates where a run knows them, else 0; alpha 0.05,
    p corrected after Holm over what these gates ask about, all other rows of quality, and all other amounts.

    Raises:
        RecordError: there is no run, it is damaged, or no suite is in both.

    """
    from harness import comparison

    first, second = (record.measured_of_run(run.path if isinstance(run, record.Run) else run) for run in (run_a, run_b))
    both = [name for name in second if name in first]
    if not both:
        raise RecordError(
            f"compare: no suite is in both; the first run has {listed(first)}, the second {listed(second)}; "
            "name two runs of the same suite"
        )
    sides = [(second[name], first[name]) for name in both]
    plain = RegressionSpec()
    return record.comparison_frame(comparison.compare(sides, comparison.gates_of(sides, plain), plain=plain))


class Comparing:
    """Holds the baselines from the start, so that one that cannot be read costs no call; compares at the end."""

    def __init__(self, suites: Sequence[Suite], settings: Settings) -> None:
        """Find and read the baseline of each suite.

        Raises:
            RecordError: a baseline that is named, or the committed one, cannot be read.

        """
        self._settings = settings
        self._suites = {suite.name: suite for suite in suites}
        self._is_promised = any(target_of(condition) is not None for suite in suites for condition in suite.gates)
        self.baselines = read_baselines(self._suites, settings)
        """By suite; those without one are left out."""
        self._known: tuple[tuple[Comparison, ...], int] = ((), -1)
        self._early = EarlyStops((), {}, ())

    @property
    def used_later(self) -> tuple[str, ...]:
        """Modules that take long to import and that this run uses when everything is answered."""
        asks = any(gate.regression is not None for suite in self._suites.values() for gate in suite.gates)
        return (*_TABLES, "harness.comparison") if asks or self.baselines else _TABLES

    def begin(self, trials: Sequence[Trial]) -> None:
        """Look at the regression gates of suites that stop early, while these trials are run; no baseline does."""
        cells = {trial.cell for trial in trials}
        gates = [
            (suite, gate, cell)
            for suite in self._suites.values()
            for gate, cell in plan.plan_gates(suite)
            if gate.regression is not None and cell in cells
        ]
        self._early = EarlyStops(gates, {} if self._settings.save_baseline else self.baselines, trials)

    def why_not(self, trial: Trial) -> str | None:
        """Why the trial need not be called any more; None where it is."""
        return self._early.why_not(trial)

    def look(self, found: Callable[[str], TrialResult | None]) -> None:
        """Look at what has come, where a look is due; `found` is a trial's result, None as long as there is none."""
        self._early.look(found)

    def comparisons(self, results: Sequence[TrialResult]) -> tuple[Comparison, ...]:
        """Each suite that has a baseline, beside it, then beside what its prompts promise.

        Made once, and again only when more has been answered.
        """
        n_answered = sum(result.outcome != "not_run" for result in results)
        if not self.baselines and not self._is_promised:
            return ()
        if self._known[1] != n_answered:
            from harness import comparison

            facts = [record.suite_facts(suite) for suite in self._suites.values()]
            now = record.measured_of_results(facts, results, "this run")
            sides = [(now[name], baseline) for name, baseline in self.baselines.items() if name in now]
            suites = self._suites.values()
            found = comparison.compare(
                sides, asked_of(suites, now), promised=promised_of(suites, now), decided=self._decided(results)
            )
            self._known = (found, n_answered)
        return self._known[0]

    def _decided(self, results: Sequence[TrialResult]) -> dict[comparison.RowKey, comparison.Decision]:
        """The rows whose verdict is that of their last look."""
        found = {result.trial.trial_id: result for result in results}
        decided = self._early.decided(found.get)
        return {(*cell, gate.metric): decision for (gate, cell), decision in decided.items() if gate.metric is not None}

    def findings(
        self, results: Sequence[TrialResult], scorer: score.RunScorer
    ) -> tuple[tuple[Judging, ...], tuple[Comparison, ...], Chance]:
        """What a run shows about its judges, beside its baselines, and of chance in its numbers."""
        chance = scorer.chance(results, sights_of(results, self._suites.values(), self.baselines))
        return scorer.judgings(results), self.comparisons(results), chance

    def verdict(self, condition: GateSpec, cell: CellKey, results: Sequence[TrialResult]) -> Verdict:
        """A regression gate's answer for one cell, over all results of the run: p is corrected over all its gates."""
        suite = cell[0]
        own = [result for result in results if result.trial.cell == cell and result.trial.quarantine is None]
        if not_run := sum(result.outcome == "not_run" and not result.is_stopped_early for result in own):
            return gate.not_compared(condition, cell, f"{counted(not_run, 'trial')} not run", by_choice=False)
        if target_of(condition) is not None:
            return gate.judge_regression(condition, cell, self._row(condition, cell, results), why=_NOT_RUN)
        if self._settings.baseline == NONE:
            return gate.not_compared(
                condition, cell, "--prompt-baseline none: no comparison was asked for", by_choice=True
            )
        if suite not in self.baselines:
            if self._settings.save_baseline:
                return gate.not_compared(
                    condition, cell, "there is no baseline yet: this run becomes it", by_choice=True
                )
            return gate.judge_regression(condition, cell, None, why=no_baseline(suite, self._settings))
        return gate.judge_regression(condition, cell, self._row(condition, cell, results), why=_NOT_RUN)

    def _row(self, condition: GateSpec, cell: CellKey, results: Sequence[TrialResult]) -> Compared | None:
        """What a regression gate asks about: of the recorded baseline, or of the number in its own prompt."""
        key, is_number = (*cell, condition.metric), target_of(condition) is not None
        for each in self.comparisons(results):
            for row in each.rows:
                if (row.suite, row.variant, row.backend, row.metric) == key and row.is_against_number == is_number:
                    return row
        return None

    def save(self, run: RunRecord) -> list[record.Saved]:
        """Make the run the baseline of its suites, where that was asked for; raises as `save_baselines`."""
        return save_baselines(run, self._settings)
