"""The processes of one model, shared by the backends of a run that want them alike."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from harness.backends.llamacpp_worker import Worker, label
from harness.backends.turns import Turns
from harness.errors import BackendError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.backends.llamacpp_launch import ProcessSettings
    from harness.backends.protocol import Backend
    from harness.schema import Generation

_MOST_DEATHS = 2
"""Deaths of a process that one backend may meet: after the first it is started again, after the second no more."""


class Fleet:
    """As many processes as pay, loaded by the first backend that starts it, ended by the last that stops it.

    It can be started again after that. Time limits, prices and the names in messages are each backend's own; free
    slots are given to the backends by turns. Belongs to one event loop.
    """

    def __init__(self, settings: ProcessSettings, processes: int) -> None:
        """Begin without a process."""
        self.workers: tuple[Worker, ...] = ()
        """The processes; empty while nobody uses them."""
        self._settings = settings
        self._processes = processes
        self._users: set[Backend] = set()
        self._turns = Turns(processes * settings.slots)
        self._changing = asyncio.Lock()
        self._ending: asyncio.Task[None] | None = None

    async def start(self, user: Backend) -> None:
        """Load the model in each process, unless another backend has; `user` counts from now on.

        Raises:
            BackendError: `crashed`, when a process does not come up; then none is left, and `user` does not count.

        """
        async with self._changing:
            if not self.workers:
                self.workers = await self._loaded(user)
            self._users.add(user)

    async def complete(self, user: Backend, body: Mapping[str, Any]) -> Generation:
        """An answer of the least loaded process; time begins when a slot is free.

        Raises:
            BackendError: as `Worker.complete`; `crashed`, not to be retried, where the process died under this user
                again.

        """
        await self._turns.take(user)
        try:
            return await self._answered(user, body)
        finally:
            self._turns.give_back()

    async def stop(self, user: Backend) -> None:
        """Count `user` out, and end the processes when it was the last."""
        self._users.discard(user)
        if not self._users:
            self._ending = asyncio.create_task(self._end())
            await asyncio.shield(self._ending)  # a caller who does not wait does not keep it from ending

    async def _loaded(self, user: Backend) -> tuple[Worker, ...]:
        """New processes, all of them ready."""
        workers = tuple(Worker(self._settings) for _ in range(self._processes))
        try:
            ended = await asyncio.gather(*(worker.start(user) for worker in workers), return_exceptions=True)
        except asyncio.CancelledError:
            await _stop_all(workers)
            raise
        failed = next((each for each in ended if each is not None), None)
        if failed is not None:
            await _stop_all(workers)
            raise failed
        return workers

    async def _end(self) -> None:
        async with self._changing:
            if self._users:  # one has started meanwhile
                return
            workers, self.workers = self.workers, ()
            await _stop_all(workers)

    async def _answered(self, user: Backend, body: Mapping[str, Any]) -> Generation:
        worker = min(self.workers, key=lambda each: (each.deaths(user) >= _MOST_DEATHS, each.in_flight))
        worker.in_flight += 1
        try:
            await self._make_ready(worker, user)
            return await worker.complete(user, body)
        finally:
            worker.in_flight -= 1

    async def _make_ready(self, worker: Worker, user: Backend) -> None:
        """Start a dead process again, unless it died under this user twice.

        So a backend whose requests kill the process is refused in the end, and does not take the others with it.
        """
        if worker.alive and worker.deaths(user) < _MOST_DEATHS:
            return
        async with self._changing:
            if not worker.alive:
                worker.found_dead(user)
            if worker.deaths(user) >= _MOST_DEATHS:
                raise BackendError(
                    f"{label(user.spec)}: the model process died again after it had been started anew; "
                    "look at the memory that is left, and at params that the model may not bear",
                    kind="crashed",
                )
            if not worker.alive:
                await worker.revive(user)


async def _stop_all(workers: tuple[Worker, ...]) -> None:
    await asyncio.gather(*(worker.stop() for worker in workers))
