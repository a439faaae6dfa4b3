"""All trials of one backend: what is known is answered at once, the rest is called, so many at a time."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, cast

from msgspec import Struct
from msgspec.structs import replace

from harness.errors import RecordError
from harness.generate.asked import Asked
from harness.generate.completion import Completion
from harness.generate.failures import failure
from harness.schema import CallError, canonical_json, content_key
from harness.wording import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from harness.backends import Backend
    from harness.generate.caller import Caller
    from harness.generate.store import Journalled, Store
    from harness.schema import CacheMode, Generation, Trial
    from harness.trace import NoTracer, Tracer

_STOP_S = 30.0
"""Longest that a backend may take to stop."""
_WINDOW = 128
"""Keys claimed at once: two runs of a project then share the work in small pieces."""
_AGAIN_S = 0.1
"""Wait before asking again whether another run has answered what it had claimed."""


class Parts(Struct, frozen=True):
    """What the runs of all backends share; belongs to one event loop."""

    store: Store | None
    """Where answers are kept; None keeps none."""
    mode: CacheMode
    """What the store is used for."""
    complete: Callable[[Completion], None]
    """Takes each completion."""
    notice: Callable[[str], None]
    """Takes what the user should know of a run that goes on."""
    describe: Callable[[Mapping[str, object]], str]
    """A backend's identity → its canonical text."""
    content_of: Callable[[Trial, str], str]
    """A trial and its backend's text → what the cache key is the digest of."""
    journalled: Mapping[str, Journalled]
    """Answers of earlier sittings of this run, by trial id."""
    waiting: dict[str, tuple[Trial, ...]]
    """By key that is going to be called: further trials that it answers too, of whatever backend."""
    is_stopping: Callable[[], bool]
    """Whether no more calls shall begin."""
    tracer: Tracer | NoTracer
    """Sees the run."""
    why_not: Callable[[Trial], str | None] = lambda _trial: None
    """Why a trial need not be called any more; None where it is."""


