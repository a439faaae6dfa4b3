"""The questions that metrics ask models about answers: put to the backends' runs until every trial is over."""

from __future__ import annotations

import asyncio
from collections import deque
from functools import partial
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field
from msgspec.structs import replace

from harness.errors import HarnessError
from harness.generate.asked import Asked, asked_of
from harness.generate.companions import Companions
from harness.schema import CallError, Generation

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from harness.backends import Backend
    from harness.generate.backend_run import BackendRun
    from harness.generate.companions import Peers
    from harness.generate.completion import Completion
    from harness.schema import Question, Trial

_AHEAD = 2
"""Trials that are asked about at once, for each call that the judges may have in flight: most ask one after another."""


class Inquiries(Struct, frozen=True):
    """What there is to ask about the trials of some suites."""

    judges: Mapping[str, Mapping[str, Backend]] = field(default_factory=dict)
    """By suite and name: the backends that its metrics ask. Trials of other suites are over with their answer."""
    inquire: Callable[..., Awaitable[Any]] | None = None
    """Trial, Generation, AskFor → asks all that is to be asked about an answer; what comes out is handed on with it.

    In suites of `comparing` it also gets `peers`: by variant, the trial and what came of it.
    """
    comparing: frozenset[str] = frozenset()
    """Suites whose answers are compared with those of other variants."""

    def of(self, trials: Sequence[Trial]) -> list[Backend]:
        """The backends that are asked about these trials, each once."""
        suites = dict.fromkeys(trial.suite for trial in trials) if self.judges else {}
        return list({id(each): each for suite in suites for each in self.judges.get(suite, {}).values()}.values())


class Asking:
    """The trials of one run that are asked about; belongs to the engine's loop, but for `n_open`."""

    def __init__(self, inquiries: Inquiries, over: Callable[[Completion], None]) -> None:
        """`over` takes each trial again when there is nothing more to ask about it."""
        self._inquiries = inquiries
        self._over = over
        self._runs: Mapping[int, BackendRun] = {}
        self._group: asyncio.TaskGroup | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._waiting: deque[tuple[Completion, Peers | None]] = deque()
        self._companions = Companions(inquiries.comparing)
        self._new: list[tuple[BackendRun, Asked]] = []
        self._shared: dict[str, asyncio.Future[Generation | CallError]] = {}
        self._width = self._left = 0

    @property
    def n_open(self) -> int:
        """Trials whose answer is there, and that are not over."""
        return len(self._waiting) + len(self._tasks) + self._companions.n_waiting

    def asks_about(self, trial: Trial) -> bool:
        """Whether there is something to ask about the trial."""
        return trial.suite in self._inquiries.judges

    def open(self, trials: Sequence[Trial], group: asyncio.TaskGroup) -> None:
        """Expect these trials, and work in this group."""
        self._group = group
        self._left = sum(self.asks_about(trial) for trial in trials)
        self._companions.expect(trials)

    def runs(self, runs: Mapping[int, BackendRun], *, width: int) -> None:
        """Ask these, by their backend; they may call `width` at once."""
        self._runs = runs
        self._width = _AHEAD * width

    def answered(self, completion: Completion) -> None:
        """An answer is there: a question's goes to who asked, a trial's is asked about in its turn."""
        if isinstance(completion.trial, Asked):
            if not completion.trial.answer.done():  # nobody waits any more
                completion.trial.answer.set_result(completion.answer)
            return
        self._settle(completion)

    def lost(self, completion: Completion) -> None:
        """A trial has no answer, so that there is nothing to ask about it."""
        if self.asks_about(completion.trial):
            if completion.trial.suite in self._inquiries.comparing:
                self._settle(completion)
            self._one_less()

    def _settle(self, completion: Completion) -> None:
        ready = self._companions.settle(completion)
        self._waiting.extend(each for each in ready if isinstance(each[0].answer, Generation))
        self._next()

    def abandon(self) -> None:
        """Nothing is called any more: what was asked stays without an answer, and its trials are not over."""
        self._waiting.clear()
        self._companions.abandon()
        for task in tuple(self._tasks):
            task.cancel()

    # -- a trial ------------------------------------------------------------------------------------------------

    def _next(self) -> None:
        assert self._group is not None
        while self._waiting and len(self._tasks) < self._width:
            task = self._group.create_task(self._inquire(*self._waiting.popleft()))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _inquire(self, completion: Completion, peers: Peers | None) -> None:
        assert self._inquiries.inquire is not None
        assert isinstance(completion.answer, Generation)
        refused: list[CallError] = []
        ask = partial(self._ask, (completion.trial, refused))
        compared = {} if peers is None else {"peers": peers}
        found = await self._inquiries.inquire(completion.trial, completion.answer, ask, **compared)
        over = replace(completion, key="", content="", is_kept=True, findings=found)
        self._over(replace(over, answer=refused[0]) if refused else over)
        task = asyncio.current_task()
        assert task is not None
        self._tasks.discard(task)
        self._next()
        self._one_less()

    def _one_less(self) -> None:
        self._left -= 1
        if self._left == 0:
            for run in self._runs.values():
                run.close()

    # -- a question ---------------------------------------------------------------------------------------------

    async def _ask(
        self, about: tuple[Trial, list[CallError]], metric: str, question: Question
    ) -> Generation | CallError:
        """The answer to what the metric asks about a trial; that no more may be asked is noted beside the trial."""
        trial, refused = about
        backend = self._judge(trial, metric, question.backend)
        asked = asked_of(
            trial,
            metric,
            question,
            answer=asyncio.get_running_loop().create_future(),
            takes_params=bool(getattr(backend, "takes_params", False)),
        )
        if question.is_shared:
            answer = await self._ask_once(backend, asked)
        else:
            self._put(backend, asked)
            answer = await asked.answer
        if isinstance(answer, CallError) and answer.kind == "not_run":
            why = answer.message.removeprefix("not run: ")
            refused.append(CallError("not_run", f"not run: metric '{metric}' could not ask: {why}"))
        return answer

    def _judge(self, trial: Trial, metric: str, name: str) -> Backend:
        judges = self._inquiries.judges[trial.suite]
        if name not in judges:
            raise HarnessError(
                f"metric '{metric}' asks the backend '{name}'; allowed: those of its attribute backends "
                f"({', '.join(judges)}); add it there"
            )
        return judges[name]

    async def _ask_once(self, backend: Backend, asked: Asked) -> Generation | CallError:
        """The answer to a question that all trials ask: the first of them pays, unless it gets none."""
        known = self._shared.get(asked.trial_id)
        if known is None or (known.done() and isinstance(known.result(), CallError)):
            self._shared[asked.trial_id] = asked.answer
            self._put(backend, asked)
            return await asyncio.shield(asked.answer)
        answer = await asyncio.shield(known)
        return answer if isinstance(answer, CallError) else replace(answer, from_cache=True)

    def _put(self, backend: Backend, asked: Asked) -> None:
        """Hand the question to its backend's run, with the others of this moment."""
        if not self._new:
            asyncio.get_running_loop().call_soon(self._hand_over)
        self._new.append((self._runs[id(backend)], asked))

    def _hand_over(self) -> None:
        new, self._new = self._new, []
        by_run: dict[int, tuple[BackendRun, list[Asked]]] = {}
        for run, asked in new:
            by_run.setdefault(id(run), (run, []))[1].append(asked)
        for run, questions in by_run.values():
            run.take(questions)
