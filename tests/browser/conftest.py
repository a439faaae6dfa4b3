"""The report in a real Chromium: skipped by name, with the installing command, where there is none."""

from __future__ import annotations

import importlib.util
import shutil
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from harness.report import render_html

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

    from harness.schema import RunRecord

_FLAGS = (
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-extensions",
    "--disable-sync",
    "--no-first-run",
    "--host-resolver-rules=MAP * ~NOTFOUND",
)


@dataclass
class Opened:
    """A page with what it asked for and complained about."""

    page: Page
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def rows(self) -> int:
        return self.page.locator("table.trials tbody tr").count()

    def column(self, number: int) -> list[str]:
        return self.page.locator(f"table.trials tbody tr td:nth-child({number})").all_inner_texts()

    def status(self) -> str:
        return self.page.locator("p.status").inner_text()

    def wait_for_status(self, text: str) -> None:
        self.page.locator("p.status", has_text=text).wait_for()


def missing_part() -> str | None:
    """What is missing for a browser test, with the command that installs it."""
    if _chromium() is None:
        return "no Chromium here; run: apt-get install chromium"
    if importlib.util.find_spec("playwright") is None:
        return (
            "Playwright is not installed; run: pip install 'pytest-prompt-suite[test]' (and: apt-get install chromium)"
        )
    return None


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Names every browser test that did not run: a silent skip would pass for a green one."""
    missing = missing_part()
    skipped = [one for one in terminalreporter.stats.get("skipped", []) if one.nodeid.startswith("tests/browser/")]
    if missing is None or not skipped:
        return
    terminalreporter.section(f"BROWSER TESTS NOT RUN: {missing}", yellow=True)
    for one in skipped:
        terminalreporter.write_line(one.nodeid)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser a file: Playwright keeps an event loop running in this thread, where no other test could run one."""
    missing = missing_part()
    if missing is not None:
        pytest.skip(missing)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=_chromium(), args=list(_FLAGS))
        yield started
        started.close()


@pytest.fixture
def open_report(browser: Browser, tmp_path: Path) -> Iterator[Callable[..., Opened]]:
    """Writes the record's report, opens it by file:// and waits until its table stands."""
    contexts = []

    def opener(record: RunRecord, *, address: str = "", script: bool = True, **options: object) -> Opened:
        path = tmp_path / "report.html"
        path.write_text(render_html(record), encoding="utf-8")
        context = browser.new_context(java_script_enabled=script, viewport={"width": 1280, "height": 800}, **options)  # type: ignore[arg-type]
        contexts.append(context)
        opened = Opened(context.new_page())
        opened.page.set_default_timeout(10_000)
        opened.page.on("request", lambda request: opened.requests.append(request.url))
        opened.page.on("console", lambda message: opened.complaints.append(message.text))
        opened.page.on("pageerror", lambda error: opened.complaints.append(str(error)))
        opened.page.goto(f"{path.as_uri()}{address}")
        if script:
            opened.page.locator("html[data-ready=yes]").wait_for()
        return opened

    yield opener
    for context in contexts:
        context.close()


def _chromium() -> str | None:
    return next(
        (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None
    )
