"""The controller's side of a session under pytest-xdist: the one engine, asked by all workers.

Workers collect and run the items; the controller learns from the first of them what is selected, starts the engine,
and answers what became of each trial. So there is one run, one writer, and no call is made twice.
"""

from __future__ import annotations

import secrets
import socket
import threading
from contextlib import suppress
from multiprocessing import AuthenticationError
from multiprocessing.connection import Listener, answer_challenge, deliver_challenge
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import pytest

from harness.errors import HarnessError
from harness.plugin.failure import printable
from harness.plugin.listeners import listeners_of
from harness.plugin.plans import Plans
from harness.plugin.reports import gone_of
from harness.plugin.stretch import caught_warnings, silent_threads
from harness.plugin.wire import INPUT, Became, GoneFrom, Refusal, Reply, ResultOf, Selection, VerdictOf
from harness.wording import counted, described_error

if TYPE_CHECKING:
    from collections.abc import Sequence
    from multiprocessing.connection import Connection

    from harness.pipeline import Evaluation
    from harness.plugin.short_way import Gone
    from harness.plugin.wire import Question
    from harness.schema import Plan, Settings, Trial, TrialResult

_AHEAD = 64
"""Trials after the one asked for that a worker is told of when they have gone by: it may ask for them next."""
_LOOK_S = 0.5
"""How often a question that waits for a result looks whether the run has ended."""
_TICK_S = 0.1
"""How often the live line may move while workers are silent."""
_TICK = "prompt_suite_tick"
"""The event by which xdist's loop moves it, in pytest's own thread."""


class Host(Protocol):
    """What the controller needs of the session."""

    settings: Settings
    evaluation: Evaluation | None
    wants_properties: bool

    def begin(self, plans: Sequence[Plan], trials: Sequence[Trial]) -> Evaluation:
        """Start the engine; HarnessError says why it cannot be."""
        ...

    def tick(self) -> None:
        """Draw the live line."""
        ...

    def in_full(self) -> bool:
        """Whether the next failed trial is shown with messages and answer."""
        ...


