"""The engine: all selected trials on one asyncio loop in a background thread.

Two threads beside pytest's own: `prompt-engine` runs the loop and talks to the backends; `prompt-delivery` takes the
answers as they come, in batches, makes them durable, and hands them on to be scored. Batches need no timer: while one
is scored, the next gathers.
"""

from __future__ import annotations

import asyncio
import queue
import threading
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

from harness.errors import BackendError, HarnessError
from harness.generate.calls import call
from harness.schema import CallError, Generation, Progress, Request

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from harness.backends import Backend
    from harness.generate.cache import AnswerCache
    from harness.schema import Settings, Trial

_STOP_S = 30.0
"""Longest that a backend may take to stop."""
_BATCH = 256
"""Most answers delivered at once."""


@dataclass(frozen=True, slots=True)
class Completion:
    """A trial's answer, or why there is none."""

    trial: Trial
    """The trial."""
    answer: Generation | CallError
    """What came of it."""
    key: str
    """Its cache key; empty when the backend's answers are not kept."""


class Engine:
    """Runs trials together; each result is delivered once."""

    def __init__(
        self,
        *,
        backend_of: Callable[[Trial], Backend],
        key_of: Callable[[Trial, Mapping[str, object]], str],
        deliver: Callable[[Sequence[Completion]], None],
        cache: AnswerCache | None,
        settings: Settings,
    ) -> None:
        """Make an engine that is not yet running.

        `deliver` gets batches of completions in the delivery thread; `key_of` makes a cache key of a trial and its
        backend's identity. Without a `cache` nothing is kept.
        """
        self._backend_of = backend_of
        self._key_of = key_of
        self._deliver = deliver
        self._cache = cache
        self._settings = settings
        self._completions: queue.SimpleQueue[Completion | None] = queue.SimpleQueue()
        self._counts: Counter[str] = Counter()
        self._spent_usd: float | None = 0.0
        self._started_s = time.monotonic()
        self._finished_s: float | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._main: asyncio.Task[None] | None = None
        self._threads: tuple[threading.Thread, ...] = ()
        self._random = Random()  # noqa: S311 - jitter of waits, no secret
        self.crash: BaseException | None = None
        """What ended the engine by surprise; whoever waits for a trial raises it."""

    def start(self, trials: Sequence[Trial]) -> None:
        """Begin with the trials, in their order; returns at once."""
        self._started_s = time.monotonic()
        self._counts["total"] = len(trials)
        network = threading.Thread(target=self._run, args=(trials,), name="prompt-engine", daemon=True)
        delivery = threading.Thread(target=self._deliver_all, name="prompt-delivery", daemon=True)
        self._threads = (network, delivery)
        for thread in self._threads:
            thread.start()

    def progress(self) -> Progress:
        """Where the run is now."""
        counts = self._counts
        end_s = self._finished_s if self._finished_s is not None else time.monotonic()
        return Progress(
            total=counts["total"],
            done=counts["done"],
            errors=counts["errors"],
            from_cache=counts["from_cache"],
            retries=counts["retries"],
            in_flight=counts["in_flight"],
            spent_usd=self._spent_usd,
            elapsed_s=end_s - self._started_s,
        )

    def stop(self) -> None:
        """Stop calling, deliver what has been answered, and return when both threads have ended."""
        loop, main = self._loop, self._main
        answered = self._counts["done"] == self._counts["total"]  # then only the backends are still being stopped
        if loop is not None and main is not None and not main.done() and not answered:
            with suppress(RuntimeError):  # the loop may just have closed by itself
                loop.call_soon_threadsafe(main.cancel)
        self.join()

    def join(self) -> None:
        """Wait until every trial is delivered and the backends are stopped."""
        for thread in self._threads:
            thread.join()

    # -- the delivery thread ------------------------------------------------------------------------------------

    def _deliver_all(self) -> None:
        try:
            for batch in self._batches():
                self._record(batch)
                self._deliver(batch)
        except BaseException as error:  # noqa: BLE001 - handed to whoever waits
            self.crash = error

    def _batches(self) -> Iterator[list[Completion]]:
        while (first := self._completions.get()) is not None:
            batch = [first]
            ended = False
            while len(batch) < _BATCH and not self._completions.empty():
                completion = self._completions.get()
                if completion is None:
                    ended = True
                    break
                batch.append(completion)
            yield batch
            if ended:
                return

    def _record(self, batch: Sequence[Completion]) -> None:
        if self._cache is None or self._settings.cache_mode in {"off", "only"}:
            return
        fresh = [
            (completion.key, completion.trial.trial_id, completion.answer)
            for completion in batch
            if completion.key and isinstance(completion.answer, Generation) and not completion.answer.from_cache
        ]
        if fresh:
            self._cache.put_many(fresh)

    # -- the network thread -------------------------------------------------------------------------------------

    def _run(self, trials: Sequence[Trial]) -> None:
        try:
            asyncio.run(self._entry(trials))
        except asyncio.CancelledError:
            pass
        except BaseException as error:  # noqa: BLE001 - handed to whoever waits
            self.crash = error
        finally:
            self._finished_s = time.monotonic()
            self._completions.put(None)

    async def _entry(self, trials: Sequence[Trial]) -> None:
        self._loop = asyncio.get_running_loop()
        self._main = asyncio.current_task()
        by_backend: dict[int, tuple[Backend, list[Trial]]] = {}
        for trial in trials:
            backend = self._backend_of(trial)
            by_backend.setdefault(id(backend), (backend, []))[1].append(trial)
        async with asyncio.TaskGroup() as group:
            for backend, own_trials in by_backend.values():
                group.create_task(self._run_backend(backend, own_trials))

    async def _run_backend(self, backend: Backend, trials: Sequence[Trial]) -> None:
        try:
            missing = self._answer_from_cache(backend, trials)
        except HarnessError as error:
            self._fail_all(trials, error)
            return
        if not missing:
            return
        try:
            await backend.start()
            await self._call_all(backend, missing)
        except HarnessError as error:
            self._fail_all([trial for trial, _ in missing], error)
        finally:
            with suppress(TimeoutError):  # every answer is there: a backend that does not end cannot hold the run up
                async with asyncio.timeout(_STOP_S):
                    await backend.stop()

    def _answer_from_cache(self, backend: Backend, trials: Sequence[Trial]) -> list[tuple[Trial, str]]:
        """The trials, with their keys, that have to be called; the others are answered or fail here."""
        if self._cache is None or not backend.cacheable:
            return [(trial, "") for trial in trials]
        identity = backend.identity()
        keyed = [(trial, self._key_of(trial, identity)) for trial in trials]
        mode = self._settings.cache_mode
        if mode == "refresh":
            return keyed
        found = self._cache.get_many([key for _, key in keyed])
        missing = []
        for trial, key in keyed:
            if (generation := found.get(key)) is not None:
                self._complete(trial, generation, key)
            elif mode == "only":
                self._complete(trial, self._not_recorded(trial), key)
            else:
                missing.append((trial, key))
        return missing

    def _not_recorded(self, trial: Trial) -> CallError:
        assert self._cache is not None
        known = self._cache.nearest(trial.trial_id)
        why = "its messages, model or parameters have changed since" if known else "it was never answered"
        message = (
            f"no answer is recorded for {trial.variant} on {trial.backend}, sample '{trial.sample.sample_id}': {why}; "
            "--prompt-cache only calls no model; run once with --prompt-cache use"
        )
        return CallError(kind="missing", message=message)

    async def _call_all(self, backend: Backend, missing: Sequence[tuple[Trial, str]]) -> None:
        todo = iter(missing)
        width = min(self._settings.concurrency or backend.concurrency, len(missing))

        async def worker() -> None:
            for trial, key in todo:
                self._complete(trial, await self._answer(backend, trial), key)

        async with asyncio.TaskGroup() as group:
            for _ in range(width):
                group.create_task(worker())

    async def _answer(self, backend: Backend, trial: Trial) -> Generation | CallError:
        request = Request(
            messages=trial.messages,
            sample_id=trial.sample.sample_id,
            variant=trial.variant,
            repeat=trial.repeat,
            variables=trial.sample.variables,
        )
        self._counts["in_flight"] += 1
        try:
            return await call(
                backend,
                request,
                max_retries=self._settings.max_retries,
                random=self._random,
                on_retry=self._count_retry,
            )
        except BackendError as error:
            return CallError(kind=error.kind, message=str(error))
        except HarnessError as error:
            return CallError(kind="rejected", message=str(error))
        finally:
            self._counts["in_flight"] -= 1

    def _count_retry(self) -> None:
        self._counts["retries"] += 1

    def _fail_all(self, trials: Sequence[Trial], error: HarnessError) -> None:
        kind = error.kind if isinstance(error, BackendError) else "rejected"
        for trial in trials:
            self._complete(trial, CallError(kind=kind, message=str(error)), "")

    def _complete(self, trial: Trial, answer: Generation | CallError, key: str) -> None:
        self._counts["done"] += 1
        if isinstance(answer, CallError):
            self._counts["errors"] += 1
        elif answer.from_cache:
            self._counts["from_cache"] += 1
        elif answer.cost_usd is None:
            self._spent_usd = None
        elif self._spent_usd is not None:
            self._spent_usd += answer.cost_usd
        self._completions.put(Completion(trial, answer, key))
