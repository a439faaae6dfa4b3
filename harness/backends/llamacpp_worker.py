"""The harness's side of one model process: start it, talk to it, notice its death, end it."""

from __future__ import annotations

import asyncio
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.backends.chat_client import ChatClient
from harness.backends.endpoint import Endpoint
from harness.backends.llamacpp_launch import begun, handshake
from harness.errors import BackendError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.backends.llamacpp_launch import ModelProcess, ProcessSettings
    from harness.backends.protocol import Backend
    from harness.schema import BackendSpec, Generation

_LOAD_S = 300.0
"""Longest a model may take to load: 30 GB from a slow disk."""


class Worker:
    """One model process and the connection to it; for whom it works, each call says."""

    def __init__(self, settings: ProcessSettings) -> None:
        """Begin without a process."""
        self.in_flight = 0
        self._settings = settings
        self._running: ModelProcess | None = None
        self._starts = 0
        self._deaths: dict[Backend, set[int]] = {}
        """By user: the starts after which the process died under that user."""

    @property
    def alive(self) -> bool:
        """Whether the process runs, with the model loaded."""
        running = self._running
        return running is not None and running.client is not None and running.popen.poll() is None

    @property
    def pid(self) -> int | None:
        """The process's id, while there is one."""
        return None if self._running is None else self._running.popen.pid

    def deaths(self, user: Backend) -> int:
        """How often the process died while it worked for `user`, or was found dead by it with no other to blame."""
        return len(self._deaths.get(user, ()))

    async def start(self, user: Backend) -> None:
        """Start the process and wait until the model is loaded.

        Raises:
            BackendError: `crashed`, when it does not come up.

        """
        self._starts += 1
        key = secrets.token_urlsafe(24)
        try:
            self._running = running = begun()
            address = await asyncio.wait_for(asyncio.to_thread(handshake, running, self._settings, key), _LOAD_S)
        except TimeoutError as error:
            await self.stop()
            raise self._failed(user, f"it was not loaded after {_LOAD_S:g} s") from error
        except (OSError, ValueError) as error:
            await self.stop()
            raise self._failed(user, str(error)) from error
        except BaseException:
            await self.stop()
            raise
        endpoint = Endpoint(
            label=label(user.spec),
            url=f"{address}/v1/chat/completions",
            timeout_s=user.spec.timeout_s,
            key=key,
            alias="the model process",
        )
        running.client = ChatClient.opened(endpoint)

    async def revive(self, user: Backend) -> None:
        """Start a dead process again.

        Raises:
            BackendError: as `start`.

        """
        await self.stop()
        await self.start(user)

    def found_dead(self, user: Backend) -> None:
        """Count the death under `user`, unless it is known who asked when the process died."""
        if not any(self._starts in met for met in self._deaths.values()):
            self._died(user, self._starts)

    async def complete(self, user: Backend, body: Mapping[str, Any]) -> Generation:
        """The model's answer.

        Raises:
            BackendError: as ChatClient; `crashed` and retryable when the process died of it.

        """
        running, start = self._running, self._starts
        assert running is not None
        assert running.client is not None
        try:
            return await running.client.for_caller(label(user.spec), user.spec.timeout_s).complete(
                body, user.spec.price
            )
        except BackendError as error:
            if error.kind != "connection" or not await running.dies():
                raise
            self._died(user, start)
            raise BackendError(
                f"{label(user.spec)}: the model process died (exit status {running.popen.returncode})"
                f"{running.last_words()}; it is started again once",
                kind="crashed",
                retryable=True,
            ) from error

    async def stop(self) -> None:
        """End the process and close what belongs to it."""
        running, self._running = self._running, None
        if running is not None:
            await running.end()

    def _died(self, user: Backend, start: int) -> None:
        self._deaths.setdefault(user, set()).add(start)

    def _failed(self, user: Backend, what: str) -> BackendError:
        name = Path(self._settings.path).name
        return BackendError(
            f"{label(user.spec)}: the model {name} could not be loaded: {what}; check the file (prompt-suite models "
            "verify) and the memory that is left",
            kind="crashed",
        )


def label(spec: BackendSpec) -> str:
    """What begins every message about a backend."""
    return f"backend '{spec.name}'"
