"""The controller of a distributed session, asked over its connection."""

from __future__ import annotations

import socket
import time
from multiprocessing.connection import Client
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from harness.errors import HarnessError
from harness.plugin.controller import Controller
from harness.plugin.wire import INPUT, Question, Refusal, Reply, ResultOf, Selection
from harness.plugin.worker import SessionRefusedError, Worker

if TYPE_CHECKING:
    from collections.abc import Iterator
    from multiprocessing.connection import Connection

    from harness.plugin.controller import Host
    from harness.schema import Trial


class Evaluating:
    """An evaluation whose every trial takes a while, or breaks."""

    def __init__(self) -> None:
        self.broken: Exception | None = None
        self.takes_s = 0.0

    def result(self, trial_id: str, timeout_s: float) -> Any:
        if self.broken is not None:
            raise self.broken
        if self.takes_s > 0:
            time.sleep(min(self.takes_s, timeout_s))
            self.takes_s -= timeout_s
            return None
        return SimpleNamespace(
            outcome="passed", output=trial_id, generation=None, error=None, scores=(), missed=(), trial=None
        )


@pytest.fixture
def host() -> Any:
    return SimpleNamespace(
        settings=None,
        evaluation=Evaluating(),
        wants_properties=False,
        begin=None,
        tick=None,
        in_full=lambda: True,
    )


@pytest.fixture
def controller(host: Any) -> Iterator[Controller]:
    made = Controller(cast("Host", host))
    yield made
    made.close()


@pytest.fixture
def told(controller: Controller, pytestconfig: pytest.Config) -> dict[str, Any]:
    """What a worker is given."""
    given: dict[str, Any] = {}
    controller.pytest_configure_node(SimpleNamespace(workerinput=given, config=pytestconfig))
    return given


@pytest.fixture
def worker(told: dict[str, Any]) -> Worker:
    return Worker(cast("pytest.Config", SimpleNamespace(workerinput=told)))


def connected(told: dict[str, Any], key: bytes | None = None) -> Connection:
    where = told[INPUT]
    return Client(tuple(where["address"]), authkey=bytes.fromhex(where["key"]) if key is None else key)


def trial(name: str) -> Trial:
    return cast("Trial", SimpleNamespace(trial_id=name))


def test_it_listens_on_this_machine_only(told: dict[str, Any]) -> None:
    assert told[INPUT]["address"][0] == "127.0.0.1"
    assert len(told[INPUT]["key"]) == 64


def test_keys_differ_from_session_to_session(host: Any) -> None:
    controllers = [Controller(cast("Host", host)) for _ in range(2)]
    assert len({controller._key for controller in controllers}) == 2
    for controller in controllers:
        controller.close()


def test_who_does_not_know_the_key_is_turned_away_and_holds_nobody_up(told: dict[str, Any], worker: Worker) -> None:
    silent = socket.create_connection(tuple(told[INPUT]["address"]))
    with pytest.raises(Exception, match="digest"):
        connected(told, key=b"a guess")
    assert worker.result(trial("fr")).output == "fr"
    silent.close()


def test_wait_that_is_broken_off_leaves_no_answer_for_the_next_question(
    host: Any, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert worker.result(trial("first")).output == "first"
    host.evaluation.takes_s = 1.0
    assert worker._connection is not None
    with monkeypatch.context() as patch:
        patch.setattr(type(worker._connection), "poll", lambda *_: pytest.fail("time limit"))
        with pytest.raises(pytest.fail.Exception, match="time limit"):
            worker.result(trial("second"))
    assert worker.result(trial("third")).output == "third"


def test_answer_to_an_earlier_question_is_passed_over(told: dict[str, Any]) -> None:
    with connected(told) as connection:
        connection.send(Question(7, ResultOf("fr")))
        reply: Reply = connection.recv()
    assert (reply.number, reply.kind, reply.value.output) == (7, "done", "fr")


def test_what_broke_the_run_is_told_and_the_next_question_answered(host: Any, worker: Worker) -> None:
    host.evaluation.broken = HarnessError("the run broke off while calling the backends: KeyError")
    with pytest.raises(HarnessError, match=r"^the run broke off while calling the backends: KeyError$"):
        worker.result(trial("fr"))
    host.evaluation.broken = ZeroDivisionError("deep inside")
    with pytest.raises(HarnessError, match=r"^the controller broke off: ZeroDivisionError: deep inside"):
        worker.result(trial("fr"))
    host.evaluation.broken = None
    assert worker.in_full() is True


def test_question_that_waits_ends_with_the_session(host: Any, controller: Controller, worker: Worker) -> None:
    host.evaluation.takes_s = 1_000.0
    controller._ended.set()
    with pytest.raises(HarnessError, match=r"^the run was stopped before this trial was answered$"):
        worker.result(trial("fr"))


def test_refusal_by_one_worker_ends_every_worker(told: dict[str, Any], worker: Worker) -> None:
    with connected(told) as other:
        other.send(Question(1, Refusal("no backend 'atlass'")))
        assert other.recv() == Reply(1, "refused", "no backend 'atlass'")
    with pytest.raises(SessionRefusedError, match="no backend 'atlass'"):
        worker.in_full()


def test_trials_that_have_gone_from_the_files_refuse_the_session(told: dict[str, Any], host: Any) -> None:
    host.evaluation = None
    with connected(told) as connection:
        connection.send(Question(1, Selection((), (("capitals", "0123456789abcdef"),))))
        reply: Reply = connection.recv()
    assert reply.kind == "refused"
    assert reply.value == (
        "1 trial of those that the workers have collected cannot be found: a file of the suites was changed meanwhile; "
        "run again"
    )


def test_worker_without_a_controller_says_where_it_looked() -> None:
    told = {INPUT: {"address": ["127.0.0.1", 9], "key": "00"}}
    lonely = Worker(cast("pytest.Config", SimpleNamespace(workerinput=told)))
    with pytest.raises(HarnessError, match=r"^pytest-xdist: the controller at 127\.0\.0\.1:9 does not answer \(.*\); "):
        lonely.in_full()


def test_worker_is_told_of_what_went_by_after_the_trial_it_asks_for(
    host: Any, controller: Controller, worker: Worker
) -> None:
    controller._order = [f"s{number}" for number in range(200)]
    controller._places = {name: place for place, name in enumerate(controller._order)}
    assert worker.gone(trial("s10")) is not None
    assert sorted(worker._gone) == sorted(f"s{number}" for number in range(11, 75))
    host.evaluation.broken = HarnessError("asked again")
    assert worker.gone(trial("s11")) is not None
    with pytest.raises(HarnessError, match="asked again"):
        worker.gone(trial("s11"))  # an item that is run again asks again