class BackendRun:
    """The trials of one backend."""

    def __init__(self, backend: Backend, trials: Sequence[Trial], parts: Parts, *, is_open: bool = False) -> None:
        """Nothing is looked up or called before `run`; one that `is_open` waits for more until it is closed."""
        self._backend = backend
        self._trials = trials
        self._parts = parts
        self._is_open = is_open
        self._more = asyncio.Event()
        self._refusal: CallError | None = None
        self._identity = ""
        self._own_identities: dict[str, str] = {}
        self._is_paid = bool(getattr(backend, "paid", True))
        self._claims = parts.mode == "use" and parts.store is not None and backend.cacheable
        self._pending: deque[tuple[Trial, str]] = deque()
        self._first: deque[tuple[Trial, str]] = deque()
        self._ready: deque[tuple[Trial, str]] = deque()
        self._elsewhere: deque[tuple[Trial, str]] = deque()
        self._refilling = asyncio.Lock()

    async def run(self, caller: Caller, width: int) -> None:
        """Answer every trial, and what is taken while it is open; at most `width` calls are under way at once."""
        if self._trials:
            self._answer_known(self._trials)
        while self._is_open and not (self._pending or self._first):  # a backend that nobody has to ask is not started
            await self._something_new()
        if not (self._pending or self._first):
            return
        try:
            await self._backend.start()
        except Exception as error:  # noqa: BLE001 - a backend may be of another distribution and raise anything
            await self._refuse(failure(self._backend, error))
        else:
            await self._call_all(caller, width if self._is_open else min(width, len(self._pending)))
        finally:
            with suppress(Exception):  # every answer is there: a backend that does not end cannot hold the run up
                async with asyncio.timeout(_STOP_S):
                    await self._backend.stop()

    # -- what comes later ---------------------------------------------------------------------------------------

    def take(self, questions: Sequence[Asked]) -> None:
        """Answer these too, and before trials that nobody has called yet: what is begun is to be over soon."""
        later, self._pending = self._pending, self._first
        self._answer_known(questions)
        self._pending = later
        if self._refusal is not None:
            self._give_up(self._refusal)
        self._more.set()

    def close(self) -> None:
        """Nothing is taken any more."""
        self._is_open = False
        self._more.set()

    async def _something_new(self) -> None:
        self._more.clear()
        await self._more.wait()

    # -- what is known ------------------------------------------------------------------------------------------

    def _answer_known(self, trials: Sequence[Trial]) -> None:
        """Complete what needs no call; the rest is pending."""
        try:
            self._look_up(trials)
        except Exception as error:  # noqa: BLE001 - a backend may be of another distribution and raise anything
            refusal = failure(self._backend, error)
            for trial in trials:
                self._parts.complete(Completion(trial, refusal))

    def _look_up(self, trials: Sequence[Trial]) -> None:
        """Complete the trials whose answers are recorded; the others are pending, each key once."""
        parts = self._parts
        if parts.store is None or not self._backend.cacheable:
            self._pending.extend((trial, "") for trial in trials)
            return
        self._identity = self._identity or parts.describe(self._backend.identity())
        keyed = [(trial, content_key(self._content(trial))) for trial in trials]
        rest = [each for each in keyed if not self._is_journalled(*each)]
        self._tell_changed([trial for trial, _ in rest])
        found: Mapping[str, Generation] = {}
        is_later = trials is not self._trials
        if parts.mode in {"use", "only"} or (is_later and parts.mode == "refresh"):  # then what this run has recorded
            began_ns = time.time_ns()
            found = self._recorded([key for _, key in rest])
            if not is_later:
                parts.tracer.looked_up([trial for trial, _ in rest], began_ns, time.time_ns(), n_found=len(found))
        for trial, key in rest:
            if (generation := found.get(key)) is not None:
                parts.complete(Completion(trial, generation, key))
            elif parts.mode == "only":
                parts.complete(Completion(trial, self._not_recorded(trial), key))
            else:
                self._await_call(trial, key)

    def _content(self, trial: Trial) -> str:
        """What the cache key is the digest of; a trial's own parameters are the backend's for it."""
        if not trial.params:
            return self._parts.content_of(trial, self._identity)
        params = canonical_json(trial.params)
        if params not in self._own_identities:
            identity = self._backend.identity()
            merged = {**cast("Mapping[str, object]", identity.get("params") or {}), **trial.params}
            self._own_identities[params] = self._parts.describe({**identity, "params": merged})
        return self._parts.content_of(trial, self._own_identities[params])

    def _is_journalled(self, trial: Trial, key: str) -> bool:
        known = self._parts.journalled.get(trial.trial_id)
        if known is None or known.key != key:
            return False
        self._parts.complete(Completion(trial, known.generation, key, is_kept=True))
        return True

    def _tell_changed(self, rest: Sequence[Trial]) -> None:
        if changed := sum(trial.trial_id in self._parts.journalled for trial in rest):
            answers = f"{counted(changed, 'answer')} of the earlier sitting {'was' if changed == 1 else 'were'}"
            name = self._backend.spec.name
            self._parts.notice(f"backend '{name}': {answers} to questions that have changed since: asked again")

    def _recorded(self, keys: Sequence[str]) -> Mapping[str, Generation]:
        """The answers that are recorded; none, with a notice, where they cannot be read and models may be asked."""
        assert self._parts.store is not None
        try:
            return self._parts.store.get_many(keys)
        except RecordError as error:
            if self._parts.mode == "only":
                raise
            self._parts.notice(str(error))
            return {}

    def _not_recorded(self, trial: Trial) -> CallError:
        assert self._parts.store is not None
        why = self._parts.store.nearest(trial.trial_id, self._content(trial))
        asked = f"metric '{trial.metric}', which asks {trial.backend} about " if isinstance(trial, Asked) else ""
        backend = trial.about.backend if isinstance(trial, Asked) else trial.backend
        message = (
            f"no answer is recorded for {asked}{trial.variant} on {backend}, sample '{trial.sample.sample_id}': {why}; "
            "--prompt-cache only calls no model; run once with --prompt-cache use"
        )
        return CallError(kind="missing", message=message)

    def _await_call(self, trial: Trial, key: str) -> None:
        """Put the trial in line, or with the one that asks the same."""
        if self._parts.mode == "off":
            self._pending.append((trial, key))
        elif (others := self._parts.waiting.get(key)) is not None:
            self._parts.waiting[key] = (*others, trial)
        else:
            self._parts.waiting[key] = ()
            self._pending.append((trial, key))

    # -- what is called -----------------------------------------------------------------------------------------

    async def _call_all(self, caller: Caller, width: int) -> None:
        async def worker() -> None:
            while not self._parts.is_stopping() and (each := await self._next()) is not None:
                under_way.add(each[1])
                self._complete(*each, await self._answer(*each, caller))
                under_way.discard(each[1])

        under_way: set[str] = set()
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(width):
                    group.create_task(worker())
        finally:
            self._release([*under_way, *(key for _, key in self._ready)])

    async def _answer(self, trial: Trial, key: str, caller: Caller) -> Generation | CallError:
        """The answer, unless it is needed no more, by this trial or by others that ask the same."""
        is_alone = not isinstance(trial, Asked) and not self._parts.waiting.get(key)
        why_not = self._parts.why_not(trial) if is_alone else None
        return await caller.answer(trial) if why_not is None else CallError("stopped_early", f"not run: {why_not}")

    async def _next(self) -> tuple[Trial, str] | None:
        """The next trial to call; None when there is none any more."""
        while self._first or not self._ready:
            async with self._refilling:
                if self._first:
                    self._make_first_ready()
                elif not self._ready and not await self._refill() and not self._first:
                    if not self._is_open:
                        return None
                    await self._something_new()
                if self._parts.is_stopping():
                    return None
        return self._ready.popleft()

    def _make_first_ready(self) -> None:
        first, self._first = self._first, deque()
        later, self._ready = self._ready, deque()
        if self._claims:
            self._claim(first)
        else:
            self._ready.extend(first)
        self._ready.extend(later)

    async def _refill(self) -> bool:
        """Make trials ready that this run may call now; False when all are done or under way."""
        if not self._claims:
            self._ready, self._pending = self._pending, self._ready
        while not (self._ready or self._first or self._parts.is_stopping()) and (self._pending or self._elsewhere):
            line = self._pending or self._elsewhere
            if line is self._elsewhere:
                await asyncio.sleep(_AGAIN_S)
            self._claim([line.popleft() for _ in range(min(_WINDOW, len(line)))])
        return bool(self._ready)

    def _claim(self, wanted: Sequence[tuple[Trial, str]]) -> None:
        """Take what no other run is calling; what another has answered meanwhile is complete."""
        assert self._parts.store is not None
        try:
            claim = self._parts.store.claim([key for _, key in wanted])
        except RecordError as error:  # better to pay twice than not to run
            self._parts.notice(str(error))
            self._ready.extend(wanted)
            return
        for trial, key in wanted:
            if (generation := claim.answered.get(key)) is not None:
                self._complete(trial, key, generation)
            elif key in claim.granted:
                self._ready.append((trial, key))
            else:
                self._elsewhere.append((trial, key))

    def _complete(self, trial: Trial, key: str, answer: Generation | CallError) -> None:
        """Hand the answer on, to the trials that asked the same as well."""
        parts = self._parts
        if isinstance(answer, CallError):
            self._release([key])
            content = ""
        else:
            content = self._content(trial) if key and not answer.from_cache else ""
        parts.complete(Completion(trial, answer, key, content, is_paid=self._is_paid))
        for other in parts.waiting.pop(key, ()):
            shared = answer if isinstance(answer, CallError) else replace(answer, from_cache=True)
            parts.complete(Completion(other, shared, key))

    def _release(self, keys: Sequence[str]) -> None:
        """Let other runs call what this one will not answer."""
        if self._claims and keys and self._parts.store is not None:
            with suppress(RecordError):
                self._parts.store.release(keys)

    async def _refuse(self, error: CallError) -> None:
        """The backend did not start: what needs a call gets no answer, now and until nothing more is taken."""
        self._refusal = error
        self._give_up(error)
        while self._is_open:
            await self._something_new()

    def _give_up(self, error: CallError) -> None:
        pending = [*self._first, *self._pending]
        self._first.clear()
        self._pending.clear()
        for trial, key in pending:
            self._complete(trial, key, error)
