"""The flow: suite.yaml → Suite → [Trial] → Generation → Score → Run → Verdict, Report.

Stages do not know each other; what one needs of another is handed over here.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from harness import backends, gate, generate, plan, prompt, record, report, score, trace
from harness import suite as suites
from harness.comparing import Comparing
from harness.rooms import catalogue
from harness.schema import Plan

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from harness.schema import CellKey, GateSpec, Progress, RunRecord, Settings, Trial, TrialResult, Verdict


def load_plan(path: Path, settings: Settings, *, render: bool = True) -> Plan:
    """The suite at `path` with its trials, every message rendered; without `render` the trials have no messages.

    Raises:
        FilesError: every mistake found in the suite, its prompts and its dataset.
        UsageError: an option of the command line does not fit the suite.

    """
    options = suites.LoadOptions(settings.root, settings.backends, settings.limit, settings.repeats)
    suite = suites.load_suite(path, catalogue(), options)
    began_ns = time.time_ns()
    messages = prompt.all_messages(suite) if render else {}
    rendered_ns = (began_ns, time.time_ns()) if render else None
    return Plan(suite, tuple(plan.plan_trials(suite, messages)), tuple(plan.plan_gates(suite)), rendered_ns)


class Evaluation:
    """One run: the selected trials of all suites, from the first call to the recorded run."""

    def __init__(self, plans: Sequence[Plan], settings: Settings) -> None:
        """Prepare a run. RecordError: it could not be recorded, or the answer cache or a baseline cannot be read."""
        loaded = [each.suite for each in plans]
        self._settings, self._notices = settings, [warning for suite in loaded for warning in suite.warnings]
        self._suites = {suite.name: suite for suite in loaded}
        self.scorer = score.RunScorer(loaded, prompt.answer_reader(loaded))
        pool = backends.Pool()
        self._backends = {(suite.name, spec.name): pool.get(spec) for suite in loaded for spec in suite.backends}
        self._results, self._verdicts = score.Results(), gate.Verdicts()
        self.record: RunRecord | None = None
        self._store = record.RunStore(settings.reports, notice=self._notices.append)
        self._store.prepare(loaded)
        self._comparing = Comparing(loaded, settings)
        self._sitting = generate.sit_down(settings, record.new_run_id(), datetime.now(UTC))
        self.can_be_resumed = self._sitting.store is not None and settings.cache_mode != "only"
        wiring = generate.Wiring(
            backend_of=lambda trial: self._backends[trial.suite, trial.backend],
            describe=plan.identity_text,
            content_of=lambda trial, identity: plan.cache_content(identity, trial.messages, trial.repeat),
            deliver=self._deliver,
            why_not=self._comparing.why_not,
            inquiries=generate.Inquiries(pool.judges(loaded), self.scorer.inquire, self.scorer.comparing),
        )
        self._tracer = trace.open_tracer(self._sitting.run_id, plans, settings, notice=self._notices.append)
        self._engine = generate.Engine(wiring, settings, self._sitting, tracer=self._tracer)

    def start(self, trials: Sequence[Trial]) -> None:
        """Begin to call; returns at once. UsageError: there is a budget, and what calls may cost is not known."""
        self._results = score.Results(trials)
        self._comparing.begin(trials)
        self._prepared = record.Preparation(self._settings.root, self.progress, modules=self._comparing.used_later)
        try:
            self._engine.start(trials)
        except BaseException:  # nothing was called: a run that begins here leaves nothing to resume
            self._sitting.close(is_complete=self._sitting.before is None)
            raise

    @property
    def notices(self) -> Sequence[str]:
        """What to know of a run that goes on all the same; more come until `finish`."""
        return [*self._engine.notices, *self._notices]

    def progress(self) -> Progress:
        """How far calls and scores are."""
        return self._engine.progress(scored=self._results.n_found)

    def trials_behind(self, condition: GateSpec, cell: CellKey) -> Sequence[Trial]:
        """The trials that a gate's answer for a cell waits for: the cell's, or all where it is aware of all others."""
        return self._results.trials if condition.regression is not None else self._results.cells.get(cell, ())

    def result(self, trial_id: str, timeout_s: float) -> TrialResult | None:
        """The trial's result as soon as there is one; None when `timeout_s` passes first. Raises what broke the run."""
        found = self._results.wait_for(trial_id, timeout_s, is_given_up=lambda: self._engine.crash is not None)
        if found is None and self._engine.crash is not None:
            raise self._engine.crash
        return found

    def verdict(self, condition: GateSpec, cell: CellKey) -> Verdict:
        """The gate's answer for one cell, over the results there are."""
        suite, results = self._suites[cell[0]], self._results.of_cell(cell)
        if condition.regression is not None:
            return self._verdicts.keep(self._comparing.verdict(condition, cell, self._results.every()), cell)
        corpus = self.scorer.corpus(cell[0], results) if condition.aggregation == "corpus" else {}
        return self._verdicts.on(condition, suite, results, cell=cell, corpus=corpus)

    def finish(self, *, complete: bool, wait: bool = True) -> tuple[RunRecord, Path]:
        """Stop, `wait` for what is under way, record what there is; the record and its folder; raises RecordError."""
        self._engine.stop(wait=wait)
        is_recorded = False
        try:
            run, folder = self._recorded(complete=complete)
            is_recorded = run.manifest.complete and self._engine.is_whole
        finally:
            self._sitting.close(is_complete=is_recorded)
            self.scorer.close()
        self._tracer.exported(wait=wait)
        self._notices += [saved.message for saved in self._comparing.save(run)]
        return run, folder

    def _recorded(self, *, complete: bool) -> tuple[RunRecord, Path]:
        cells = tuple(
            gate.make_cell(self._suites[cell[0]], cell, results, corpus=self.scorer.corpus(cell[0], results))
            for cell, results in self._results.by_cell()
        )
        suites_run = self.scorer.told({cell.suite for cell in cells})
        run = record.make_record(
            run=(self._sitting.run_id, self._sitting.started_at),
            prepared=self._prepared,
            complete=complete,
            progress=self.progress(),
            parts=(suites_run, self._results.every(), cells, self._verdicts.in_order(suites_run)),
            recording=self._engine.recording(),
        )
        self.record = run = record.with_findings(run, self._comparing.findings(run.results, self.scorer))
        texts = {"report.html": lambda: report.render_html(run), "summary.md": lambda: report.render_summary(run)}
        spans = self._tracer.close({f"prompt_suite.{name}": value for name, value in run.manifest.totals.items()})
        folder = self._store.write(run, texts, spans=spans)
        self._store.write_index(report.render_index(*record.told_apart(self._settings.reports)))
        return run, folder

    def _deliver(self, batch: Sequence[generate.Completion]) -> None:
        """Score a batch; called by the engine, in a thread of its own."""
        answered = [(completion.trial, completion.answer) for completion in batch]
        self._results.add(self.scorer.results(answered, self._tracer.scored, found=generate.findings_of(batch)))
        self._comparing.look(self._results.found)
        self._store.add(self._results.take())
