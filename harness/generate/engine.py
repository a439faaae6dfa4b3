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

from harness.errors import BackendError, HarnessError, RecordError
from harness.generate.calls import call
from harness.schema import CallError, Generation, Progress, Request
from harness.wording import described_error

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from harness.backends import Backend
    from harness.generate.cache import AnswerCache
    from harness.schema import Settings, Trial

_DRAIN_S = 10.0
"""Longest that a stopped run waits for the calls under way: they are paid for, so their answers are kept."""
_STOP_S = 30.0
"""Longest that a backend may take to stop."""
_PATIENCE_S = _STOP_S + 5.0
"""Longest that `stop` waits for each thread: a backend or a metric that does not end cannot hold the record up."""
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
        self._is_stopping = self._is_abandoned = False
        self.crash: HarnessError | None = None
        """What ended the engine by surprise; whoever waits for a trial raises it."""
        self.notices: list[str] = [cache.notice] if cache is not None and cache.notice else []
        """What the user should know of a run that went on nevertheless."""

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
            calls=counts["calls"] + counts["retries"],
            retries=counts["retries"],
            in_flight=counts["in_flight"],
            spent_usd=self._spent_usd,
            elapsed_s=end_s - self._started_s,
        )

    def stop(self, *, wait: bool = True) -> None:
        """Begin no more calls, deliver what is answered, and return when both threads have ended, or would not end.

        Calls under way may still end within a few seconds. Without `wait` it returns at once, and the threads end with
        the process.
        """
        self._is_abandoned = self._is_abandoned or not wait
        self._is_stopping = True
        loop, main = self._loop, self._main
        if wait and not self._is_abandoned and self._threads:
            self._threads[0].join(_DRAIN_S)
        answered = self._counts["done"] == self._counts["total"]  # then only the backends are still being stopped
        if loop is not None and main is not None and not main.done() and not answered:
            with suppress(RuntimeError):  # the loop may just have closed by itself
                loop.call_soon_threadsafe(main.cancel)
        for thread in self._threads:
            if not self._is_abandoned:
                thread.join(_PATIENCE_S)
            self._completions.put(None)  # the network thread's own end, should it not come to it
        self._is_abandoned = True

    def join(self) -> None:
        """Wait until every trial is delivered and the backends are stopped."""
        for thread in self._threads:
            thread.join()

    # -- the delivery thread ------------------------------------------------------------------------------------

    def _deliver_all(self) -> None:
        try:
            for batch in self._batches():
                if self._is_abandoned:
                    return
                self._record(batch)
                self._deliver(batch)
        except BaseException as error:  # noqa: BLE001 - handed to whoever waits
            self.crash = _broken("delivering answers", error)

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
        try:
            if fresh:
                self._cache.put_many(fresh)
        except RecordError as error:  # the answers are there all the same: they are scored and recorded
            self._notice(str(error))

    def _notice(self, text: str) -> None:
        if text not in self.notices:
            self.notices.append(text)

    # -- the network thread -------------------------------------------------------------------------------------

    def _run(self, trials: Sequence[Trial]) -> None:
        try:
            asyncio.run(self._entry(trials))
        except BaseException as error:  # noqa: BLE001 - handed to whoever waits
            if not (self._is_stopping and isinstance(error, asyncio.CancelledError)):
                self.crash = _broken("calling the backends", error)
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
        except Exception as error:  # noqa: BLE001 - a backend may be of another distribution and raise anything
            self._fail_all(trials, self._failure(backend, error))
            return
        if not missing:
            return
        try:
            await backend.start()
        except Exception as error:  # noqa: BLE001 - as above
            self._fail_all([trial for trial, _ in missing], self._failure(backend, error))
        else:
            await self._call_all(backend, missing)
        finally:
            with suppress(Exception):  # every answer is there: a backend that does not end cannot hold the run up
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
        found = self._recorded([key for _, key in keyed])
        missing = []
        for trial, key in keyed:
            if (generation := found.get(key)) is not None:
                self._complete(trial, generation, key)
            elif mode == "only":
                self._complete(trial, self._not_recorded(trial), key)
            else:
                missing.append((trial, key))
        return missing

    def _recorded(self, keys: Sequence[str]) -> Mapping[str, Generation]:
        """The answers that are recorded; none, with a notice, where they cannot be read and models may be asked."""
        assert self._cache is not None
        try:
            return self._cache.get_many(keys)
        except RecordError as error:
            if self._settings.cache_mode == "only":
                raise
            self._notice(str(error))
            return {}

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
                if self._is_stopping:
                    return
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
        self._counts["calls"] += 1
        self._counts["in_flight"] += 1
        try:
            return await call(
                backend,
                request,
                max_retries=self._settings.max_retries,
                random=self._random,
                on_retry=self._count_retry,
            )
        except BaseException as error:
            if self._is_stopping and isinstance(error, asyncio.CancelledError):
                raise
            _forget_cancellation()
            return self._failure(backend, error)
        finally:
            self._counts["in_flight"] -= 1

    @staticmethod
    def _failure(backend: Backend, error: BaseException) -> CallError:
        """What a trial says of an error; one that no backend may raise is the backend's own fault."""
        if isinstance(error, BackendError):
            return CallError(kind=error.kind, message=str(error))
        if isinstance(error, HarnessError):
            return CallError(kind="rejected", message=str(error))
        return CallError(
            kind="crashed",
            message=f"backend '{backend.spec.name}' broke off: {described_error(error, placed=True)}; mend it",
        )

    def _count_retry(self) -> None:
        self._counts["retries"] += 1

    def _fail_all(self, trials: Sequence[Trial], error: CallError) -> None:
        for trial in trials:
            self._complete(trial, error, "")

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


def _forget_cancellation() -> None:
    """Undo what a backend did that cancelled the task it was called in."""
    task = asyncio.current_task()
    while task is not None and task.uncancel() > 0:
        pass


def _broken(doing: str, error: BaseException) -> HarnessError:
    return HarnessError(
        f"the run broke off while {doing}: {described_error(error, placed=True)}; answers that came before are kept "
        "and recorded; this is a fault of the harness: please report it"
    )
