"""Runs whose metrics are computed in processes of their own."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pytest

if TYPE_CHECKING:
    from tests.plugin.conftest import Project

SUITE = """\
dataset: {path: capitals.jsonl, reference: capital}
prompts: [plain]
backends:
  - {name: atlas, provider: callable, function: "app.py:answer", max_concurrency: 4}
metrics: [exact_match, bleu, chrf]
"""
APP = '''\
"""Answers with a text of forty words; once scoring processes are there, the first call after that kills them."""
import os, signal
from pathlib import Path

HERE = Path(__file__).parent

def _scoring():
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            ours = int(stat.read_text().rpartition(")")[2].split()[1]) == os.getpid()
            if ours and b"heavy_process.py" in (stat.parent / "cmdline").read_bytes():
                yield int(stat.parent.name)
        except OSError:
            pass

async def answer(messages):
    import asyncio
    await asyncio.sleep(0.01)
    if not (HERE / "killed").exists() and (found := list(_scoring())):
        (HERE / "killed").write_text(" ".join(map(str, found)))
        for pid in found:
            os.kill(pid, signal.SIGKILL)
    return " ".join(f"word{number * len(messages[-1]['content']) % 17}" for number in range(40))
'''


def _processes() -> list[int]:
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
            if parent == os.getpid() and b"heavy_process.py" in (stat.parent / "cmdline").read_bytes():
                found.append(int(stat.parent.name))
        except OSError:
            continue
    return found


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks processes up in /proc")
def test_killed_processes_cost_a_retry_and_none_is_left_after_the_run(project: Project) -> None:
    words = [" ".join(f"word{(row + step) % 13}" for step in range(40)) for row in range(400)]
    project.rows([{"id": str(row), "country": "x" * (row % 50), "capital": text} for row, text in enumerate(words)])
    project.write("suite.yaml", SUITE)
    app = project.write("app.py", APP)
    result = project.run("-qq")
    assert result.ret == pytest.ExitCode.OK
    assert (app.parent / "killed").read_text().split(), "processes scored, and were killed"
    scores = pd.read_parquet(project.latest / "scores.parquet")
    assert scores[scores.metric.isin(["bleu", "chrf", "exact_match"])].status.value_counts().to_dict() == {
        "scored": 3 * 400
    }
    assert json.loads((project.latest / "run.json").read_text())["complete"]
    assert _processes() == []
