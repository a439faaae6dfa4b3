"""Whole runs that share one answer cache, and recordings that are replayed where there is no network."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.other_plugins import blocking
from tests.servers.openai_server import Behaviour, FakeServer

if TYPE_CHECKING:
    from pathlib import Path

SAMPLES = 120
SUITE = """\
dataset: {path: rows.jsonl, reference: label}
prompts: [one, two]
backends:
  - {name: local, provider: openai, model: m, base_url: BASE_URL, max_concurrency: 10, params: {temperature: 0}}
metrics: [exact_match]
"""
PROMPT = 'metadata: {version: "1.0"}\ninputs: {text: str}\ntemplate: "NAME: {{ text }}"\n'


def _project(folder: Path, base_url: str) -> Path:
    suite = folder / "suites" / "many"
    for name in ("one", "two"):
        (suite / "prompts" / name).mkdir(parents=True)
        (suite / "prompts" / name / "v1.0.yaml").write_text(PROMPT.replace("NAME", name))
    rows = ({"id": f"s{index}", "text": f"text {index}", "label": "positive"} for index in range(SAMPLES))
    (suite / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (suite / "suite.yaml").write_text(SUITE.replace("BASE_URL", base_url))
    (folder / "pytest.ini").write_text("[pytest]\n")
    return folder


def _started(folder: Path, *options: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "pytest", "--prompt-suite", "-p", "no:cacheprovider", *options]
    return subprocess.Popen(
        command,
        cwd=folder,
        env=os.environ | {"PYTEST_ADDOPTS": blocking()},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def _ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    output, _ = process.communicate(timeout=90)
    return process.returncode, output


def _command(folder: Path, *arguments: str) -> str:
    command = [sys.executable, "-c", "from harness.cli import main; raise SystemExit(main())", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True, timeout=60).stdout


@pytest.mark.parametrize("mode", ["use", "refresh"])
def test_runs_at_once_share_their_calls_and_meet_no_lock(tmp_path: Path, mode: str) -> None:
    with FakeServer(Behaviour(latency_ms=30)) as server:
        _project(tmp_path, server.base_url)
        workers: list[list[str]] = [[], [], ["-n", "2"]]
        processes = [
            _started(tmp_path, "--prompt-cache", mode, "--prompt-reports", f"r{run}", *option)
            for run, option in enumerate(workers)
        ]
        ended = [_ended(process) for process in processes]
        bodies = [json.dumps(seen.body["messages"]) for seen in server.requests]
    for code, output in ended:
        assert code == 0, output
        assert "locked" not in output
        assert f"{2 * SAMPLES} trials" in output
    if mode == "use":
        assert len(bodies) == 2 * SAMPLES
    assert len(set(bodies)) == 2 * SAMPLES
    manifests = [json.loads((tmp_path / f"r{run}/latest/run.json").read_text()) for run in range(3)]
    assert sum(manifest["totals"]["calls"] for manifest in manifests) == len(bodies)


def test_recording_is_replayed_without_a_server_and_nothing_is_touched(tmp_path: Path) -> None:
    with FakeServer() as server:
        recorder = _project(tmp_path / "recorder", server.base_url)
        code, output = _ended(_started(recorder))
        assert code == 0, output
    exported = _command(recorder, "cache", "export", "answers.jsonl", "--used-days", "0")
    replayer = _project(tmp_path / "replayer", server.base_url)
    imported = _command(replayer, "cache", "import", str(recorder / "answers.jsonl"))
    assert exported.split()[-1] == imported.split()[-1]
    cache = replayer / ".prompt_cache"
    before = sorted((path.name, path.stat().st_mtime_ns, path.stat().st_size) for path in cache.rglob("*"))
    code, output = _ended(_started(replayer, "--prompt-cache", "only"))
    assert code == 0, output
    assert f"{2 * SAMPLES} trials, {2 * SAMPLES} from the cache, 0 calls" in output
    assert sorted((path.name, path.stat().st_mtime_ns, path.stat().st_size) for path in cache.rglob("*")) == before

    suite = replayer / "suites/many/suite.yaml"
    suite.write_text(suite.read_text().replace("temperature: 0", "temperature: 0.7"))
    code, output = _ended(_started(replayer, "--prompt-cache", "only", "--prompt-limit", "1"))
    assert code == 1
    assert "no answer is recorded for one on local, sample 's0': params.temperature: 0 recorded, 0.7 now; " in output
