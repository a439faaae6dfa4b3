"""A model process: begun, told what to load, heard, ended."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import asdict

from harness.wording import one_line

if TYPE_CHECKING:
    from harness.backends.chat_client import ChatClient

_SCRIPT = Path(__file__).with_name("llamacpp_process.py")
_END_S = 5.0
"""How long an asked process may take to end before it is killed."""
_DEATH_S = 2.0
"""How long after a lost connection the process may take to be seen dead."""


class ProcessSettings(Struct, frozen=True):
    """What a model process is started with."""

    path: str
    """The GGUF file."""
    n_ctx: int
    """Tokens of context of each slot."""
    slots: int
    """Requests decoded at once."""
    threads: int
    """Threads that compute."""
    n_ubatch: int
    """Prompt tokens computed at once."""
    prefix_mib: int
    """Memory for the beginnings of earlier prompts, MiB."""
    chat_template: str
    """Jinja chat template; empty means the file's own."""


class ModelProcess(Struct):
    """A process and what belongs to it."""

    popen: subprocess.Popen[bytes]
    """The process, dead or alive."""
    log: IO[bytes]
    """What it writes to stderr."""
    client: ChatClient | None = None
    """The connection to it, once the model is loaded."""

    async def dies(self) -> bool:
        """Whether the process is dead, giving the system a moment to say so."""
        try:
            await asyncio.to_thread(self.popen.wait, _DEATH_S)
        except subprocess.TimeoutExpired:
            return False
        return True

    async def end(self) -> None:
        """End the process and close what belongs to it: also when the caller does not wait for it."""
        assert self.popen.stdin is not None
        with suppress(OSError):  # it is dead already, with something unsent
            self.popen.stdin.close()  # asks it to end
        try:
            if self.client is not None:
                await self.client.close()
            with suppress(subprocess.TimeoutExpired):
                await asyncio.to_thread(self.popen.wait, _END_S)
        finally:
            self._close()

    def _close(self) -> None:
        if self.popen.poll() is None:
            self.popen.kill()
            self.popen.wait()
        assert self.popen.stdout is not None
        self.popen.stdout.close()
        self.log.close()

    def last_words(self) -> str:
        """The last line the process wrote, for a message."""
        if self.log.closed:
            return ""
        self.log.seek(0)
        lines = self.log.read()[-4096:].decode("utf-8", "replace").split("\n")
        last = next((line for line in reversed(lines) if line.strip()), "")
        return f": {one_line(last)}" if last else ""


def begun() -> ModelProcess:
    """A process that waits for its settings; OSError when the system gives none."""
    log = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the process
    try:
        process = subprocess.Popen(  # noqa: S603 - our own script; forking takes a millisecond
            [sys.executable, "-P", str(_SCRIPT)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            # threads that do not spin, and a crash that starts no debugger
            env={**os.environ, "GOMP_SPINCOUNT": "1000", "GGML_NO_BACKTRACE": "1"},
            start_new_session=True,  # Ctrl-C is the harness's to answer
        )
    except BaseException:
        log.close()
        raise
    return ModelProcess(process, log)


def handshake(running: ModelProcess, settings: ProcessSettings, key: str) -> str:
    """Send the settings, read the address; ValueError says what went wrong."""
    process = running.popen
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(json.dumps({**asdict(settings), "key": key}).encode() + b"\n")
        process.stdin.flush()
        line = json.loads(process.stdout.readline())
    except (OSError, ValueError) as error:
        raise ValueError(f"its process ended{running.last_words()}") from error
    if "error" in line:
        raise ValueError(one_line(line["error"]) + running.last_words())
    return str(line["address"])
