from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from harness.backends.models import find
from tests.encoders import needs_minilm

MODELS = """
import asyncio, sys
from pathlib import Path
from harness.backends import create, embedded

async def main():
    backend = create(embedded("smollm2", Path()))
    await backend.start()
    print(*backend.pids, flush=True)
    await asyncio.sleep(600)

asyncio.run(main())
"""


def _runs(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state not in ("Z", "X")


TABLES = """
import time
from harness.record.tables import Tables

tables = Tables()
print(tables._process.pid, flush=True)
time.sleep(600)
"""


ENCODER = """
from pathlib import Path
from harness.backends.encoder import Encoder
from harness.backends.encoder_files import encoder_files

encoder = Encoder(encoder_files("minilm", Path()), 6)
encoder.encode(["a"])
print(encoder._process.pid, flush=True)
while True:  # it computes when it is killed
    encoder.encode([f"{word} " * 400 for word in range(100)])
"""


def _left_when_killed(script: str) -> list[int]:
    """The processes that the script names and that outlive it."""
    harness = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert harness.stdout is not None
    try:
        pids = [int(pid) for pid in harness.stdout.readline().split()]
        assert pids
        assert all(_runs(pid) for pid in pids)
    finally:
        os.kill(harness.pid, signal.SIGKILL)
        harness.wait()
        harness.stdout.close()
    deadline = time.monotonic() + 10
    while any(_runs(pid) for pid in pids) and time.monotonic() < deadline:
        time.sleep(0.05)
    return [pid for pid in pids if _runs(pid)]


@pytest.mark.model
@pytest.mark.skipif(find("smollm2") is None, reason="no model; run: prompt-suite models install smollm2")
def test_model_processes_end_when_the_harness_is_killed() -> None:
    assert not _left_when_killed(MODELS)


def test_process_that_writes_the_tables_ends_when_the_harness_is_killed() -> None:
    assert not _left_when_killed(TABLES)


@needs_minilm
def test_encoder_process_ends_when_the_harness_is_killed_while_it_computes() -> None:
    assert not _left_when_killed(ENCODER)
