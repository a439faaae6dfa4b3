"""Whole runs in processes of their own, on a project whose model is the fake server."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pandas as pd

from tests.other_plugins import blocking

if TYPE_CHECKING:
    from pathlib import Path

SUITE = """\
dataset: {path: rows.jsonl, reference: label}
prompts: [one, two]
backends:
  - name: local
    provider: openai
    model: m
    base_url: BASE_URL
    max_concurrency: 20
    timeout_s: TIMEOUT_S
    price: {input: 1, output: 1}
    params: {temperature: 0, max_tokens: 8}
metrics: [exact_match]
"""
PROMPT = 'metadata: {version: "1.0"}\ninputs: {text: str}\ntemplate: "NAME: {{ text }}"\n'


def _hear_interrupts() -> None:
    """In the new process: a job that a shell began in the background would ignore them."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Project:
    """A suite of two prompts over some samples."""

    def __init__(self, folder: Path, base_url: str, *, samples: int, timeout_s: float = 30.0) -> None:
        self.folder = folder
        self.suite = folder / "suites" / "many"
        for name in ("one", "two"):
            (self.suite / "prompts" / name).mkdir(parents=True)
            self.prompt(name).write_text(PROMPT.replace("NAME", name))
        rows = ({"id": f"s{index}", "text": f"text {index}", "label": "positive"} for index in range(samples))
        (self.suite / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        (self.suite / "suite.yaml").write_text(SUITE.replace("BASE_URL", base_url).replace("TIMEOUT_S", str(timeout_s)))
        (folder / "pytest.ini").write_text("[pytest]\n")

    def prompt(self, name: str) -> Path:
        return self.suite / "prompts" / name / "v1.0.yaml"

    def start(self, *options: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "pytest", "--prompt-suite", "-p", "no:cacheprovider", *options]
        return subprocess.Popen(
            command,
            cwd=self.folder,
            env=os.environ | {"PYTEST_ADDOPTS": blocking(), "COLUMNS": "140"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            preexec_fn=_hear_interrupts,  # noqa: PLW1509 - it only sets a signal
        )

    def run(self, *options: str) -> tuple[int, str]:
        """Exit code and output."""
        process = self.start(*options)
        output, _ = process.communicate(timeout=120)
        return process.returncode, output

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """`prompt-suite`, ended."""
        script = "from harness.cli import main; raise SystemExit(main())"
        command = [sys.executable, "-c", script, *arguments]
        return subprocess.run(command, cwd=self.folder, capture_output=True, text=True, check=False, timeout=60)

    @property
    def latest(self) -> Path:
        return (self.folder / "reports" / "latest").resolve()

    @property
    def manifest(self) -> Any:
        return json.loads((self.latest / "run.json").read_text(encoding="utf-8"))

    def trials(self) -> pd.DataFrame:
        """What a run is about, without what differs from run to run, in the order of trials."""
        columns = ["trial_id", "output", "error", "cost_usd", "from_cache", "outcome"]
        return pd.read_parquet(self.latest / "trials.parquet")[columns].set_index("trial_id").sort_index()

    def scores(self) -> pd.DataFrame:
        scores = pd.read_parquet(self.latest / "scores.parquet")
        return scores[scores.metric == "exact_match"].set_index("trial_id")[["value", "status"]].sort_index()

    def journalled(self) -> int:
        """Answers that the unfinished run has kept."""
        path = self.folder / ".prompt_cache" / "answers.sqlite"
        if not path.exists():
            return 0
        with closing(sqlite3.connect(path, timeout=30)) as connection:
            try:
                found: int = connection.execute("SELECT count(DISTINCT trial) FROM journal").fetchone()[0]
            except sqlite3.OperationalError:  # killed before it made its tables
                return 0
        return found
