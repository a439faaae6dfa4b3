"""A whole evaluation (collect, call, score, record, report) beside a bare aiohttp loop that makes the same calls.

The server is the fake endpoint of the tests, in a process of its own; both sides are whole processes, run in turns.
"""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.comparison import comparison
from benchmarks.figures import Figure
from benchmarks.paired import compared, usages
from benchmarks.projects import PROMPT, write_prompts, write_samples
from benchmarks.servers import fake_server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.paired import Comparison

IN_FLIGHT = 50
ROUNDS = 3
SHORT_ROUNDS = 7
"""Of what takes a second or two: there a busy moment weighs more."""
_CPU_RATIO = 3.2
"""1.2 ms a trial where the bare loop takes 0.38 ms a call, as on the machine that the bar was set for."""
SUITE = """\
dataset: {path: samples.jsonl, reference: answer}
prompts: [v0, v1]
backends:
  - {name: fake, provider: openai, model: fake, base_url: "%s", max_concurrency: %d, params: {max_tokens: 16}}
metrics: [exact_match, contains, rouge: {types: [rougeL]}]
gates: ["error_rate <= 0"]
"""


class Evaluation:
    """One project and the bare loop over the same prompts, against one server."""

    def __init__(self, folder: Path, base_url: str, trials: int) -> None:
        """Write the project; two variants, half as many samples as trials."""
        self.folder = folder
        self.trials = trials
        suite = folder / "suites" / "speed"
        suite.mkdir(parents=True)
        (folder / "pytest.ini").write_text("[pytest]\n")
        (suite / "suite.yaml").write_text(SUITE % (base_url, IN_FLIGHT))
        write_prompts(suite, ["v0", "v1"])
        write_samples(suite, trials // 2)
        self._base_url = base_url

    def ours(self, cache: str) -> tuple[list[str], Path]:
        """The evaluation; `cache` is a mode."""
        plugins = ["-p", "no:cacheprovider", "--prompt-cache", cache]
        return [sys.executable, "-m", "pytest", "-p", "harness.plugin", "--prompt-suite", "-q", *plugins], self.folder

    def bare(self) -> tuple[list[str], Path]:
        """The loop."""
        script = str(Path(__file__).with_name("bare_loop.py"))
        return [sys.executable, script, self._base_url, str(self.trials), str(IN_FLIGHT), PROMPT], self.folder


@contextmanager
def evaluation(folder: Path, trials: int, latency_ms: float) -> Iterator[Evaluation]:
    """A project of so many trials, and its server."""
    with fake_server(latency_ms) as base_url:
        yield Evaluation(folder, base_url, trials)


def latency(folder: Path) -> Iterator[Figure]:
    """2,000 trials at 200 ms: the time that the harness adds."""
    with evaluation(folder, 2_000, 200) as project:
        found = compared(project.ours("off"), project.bare(), ROUNDS)
    yield _ratio("2,000 trials at 200 ms / bare loop", found, bar=1.10)


def instant(folder: Path) -> Iterator[Figure]:
    """2,000 trials at once: what a trial costs."""
    with evaluation(folder, 2_000, 0) as project:
        found = compared(project.ours("off"), project.bare(), SHORT_ROUNDS)
    yield _ratio("2,000 trials at 0 ms / bare loop", found, bar=3)
    ours, bare = found.ours.cpu_s, found.reference.cpu_s
    yield Figure("2,000 trials at 0 ms: CPU a trial, all in", ours / 2.0, 1.2, "ms", f"(bare {bare / 2:.2f})")
    yield Figure("2,000 trials at 0 ms: CPU, times the bare loop's", ours / bare, _CPU_RATIO, "x", "")


def large(folder: Path) -> Iterator[Figure]:
    """20,000 trials at 20 ms, beside the bare loop and beside 2,000 trials."""
    with evaluation(folder / "20000", 20_000, 20) as project:
        found = compared(project.ours("use"), project.bare(), 1)
    with evaluation(folder / "2000", 2_000, 20) as project:
        (few,) = usages([project.ours("use")], 1)
    ours = found.ours
    yield _ratio("20,000 trials at 20 ms / bare loop", found, bar=2)
    per_trial = (ours.wall_s / 20_000) / (few.wall_s / 2_000)
    yield Figure("time a trial, 20,000 / 2,000 trials", per_trial, 1.15, "x", f"({few.wall_s:.2f} s for 2,000)")
    yield Figure("20,000 trials, peak memory", ours.peak_mb, 250, "MB", "")
    growth = (ours.peak_mb - few.peak_mb) * 1024 / 18_000
    yield Figure("memory a trial, from 2,000 to 20,000", growth, 4, "KB", f"({few.peak_mb:.0f} MB at 2,000)")


def huge(folder: Path) -> Iterator[Figure]:
    """100,000 trials, and the run of them beside another."""
    with evaluation(folder, 100_000, 0) as project:
        (ours,) = usages([project.ours("off")], 1, warm=False)
    report = next(folder.glob("reports/runs/*/report.html")).stat().st_size / 2**20
    totals = json.loads(next(folder.glob("reports/runs/*/run.json")).read_text())["totals"]
    assert totals["passed"] + totals["failed"] == 100_000, totals
    yield Figure(
        "100,000 trials, peak memory", ours.peak_mb, 700, "MB", f"({ours.wall_s:.0f} s, report {report:.0f} MB)"
    )
    yield from comparison(folder)


def cached(folder: Path) -> Iterator[Figure]:
    """2,000 trials whose answers are all recorded."""
    with evaluation(folder, 2_000, 0) as project:
        (ours,) = usages([project.ours("use")], ROUNDS)
    yield Figure("2,000 trials from the cache", ours.wall_s, 2.5, "s", f"({ours.cpu_s:.2f} s CPU)")


def _ratio(name: str, found: Comparison, *, bar: float) -> Figure:
    spread = f", {min(found.ratios):.2f} to {max(found.ratios):.2f}" if len(found.ratios) > 1 else ""
    return Figure(name, found.ratio, bar, "x", f"({found.ours.wall_s:.2f} s / {found.reference.wall_s:.2f} s{spread})")
