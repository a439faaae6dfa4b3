"""Rules for every test: loopback only, and in CI no test is skipped silently."""

from __future__ import annotations

import os
import socket
from typing import Any

import pytest

from tests.other_plugins import blocking

THIS_MACHINE = "this machine lets "
"""How a reason to skip begins that nothing can be done about here."""


class NetworkUsedError(AssertionError):
    """A test tried to reach another machine."""


@pytest.fixture(autouse=True)
def loopback_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """A socket guard: connecting anywhere but to this machine fails the test."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        host = address[0] if isinstance(address, tuple) else "local"
        if isinstance(host, str) and host not in {"local", "localhost", "::1"} and not host.startswith("127."):
            raise NetworkUsedError(f"a test connects to {address!r}")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture(autouse=True)
def no_other_plugins(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pytest that a test starts does without the plugins that are installed to be tested beside suites."""
    monkeypatch.setenv("PYTEST_ADDOPTS", blocking())


@pytest.fixture(autouse=True)
def in_no_job(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that a test starts tells the job of GitHub Actions nothing, in which the tests may be running."""
    for name in ("GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY", "GITHUB_WORKSPACE"):
        monkeypatch.delenv(name, raising=False)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Any:
    """With PROMPT_SUITE_STRICT=1 a skipped test has failed: CI installs everything, so nothing may be missing.

    What no installation can give a machine, such as the right to mount a disk, says so by `THIS_MACHINE`.
    """
    report = yield
    strict = os.environ.get("PROMPT_SUITE_STRICT") == "1" and THIS_MACHINE not in str(report.longrepr)
    if report.skipped and strict and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was skipped under PROMPT_SUITE_STRICT=1: {report.longrepr}"
    return report


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Skipped tests by name, with what would let them run."""
    for report in terminalreporter.stats.get("skipped", []):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        terminalreporter.write_line(f"SKIPPED {report.nodeid}: {reason}", yellow=True)
