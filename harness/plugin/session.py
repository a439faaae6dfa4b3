"""The hooks of one `--prompt-suite` session: collection, the engine, the record."""

from __future__ import annotations

import os
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

from harness import pipeline
from harness.errors import HarnessError, UsageError
from harness.plugin import properties
from harness.plugin.exports import Exports
from harness.plugin.failure import printable
from harness.plugin.items import GateItem, SuiteFile, TrialItem, skip_as_not_run, why_not_run
from harness.plugin.listeners import owns_the_loop
from harness.plugin.plans import Plans, suite_of
from harness.plugin.reports import Reports, gone_of
from harness.plugin.run_loop import RunLoop
from harness.plugin.settings import read_settings, use_suites_folder
from harness.plugin.short_way import Gone
from harness.plugin.signals import termination_as_interrupt, uninterrupted
from harness.plugin.terminal import Terminal
from harness.plugin.trial_fixture import trial_under_test
from harness.schema import Trial
from harness.wording import counted, described_error

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from harness.plugin.controller import Controller
    from harness.plugin.garbage import Collector
    from harness.plugin.trial_fixture import TrialUnderTest
    from harness.plugin.worker import Worker
    from harness.schema import CellKey, GateSpec, Plan, RunRecord, TrialResult, Verdict

_SUITE_FILES = ("suite.yaml", "suite.yml")
"""File names that are suites wherever they lie."""
_POLL_S = 0.1
"""How often the live line is drawn while a trial is waited for."""
_FULL_FAILURES = 20
"""Failed trials shown with messages and answer; further ones with their reasons only, unless -v."""