class Controller:
    """Registered as a plugin in the process that distributes the items."""

    def __init__(self, host: Host) -> None:
        """Listen on this machine, for who knows a key that only the workers are given."""
        self._host = host
        self._key = secrets.token_bytes(32)
        self._listener = Listener(("127.0.0.1", 0), backlog=64)
        self._address: tuple[str, int] = self._listener.address
        self._deciding = threading.RLock()
        self._refused: str | None = None
        self._order: list[str] = []
        self._places: dict[str, int] = {}
        self._ended = threading.Event()
        threading.Thread(target=self._accept, name="prompt-workers", daemon=True).start()

    # -- pytest's thread ----------------------------------------------------------------------------------------

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Tell a worker where to ask."""
        phases = list(listeners_of(node.config).phases)
        node.workerinput[INPUT] = {"address": list(self._address), "key": self._key.hex(), "phases": phases}

    @pytest.hookimpl(wrapper=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Any:
        """Meanwhile the live line moves; a refused session ends as it does without workers."""
        distribution: Any = session.config.pluginmanager.get_plugin("dsession")
        setattr(distribution, f"worker_{_TICK}", self._host.tick)
        threading.Thread(target=self._tick, args=(distribution.queue,), name="prompt-ticks", daemon=True).start()
        try:
            with caught_warnings(session.config), silent_threads(session.config):
                result = yield
        except BaseException:
            self._end_if_refused()
            raise
        self._end_if_refused()
        return result

    def _end_if_refused(self) -> None:
        if self._refused is not None:
            raise pytest.UsageError(printable(self._refused)) from None

    def close(self) -> None:
        """Answer no more."""
        self._ended.set()
        with suppress(OSError):
            socket.create_connection(self._address, timeout=_LOOK_S).close()  # wakes the thread that listens

    # -- other threads ------------------------------------------------------------------------------------------

    def _tick(self, events: Any) -> None:
        while not self._ended.wait(_TICK_S):
            if events.empty():
                events.put((_TICK, {}))

    def _accept(self) -> None:
        with self._listener:
            while not self._ended.is_set():
                connection = self._listener.accept()
                threading.Thread(target=self._serve, args=(connection,), name="prompt-worker", daemon=True).start()

    def _serve(self, connection: Connection) -> None:
        with connection, suppress(OSError, EOFError, AuthenticationError):  # the worker has ended, or is none of ours
            deliver_challenge(connection, self._key)
            answer_challenge(connection, self._key)
            while True:
                question: Question = connection.recv()
                connection.send(self._reply(question))

    def _reply(self, question: Question) -> Reply:
        try:
            value = self._answer(question.asked)
        except HarnessError as error:
            return Reply(question.number, "broken", str(error))
        except Exception as error:  # noqa: BLE001 - a metric of another distribution may raise anything
            what = f"the controller broke off: {described_error(error, placed=True)}"
            return Reply(question.number, "broken", f"{what}; this is a fault of the harness: please report it")
        if self._refused is not None:
            return Reply(question.number, "refused", self._refused)
        return Reply(question.number, "done", value)

    def _answer(self, asked: object) -> object:
        if isinstance(asked, ResultOf):
            return Became.of(self._result(asked.trial_id))
        if isinstance(asked, GoneFrom):
            return self._gone(asked.trial_id)
        with self._deciding:
            if isinstance(asked, Selection):
                self._begin(asked)
                return None
            if isinstance(asked, Refusal):
                self._refused = self._refused or asked.message
                return None
        if isinstance(asked, VerdictOf):
            return self._verdict(asked)
        return self._host.in_full()

    def _begin(self, selection: Selection) -> None:
        """Start the engine at the first selection; the others are equal to it, or xdist refuses them."""
        if self._host.evaluation is not None or self._refused is not None:
            return
        plans = Plans(self._host.settings, render=True)
        try:
            loaded = [plans.load(Path(path)) for path in selection.suites]
            trials = _found(selection, loaded)
            self._order = [trial.trial_id for trial in trials]
            self._places = {trial_id: place for place, trial_id in enumerate(self._order)}
            self._host.begin(loaded, trials)
        except HarnessError as error:
            self._refused = str(error)

    def _result(self, trial_id: str) -> TrialResult:
        evaluation = self._running()
        while (result := evaluation.result(trial_id, _LOOK_S)) is None:
            if self._ended.is_set():
                raise HarnessError("the run was stopped before this trial was answered")
        return result

    def _gone(self, trial_id: str) -> dict[str, Gone]:
        wanted = self._host.wants_properties
        found = {trial_id: gone_of(self._result(trial_id), with_properties=wanted)}
        begin = self._places[trial_id] + 1
        for later in self._order[begin : begin + _AHEAD]:
            result = self._running().result(later, 0)
            found[later] = None if result is None else gone_of(result, with_properties=wanted)
        return {key: gone for key, gone in found.items() if gone is not None}

    def _verdict(self, asked: VerdictOf) -> object:
        evaluation = self._running()
        for trial in evaluation.trials_behind(asked.gate, asked.cell):
            self._result(trial.trial_id)
        with self._deciding:
            return evaluation.verdict(asked.gate, asked.cell)

    def _running(self) -> Evaluation:
        if self._host.evaluation is None:
            raise HarnessError("the run has not begun")
        return self._host.evaluation


def _found(selection: Selection, plans: Sequence[Plan]) -> list[Trial]:
    """The selected trials; HarnessError when the plans have them no more."""
    known = {(trial.suite, trial.trial_id): trial for plan in plans for trial in plan.trials}
    lost = sum(key not in known for key in selection.trials)
    if lost:
        raise HarnessError(
            f"{counted(lost, 'trial')} of those that the workers have collected cannot be found: "
            "a file of the suites was changed meanwhile; run again"
        )
    return [known[key] for key in selection.trials]
