"""What is printed while it runs and at the end."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.plugin.conftest import Project


def test_summary_has_mean_interval_n_and_the_report(project: Project) -> None:
    result = project.run()
    result.stdout.fnmatch_lines(
        [
            "*= prompt suites =*",
            "capitals  4 samples, 2 variants on atlas",
            "metric*variant*mean*95 % interval*n*",
            # Wilson, 4 of 4: 0.510 to 1 (statsmodels proportion_confint(4, 4, method="wilson") = 0.5101, 1.0)
            "*exact_match ↑*plain*1.000*0.510 to 1.000*4*",
            "*shouted*0.500*0.150 to 0.850*4*",
            "*variant*trials*failed*errors*unreadable*p95*tokens*cost",
            "spent unknown: backend 'atlas': app.py:answer returns no cost_usd; *",
            "*8 trials, 0 from the cache, 8 calls, spent unknown, * s",
            "report: reports/runs/*/report.html",
        ]
    )


def test_plain_output_has_steps_and_no_escape_codes(project: Project) -> None:
    text = project.run().stdout.str()
    assert "\x1b" not in text
    assert "\r" not in text


@pytest.mark.parametrize("columns", ["20", "40", "60"])
def test_no_digit_is_cut_on_a_narrow_terminal(project: Project, monkeypatch: pytest.MonkeyPatch, columns: str) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    project.rows([{"id": f"s{number}", "country": "Peru", "capital": "Lima"} for number in range(123)])
    project.add('gates: ["exact_match.mean >= 0.123456", "latency_s.p95 <= 2000"]\n')
    text = project.run("-k", "plain").stdout.str()
    # Wilson, 123 of 123 (statsmodels proportion_confint(123, 123, method="wilson") = 0.9697, 1.0)
    assert re.search(r"1\.000 +0\.970 to 1\.000 +123\n", text)
    table = text.partition("gates: all 2 hold")[2].partition("slowest")[0]
    assert re.search(r"exact_match\.mean .* 123\n", table)
    assert re.search(r"latency_s\.p95 .* 123\n", table)
    assert {"0.123456", "2000"} <= set(table.split())  # names may be folded between words
    assert re.search(r"plain +123 +0 +0 .*unknown\n", text)


def test_quiet_prints_verdicts_and_the_report_but_no_tables(project: Project) -> None:
    project.add('gates: ["exact_match.mean >= 0.4"]\n')
    result = project.run("-q")
    result.stdout.fnmatch_lines(["gates: all 2 hold", "report: *"])
    result.stdout.no_fnmatch_line("*metric*variant*mean*")


def test_very_quiet_prints_neither(project: Project) -> None:
    text = project.run("-qq").stdout.str()
    assert "report:" not in text
    assert "gates" not in text


def test_verbose_prints_a_line_an_item(project: Project) -> None:
    result = project.run("-v")
    result.stdout.fnmatch_lines(["suites/capitals/suite.yaml::plain?atlas-fr? PASSED*"])


def test_live_line_is_drawn_and_taken_away_on_a_terminal(project: Project) -> None:
    project.write("app.py", "import time\n\ndef answer(messages):\n    time.sleep(0.2)\n    return 'Paris'\n")
    text = on_a_terminal(project, "--prompt-concurrency", "1")
    drawn = re.findall(r"\r\x1b\[2K ━*╸? *(\d+)/8", text)
    assert drawn
    assert [int(count) for count in drawn] == sorted(int(count) for count in drawn)
    last = text.rindex("\x1b[2K")
    assert "prompt suites" in text[last:]
    assert "/8" not in text[last : text.index("prompt suites", last)]


def test_dumb_terminal_gets_steps(project: Project) -> None:
    project.write("app.py", "import time\n\ndef answer(messages):\n    time.sleep(0.2)\n    return 'Paris'\n")
    text = on_a_terminal(project, "--prompt-concurrency", "1", term="dumb")
    assert "\x1b[2K" not in text
    assert re.search(r"^ *[1-9]0 %  \d/8", text, re.MULTILINE)


def on_a_terminal(project: Project, *arguments: str, term: str = "xterm-256color") -> str:
    """All that `pytest --prompt-suite` writes to a pseudo-terminal."""
    leader, follower = pty.openpty()
    environment = {**os.environ, "TERM": term, "COLUMNS": "120"}
    command = [sys.executable, "-m", "pytest", "--prompt-suite", *arguments]
    with subprocess.Popen(command, stdout=follower, stderr=follower, cwd=project.path, env=environment) as process:
        os.close(follower)
        chunks = []
        while True:
            try:
                chunk = os.read(leader, 65536)
            except OSError:  # the other end is closed
                break
            if not chunk:
                break
            chunks.append(chunk)
    os.close(leader)
    assert process.returncode == pytest.ExitCode.OK, b"".join(chunks).decode(errors="replace")
    return b"".join(chunks).decode(errors="replace")
