"""The engine: all selected trials on one asyncio loop in a background thread.

Three threads beside pytest's own: `prompt-engine` runs the loop and talks to the backends; `prompt-journal` makes
answers durable; `prompt-delivery` hands them on to be scored.
"""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress
from random import Random
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field
from msgspec.structs import replace

from harness.errors import HarnessError, RecordError
from harness.generate.asked import Asked, is_of_trial
from harness.generate.asking import Asking, Inquiries
from harness.generate.backend_run import BackendRun, Parts
from harness.generate.budget import open_budget
from harness.generate.caller import Caller
from harness.generate.calls import Line
from harness.generate.delivery import Delivery
from harness.generate.store import Row, Totals
from harness.generate.tally import Tally
from harness.generate.traffic import Traffic
from harness.schema import Generation
from harness.trace import NO_TRACER
from harness.wording import counted, described_error

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from harness.backends import Backend
    from harness.generate.completion import Completion
    from harness.generate.sitting import Sitting
    from harness.schema import Progress, Settings, Trial
    from harness.trace import NoTracer, Tracer

_DRAIN_S = 10.0
"""Longest that a stopped run waits for the calls under way: they are paid for, so their answers are kept."""
_KEY_BYTES = 32
"""Length of a cache key: a SHA-256."""
_PATIENCE_S = 35.0
"""Longest that `stop` waits for each thread: a backend or a metric that does not end cannot hold the record up."""


class Wiring(Struct, frozen=True):
    """What the engine needs of other rooms."""

    backend_of: Callable[[Trial], Backend]
    """Who answers a trial."""
    describe: Callable[[Mapping[str, object]], str]
    """A backend's identity → its canonical text."""
    content_of: Callable[[Trial, str], str]
    """A trial and its backend's text → what its cache key is the digest of."""
    deliver: Callable[[Sequence[Completion]], None]
    """Takes batches of completions, in the delivery thread."""
    inquiries: Inquiries = field(default_factory=Inquiries)
    """What metrics ask models about answers, before these are handed on."""
    why_not: Callable[[Trial], str | None] = lambda _trial: None
    """Why a trial need not be called any more; asked just before, in the network thread."""


