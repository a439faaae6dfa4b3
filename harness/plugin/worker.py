"""A worker's side of a session under pytest-xdist: it asks the controller for results and verdicts.

A worker opens no cache, calls no model and writes no file.
"""

from __future__ import annotations

from multiprocessing.connection import Client
from typing import TYPE_CHECKING, Any

import pytest

from harness.errors import HarnessError
from harness.plugin.listeners import listeners_of
from harness.plugin.short_way import ShortWay
from harness.plugin.wire import INPUT, GoneFrom, MayShowInFull, Question, Refusal, ResultOf, Selection, VerdictOf

if TYPE_CHECKING:
    from collections.abc import Sequence
    from multiprocessing.connection import Connection

    from harness.plugin.listeners import Phase
    from harness.plugin.plans import Plans
    from harness.plugin.short_way import Gone, Passing
    from harness.plugin.wire import Asked, Reply
    from harness.schema import CellKey, GateSpec, Trial, TrialResult, Verdict

_LOOK_S = 1.0
"""How often a worker that waits for an answer lets itself be interrupted."""


class SessionRefusedError(HarnessError):
    """The controller ends the session."""


class WorkersItems:
    """Registered as a plugin in a worker: its loop is xdist's, but trials that passed go the short way all the same."""

    def __init__(self, config: pytest.Config, passing: Passing) -> None:
        """Look for listeners when the first item runs."""
        self._heard: list[Phase] = config.workerinput[INPUT]["phases"]  # type: ignore[attr-defined]  # xdist adds it
        self._passing = passing
        self._short_way: ShortWay | None = None

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
        """True when the item went the short way; None leaves it to pytest."""
        if self._short_way is None:
            self._short_way = ShortWay(item.session, self._passing, listeners_of(item.config, elsewhere=self._heard))
        return True if self._short_way.takes(item, nextitem) else None


class Worker:
    """Stands for the engine in a process that has none."""

    def __init__(self, config: pytest.Config) -> None:
        """Remember where the controller listens; nothing is sent yet."""
        told: dict[str, Any] = config.workerinput[INPUT]  # type: ignore[attr-defined]  # xdist adds it
        self._address: tuple[str, int] = tuple(told["address"])
        self._key = bytes.fromhex(told["key"])
        self._connection: Connection | None = None
        self._number = 0
        self._gone: dict[str, Gone] = {}

    def begin(self, plans: Plans, items: Sequence[pytest.Item]) -> bool:
        """Tell what is selected; whether there is anything to run. Raises SessionRefusedError."""
        trials = tuple((trial.suite, trial.trial_id) for trial in plans.selected(items))
        if trials:
            self._ask(Selection(tuple(str(path) for path in plans.paths), trials))
        return bool(trials)

    def refuse(self, message: str) -> None:
        """Let the controller end the session with this message."""
        self._ask(Refusal(message))

    def result(self, trial: Trial) -> TrialResult:
        """The trial's result, waited for."""
        result: TrialResult = self._ask(ResultOf(trial.trial_id)).of_trial(trial)
        return result

    def gone(self, trial: Trial) -> Gone | None:
        """What there is to say of a trial that passed or was never called, waited for; None when there is more."""
        if trial.trial_id not in self._gone:
            self._gone.update(self._ask(GoneFrom(trial.trial_id)))
        return self._gone.pop(trial.trial_id, None)

    def verdict(self, gate: GateSpec, cell: CellKey) -> Verdict:
        """The gate's verdict, waited for until all trials of the cell have results."""
        verdict: Verdict = self._ask(VerdictOf(gate, cell))
        return verdict

    def in_full(self) -> bool:
        """Whether the next failed trial is shown with messages and answer."""
        return bool(self._ask(MayShowInFull()))

    def _ask(self, asked: Asked) -> Any:
        try:
            reply = self._reply(asked)
        except (OSError, EOFError) as error:
            where = f"pytest-xdist: the controller at {self._address[0]}:{self._address[1]} does not answer"
            raise HarnessError(f"{where} ({error!r}); workers have to run on the controller's machine") from error
        if reply.kind == "refused":
            raise SessionRefusedError(reply.value)
        if reply.kind == "broken":
            raise HarnessError(reply.value)
        return reply.value

    def _reply(self, asked: Asked) -> Reply:
        """The answer; a wait that is broken off, as by a time limit, leaves no half-read answer behind."""
        if self._connection is None:
            self._connection = Client(self._address, authkey=self._key)
        self._number += 1
        try:
            self._connection.send(Question(self._number, asked))
            while True:
                while not self._connection.poll(_LOOK_S):
                    pass
                reply: Reply = self._connection.recv()
                if reply.number == self._number:
                    return reply
        except BaseException:
            self._connection.close()
            self._connection = None
            raise
