"""A run beside the baselines of its suites: what the pipeline knows of comparisons."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from harness import gate, plan, record
from harness.early import EarlyStops
from harness.errors import RecordError
from harness.schema import Scores
from harness.wording import counted, listed

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
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
        Measured,
        Plan,
        RegressionSpec,
        RunRecord,
        Settings,
        Sight,
        Suite,
        Trial,
        TrialResult,
        Verdict,
    )

_NONE = "none"
_NOT_RUN = "nothing of it was run"


def compare(run_a: record.Run | str | Path, run_b: record.Run | str | Path) -> pd.DataFrame:
    """Run b beside run a: the columns of comparison.parquet, a row a cell and measure that both have.

    `difference` is b - a, over pairs of the same sample and repeat; `baseline` names a. A run is given as `load_run`
    yields it, or by its path; its folder is read, whatever was done to the DataFrames. Verdicts are those of
    `prompt-suite compare`: margin 0, alpha 0.05, p corrected after Holm over all rows of quality, and over all amounts.

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
    return record.comparison_frame(comparison.compare([(second[name], first[name]) for name in both]))


def foresight(plans: Sequence[Plan], settings: Settings) -> list[Sight]:
    """What the gates of suites that run together can see with their samples; nothing is called.

    Raises:
        RecordError: the baseline of a suite with regression gates cannot be read.

    """
    from harness import comparison

    asking = [each for each in plans if any(gate.regression is not None for gate, _ in each.gates)]
    baselines = Comparing([each.suite for each in asking], settings).baselines
    found = comparison.regression_sights(
        [(each.suite, each.gates) for each in asking], baselines, content_of=record.sample_hash
    )
    for each in plans:
        found += comparison.threshold_sights(each.suite, each.gates, baselines.get(each.suite.name))
    return found


