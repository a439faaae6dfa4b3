"""The harness's side of one model process: start it, talk to it, notice its death, end it."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import subprocess
import sys
import tempfile
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from harness.backends.chat_client import ChatClient
from harness.backends.endpoint import Endpoint
from harness.backends.one_line import one_line
from harness.errors import BackendError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.schema import Generation, Price

_SCRIPT = Path(__file__).with_name("llamacpp_process.py")
_LOAD_S = 300.0
"""Longest a model may take to load: 30 GB from a slow disk."""
_END_S = 5.0
"""How long an asked process may take to end before it is killed."""
_DEATH_S = 2.0
"""How long after a lost connection the process may take to be seen dead."""


@dataclass(frozen=True, slots=True)
class ProcessSettings:
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


class Worker:
    """One model process and the connection to it."""

    def __init__(self, label: str, settings: ProcessSettings, timeout_s: float) -> None:
        """Begin without a process."""
        self.in_flight = 0
        self.starts = 0
        self._label = label
        self._settings = settings
        self._timeout_s = timeout_s
        self._process: subprocess.Popen[bytes] | None = None
        self._client: ChatClient | None = None
        self._log: IO[bytes] | None = None

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int | None:
        """The process's id, while there is one."""
        return None if self._process is None else self._process.pid

    async def start(self) -> None:
        """Start the process and wait until the model is loaded.

        Raises:
            BackendError: `crashed`, when it does not come up.

        """
        self.starts += 1
        key = secrets.token_urlsafe(24)
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the process
        self._process = subprocess.Popen(  # noqa: S603, ASYNC220 - our own script; forking takes a millisecond
            [sys.executable, "-P", str(_SCRIPT)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            env=_environment(),
            start_new_session=True,  # Ctrl-C is the harness's to answer
        )
        try:
            address = await asyncio.wait_for(asyncio.to_thread(self._handshake, key), _LOAD_S)
        except TimeoutError as error:
            await self.stop()
            raise self._failed(f"it was not loaded after {_LOAD_S:g} s") from error
        except BaseException:
            await self.stop()
            raise
        endpoint = Endpoint(
            label=self._label,
            url=f"{address}/v1/chat/completions",
            connections=self._settings.slots,
            timeout_s=self._timeout_s,
            key=key,
            alias="the model process",
        )
        self._client = ChatClient.opened(endpoint)

    async def complete(self, body: Mapping[str, Any], price: Price | None) -> Generation:
        """The model's answer.

        Raises:
            BackendError: as ChatClient; `crashed` and retryable when the process died of it.

        """
        assert self._client is not None
        try:
            return await self._client.complete(body, price)
        except BackendError as error:
            if error.kind != "connection" or not await self._dies():
                raise
            code = self._process.returncode if self._process else None
            raise BackendError(
                f"{self._label}: the model process died (exit status {code}){self._last_words()}; "
                "it is started again once",
                kind="crashed",
                retryable=True,
            ) from error

    async def stop(self) -> None:
        """End the process and close what belongs to it."""
        client, self._client = self._client, None
        process, self._process = self._process, None
        log, self._log = self._log, None
        if process is not None:
            _begin_end(process)
        if client is not None:
            await client.close()
        if process is not None:
            await asyncio.shield(asyncio.to_thread(_end, process))
        if log is not None:
            log.close()

    def _handshake(self, key: str) -> str:
        """Send the settings, read the address."""
        process = self._process
        assert process is not None
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(json.dumps({**asdict(self._settings), "key": key}).encode() + b"\n")
            process.stdin.flush()
            line = json.loads(process.stdout.readline())
        except (OSError, ValueError) as error:
            raise self._failed(f"its process ended{self._last_words()}") from error
        if "error" in line:
            raise self._failed(one_line(line["error"]) + self._last_words())
        return str(line["address"])

    def _failed(self, what: str) -> BackendError:
        name = Path(self._settings.path).name
        return BackendError(
            f"{self._label}: the model {name} could not be loaded: {what}; check the file (prompt-suite models verify) "
            "and the memory that is left",
            kind="crashed",
        )

    async def _dies(self) -> bool:
        """Whether the process is dead, giving the system a moment to say so."""
        process = self._process
        if process is None:
            return True
        try:
            await asyncio.to_thread(process.wait, _DEATH_S)
        except subprocess.TimeoutExpired:
            return False
        return True

    def _last_words(self) -> str:
        """The last line the process wrote, for a message."""
        if self._log is None:
            return ""
        self._log.seek(0)
        lines = self._log.read()[-4096:].decode("utf-8", "replace").split("\n")
        last = next((line for line in reversed(lines) if line.strip()), "")
        return f": {one_line(last)}" if last else ""


def _environment() -> dict[str, str]:
    """The harness's environment, with threads that do not spin and a crash that starts no debugger."""
    return {**os.environ, "GOMP_SPINCOUNT": "1000", "GGML_NO_BACKTRACE": "1"}


def _begin_end(process: subprocess.Popen[bytes]) -> None:
    """Closing stdin asks the process to end."""
    assert process.stdin is not None
    with suppress(OSError):  # it is dead already, with something unsent
        process.stdin.close()


def _end(process: subprocess.Popen[bytes]) -> None:
    """Wait for the process, and kill it when it does not go."""
    try:
        process.wait(_END_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    assert process.stdout is not None
    process.stdout.close()
