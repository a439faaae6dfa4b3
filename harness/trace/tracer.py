"""The tracer of one run: who works on a trial tells it, and it writes and exports the spans."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from harness.schema import Span, TrialResult
from harness.trace.evaluation import BatchMetric
from harness.trace.export import Exporter, endpoint, obstacle
from harness.trace.facts import REPORTED, Facts
from harness.trace.ids import Ids
from harness.trace.redaction import cleaner, known_secrets
from harness.trace.shipment import Shipment, TrialFacts
from harness.trace.span_file import SpanFile
from harness.trace.trial import NO_TRIAL, TrialTrace
from harness.trace.trial_lines import LineMaker
from harness.wording import described_error

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from harness.schema import AttributeValue, Plan, Settings, Suite, Trial
    from harness.trace.facts import MetricTime
    from harness.trace.trial import NoTrialTrace


class TracedRun(Struct, frozen=True):
    """What a tracer has to know of the run."""

    run_id: str
    """Its id."""
    suites: Sequence[Suite]
    """Its suites."""
    folder: Path
    """Where the spans are written until the run is recorded: the folder that holds the run folders."""
    with_text: bool = True
    """Whether spans hold the text of prompts and answers."""


class Tracer:
    """Sees a run. Thread-safe: a trial's own trace belongs to whoever works on the trial."""

    def __init__(self, run: TracedRun, notice: Callable[[str], None]) -> None:
        """`notice` gets a line, once, when spans cannot be written or exported. Nothing is opened yet."""
        specs = [spec for suite in run.suites for spec in (*suite.backends, *suite.judges)]
        self._ids = Ids(run.run_id)
        self._run = run
        self._notice = notice
        self._clean = cleaner(known_secrets(specs))
        self._facts = Facts(run.run_id, run.suites)
        self._maker = LineMaker(self._ids, self._facts, self._clean)
        self._file = SpanFile(run.folder, run.run_id)
        self._exporter = self._new_exporter()
        self._open: dict[str, TrialTrace] = {}
        self._renders: list[Span] = []
        self._written: frozenset[str] | None = None
        self._told: set[str] = set()
        self._began_ns = time.time_ns()

    def trial(self, trial: Trial) -> TrialTrace:
        """Work on a trial begins, or goes on; its trace is kept until `scored`."""
        known = self._open.get(trial.trial_id)
        if known is None:
            known = self._open[trial.trial_id] = TrialTrace(self._ids, trial, with_text=self._run.with_text)
        return known

    def rendered(self, suite: str, began_ns: int, ended_ns: int, *, n_messages: int) -> None:
        """All messages of a suite were made in this time; written with the run's end, as there may be no run."""
        known: dict[str, AttributeValue | None] = {"prompt_suite.suite": suite, "prompt_suite.trials": n_messages}
        self._renders.append(self._of_run("render", (began_ns, ended_ns), known))

    def looked_up(self, trials: Sequence[Trial], began_ns: int, ended_ns: int, *, n_found: int) -> None:
        """The cache was asked in this time for the answers of these trials, all those of a backend."""
        known: dict[str, AttributeValue | None] = {"prompt_suite.trials": len(trials), "prompt_suite.found": n_found}
        for suite, backend in {(trial.suite, trial.backend) for trial in trials}:
            self._facts.lookups[suite, backend] = (began_ns, ended_ns)
            known["prompt_suite.backend"] = backend
        self._write_own(self._of_run("cache lookup", (began_ns, ended_ns), known))

    def scored(self, results: Sequence[TrialResult], times: Sequence[MetricTime]) -> None:
        """These trials are over: their spans are written. Called by the thread that scores; raises nothing."""
        try:
            self._scored(results, times)
        except Exception as error:  # noqa: BLE001 - whatever is wrong with tracing, the run goes on
            what = described_error(error, placed=True)
            self._file.problem = (
                f"no more spans are written: {what}; the run goes on without them; this is a fault of the harness: "
                "please report it"
            )
        self._tell(self._file.problem)

    def _scored(self, results: Sequence[TrialResult], times: Sequence[MetricTime]) -> None:
        if self._written is None:
            self._written = self._file.trials()
        written = self._written
        metrics: dict[str, list[BatchMetric]] = {}
        lines = []
        for result in results:
            trial = result.trial
            trace = self.trial(trial)
            del self._open[trial.trial_id]
            if self._file.problem is not None and self._exporter is None:
                continue
            if trial.trial_id in written and not trace.calls:
                continue  # an earlier sitting has told all there is to tell
            if trial.suite not in metrics:
                timed = [one for one in times if one.metric not in REPORTED]
                metrics[trial.suite] = [BatchMetric(one, trial.suite, self._facts, clean=self._clean) for one in timed]
            root_id, text = self._maker.of_trial(trace, result, metrics[trial.suite])
            lines.append(text)
            if self._exporter is not None:
                self._exporter.offer(Shipment(text, text.count("\n"), self._facts_of(result, root_id)))
        self._file.write("".join(lines))

    def close(self, facts: Mapping[str, AttributeValue | None]) -> Path | None:
        """The run is over: its own span, with these facts, ends. The file of all spans; None when there is none.

        What is being exported still is; see `exported`.
        """
        self._end_open()
        for span in self._renders:
            self._write_own(span)
        end_ns = max(time.time_ns(), self._began_ns)
        known = {"prompt_suite.run.id": self._run.run_id, **facts}
        root = self._of_run("run", (self._began_ns, end_ns), known)
        self._write_own(root._replace(span_id=self._ids.run_span, parent_id=None))
        return self._file.close()

    def exported(self, *, wait: bool = True) -> None:
        """The end of the export: a moment's `wait` for what is not yet sent, and a line when it was not."""
        if self._exporter is not None:
            self._tell(self._exporter.close(wait=wait))

    def _end_open(self) -> None:
        """Write what was under way when the run was stopped."""
        from asyncio import CancelledError  # slow to import, and long imported where there are calls

        stopped = CancelledError("the run was stopped")
        results = []
        for trace in list(self._open.values()):
            for call in trace.calls:
                call.end(error=stopped)
            if trace.calls:
                results.append(TrialResult(trace.trial, "not_run", None, None, None, (), ()))
        self.scored(results, ())

    def _of_run(self, name: str, times: tuple[int, int], known: Mapping[str, Any]) -> Span:
        ids = self._ids
        return Span(ids.run_trace, ids.span(), ids.run_span, name, "internal", *times, known)

    def _write_own(self, span: Span) -> None:
        """Write and export a span of the run's own trace."""
        line = self._maker.of_span(span)
        self._file.write(line)
        self._tell(self._file.problem)
        if self._exporter is not None:
            self._exporter.offer(Shipment(line, 1, None))

    def _tell(self, line: str | None) -> None:
        if line is not None and line not in self._told:
            self._told.add(line)
            self._notice(line)

    def _facts_of(self, result: TrialResult, root_id: str) -> TrialFacts:
        cell = self._facts.of_cell(result.trial.cell)
        place = (self._ids.trace_of(result.trial.trial_id), root_id)
        return TrialFacts(result, cell.prompt, cell.dataset, place, self._run.with_text, self._clean)

    def _new_exporter(self) -> Exporter | None:
        url = endpoint()
        if url is None:
            return None
        if (problem := obstacle()) is not None:
            self._notice(problem)
            return None
        return Exporter(url, self._run.run_id, self._clean)


