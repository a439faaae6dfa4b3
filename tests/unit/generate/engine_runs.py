"""Engines on a backend that answers with the question, for tests."""

from __future__ import annotations

import asyncio
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from harness.generate import Engine, Sitting, Wiring
from harness.plan import cache_content, identity_text
from harness.schema import BackendSpec, Generation, Message, Sample, Trial

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from harness.errors import BackendError
    from harness.generate import Completion, Store
    from harness.schema import CallError, Request, Settings


class Echo:
    """Answers with the user's message; counts what is in flight; fails as told."""

    def __init__(
        self, *, concurrency: int = 4, fail: Callable[[Request, int], BackendError | None] | None = None
    ) -> None:
        self.spec = BackendSpec("echo", "echo", "echo", {}, Path(), timeout_s=5.0)
        self.concurrency = concurrency
        self.cacheable = True
        self.fail = fail
        self.calls: list[Request] = []
        self.in_flight = self.most_in_flight = 0
        self.started = self.stopped = 0
        self.hold: asyncio.Event | None = None

    def identity(self) -> Mapping[str, object]:
        return {"provider": "echo"}

    async def start(self) -> None:
        self.started += 1

    async def stop(self) -> None:
        self.stopped += 1

    async def generate(self, request: Request) -> Generation:
        self.calls.append(request)
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            await asyncio.sleep(0.001 if self.hold is None else 60)
        finally:
            self.in_flight -= 1
        if self.fail is not None:
            tries = sum(call == request for call in self.calls)
            error = self.fail(request, tries)
            if error is not None:
                raise error
        return Generation(text=request.messages[-1].content, cost_usd=0.5)


def trials(count: int) -> list[Trial]:
    made = []
    for number in range(count):
        sample = Sample(str(number), {}, (), None, (), f"d.jsonl:{number + 1}")
        made.append(Trial(f"t{number}", "s", "v", "echo", sample, 1, (Message("user", f"q{number}"),)))
    return made


class Run:
    def __init__(
        self,
        backend: Echo,
        settings: Settings,
        store: Store | None = None,
        *,
        why_not: Callable[[Trial], str | None] = lambda _trial: None,
    ) -> None:
        self.completions: list[Completion] = []
        self.threads: set[str] = set()
        wiring = Wiring(
            backend_of=lambda _trial: backend,
            describe=identity_text,
            content_of=lambda trial, identity: cache_content(identity, trial.messages, trial.repeat),
            deliver=self._deliver,
            why_not=why_not,
        )
        sitting = Sitting("r", datetime(2026, 11, 22, tzinfo=UTC), store)
        self.engine = Engine(wiring, settings, sitting)

    def _deliver(self, batch: Sequence[Completion]) -> None:
        self.threads.add(threading.current_thread().name)
        self.completions.extend(batch)

    def all(self, work: Sequence[Trial]) -> dict[str, Generation | CallError]:
        self.engine.start(work)
        self.engine.join()
        assert self.engine.crash is None, self.engine.crash
        answers = {completion.trial.trial_id: completion.answer for completion in self.completions}
        assert len(answers) == len(self.completions)
        return answers