class Comparing:
    """Holds the baselines from the start, so that one that cannot be read costs no call; compares at the end."""

    def __init__(self, suites: Sequence[Suite], settings: Settings) -> None:
        """Find and read the baseline of each suite.

        Raises:
            RecordError: a baseline that is named, or the committed one, cannot be read.

        """
        self._settings = settings
        self._suites = {suite.name: suite for suite in suites}
        self._is_promised = any(_target(condition) is not None for suite in suites for condition in suite.gates)
        self.baselines: dict[str, Measured] = {}
        """By suite; those without one are left out."""
        for name in self._suites if settings.baseline != _NONE else ():
            found = record.resolve(settings.baseline, settings.reports, settings.root, suite=name)
            if found is not None:
                self.baselines[name] = found
        self._known: tuple[tuple[Comparison, ...], int] = ((), -1)
        self._early = EarlyStops((), {}, ())

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
        from harness import comparison

        n_answered = sum(result.outcome != "not_run" for result in results)
        if not self.baselines and not self._is_promised:
            return ()
        if self._known[1] != n_answered:
            facts = [record.suite_facts(suite) for suite in self._suites.values()]
            now = record.measured_of_results(facts, results, "this run")
            sides = [(now[name], baseline) for name, baseline in self.baselines.items() if name in now]
            found = comparison.compare(
                sides, self._asked(now), promised=self._promised(now), decided=self._decided(results)
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
        chance = scorer.chance(results, self._sights(results))
        return scorer.judgings(results), self.comparisons(results), chance

    def _sights(self, results: Sequence[TrialResult]) -> list[Sight]:
        """What the regression gates of what was run can see."""
        from harness import comparison

        asking = [suite for suite in self._suites.values() if any(gate.regression for gate in suite.gates)]
        ran = {(result.trial.suite, result.trial.sample.sample_id) for result in results} if asking else set()
        cells = {result.trial.cell for result in results} if asking else set()
        plans = [
            (
                replace(suite, samples=tuple(each for each in suite.samples if (suite.name, each.sample_id) in ran)),
                [(gate, cell) for gate, cell in plan.plan_gates(suite) if cell in cells],
            )
            for suite in asking
        ]
        metrics = {gate.metric for _, gates in plans for gate, _ in gates if gate.regression is not None}
        lost = _lost(results, metrics) if plans else set()
        return comparison.regression_sights(
            plans,
            self.baselines,
            content_of=record.sample_hash,
            is_lost=lambda cell, metric, sample: (cell, metric, sample.sample_id) in lost,
        )

    def verdict(self, condition: GateSpec, cell: CellKey, results: Sequence[TrialResult]) -> Verdict:
        """A regression gate's answer for one cell, over all results of the run: p is corrected over all its gates."""
        suite = cell[0]
        own = [result for result in results if result.trial.cell == cell and result.trial.quarantine is None]
        if not_run := sum(result.outcome == "not_run" and not result.is_stopped_early for result in own):
            return gate.not_compared(condition, cell, f"{counted(not_run, 'trial')} not run", by_choice=False)
        if _target(condition) is not None:
            return gate.judge_regression(condition, cell, self._row(condition, cell, results), why=_NOT_RUN)
        if self._settings.baseline == _NONE:
            return gate.not_compared(
                condition, cell, "--prompt-baseline none: no comparison was asked for", by_choice=True
            )
        if suite not in self.baselines:
            if self._settings.save_baseline:
                return gate.not_compared(
                    condition, cell, "there is no baseline yet: this run becomes it", by_choice=True
                )
            return gate.judge_regression(condition, cell, None, why=_no_baseline(self._settings, suite))
        return gate.judge_regression(condition, cell, self._row(condition, cell, results), why=_NOT_RUN)

    def _row(self, condition: GateSpec, cell: CellKey, results: Sequence[TrialResult]) -> Compared | None:
        """What a regression gate asks about: of the recorded baseline, or of the number in its own prompt."""
        key, is_number = (*cell, condition.metric), _target(condition) is not None
        for each in self.comparisons(results):
            for row in each.rows:
                if (row.suite, row.variant, row.backend, row.metric) == key and row.is_against_number == is_number:
                    return row
        return None

    def save(self, run: RunRecord) -> list[record.Saved]:
        """Make the run the baseline of its suites, where that was asked for.

        Raises:
            RecordError: the run is incomplete or of some samples only, trials have no answer, or a file cannot be
                written.

        """
        if not self._settings.save_baseline:
            return []
        if self._settings.limit is not None:
            raise RecordError(
                f"--prompt-save-baseline: the run has at most {counted(self._settings.limit, 'sample')} a dataset "
                "(--prompt-limit); a baseline of all of them is needed, and none was saved; run without "
                "--prompt-limit, or write limit: into the suite file"
            )
        measured = record.measured_of_record(run).values()
        return [record.write_baseline(self._settings.reports, each, run.manifest) for each in measured if each.cells]

    def _asked(self, now: Mapping[str, Measured]) -> dict[comparison.RowKey, RegressionSpec]:
        """Which rows beside recorded baselines the gates of what was run ask about."""
        return {key: spec for _, key, spec in self._gates(now) if spec.target is None}

    def _promised(self, now: Mapping[str, Measured]) -> list[comparison.Promised]:
        """What the prompts of what was run promise: one a suite and prompt version."""
        from harness import comparison

        specs: dict[tuple[str, str], dict[comparison.RowKey, RegressionSpec]] = {}
        for origin, key, spec in self._gates(now):
            if spec.target is not None:
                specs.setdefault((key[0], origin), {})[key] = spec
        return [
            comparison.Promised(now[suite], f"performance_baseline of {origin}", own)
            for (suite, origin), own in specs.items()
        ]

    def _gates(self, now: Mapping[str, Measured]) -> Iterator[tuple[str, comparison.RowKey, RegressionSpec]]:
        """Origin, row and spec of each regression gate of what was run."""
        for suite in self._suites.values():
            for condition, cell in plan.plan_gates(suite):
                is_run = suite.name in now and cell[1:] in now[suite.name].cells
                if condition.regression is not None and condition.metric is not None and is_run:
                    yield condition.origin, (*cell, condition.metric), condition.regression


def _lost(results: Sequence[TrialResult], metrics: Collection[str | None]) -> set[tuple[CellKey, str, str]]:
    """Cell, metric and sample where trials were run and none of them has a value of the metric."""
    is_there: dict[tuple[CellKey, str, str], bool] = {}
    for result in results:
        if result.outcome == "not_run":
            continue
        scores, sample = Scores.of(result.scores), result.trial.sample.sample_id
        for metric in metrics:
            if metric is not None:
                key = (result.trial.cell, metric, sample)
                is_scored = metric in scores.names and scores.value(scores.names.index(metric)) is not None
                is_there[key] = is_there.get(key, False) or is_scored
    return {key for key, is_scored in is_there.items() if not is_scored}


def _target(condition: GateSpec) -> float | None:
    return None if condition.regression is None else condition.regression.target


def _no_baseline(settings: Settings, suite: str) -> str:
    if settings.baseline is not None:
        return f"{settings.baseline} has nothing of suite '{suite}'"
    path = settings.reports / "baselines" / f"{suite}.jsonl"
    shown = path.relative_to(settings.root) if path.is_relative_to(settings.root) else path
    return f"there is no baseline ({shown}); save one with: pytest --prompt-suite --prompt-save-baseline"
