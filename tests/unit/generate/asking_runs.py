"""Engines that ask a second model about each answer, for tests."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from harness.generate import Engine, Inquiries, Sitting, Wiring
from harness.plan import cache_content, identity_text
from harness.schema import BackendSpec, Generation, Message, Question
from tests.unit.generate.engine_runs import Echo

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from harness.generate import Completion, Store
    from harness.schema import AskFor, Settings, Trial


class Judge(Echo):
    """Another model, whose calls can be told from those of the model under test."""

    def __init__(self, **more: Any) -> None:
        super().__init__(**more)
        self.spec = BackendSpec("judge", "echo", "big", {}, self.spec.folder, timeout_s=5.0)
        self.takes_params = True

    def identity(self) -> dict[str, object]:
        return {"provider": "judge", "params": {"temperature": 0}}


def question(text: str, **more: Any) -> Question:
    return Question("judge", (Message("user", text),), **more)


async def rate(_trial: Trial, generation: Generation, ask: AskFor) -> object:
    """Two questions about each answer."""
    found = await asyncio.gather(*(ask("m", question(f"{name} {generation.text}")) for name in ("a", "b")))
    return [each.text if isinstance(each, Generation) else each for each in found]


class Run:
    def __init__(
        self,
        settings: Settings,
        store: Store | None = None,
        *,
        inquire: Callable[[Trial, Generation, AskFor], Awaitable[Any]] = rate,
        journalled: dict[str, Any] | None = None,
    ) -> None:
        self.model = Echo()
        self.judge = Judge()
        self.over: list[Completion] = []
        self._inquire = inquire
        self._settings = settings
        self._sitting = Sitting("r", datetime(2026, 11, 22, tzinfo=UTC), store, journalled=journalled or {})

    def start(self, work: Sequence[Trial]) -> Engine:
        wiring = Wiring(
            backend_of=lambda _trial: self.model,
            describe=identity_text,
            content_of=lambda trial, identity: cache_content(identity, trial.messages, trial.repeat),
            deliver=self.over.extend,
            inquiries=Inquiries({"s": {"judge": self.judge}}, self._inquire),
        )
        self.engine = Engine(wiring, self._settings, self._sitting)
        self.engine.start(work)
        return self.engine

    def all(self, work: Sequence[Trial]) -> dict[str, Completion]:
        engine = self.start(work)
        engine.join()
        assert engine.crash is None, engine.crash
        assert len({each.trial.trial_id for each in self.over}) == len(self.over)
        return {each.trial.trial_id: each for each in self.over}
