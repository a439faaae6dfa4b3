"""What pytest's reports say of trials and gates, and how they travel from a worker to its controller."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from harness.plugin import properties
from harness.plugin.failure import FailureText
from harness.plugin.items import NOT_RUN, GateItem, TrialItem, why_not_run
from harness.plugin.short_way import Gone

if TYPE_CHECKING:
    from harness.schema import TrialResult

_TEXT = "prompt_failure"
"""Where a report's failure travels."""


class Reports:
    """Registered as a plugin beside the session."""

    def __init__(self, config: pytest.Config) -> None:
        """Nothing is reported yet."""
        self._config = config
        self.not_run = 0
        """Items whose trials were not run, or whose gate could not be judged for that."""

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
        """Mark the reports of trials and gates; a trial took as long as its call, not as long as it was waited for."""
        report = yield
        if isinstance(item, (TrialItem, GateItem)):
            report.prompt_kind = item.kind
            if call.when == "call" and isinstance(item, TrialItem):
                report.duration = latency_s(item.result)
        reason = item.stash.get(NOT_RUN, None)
        if report.skipped and reason is not None:
            report.prompt_kind = "not run"
            report.longrepr = (str(item.path), 1, reason)
        return report

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count what was not run; `--lf` is to run it the next time."""
        if getattr(report, "prompt_kind", None) == "not run" and report.skipped:
            self.not_run += 1
            last_failed = getattr(self._config.pluginmanager.get_plugin("lfplugin"), "lastfailed", None)
            if isinstance(last_failed, dict):
                last_failed[report.id] = True

    @pytest.hookimpl(wrapper=True)
    def pytest_report_to_serializable(self, report: Any) -> Any:
        """Take our failures along as they are: pytest would make one text of them."""
        packed = yield
        if packed is not None and isinstance(report.longrepr, FailureText):
            text = report.longrepr
            packed[_TEXT] = [list(text.lines), text.reprcrash.path, text.reprcrash.message]
        return packed

    @pytest.hookimpl(wrapper=True)
    def pytest_report_from_serializable(self, data: dict[str, Any]) -> Any:
        """Make our failures of what came along."""
        packed = data.pop(_TEXT, None)
        report = yield
        if report is not None and packed is not None:
            report.longrepr = FailureText(*packed)
        return report


def latency_s(result: TrialResult | None) -> float:
    """How long the trial's call took; 0 when there is no answer, or a recording does not say."""
    return 0.0 if result is None or result.generation is None else result.generation.latency_s or 0.0


def gone_of(result: TrialResult, *, with_properties: bool) -> Gone | None:
    """What there is to say of a trial that passed, is in quarantine or was never called; None when there is more."""
    is_held = result.outcome == "passed" or result.is_held_back
    if not is_held and result.outcome != "not_run":
        return None
    found = properties.of_trial(result) if with_properties else ()
    if is_held:
        return Gone(latency_s(result), properties=found)
    return Gone(latency_s(result), why_not_run(result), properties=found, is_by_rule=result.is_stopped_early)