class Engine:
    """Runs trials together; each result is delivered once."""

    def __init__(
        self,
        wiring: Wiring,
        settings: Settings,
        sitting: Sitting,
        *,
        tracer: Tracer | NoTracer = NO_TRACER,
    ) -> None:
        """Make an engine that is not yet running."""
        self._wiring = wiring
        self._settings = settings
        self._sitting = sitting
        self._store = sitting.store
        self._tally = Tally(sitting.before)
        self._tracer = tracer
        self._budget = open_budget(
            settings,
            spent_usd=sitting.spent_usd,
            spent_elsewhere=self._store.spent_elsewhere if self._store is not None else None,
            notice=self._notice,
        )
        self._delivery = Delivery(keep=self._keep, deliver=self._deliver, broken=self._delivery_broke)
        self._lost_usd = 0.0
        self._keys = bytearray()
        self._traffic: list[Traffic] = []
        self._asking: Asking | None = None
        self._open_runs: list[BackendRun] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._main: asyncio.Task[None] | None = None
        self._network: threading.Thread | None = None
        self._is_stopping = self._is_abandoned = self._hurries = False
        self.crash: HarnessError | None = None
        """What ended the engine by surprise; whoever waits for a trial raises it."""
        self.is_whole = True
        """Whether the trials are all that earlier sittings of the run answered, or more."""
        self._notices = list(sitting.notices)

    @property
    def notices(self) -> Sequence[str]:
        """What the user should know of a run that goes on nevertheless; more come until it ends."""
        return [*(self._store.notices if self._store is not None else ()), *self._notices]

    def start(self, trials: Sequence[Trial]) -> None:
        """Begin with the trials, in their order; returns at once.

        Raises:
            UsageError: there is a budget, and what calls may cost is not known.

        """
        judges = self._wiring.inquiries.of(trials)
        if self._budget is not None:
            asked = {id(backend): backend for backend in (*map(self._wiring.backend_of, trials), *judges)}
            self._budget.check(asked.values())
        if judges:
            self._asking = Asking(self._wiring.inquiries, self._over)
        self._tell_left_out(trials)
        self._tally.begin(len(trials))
        self._network = threading.Thread(target=self._run, args=(trials,), name="prompt-engine", daemon=True)
        self._network.start()
        self._delivery.start()

    def _tell_left_out(self, trials: Sequence[Trial]) -> None:
        known = set(filter(is_of_trial, self._sitting.journalled))
        if known and (left_out := len(known - {trial.trial_id for trial in trials})):
            self.is_whole = False
            trials_are = f"{counted(left_out, 'trial')} of the earlier sitting {'is' if left_out == 1 else 'are'}"
            same = "resume it with the same paths and options to have all of them"
            self._notice(f"{trials_are} not selected now, and left out of the record, but kept; {same}")

    def progress(self, *, scored: int = 0) -> Progress:
        """Where the run is now; how many trials are scored is known to whom they are delivered."""
        traffic = tuple(self._traffic)
        in_flight = sum(each.in_flight for each in traffic)
        judging = self._asking.n_open if self._asking is not None else 0
        backends = tuple(each.progress() for each in traffic)
        return self._tally.progress(backends, in_flight=in_flight, judging=judging, scored=scored)

    def stop(self, *, wait: bool = True) -> None:
        """Begin no more calls, deliver what is answered, and return when both threads have ended, or would not end.

        Calls under way may still end within a few seconds. Without `wait` it returns at once, and the threads end with
        the process.
        """
        self._is_abandoned = self._is_abandoned or not wait
        self._is_stopping = True
        if self._network is None:
            return
        if not self._is_abandoned:
            self._tell_loop(self._send_no_more)
            self._network.join(_DRAIN_S)
        self._cancel_calls()
        if not self._is_abandoned:
            self._network.join(_PATIENCE_S)
            self._delivery.end()  # the network thread's own end, should it not come to it
            self._delivery.join(_PATIENCE_S)
            if self._tally.done < self._tally.total or self._tally.errors or self._tally.not_run:
                self._keep(())  # calls that came to nothing count too, when the run is resumed
        self._hurries = not wait
        self._is_abandoned = True
        self._delivery.abandon()

    def _cancel_calls(self) -> None:
        main = self._main
        answered = self._tally.done == self._tally.total  # then only the backends are still being stopped
        if main is not None and not main.done() and not answered:
            self._tell_loop(main.cancel)

    def _send_no_more(self) -> None:
        for traffic in self._traffic:
            traffic.close()
        for run in self._open_runs:
            run.close()

    def _tell_loop(self, action: Callable[[], object]) -> None:
        if self._loop is not None:
            with suppress(RuntimeError):  # the loop may just have closed by itself
                self._loop.call_soon_threadsafe(action)

    def recording(self) -> Mapping[str, Any] | None:
        """How many recorded answers the run used, and the digest of them; None where none are recorded."""
        is_kept = self._store is not None and self._settings.cache_mode != "off" and bool(self._keys)
        if self._store is None or not is_kept or self._hurries:
            return None
        keys = {self._keys[start : start + _KEY_BYTES].hex() for start in range(0, len(self._keys), _KEY_BYTES)}
        try:
            return {"answers": len(keys), "digest": self._store.digest(keys)}
        except RecordError as error:
            self._notice(str(error))
            return None

    def join(self) -> None:
        """Wait until every trial is delivered and the backends are stopped."""
        if self._network is not None:
            self._network.join()
            self._delivery.join()

    # -- the journal thread -------------------------------------------------------------------------------------

    def _keep(self, batch: Sequence[Completion]) -> None:
        """Make answers durable, with the run's totals: the journal has them before anybody hears of them."""
        if self._store is None:
            return
        answered = [each for each in batch if isinstance(each.answer, Generation)]
        self._keys += b"".join(bytes.fromhex(each.key) for each in answered if each.key)
        rows = [
            Row(completion.trial.trial_id, completion.key, completion.content, completion.answer)
            for completion in batch
            if isinstance(completion.answer, Generation)
            and not completion.is_kept
            and (completion.key or completion.answer.cost_usd)
        ]
        tally, lost_usd = self._tally, self._lost_usd
        if self._budget is not None:
            self._lost_usd = self._budget.unknown_usd
        all_lost_usd = self._lost_usd + (self._sitting.before.lost_usd if self._sitting.before else 0.0)
        totals = Totals(tally.calls, tally.retries, tally.spent_usd, all_lost_usd, tally.elapsed_s)
        try:
            if rows or self._lost_usd > lost_usd or not batch:
                self._store.put(rows, totals, lost_usd=self._lost_usd - lost_usd)
        except RecordError as error:  # the answers are there all the same: they are scored and recorded
            self._notice(str(error))

    def _deliver(self, batch: Sequence[Completion]) -> None:
        over = batch if self._asking is None else [each for each in batch if each.is_over]
        if over:
            self._wiring.deliver(over)

    def _delivery_broke(self, error: BaseException) -> None:
        self.crash = _broken("delivering answers", error)

    def _notice(self, text: str) -> None:
        if text not in self._notices:
            self._notices.append(text)

    # -- the network thread -------------------------------------------------------------------------------------

    def _run(self, trials: Sequence[Trial]) -> None:
        try:
            asyncio.run(self._entry(trials))
        except BaseException as error:  # noqa: BLE001 - handed to whoever waits
            if not (self._is_stopping and isinstance(error, asyncio.CancelledError)):
                self.crash = _broken("calling the backends", error)
        finally:
            self._tally.end()
            self._delivery.end()

    async def _entry(self, trials: Sequence[Trial]) -> None:
        self._loop = asyncio.get_running_loop()
        self._main = asyncio.current_task()
        by_backend: dict[int, tuple[Backend, list[Trial]]] = {}
        for trial in trials:
            backend = self._wiring.backend_of(trial)
            by_backend.setdefault(id(backend), (backend, []))[1].append(trial)
        async with asyncio.TaskGroup() as inquiries:
            judges = self._open_judges(trials, inquiries)
            for judge in judges:
                by_backend.setdefault(id(judge), (judge, []))
            await self._run_backends(by_backend, frozenset(map(id, judges)))
            if self._asking is not None:
                self._asking.abandon()

    def _open_judges(self, trials: Sequence[Trial], group: asyncio.TaskGroup) -> Sequence[Backend]:
        if self._asking is None:
            return ()
        self._asking.open(trials, group)
        return self._wiring.inquiries.of(trials)

    async def _run_backends(self, work: Mapping[int, tuple[Backend, list[Trial]]], judges: Collection[int]) -> None:
        parts = self._parts()
        runs = {key: BackendRun(backend, own, parts, is_open=key in judges) for key, (backend, own) in work.items()}
        if self._asking is not None:
            self._open_runs = [runs[key] for key in judges]
            width = sum(self._width(work[key][0]) for key in judges)
            self._asking.runs({key: runs[key] for key in judges}, width=width)
        async with asyncio.TaskGroup() as group:
            for key, (backend, _) in work.items():
                group.create_task(self._run_backend(backend, runs[key]))

    def _width(self, backend: Backend) -> int:
        return self._settings.concurrency or backend.concurrency

    async def _run_backend(self, backend: Backend, run: BackendRun) -> None:
        width = self._width(backend)
        traffic = Traffic(backend.spec, width)
        self._traffic.append(traffic)
        random = Random()  # noqa: S311 - jitter of waits, no secret
        sent = self._tally.sent if backend.cacheable else _not_counted  # a recorded answer is no call
        line = Line(traffic, self._settings.max_retries, random, sent, self._budget)
        await run.run(Caller(backend, line, tracer=self._tracer, is_stopping=lambda: self._is_stopping), width)

    def _parts(self) -> Parts:
        return Parts(
            store=self._store,
            mode=self._settings.cache_mode,
            complete=self._complete,
            notice=self._notice,
            describe=self._wiring.describe,
            content_of=self._wiring.content_of,
            journalled=self._sitting.journalled,
            waiting={},
            is_stopping=lambda: self._is_stopping,
            tracer=self._tracer,
            why_not=self._wiring.why_not,
        )

    def _complete(self, completion: Completion) -> None:
        self._tally.answered(completion)
        if self._asking is None:
            self._over(completion)
        else:
            self._ask_about(completion, self._asking)

    def _ask_about(self, completion: Completion, asking: Asking) -> None:
        """Keep the answer; who asks about it comes before it is handed on."""
        trial, answer = completion.trial, completion.answer
        is_question = isinstance(trial, Asked)
        if is_question or (isinstance(answer, Generation) and asking.asks_about(trial)):
            self._delivery.put(replace(completion, is_over=False))
            asking.answered(completion)
        else:
            self._over(completion)
            asking.lost(completion)

    def _over(self, completion: Completion) -> None:
        self._tally.completed(completion)
        self._delivery.put(completion)


def _not_counted(is_again: bool) -> None:  # noqa: FBT001 - the signature of `Line.on_send`
    pass


def _broken(doing: str, error: BaseException) -> HarnessError:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return HarnessError(
        f"the run broke off while {doing}: {described_error(error, placed=True)}; answers that came before are kept "
        "and recorded; this is a fault of the harness: please report it"
    )
