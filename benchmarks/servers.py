"""The fake endpoint of the tests, in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

SERVER = Path(__file__).parent.parent / "tests" / "servers" / "openai_server.py"


@contextmanager
def fake_server(latency_ms: float = 0.0) -> Iterator[str]:
    """Base URL of the fake server; it ends with the block."""
    command = [sys.executable, str(SERVER), "--until-eof", "--latency-ms", str(latency_ms)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}/v1"
        finally:
            process.stdin.close()
