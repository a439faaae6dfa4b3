"""The flow: suite.yaml → Suite → [Trial] → Generation → Score → Run → Verdict, Report.

Stages do not know each other; what one needs of another is handed over here.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from harness import backends, gate, generate, plan, prompt, record, report, score
from harness import suite as suites
from harness.schema import RunRecord, TrialResult

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from harness.schema import GateSpec, Progress, Settings, Suite, Trial, Verdict


@dataclass(frozen=True, slots=True)
class Plan:
    """A validated suite and its trials."""

    suite: Suite
    """The suite."""
    trials: tuple[Trial, ...]
    """In item order."""


def catalogue() -> suites.Catalogue:
    """What the loader has to know of the other rooms."""
    return suites.Catalogue(
        measures_of=score.measures_of,
        metric_names=score.metric_names(),
        always_measured=score.always_measured(),
        check_template=prompt.check_template,
        check_backend=backends.check,
        embedded=backends.embedded,
        providers=tuple(backends.PROVIDERS),
    )


def load_plan(path: Path, settings: Settings, *, render: bool = True) -> Plan:
    """The suite at `path` with its trials, every message rendered; without `render` the trials have no messages.

    Raises:
        FilesError: every mistake found in the suite, its prompts and its dataset.
        UsageError: an option of the command line does not fit the suite.

    """
    options = suites.LoadOptions(settings.root, settings.backends, settings.limit, settings.repeats)
    suite = suites.load_suite(path, catalogue(), options)
    suite = replace(suite, measures=score.Scorer(suite.metrics).measures)
    messages = prompt.all_messages(suite) if render else {}
    return Plan(suite, tuple(plan.plan_trials(suite, messages)))


class Evaluation:
    """One run: the selected trials of all suites, from the first call to the recorded run."""

    def __init__(self, loaded: Sequence[Suite], settings: Settings) -> None:
        """Prepare a run of these suites; nothing is written or called before `start`."""
        self.settings = settings
        self.run = (record.new_run_id(), datetime.now(UTC))
        self._suites = {suite.name: suite for suite in loaded}
        self._scorers = {suite.name: score.Scorer(suite.metrics) for suite in loaded}
        self._variants = {(suite.name, variant.name): variant for suite in loaded for variant in suite.variants}
        pool = backends.Pool()
        self._backends = {(suite.name, spec.name): pool.get(spec) for suite in loaded for spec in suite.backends}
        self._store = record.RunStore(settings.reports)
        self._trials: Sequence[Trial] = ()
        self._results: dict[str, TrialResult] = {}
        self._arrived = threading.Condition()
        self._verdicts: list[Verdict] = []
        cache = None if settings.cache_mode == "off" else generate.AnswerCache(settings.root / ".prompt_cache")
        self.notices = [cache.notice] if cache and cache.notice else []
        self._engine = generate.Engine(
            backend_of=lambda trial: self._backends[trial.suite, trial.backend],
            key_of=lambda trial, identity: plan.cache_key(identity, trial.messages, trial.repeat),
            deliver=self._deliver,
            cache=cache,
            settings=settings,
        )

    def start(self, trials: Sequence[Trial]) -> None:
        """Begin to call; raises RecordError when the run could not be recorded afterwards."""
        self._store.check_writable()
        self._trials = trials
        self._engine.start(trials)

    def progress(self) -> Progress:
        """How far the calls are."""
        return self._engine.progress()

    def result(self, trial_id: str, timeout_s: float) -> TrialResult | None:
        """The trial's result as soon as there is one; None when `timeout_s` passes first."""
        with self._arrived:
            self._arrived.wait_for(lambda: trial_id in self._results or self._engine.crash is not None, timeout_s)
            if self._engine.crash is not None:
                raise self._engine.crash
            return self._results.get(trial_id)

    def verdict(self, condition: GateSpec, cell: tuple[str, str, str]) -> Verdict:
        """The gate's answer for one cell (suite, variant, backend), over the results there are."""
        suite = self._suites[cell[0]]
        results = self._by_cell().get(cell, [])
        corpus = (
            self._scorers[suite.name].corpus(score.answers_of(results)) if condition.aggregation == "corpus" else {}
        )
        verdict = gate.judge(condition, cell, gate.cell_aggregate(condition, suite, results, corpus=corpus))
        self._verdicts.append(verdict)
        return verdict

    def trials_of(self, cell: tuple[str, str, str]) -> Sequence[Trial]:
        """The run's trials of one cell (suite, variant, backend)."""
        return [trial for trial in self._trials if (trial.suite, trial.variant, trial.backend) == cell]

    def finish(self, *, complete: bool) -> tuple[RunRecord, Path]:
        """Stop, record what there is, and return the record and its folder."""
        self._engine.stop()
        cells = tuple(
            gate.make_cell(
                self._suites[name],
                self._variants[name, variant],
                self._backends[name, backend].spec,
                results=results,
                corpus=self._scorers[name].corpus(score.answers_of(results)),
            )
            for (name, variant, backend), results in self._by_cell().items()
        )
        results = tuple(self._result_or_not_run(trial) for trial in self._trials)
        suites_run = tuple(suite for suite in self._suites.values() if any(cell.suite == suite.name for cell in cells))
        manifest = record.make_manifest(
            run=self.run,
            root=self.settings.root,
            complete=complete and all(result.outcome != "not_run" for result in results),
            progress=self.progress(),
            parts=(suites_run, results, cells, self._verdicts),
        )
        run = RunRecord(manifest, suites_run, results, cells, tuple(self._verdicts))
        texts = {"report.html": report.render_html(run), "summary.md": report.render_summary(run)}
        folder = self._store.write(run, texts)
        self._store.write_index(report.render_index(record.list_manifests(self.settings.reports)))
        return run, folder

    def _result_or_not_run(self, trial: Trial) -> TrialResult:
        return self._results.get(trial.trial_id) or TrialResult(trial, "not_run", None, None, None, (), ())

    def _by_cell(self) -> dict[tuple[str, str, str], list[TrialResult]]:
        cells: dict[tuple[str, str, str], list[TrialResult]] = defaultdict(list)
        for trial in self._trials:
            cells[trial.suite, trial.variant, trial.backend].append(self._result_or_not_run(trial))
        return cells

    def _deliver(self, batch: Sequence[generate.Completion]) -> None:
        """Score a batch; called by the engine, in a thread of its own."""
        by_suite: dict[str, list[generate.Completion]] = defaultdict(list)
        for completion in batch:
            by_suite[completion.trial.suite].append(completion)
        for name, completions in by_suite.items():
            results = score.trial_results(
                self._suites[name],
                [(completion.trial, completion.answer) for completion in completions],
                scorer=self._scorers[name],
                read_answer=lambda trial, text: prompt.read_answer(self._variants[trial.suite, trial.variant], text),
            )
            with self._arrived:
                self._results.update((result.trial.trial_id, result) for result in results)
                self._arrived.notify_all()
