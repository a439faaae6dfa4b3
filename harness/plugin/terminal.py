"""What `--prompt-suite` prints: a live line while it runs, a line a suite, the tables and verdicts at the end."""

from __future__ import annotations

import os
import shlex
import sys
import time
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

from harness.plugin.failure import printable
from harness.plugin.items import QUARANTINED
from harness.plugin.live import bar_line, plain_step
from harness.wording import encodable

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    import pytest

    from harness.pipeline import Evaluation
    from harness.schema import RunRecord

_REDRAW_S = 0.1
"""Least time between two drawings of the live line."""
_LONGEST_COMMAND = 300
"""Characters of a command that is given to be typed again."""


class Terminal:
    """The terminal's side of a session; silent about whatever is not a trial or a gate."""

    def __init__(self, config: pytest.Config) -> None:
        """Find out what the terminal can do."""
        self.config = config
        self.folder: Path | None = None
        self._record: RunRecord | None = None
        self._failure: str | None = None
        self._evaluation: Evaluation | None = None
        self._reporter: Any = config.pluginmanager.get_plugin("terminalreporter")
        stream = self._reporter._tw._file if self._reporter else sys.stdout  # noqa: SLF001 - pytest has no other way
        is_terminal = bool(getattr(stream, "isatty", lambda: False)())
        self._stream = stream
        self._encoding: str | None = getattr(stream, "encoding", None)
        self._verbosity = config.get_verbosity()
        self._live = (
            is_terminal
            and self._reporter is not None
            and os.environ.get("TERM") != "dumb"
            and "CI" not in os.environ
            and self._verbosity <= 0
        )
        self._noticed: set[str] = set()
        self._drawn = self._shows_paths = False
        self._drawn_at = 0.0
        self._file = ""
        self._percent = 0

    # -- while it runs ------------------------------------------------------------------------------------------

    def begin(self, evaluation: Evaluation) -> None:
        """The engine has started."""
        if self._evaluation is None:
            self._evaluation = evaluation
            self._shows_paths = self._reporter is not None and self._reporter.showfspath
            self._give_notice()

    def _give_notice(self) -> None:
        """Tell what the run goes on in spite of, each once."""
        for notice in self._evaluation.notices if self._evaluation is not None else []:
            if notice not in self._noticed:
                self._noticed.add(notice)
                self.say(notice)

    def say(self, text: str) -> None:
        """A line of its own, in yellow."""
        self.erase()
        if self._reporter is not None:
            with self._past_capture():
                self._reporter.ensure_newline()
                self._reporter.write_line(printable(text), yellow=True)

    def item_starts(self, nodeid: str) -> None:
        """The next item begins; a suite's items get no file name and dots of pytest's."""
        if self._reporter is None or self._evaluation is None:
            return
        file = nodeid.partition("::")[0]
        ours = file.endswith((".yaml", ".yml"))
        if self._shows_paths:
            self._reporter.showfspath = not ours
        if ours and file != self._file and self._verbosity == 0:
            self._reporter.ensure_newline()
            self._file = file
        if not ours:
            self.erase()
        self.tick()

    def tick(self) -> None:
        """Draw the live line when it is time for it, or a step on a terminal that cannot be drawn on."""
        now = time.monotonic()
        if self._evaluation is None or now - self._drawn_at < _REDRAW_S:
            return
        self._drawn_at = now
        progress = self._evaluation.progress()
        if self._live:
            self._write("\r\x1b[2K" + bar_line(progress, self._reporter._tw.fullwidth))  # noqa: SLF001 - as above
            self._drawn = True
        elif self._verbosity == 0:
            self._percent, text = plain_step(progress, self._percent)
            if text:
                self._write(text)

    def erase(self) -> None:
        """Take the live line away, so that something else can be written."""
        if self._drawn:
            self._write("\r\x1b[2K")
            self._drawn = False

    def _write(self, text: str) -> None:
        """Write past pytest's capture, without its notion of the current line."""
        text = encodable(text, self._encoding)
        with self._past_capture():
            self._stream.write(text)
            self._stream.flush()

    def _past_capture(self) -> AbstractContextManager[None]:
        capture = self.config.pluginmanager.get_plugin("capturemanager")
        return nullcontext() if capture is None else capture.global_and_fixture_disabled()

    def status(self, report: Any) -> tuple[str, str, str] | None:
        """(category, letter, word): without -v no letter while it runs; the short summary wants the usual word."""
        kind = getattr(report, "prompt_kind", None)
        ended = self._record is not None or self._failure is not None
        if kind == "not run" and report.skipped:
            return kind, "", "NOT RUN" if self._verbosity > 0 else ""
        if kind == QUARANTINED and report.passed and report.when == "call":
            return kind, "", "QUARANTINED" if self._verbosity > 0 else ""
        if kind is None or ended or self._verbosity > 0 or report.when != "call":
            return None
        if report.outcome not in {"passed", "failed"} or hasattr(report, "wasxfail"):  # some plugins know others
            return None
        return ("failed" if report.failed else "passed", "", "")

    # -- at the end ---------------------------------------------------------------------------------------------

    def end(self, record: RunRecord, folder: Path) -> None:
        """The run is recorded."""
        self.erase()
        self._record = record
        self.folder = folder

    def fail(self, message: str, record: RunRecord | None) -> None:
        """The run could not be recorded; `record` is what there is of it."""
        self.erase()
        self._failure = message
        self._record = record

    def summarize(self) -> None:
        """Print the tables, the verdicts and the report's path; with -q the verdicts only, with -qq nothing."""
        reporter = self._reporter
        if reporter is None:
            return
        shows_results = self._record is not None and self._verbosity >= -1
        if shows_results or self._failure is not None:
            reporter.section("prompt suites")
        self._give_notice()
        if shows_results:
            self._show_results()
        if self._failure is not None:
            reporter.write_line(printable(self._failure), red=True)

    def _show_results(self) -> None:
        from harness.plugin.summary import summary_lines  # with rich: not before the first call

        assert self._record is not None
        writer = self._reporter._tw  # noqa: SLF001 - pytest has no other way
        text = summary_lines(
            self._record, width=min(writer.fullwidth, 160), color=bool(writer.hasmarkup), brief=self._verbosity < 0
        )
        if self._evaluation is not None and self._evaluation.can_be_resumed and not self._record.manifest.complete:
            text += f"\ncontinue with: {_resuming(self.config.invocation_params.args)}"
        if self.folder is not None:
            text += f"\nreport: {printable(_shown(self.folder / 'report.html', self.config.invocation_params.dir))}"
        for line in encodable(text, self._encoding).splitlines():
            self._reporter.write_line(line)


def _resuming(arguments: Sequence[object]) -> str:
    """The command that continues this run, for a shell; without its options where they are too long for a line.

    >>> _resuming(["--prompt-suite", "-k", "few_shot or zero", "--prompt-resume"])
    "pytest --prompt-suite -k 'few_shot or zero' --prompt-resume"
    """
    given = [text for text in map(str, arguments) if text != "--prompt-resume"]
    command = shlex.join(["pytest", *given, "--prompt-resume"])
    if len(command) > _LONGEST_COMMAND:
        command = "pytest --prompt-suite --prompt-resume, with the other options as before"
    return printable(command)


def _shown(path: Path, start: Path) -> str:
    """The path as the user would type it from where they are."""
    try:
        return str(path.relative_to(start))
    except ValueError:
        return str(path)