def open_tracer(run_id: str, plans: Sequence[Plan], settings: Settings, *, notice: Callable[[str], None]) -> Tracer:
    """The tracer of a run of these plans, whose rendering it has seen; see `Tracer`."""
    suites = [plan.suite for plan in plans]
    tracer = Tracer(TracedRun(run_id, suites, settings.reports / "runs", settings.trace_text), notice)
    for plan in plans:
        if plan.rendered_ns is not None:
            tracer.rendered(plan.suite.name, *plan.rendered_ns, n_messages=len(plan.trials))
    return tracer


class NoTracer:
    """Sees nothing, at no cost."""

    __slots__ = ()

    def trial(self, trial: Trial) -> NoTrialTrace:  # noqa: ARG002 - as Tracer
        """Nothing to see."""
        return NO_TRIAL

    def rendered(self, suite: str, began_ns: int, ended_ns: int, *, n_messages: int) -> None:
        """Nothing."""

    def looked_up(self, trials: Sequence[Trial], began_ns: int, ended_ns: int, *, n_found: int) -> None:
        """Nothing."""

    def scored(self, results: Sequence[TrialResult], times: Sequence[MetricTime]) -> None:
        """Nothing."""

    def close(self, facts: Mapping[str, AttributeValue | None]) -> Path | None:  # noqa: ARG002 - as Tracer
        """No file."""
        return None

    def exported(self, *, wait: bool = True) -> None:
        """Nothing."""


NO_TRACER = NoTracer()