class PromptSession:
    """Registered as a plugin by `--prompt-suite`."""

    def __init__(self, config: pytest.Config, garbage: Collector) -> None:
        """Read the settings; without paths on the command line the session runs `suites/`."""
        self.config = config
        self._garbage = garbage
        self._is_alone = False
        self.settings = read_settings(config)
        self.wants_properties = properties.are_wanted(config)
        self._opens = bool(config.option.prompt_open or config.getini("prompt_open"))
        use_suites_folder(config)
        self.terminal = Terminal(config)
        self.evaluation: pipeline.Evaluation | None = None
        self._reports = Reports(config)
        self._exports = Exports(config)
        config.pluginmanager.register(self._reports)
        config.pluginmanager.register(self._exports)
        self._worker, self._controller = self._roles()
        self._plans = Plans(self.settings, render=not config.option.collectonly)
        self._refused: UsageError | None = None
        self._full_failures = 0
        self._signals, self._deafness = ExitStack(), ExitStack()

    def _roles(self) -> tuple[Worker | None, Controller | None]:
        """What this process is under pytest-xdist; neither without it."""
        if hasattr(self.config, "workerinput"):
            from harness.plugin.worker import Worker, WorkersItems

            self.config.pluginmanager.register(WorkersItems(self.config, self))
            return Worker(self.config), None
        options = self.config.option
        if not self.config.pluginmanager.hasplugin("xdist") or options.dist == "no" or options.collectonly:
            return None, None
        from harness.plugin.controller import Controller

        controller = Controller(self)
        self.config.pluginmanager.register(controller)
        return None, controller

    # -- collection ---------------------------------------------------------------------------------------------

    def pytest_collect_file(self, file_path: Path, parent: pytest.Collector) -> SuiteFile | None:
        """A collector for suite.yaml, and for any YAML file named on the command line."""
        named = parent.session.isinitpath(file_path) and file_path.suffix in {".yaml", ".yml"}
        if file_path.name in _SUITE_FILES or named:
            return SuiteFile.make(parent, file_path, self)
        return None

    @pytest.hookimpl(wrapper=True)
    def pytest_make_collect_report(self, collector: pytest.Collector) -> Any:
        """Add a suite.yaml that is a folder, a pipe or a dangling link: pytest passes it over, and so would the run."""
        report = yield
        if isinstance(collector, pytest.Directory) and report.passed:
            for path in (collector.path / name for name in _SUITE_FILES):
                if os.path.lexists(path) and not path.is_file() and not self._is_ignored(path):
                    report.result = [node for node in report.result if node.path != path]
                    report.result.append(SuiteFile.make(collector, path, self))
        return report

    def _is_ignored(self, path: Path) -> bool:
        return bool(self.config.hook.pytest_ignore_collect(collection_path=path, config=self.config))

    def load(self, path: Path) -> Plan:
        """The suite's plan, loaded once a session; raises FilesError or UsageError."""
        return self._plans.load(path)

    def refuse(self, error: UsageError) -> None:
        """End the session with this error once collection is done: no suite can be run with its options."""
        self._refused = self._refused or error

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Parametrize tests marked `prompt_suite` over the suite's trials."""
        mark = metafunc.definition.get_closest_marker("prompt_suite")
        if mark is None or "trial" not in metafunc.fixturenames:
            return
        try:
            plan = self.load(suite_of(mark, metafunc.definition.path, self.config.rootpath))
        except UsageError as error:
            self.refuse(error)
            metafunc.parametrize("trial", [])
            return
        except HarnessError as error:
            raise pytest.Collector.CollectError(printable(str(error))) from error
        ids = [_mark_id(trial) for trial in plan.trials]
        metafunc.parametrize("trial", plan.trials, ids=ids, indirect=True)

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Put gates last: they speak of all trials; end the session when an option fits no suite."""
        if self._refused is not None and self._worker is None:
            raise pytest.UsageError(printable(str(self._refused)))
        items.sort(key=lambda item: isinstance(item, GateItem))

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Let the garbage collector pass over what is there now."""
        self._is_alone = all(isinstance(item, (TrialItem, GateItem)) for item in session.items)
        self._garbage.pass_over()

    # -- running ------------------------------------------------------------------------------------------------

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool | None:
        """Hand the selected trials to the engine, in item order, and walk the items; None leaves them to others."""
        if self._controller is not None:
            self._signals.enter_context(termination_as_interrupt())
            return None
        options = self.config.option
        is_broken = bool(session.testsfailed and not options.continue_on_collection_errors)
        if self._worker is not None:
            return self._begin_as_worker(session, is_broken=is_broken)
        if is_broken or options.collectonly or getattr(options, "setupplan", False):
            return None
        trials = list(self._plans.selected(session.items))
        if not trials:
            return None
        if not owns_the_loop(self.config):
            self._start(trials)
            return None
        RunLoop(session, self).run(lambda: self._start(trials))
        return True

    def _start(self, trials: Sequence[Trial]) -> None:
        try:
            evaluation = self.begin(self._plans.loaded, trials)
        except HarnessError as error:
            raise pytest.UsageError(printable(str(error))) from error
        self._signals.enter_context(termination_as_interrupt())
        self.terminal.begin(evaluation)

    def begin(self, plans: Sequence[Plan], trials: Sequence[Trial]) -> pipeline.Evaluation:
        """Start the engine; HarnessError says why it cannot be."""
        evaluation = pipeline.Evaluation(plans, self.settings)
        evaluation.start(trials)
        self.evaluation = evaluation
        return evaluation

    def _begin_as_worker(self, session: pytest.Session, *, is_broken: bool) -> bool | None:
        """Tell the controller what is selected; True ends this worker, and with it the session."""
        assert self._worker is not None
        try:
            if self._refused is not None:
                self._worker.refuse(str(self._refused))
            if not is_broken:
                self._worker.begin(self._plans, session.items)
                return None
            session.shouldstop = f"{counted(session.testsfailed, 'error')} during collection"
        except HarnessError as error:
            session.shouldstop = printable(str(error))
        return True

    def gone(self, item: TrialItem | GateItem) -> Gone | None:
        """What became of an item that passed or was never called, waited for; None when there is more to say of it."""
        began_s = time.perf_counter()
        try:
            if isinstance(item, GateItem):
                return self._gone_gate(self.judge(item.gate, item.cell), began_s)
            if self._worker is not None:
                return self._worker.gone(item.trial)
            return gone_of(self.wait_for(item.trial), with_properties=self.wants_properties)
        except HarnessError:  # the run broke off: the item says so
            return None

    def _gone_gate(self, verdict: Verdict, began_s: float) -> Gone | None:
        found = properties.of_gate(verdict) if self.wants_properties else ()
        return Gone(time.perf_counter() - began_s, properties=found) if verdict.passed else None

    def item_starts(self, nodeid: str) -> None:
        """Tell the terminal which suite the next item is of."""
        self.terminal.item_starts(nodeid)

    def tick(self) -> None:
        """Draw the live line."""
        if self.evaluation is not None:
            self.terminal.begin(self.evaluation)
            self.terminal.tick()

    def wait_for(self, trial: Trial) -> TrialResult:
        """The trial's result, the live line moving while it is waited for."""
        if self._worker is not None:
            return self._worker.result(trial)
        assert self.evaluation is not None
        while (result := self.evaluation.result(trial.trial_id, _POLL_S)) is None:
            self.terminal.tick()
        return result

    def judge(self, gate: GateSpec, cell: CellKey) -> Verdict:
        """The gate's verdict on a cell, once all its trials have results."""
        if self._worker is not None:
            return self._worker.verdict(gate, cell)
        assert self.evaluation is not None
        for trial in self.evaluation.trials_behind(gate, cell):
            self.wait_for(trial)
        return self.evaluation.verdict(gate, cell)

    def in_full(self) -> bool:
        """Whether the next failed trial is shown with messages and answer."""
        if self._worker is not None:
            return self._worker.in_full()
        self._full_failures += 1
        return self._full_failures <= _FULL_FAILURES or self.config.get_verbosity() > 0

    def trial_under_test(self, request: pytest.FixtureRequest) -> TrialUnderTest:
        """The `trial` fixture's value; a trial without an answer fails the test."""
        trial = getattr(request, "param", None)
        if not isinstance(trial, Trial):
            pytest.fail("the fixture `trial` needs the mark: @pytest.mark.prompt_suite('suites/…/suite.yaml')")
        result = self.wait_for(trial)
        if self.wants_properties:
            properties.keep(request.node, properties.of_trial(result))
        if result.is_stopped_early:
            pytest.skip(why_not_run(result))
        if result.outcome == "not_run":
            skip_as_not_run(request.node, why_not_run(result))
        if result.generation is None:
            assert result.error is not None
            pytest.fail(f"no answer ({result.error.kind}): {result.error.message}", pytrace=False)
        return trial_under_test(result)

    # -- reporting ----------------------------------------------------------------------------------------------

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """Tell the terminal which suite the next item is of."""
        self.terminal.item_starts(nodeid)

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_teststatus(self, report: Any) -> tuple[str, str, str] | None:
        """No dot a trial: the live line says how far the suite is."""
        return self.terminal.status(report)

    @pytest.hookimpl(tryfirst=True)
    def pytest_keyboard_interrupt(self) -> None:
        """Hear no more for the moment that pytest takes to tell of it: another would end it with a traceback."""
        self._deafness.enter_context(uninterrupted())

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Stop the engine and record the run, whatever ended the session."""
        self._deafness.close()
        if self._controller is not None:
            self._controller.close()
        if self.evaluation is None:
            return
        stopped = bool(session.shouldstop or session.shouldfail) or exitstatus not in {0, 1}
        under_way = self.evaluation.progress().in_flight
        if exitstatus == pytest.ExitCode.INTERRUPTED and under_way:
            self.terminal.say(f"waiting a few seconds for {counted(under_way, 'call')} under way; Ctrl-C ends at once")
        try:
            record, folder = self._finished(session, complete=not stopped)
            self.terminal.end(record, folder)
            self._exports.write(record, folder, say=self.terminal.say)
        except Exception as error:  # noqa: BLE001 - whatever it is, the user's results come before our traceback
            what = f"the run cannot be recorded: {described_error(error, placed=True)}; its answers are in the cache"
            message = str(error) if isinstance(error, HarnessError) else f"{what}; please report this"
            self.terminal.fail(message, self.evaluation.record)
            session.exitstatus = session.exitstatus or pytest.ExitCode.TESTS_FAILED
        if self._reports.not_run:
            session.exitstatus = session.exitstatus or pytest.ExitCode.TESTS_FAILED

    def _finished(self, session: pytest.Session, *, complete: bool) -> tuple[RunRecord, Path]:
        assert self.evaluation is not None
        try:
            return self.evaluation.finish(complete=complete)
        except KeyboardInterrupt:  # Ctrl-C once more: nothing is waited for, but what there is is recorded and shown
            self._signals.enter_context(uninterrupted())
            session.exitstatus = pytest.ExitCode.INTERRUPTED
            return self.evaluation.finish(complete=False, wait=False)

    def pytest_unconfigure(self) -> None:
        """Hear signals again as before, and collect garbage as before."""
        self._signals.close()
        self._garbage.release(is_alone=self._is_alone)

    def pytest_terminal_summary(self) -> None:
        """The table, the verdicts, the path of the report."""
        self.terminal.summarize()
        if self._opens and self.terminal.folder is not None:
            import webbrowser

            if not webbrowser.open((self.terminal.folder / "report.html").as_uri()):
                self.terminal.say("--prompt-open: no browser was found; open the report by hand")


def _mark_id(trial: Trial) -> str:
    repeat = f"-r{trial.repeat}" if trial.repeat > 1 else ""
    return f"{trial.variant}-{trial.backend}-{trial.sample.sample_id}{repeat}"
